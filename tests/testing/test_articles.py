"""The articles through the door: what an API user can and cannot record of a test."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from kit.db import new_id
from kit.roles import Role
from services.registry.events import MeasureChanged, MeasureResumed, MeasureSuspended
from services.testing import jobs
from services.testing.subjects.rules import Basis, Effect, MeasureNews, effect_of_change
from tests.testing.street import (
    SEALS,
    Street,
    a_day_later,
    a_lab,
    a_lot,
    body,
    collected,
    due_of,
    measure,
    moved_on,
    registered,
    showing,
    someone_under_treatment,
)

STATES = "select coalesce(jsonb_object_agg(state, n), '{}') from (select state, count(*) n from testing.due_test group by state) t"


async def test_article_10_the_three_days_to_object_roll_over_national_day(street: Street) -> None:
    person, _ = await someone_under_treatment(street)
    police, lot = street.person(Role.POLICE_OFFICER), await a_lot(street)
    street.clock.advance(timedelta(days=97))  # 6 October 2021, a holiday; three days later is a Saturday that was worked
    due = await due_of(street, police, "2021-10-06", "2021-10-06")
    taken = await collected(street, police, due[0]["id"], lot)
    taken = await moved_on(police, taken, "onsite-result", showing(street, "positive", seals=SEALS))
    assert (taken["deadline_kind"], taken["deadline_on"]) == ("objection", "2021-10-09")
    street.clock.advance(timedelta(days=3))
    silent = {"ground": "no_objection", "document_no": "演示2"}
    assert (await moved_on(police, taken, "closing", silent, status=422))["errors"][0]["code"] == "objection_running"
    subject = street.person(Role.SUBJECT, person_id=str(person), scope=())
    taken = await moved_on(subject, taken, "objection", {"words": "我没有吸毒", "objected_on": "2021-10-09"})
    assert (taken["state"], taken["deadline_on"]) == ("lab_requested", "2021-10-12"), "9 + 3 days, a Tuesday"


async def test_article_10_three_days_before_national_day_end_after_it(street: Street) -> None:
    await someone_under_treatment(street)
    police, lot = street.person(Role.POLICE_OFFICER), await a_lot(street)
    street.clock.advance(timedelta(days=89))  # 28 September 2021
    plan = {"kind": "mandatory", "specimen_type": "urine", "grounds": "民警要求", "document_no": "演示1号", "due_on": "2021-09-28"}
    person = (await due_of(street, police, "2021-10-01", "2021-10-31"))[0]["person_id"]
    made = await police("POST", "/testing/v1/plans", {**plan, "person_id": person})
    assert made.status == 201, made.body
    due = (await due_of(street, police, "2021-09-28", "2021-09-28"))[0]
    taken = await collected(street, police, due["id"], lot)
    taken = await moved_on(police, taken, "onsite-result", showing(street, "positive", seals=SEALS))
    assert taken["deadline_on"] == "2021-10-08", "1 October and the six days after it do not count as a last day"


async def test_article_24_a_test_missed_in_custody_was_not_owed(street: Street) -> None:
    person, order = await someone_under_treatment(street)
    a_day_later(street, 20)
    await street.run(jobs.mark_missed)
    await street.say((measure(MeasureSuspended, order, state="suspended", on=date(2021, 7, 5)), person))  # heard of late
    await street.hear()
    assert street.count(STATES) == {"paused": 22}
    await street.say((measure(MeasureResumed, order, on=date(2021, 7, 21), end=date(2024, 6, 24)), person))
    await street.hear()
    assert street.count(STATES) == {"cancelled": 1, "scheduled": 21}
    assert [event["code"] for event in street.events("test.missed")] == ["missed", "paused"]


async def test_article_14_nothing_is_owed_after_a_report_in_that_was_none(street: Street) -> None:
    person, order = await someone_under_treatment(street)
    await street.run(jobs.open_windows)
    await street.say((measure(MeasureChanged, order, state="awaiting_report_in", start=None, end=None), person))
    await street.hear()
    assert street.count(STATES) == {"cancelled": 1}, "only the one that was told of stays"
    plan = {"person_id": person, "kind": "mandatory", "specimen_type": "urine", "grounds": "民警要求", "document_no": "演示1号"}
    answer = await street.person(Role.POLICE_OFFICER)("POST", "/testing/v1/plans", {**plan, "due_on": "2021-07-02"})
    assert answer.status == 409


async def test_a_suspension_that_was_a_mistake_leaves_nothing_paused(street: Street) -> None:
    person, order = await someone_under_treatment(street)
    await street.say((measure(MeasureSuspended, order, state="suspended", on=date(2021, 7, 1)), person))
    await street.hear()
    await street.say((measure(MeasureChanged, order, on=date(2021, 7, 1)), person))
    await street.hear()
    assert street.count(STATES) == {"scheduled": 22}


async def test_a_talk_on_the_day_of_the_report_in_does_not_stop_the_planning(street: Street) -> None:
    person, order = new_id(), new_id()
    await street.say((registered(), person), (measure(measure_id=order), person), (measure(MeasureChanged, order), person))
    await street.hear()
    assert street.count(STATES) == {"scheduled": 22}
    planned = len(street.events("plan.changed"))
    await street.say((measure(MeasureChanged, order), person))
    await street.hear()
    assert len(street.events("plan.changed")) == planned, "an admonition changes no plan"


START, END = date(2020, 5, 1), date(2023, 5, 1)


@pytest.mark.parametrize(
    ("before", "state", "start", "end", "effect"),
    [
        ("active", "active", START, END, Effect.NONE),
        ("breach_reported", "active", START, END, Effect.NONE),
        ("active", "transfer_pending", START, END, Effect.NONE),
        ("active", "active", START, date(2023, 6, 1), Effect.PLAN),
        ("suspended", "active", START, END, Effect.PLAN),
        ("active", "suspended", START, END, Effect.PAUSE),
        ("active", "awaiting_report_in", None, None, Effect.END),
        ("awaiting_report_in", "refused", None, None, Effect.NONE),
        ("active", "discharged", START, END, Effect.END),
    ],
)
def test_what_a_correction_does(before: str, state: str, start: date | None, end: date | None, effect: Effect) -> None:
    order = new_id()
    began = None if before in ("awaiting_report_in", "refused") else START
    known = Basis(order, "community_treatment", before, "610822100000", began, END if began else None)
    news = MeasureNews(order, order, "community_treatment", state, "610822100000", START, start, end, "changed")
    assert effect_of_change(news, known) is effect


async def test_article_20_a_missed_test_is_no_evasion_until_a_person_finds_one(street: Street) -> None:
    person, _ = await someone_under_treatment(street)
    officer = street.person(Role.TOWN_OFFICER)
    due = (await due_of(street, officer))[0]
    a_day_later(street, 20)
    worker = street.carer(person)
    await street.run(jobs.mark_missed)
    path, found = f"/testing/v1/plans/{due['id']}/decisions", {"decision": "evaded", "reason": "三次通知签收后离开", "words": "不想去"}
    assert (await officer("POST", path, found, if_match='"v2"')).status == 409, "nobody has judged the missed test yet"
    assert (await officer("POST", path, {"decision": "missed_unexcused", "reason": "无理由"}, if_match='"v2"')).status == 200
    assert (await worker("POST", path, found, if_match='"v3"')).status == 403
    unheard = await officer("POST", path, {**found, "words": None}, if_match='"v3"')
    assert body(unheard)["errors"][0]["pointer"] == "/words"
    assert body(await officer("POST", path, found, if_match='"v3"'))["state"] == "evaded"
    assert [event["code"] for event in street.events("test.missed")] == ["missed", "missed_unexcused", "evaded"]
    excused = await officer("POST", path, {"decision": "excused", "reason": "住院证明", "words": "住院"}, if_match='"v4"')
    assert body(excused)["state"] == "excused", "what the person brings later counts"


async def _disputed(street: Street) -> tuple[Any, dict[str, Any], str]:
    """A positive of Thursday 1 July 2021, disputed on Monday the 5th; the police's caller and a laboratory."""
    person, _ = await someone_under_treatment(street)
    police, lot = street.person(Role.POLICE_OFFICER), await a_lot(street)
    taken = await collected(street, police, (await due_of(street, police))[0]["id"], lot)
    taken = await moved_on(police, taken, "onsite-result", showing(street, "positive", seals=SEALS))
    assert taken["deadline_on"] == "2021-07-05"
    a_day_later(street, 20)
    subject = street.person(Role.SUBJECT, person_id=str(person), scope=())
    taken = await moved_on(subject, taken, "objection", {"words": "没有吸毒", "objected_on": "2021-07-05"})
    return police, taken, await a_lab(street, "L1")


async def test_articles_10_to_13_each_stage_follows_the_one_before_and_says_when_it_was_late(street: Street) -> None:
    police, taken, lab = await _disputed(street)
    assert (taken["deadline_kind"], taken["deadline_on"]) == ("decision_and_dispatch", "2021-07-08")
    sent: dict[str, Any] = {"decision": "granted", "document_no": "演示3", "lab_id": lab, "container": "A", "senders": ["P001", "P002"]}
    early = await moved_on(police, taken, "lab-request", {**sent, "decided_on": "2021-07-04", "sent_on": "2021-07-06"}, status=422)
    assert early["errors"][0]["pointer"] == "/decided_on", "nobody decides before the objection"
    taken = await moved_on(police, taken, "lab-request", {**sent, "decided_on": "2021-07-08", "sent_on": "2021-07-13"})
    report = {
        "lab_id": lab,
        "report_no": "检1号",
        "signed_and_stamped": True,
        "results": [{"analyte": "methamphetamine", "code": "positive"}],
    }
    early = await moved_on(police, taken, "lab-result", {**report, "reported_on": "2021-07-12"}, status=422)
    assert early["errors"][0]["pointer"] == "/reported_on", "nor reports before the sending"
    backwards = {**report, "reported_on": "2021-07-19", "told_at": "2021-07-18T09:00:00+08:00"}
    assert (await moved_on(police, taken, "lab-result", backwards, status=422))["errors"][0]["pointer"] == "/told_at"
    taken = await moved_on(police, taken, "lab-result", {**report, "reported_on": "2021-07-19"})
    assert (taken["deadline_kind"], taken["deadline_on"]) == ("tell_result", "2021-07-20")
    admitted = {"ground": "admitted", "document_no": "演示4", "words": "是的"}
    refused = await moved_on(police, taken, "closing", admitted, status=422)
    assert refused["errors"][0]["code"] == "not_told", "who has not been told cannot give up the right to object"
    telling = {"told_at": "2021-07-18T09:00:00+08:00", "right_to_object_told": True}
    assert (await moved_on(police, taken, "telling", telling, status=422))["errors"][0]["pointer"] == "/told_at"
    taken = await moved_on(police, taken, "telling", {**telling, "told_at": "2021-07-20T15:00:00+08:00"})
    assert taken["deadline_on"] == "2021-07-23"
    assert (await moved_on(police, taken, "closing", admitted))["state"] == "final_positive"
    chain = body(await police("GET", f"/testing/v1/collections/{taken['id']}/chain"))["items"]
    late = {step["event"]: step["late"] for step in chain}
    assert (late["object"], late["send"], late["lab_positive"]) == (False, True, True), (
        "8 + 3 is a Sunday, so the 12th was the last day to send; 13 + 3 the last to report"
    )


async def test_article_2_nobody_refuses_or_evades_a_voluntary_test(street: Street) -> None:
    person, _ = await someone_under_treatment(street)
    officer, police = street.person(Role.TOWN_OFFICER), street.person(Role.POLICE_OFFICER)
    plan = {"person_id": person, "specimen_type": "saliva", "due_on": "2021-07-01", "grounds": "本人书面同意", "document_no": "演示1号"}
    made = {kind: body(await police("POST", "/testing/v1/plans", {**plan, "kind": kind})) for kind in ("voluntary", "suspected")}
    for kind, decision, status in (
        ("voluntary", "refused", 422),
        ("voluntary", "missed_unexcused", 422),
        ("voluntary", "evaded", 422),
        ("suspected", "evaded", 422),
        ("suspected", "refused", 200),
        ("voluntary", "excused", 200),
    ):
        new = {"decision": decision, "reason": "当场", "words": "不愿意"}
        answer = await officer("POST", f"/testing/v1/plans/{made[kind]['id']}/decisions", new, if_match='"v1"')
        assert answer.status == status, (kind, decision, answer.body)
        if status == 422:
            assert body(answer)["errors"][0]["code"] == "not_owed"
