"""The main path of testing: follow, plan, due, collect, on-site, laboratory, missed."""

from __future__ import annotations

from kit.db import new_id
from kit.roles import Role
from services.registry.events import MeasureEnded, MeasureReportedIn
from services.testing import jobs
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


async def test_from_the_registrys_feed_to_a_confirmed_result(street: Street) -> None:
    person, order = await someone_under_treatment(street)
    police = street.person(Role.POLICE_OFFICER)
    await street.run(jobs.open_windows)
    due = await due_of(street, police)
    assert [(item["person_id"], item["due_on"], item["window_from"], item["window_to"]) for item in due] == [
        (str(person), "2021-07-08", "2021-07-01", "2021-07-15")
    ]
    assert [event["measure_id"] for event in street.events("test.due")] == [str(order)]

    lot, first_lab, second_lab = await a_lot(street), await a_lab(street, "L1"), await a_lab(street, "L2")
    taken = await collected(street, police, due[0]["id"], lot)
    taken = await moved_on(police, taken, "onsite-result", showing(street, "positive", seals=SEALS))
    assert (taken["state"], taken["deadline_kind"], taken["deadline_on"]) == ("presumptive_positive", "objection", "2021-07-05")

    taken = await moved_on(police, taken, "objection", {"words": "我没有吸毒,要求复核", "objected_on": "2021-07-01"})
    sent = {
        "decision": "granted",
        "decided_on": "2021-07-01",
        "document_no": "演示检字1号",
        "lab_id": first_lab,
        "container": "A",
        "sent_on": "2021-07-01",
        "senders": ["P001", "P002"],
    }
    taken = await moved_on(police, taken, "lab-request", sent)
    lab, other = street.laboratory(first_lab), street.laboratory(second_lab)
    report = {
        "lab_id": first_lab,
        "report_no": "演示鉴1",
        "reported_on": "2021-07-01",
        "signed_and_stamped": True,
        "results": [{"analyte": "methamphetamine", "code": "positive", "value": "1850", "unit": "ng/mL"}],
    }
    taken = await moved_on(lab, taken, "lab-result", report)
    assert (taken["state"], taken["deadline_kind"], taken["owed_by"]) == ("lab_reported", "tell_result", "police")
    taken = await moved_on(police, taken, "telling", {"told_at": street.clock().isoformat(), "right_to_object_told": True})
    taken = await moved_on(police, taken, "objection", {"words": "要求复检", "objected_on": "2021-07-01"})
    same = await moved_on(police, taken, "lab-request", {**sent, "container": "B"}, status=409)
    assert same["type"] == "/problems/other-lab-required"
    taken = await moved_on(police, taken, "lab-request", {**sent, "container": "B", "lab_id": second_lab})
    taken = await moved_on(other, taken, "lab-result", {**report, "lab_id": second_lab, "report_no": "演示鉴2"})
    assert taken["state"] == "final_positive"
    assert [event["code"] for event in street.events("result.confirmed")] == ["confirmed_positive"]
    chain = body(await police("GET", f"/testing/v1/collections/{taken['id']}/chain"))["items"]
    assert [step["to_state"] for step in chain] == [
        "collected",
        "presumptive_positive",
        "lab_requested",
        "at_lab",
        "lab_reported",
        "lab_reported",
        "retest_requested",
        "at_retest_lab",
        "final_positive",
    ]
    assert all(step["source"]["en"].startswith("DTP art.") for step in chain)


async def test_a_window_that_passes_becomes_an_event_and_a_person_judges_it(street: Street) -> None:
    await someone_under_treatment(street)
    a_day_later(street, 15)
    await street.run(jobs.mark_missed)
    await street.run(jobs.mark_missed)
    assert [(event["code"], event["due_on"], event["on"]) for event in street.events("test.missed")] == [
        ("missed", "2021-07-08", "2021-07-16")
    ]
    officer = street.person(Role.TOWN_OFFICER, scope=("610822100",))
    listed = body(await officer("GET", "/testing/v1/plans/due?from=2021-07-01&to=2021-07-31&state=missed"))["items"]
    path = f"/testing/v1/plans/{listed[0]['id']}"
    plan = await officer("GET", path)
    verdict = {"decision": "excused", "reason": "住院", "words": "我那几天在县医院住院"}
    judged = await officer("POST", f"{path}/decisions", verdict, if_match=plan.headers["etag"])
    assert (judged.status, body(judged)["state"]) == (200, "excused")
    assert [event["code"] for event in street.events("test.missed")] == ["missed", "excused"]
    history = body(await officer("GET", f"{path}/history"))["items"]
    assert [(step["event"], step["to_state"]) for step in history] == [
        ("plan", "scheduled"),
        ("miss", "missed"),
        ("excuse", "excused"),
    ]


async def test_the_day_a_measure_ends_nothing_is_owed_any_more(street: Street) -> None:
    person, order = await someone_under_treatment(street)
    await street.run(jobs.open_windows)
    assert street.count("select count(*) from testing.due_test") == 22
    await street.say((measure(MeasureEnded, order, state="discharged", on=street_day(street)), person))
    await street.hear()
    assert street.count("select count(*) from testing.due_test where state <> 'cancelled'") == 0
    assert street.count("select count(*) from testing.due_test") == 1, "only the one that was told of stays, cancelled"
    assert street.events("plan.changed")[-1]["code"] == "ended"
    assert await due_of(street, street.person(Role.COUNTY_OFFICER)) == []


async def test_five_hundred_people_of_one_ledger_are_planned_in_a_few_statements(street: Street) -> None:
    from sqlalchemy import event as listen

    news = []
    for number in range(500):
        person = new_id()
        news += [(registered(sex="male" if number % 3 else "female"), person), (measure(MeasureReportedIn), person)]
    await street.say(*news)
    app = street.house.apps["testing"]
    for follower in app.state.followers:
        await follower.drain()
    assert street.count("select count(*) from testing.procrastinate_jobs") == 2, "one job per batch of 500 events, not one per person"
    statements: list[str] = []
    engine = app.state.house.database.engine.sync_engine

    def heard(_: object, __: object, statement: str, *rest: object) -> None:
        statements.append(statement)

    listen.listen(engine, "before_cursor_execute", heard)
    await street.run(jobs.plan_tests)
    listen.remove(engine, "before_cursor_execute", heard)
    assert street.count("select count(*) from testing.due_test") == 500 * 22
    assert len(statements) <= 12, statements
    assert len([item for item in street.events("plan.changed") if item["tests"] == 22]) == 500
    await street.hear()
    assert street.count("select count(*) from testing.due_test") == 500 * 22


def street_day(street: Street) -> object:
    """Today, as the law counts it."""
    from kit.clock import local_day

    return local_day(street.clock())
