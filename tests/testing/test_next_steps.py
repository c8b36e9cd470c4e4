"""`next_steps` of testing's objects keep their word: the walk takes each open step and tries each blocked one."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from kit.call import Reply
from kit.roles import Role
from services.testing import jobs
from services.testing.collections.rules import CHAIN, kind_of
from services.testing.plans.rules import DECISIONS, DUE_TEST
from services.testing.screenings.rules import REFERRAL
from tests.houses import Caller
from tests.testing.street import (
    TOWN,
    Street,
    a_day_later,
    a_lab,
    a_lot,
    body,
    collected,
    due_of,
    showing,
    someone_under_treatment,
    taking,
)
from tests.walks import Shown, Walk, torn

NUMBERS = count(1)
SAID = {event: decision for decision, event in DECISIONS.items()}


async def a_plan(street: Street, officer: Caller) -> dict[str, Any]:
    """A due test of a new person, whose window is open."""
    person, _ = await someone_under_treatment(street)
    return next(row for row in await due_of(street, officer, until="2021-07-10") if row["person_id"] == str(person))


async def of_due_tests(street: Street, officer: Caller, later: int = 0, worker: str | None = None) -> Walk:
    """A walk from a due test whose window is open, or passed some days ago; `worker`: who cares for each person."""
    waiting = [(await someone_under_treatment(street))[0] for _ in range(60 if later else 0)]
    a_day_later(street, later)
    await street.run(jobs.mark_missed)
    lot = await a_lot(street, f"lot-{next(NUMBERS)}")

    async def begin() -> Shown:
        person = waiting.pop() if waiting else (await someone_under_treatment(street))[0]
        if worker is not None:
            street.carer(person, code=worker)
        plans = body(await officer("GET", f"/testing/v1/subjects/{person}/plans"))["items"]
        return min(plans, key=lambda plan: plan["due_on"])

    async def read(shown: Shown) -> Shown:
        return body(await officer("GET", f"/testing/v1/plans/{shown['id']}"))

    async def send(shown: Shown, event: str, fields: list[str]) -> Reply:
        if event == "attend":
            when = min(street.clock(), datetime.fromisoformat(f"{shown['window_to']}T10:00:00+08:00"))
            return await officer("POST", "/testing/v1/collections", taking(shown["id"], lot, street, collected_at=when.isoformat()))
        tomorrow = (street.clock().date() + timedelta(days=1)).isoformat()
        values = {"decision": SAID.get(event), "reason": "经核实", "words": "本人陈述", "due_on": tomorrow}
        path = f"/testing/v1/plans/{shown['id']}/{'reschedule' if event == 'reschedule' else 'decisions'}"
        return await officer("POST", path, {name: values[name] for name in fields}, if_match=f'"v{shown["version"]}"')

    return Walk(DUE_TEST, begin, read, send, longest=4)


async def test_the_steps_of_a_due_test_keep_their_word(street: Street) -> None:
    police = street.person(Role.POLICE_OFFICER)
    soon = await (await of_due_tests(street, police)).run()
    assert {event for _, event in soon.taken} >= {"attend", "excuse", "refuse", "find_unable", "reschedule"}
    late = await (await of_due_tests(street, police, later=20)).run()
    assert {"missed", "missed_unexcused", "evaded", "not_notified", "excused"} <= late.states
    assert {event for _, event in (soon.untaken() & late.untaken())} <= {"attend"}


async def test_a_worker_is_shown_what_the_police_judge(street: Street) -> None:
    walk = await of_due_tests(street, street.person(Role.SOCIAL_WORKER, staff_id="S001"), worker="S001")
    walk.leave = frozenset({"attend"})  # a worker takes a strip, which `test_path` does
    await walk.run()
    assert {(event, reason) for _, event, reason in walk.refused if reason == "role"} >= {("refuse", "role"), ("find_not_notified", "role")}


async def test_nothing_is_held_against_who_did_not_owe_the_test(street: Street) -> None:
    police = street.person(Role.POLICE_OFFICER)
    shown = await an_arranged(street, police, "urine")
    (refuse,) = [one for one in shown["next_steps"] if one["event"] == "refuse"]
    assert [reason["code"] for reason in refuse["blocked_by"]] == ["not_owed"]
    said = {"decision": "refused", "reason": "到场不配合", "words": "本人陈述"}
    refused = await police("POST", f"/testing/v1/plans/{shown['id']}/decisions", said, if_match=f'"v{shown["version"]}"')
    assert (refused.status, body(refused)["errors"][0]["code"]) == (422, "not_owed")
    (first,) = body(await police("GET", f"/testing/v1/plans/{shown['id']}/history"))["items"]
    assert (first["event"], first["from_state"], first["to_state"]) == ("arrange", "none", "scheduled")


ONSITE = {"onsite_negative": "negative", "onsite_positive": "positive", "strip_positive": "positive", "onsite_invalid": "invalid"}
ROUTES = {
    "tell": "telling",
    "object": "objection",
    "refuse_request": "lab-request",
    "send": "lab-request",
    "fetch_back": "return",
    "close": "closing",
    "lab_negative": "lab-result",
    "lab_positive": "lab-result",
    "find_unfit": "lab-result",
    "explain": "medical-review",
    "withdraw": "withdrawal",
    "show_basis": "basis",
}


async def of_chains(street: Street, *path: str, mode: str = "onsite_test", **more: Any) -> Walk:
    """A walk from a specimen that the police took, some steps and some days later."""
    police = street.person(Role.POLICE_OFFICER)
    numbers = next(NUMBERS)
    labs = [await a_lab(street, f"L{numbers}-{place}") for place in (1, 2)]
    lots = [await a_lot(street, f"lot-{numbers}-{place}") for place in (1, 2)]

    async def begin() -> Shown:
        plan = await (an_arranged(street, police, more["specimen_type"]) if more else a_plan(street, police))
        taken = await collected(street, police, plan["id"], None if more else lots[0], mode=mode, **{**more, **seals_of(more)})
        for event in path:
            shown = await read(taken)
            (step,) = [one for one in shown["next_steps"] if one["event"] == event]
            reply = await send(shown, event, [name.partition("|")[0] for name in step["fields"]])
            assert reply.status == 200, (event, reply.body)
        return await read(taken)

    async def read(shown: Shown) -> Shown:
        return body(await police("GET", f"/testing/v1/collections/{shown['id']}", purpose="testing"))

    async def send(shown: Shown, event: str, fields: list[str]) -> Reply:
        retest = shown["state"] in ("retest_requested", "at_retest_lab")
        values = values_of(street, event, shown, labs[retest], lots[1], "words" in fields)
        route = ROUTES.get(event, "onsite-result")
        return await police(
            "POST",
            f"/testing/v1/collections/{shown['id']}/{route}",
            {name: values[name] for name in fields},
            if_match=f'"v{shown["version"]}"',
        )

    return Walk(CHAIN, begin, read, send, kind_of(mode, more.get("specimen_type", "urine")), longest=7)


async def an_arranged(street: Street, police: Caller, specimen: str) -> Shown:
    """A test of another specimen than the scheme's, with the person's consent."""
    person, _ = await someone_under_treatment(street)
    new = {"person_id": str(person), "kind": "voluntary", "due_on": "2021-07-01", "window_days": 5, "grounds": "本人同意"}
    made = await police("POST", "/testing/v1/plans", {**new, "specimen_type": specimen, "document_no": f"演示同意{next(NUMBERS)}"})
    assert made.status == 201, made.body
    return body(made)


def seals_of(more: dict[str, Any]) -> dict[str, Any]:
    """Hair and blood are sealed where they are taken."""
    number = next(NUMBERS)
    return {"seals": {"a": f"A-{number}", "b": f"B-{number}"}} if more else {}


def values_of(street: Street, event: str, shown: Shown, lab: str, other_lot: str, admitted: bool) -> dict[str, Any]:
    """A value for each field that a step of the chain may need."""
    now, today, number = street.clock().isoformat(), street.clock().date().isoformat(), next(NUMBERS)
    measured = [{"analyte": "methamphetamine", "code": "negative" if event == "lab_negative" else "positive"}]
    if shown["specimen_type"] == "hair":
        measured = [{"analyte": "methamphetamine", "value": "0.01" if event == "lab_negative" else "5", "unit": "ng/mg"}]
    return {
        **showing(street, ONSITE.get(event, "negative")),
        **({"results": measured} if event.startswith("lab_") else {}),
        "seals": {"a": f"A-{number}", "b": f"B-{number}"},
        "kit_lot_id": other_lot,
        "told_at": now,
        "words": "我没有吸毒,要求复核",
        "objected_on": today,
        "decision": "granted" if event == "send" else "refused",
        "decided_on": today,
        "document_no": f"演示{number}号",
        "reason": "演示理由",
        "lab_id": lab,
        "container": "B" if shown["state"] == "retest_requested" else "A",
        "sent_on": today,
        "senders": ["P001", "P002"],
        "fetched_on": today,
        "ground": "admitted" if admitted else "no_objection",
        "report_no": f"演示鉴{number}",
        "reported_on": today,
        "signed_and_stamped": True,
        "specimen_fit": False,
        "unfit_reason": "样本量不足",
        "approved_by": "P004",
        "doctor": "演示医生",
        "institution": "演示医院",
        "reviewed_on": today,
        "note": "服用含可待因的处方药",
        "kind": "voluntary",
        "dated_on": shown["sampled_on"],
        "grounds": "本人书面同意",
    }


async def test_the_steps_of_a_test_chain_keep_their_word(street: Street) -> None:
    soon = await (await of_chains(street)).run()
    assert {"lab_reported", "at_retest_lab", "final_positive", "explained_medical", "withdrawn", "new_collection"} <= soon.states
    assert {event for _, event in soon.untaken()} <= {"show_basis", "tell"}, "a kit's reading is told on the spot"
    assert ("presumptive_positive", "tell", "told") in soon.refused
    assert ("lab_reported", "close", "not_told") in soon.refused
    assert ("final_positive", "object", "retested") in soon.refused
    assert torn(street.owner, CHAIN, "chain_step", "collection_id") == []
    assert torn(street.owner, DUE_TEST, "plan_change", "due_test_id") == [], "a day of the scheme begins with the step that plans it"


async def test_an_objection_that_nobody_made_in_time_closes_the_stage(street: Street) -> None:
    walk = await of_chains(street, "onsite_positive")
    shown = await walk.begin()
    (close,) = [one for one in shown["next_steps"] if one["event"] == "close"]
    assert close["fields"] == ["ground", "document_no", "words"], "while the time runs only an admission closes"
    a_day_later(street, 5)
    (close,) = [one for one in (await walk.read(shown))["next_steps"] if one["event"] == "close"]
    assert close["fields"] == ["ground", "document_no"]
    assert (await walk.send(await walk.read(shown), "close", close["fields"])).status == 200


async def test_the_steps_of_a_strip_keep_their_word(street: Street) -> None:
    walk = await (await of_chains(street, mode="screening")).run()
    assert {event for _, event in walk.taken} == {"onsite_negative", "onsite_invalid", "strip_positive", "withdraw"}


async def test_the_steps_of_a_hair_keep_their_word(street: Street) -> None:
    hair = {"specimen_type": "hair", "hair": {"length_cm": 3, "weight_mg_each": 60, "from_crown": True}}
    walk = await of_chains(street, **hair)
    walk.longest = 3
    await walk.run()
    assert ("collected", "send") in walk.taken
    assert "onsite_negative" not in {event for _, event in walk.taken}


async def test_the_steps_of_a_referral_keep_their_word(street: Street) -> None:
    police = street.person(Role.POLICE_OFFICER)

    async def begin() -> Shown:
        named = [{"name": "赵演示", "id_number": f"演示{next(NUMBERS)}"}]
        new = {
            "unit_name": "演示茶楼",
            "division_code": TOWN,
            "screened_on": "2021-07-01",
            "ground": "consent",
            "negative": 3,
            "presumptive": named,
        }
        made = await police("POST", "/testing/v1/screenings", new)
        assert made.status == 201, made.body
        found = body(await police("GET", "/testing/v1/screening-referrals"))["items"]
        return await read(max(found, key=lambda one: one["id"]))

    async def read(shown: Shown) -> Shown:
        return body(await police("GET", f"/testing/v1/screening-referrals/{shown['id']}", purpose="testing"))

    async def send(shown: Shown, event: str, fields: list[str]) -> Reply:
        values = {"outcome": event, "outcome_on": "2021-07-01", "police_case_no": "府公立〔2021〕1号"}
        path = f"/testing/v1/screening-referrals/{shown['id']}/outcome"
        return await police("POST", path, {name: values[name] for name in fields}, if_match=f'"v{shown["version"]}"')

    walk = await Walk(REFERRAL, begin, read, send).run()
    assert walk.untaken() == set()
    assert walk.states == {"referred", "erased", "police_case"}
    assert torn(street.owner, REFERRAL, "referral_step", "referral_id") == []
    elsewhere = street.person(Role.POLICE_OFFICER, scope=("610822105",))
    shown = await begin()
    assert (await elsewhere("GET", f"/testing/v1/screening-referrals/{shown['id']}", purpose="testing")).status == 404
