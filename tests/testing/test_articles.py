"""The articles through the door: what an API user can and cannot record of a test."""

from __future__ import annotations

from datetime import timedelta

from kit.roles import Role
from tests.testing.street import SEALS, Street, a_lot, collected, due_of, moved_on, showing, someone_under_treatment


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
