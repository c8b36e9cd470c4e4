"""What testing does with the registry's news: stop at once, take up again, leave what was decided alone."""

from __future__ import annotations

from datetime import date

from kit.db import new_id
from kit.roles import Role
from services.registry.events import (
    MeasureEnded,
    MeasureOrdered,
    MeasureResumed,
    MeasureSuspended,
    MeasureTransferred,
    PersonMoved,
    PersonRegistered,
    PersonStanding,
    PersonTransferredOut,
)
from services.testing import jobs
from tests.testing.street import OTHER_TOWN, TOWN, Street, a_day_later, body, due_of, measure, registered, someone_under_treatment

STATES = "select coalesce(jsonb_object_agg(state, n), '{}') from (select state, count(*) n from testing.due_test group by state) t"


async def test_a_pause_stops_and_a_resumption_takes_up_what_is_left(street: Street) -> None:
    person, order = await someone_under_treatment(street)
    await street.say((measure(MeasureSuspended, order, state="suspended", on=date(2021, 7, 5)), person))
    await street.hear()
    assert street.count(STATES) == {"paused": 22}
    a_day_later(street, 60)  # 30 August
    await street.run(jobs.mark_missed)
    assert street.events("test.missed") == []
    await street.say((measure(MeasureResumed, order, on=date(2021, 8, 30), end=date(2024, 8, 3)), person))
    await street.hear()
    assert street.count(STATES) == {"cancelled": 2, "scheduled": 20}
    assert street.count("select max(window_to) from testing.due_test") < date(2024, 8, 3)


async def test_a_revoked_order_takes_back_what_was_missed(street: Street) -> None:
    person, order = await someone_under_treatment(street)
    a_day_later(street, 20)
    await street.run(jobs.mark_missed)
    await street.say((measure(MeasureEnded, order, state="revoked", on=date(2021, 7, 21)), person))
    await street.hear()
    assert street.count(STATES) == {"cancelled": 1}
    assert [event["code"] for event in street.events("test.missed")] == ["missed", "cancelled"]


async def test_a_test_missed_before_the_end_stays_missed(street: Street) -> None:
    person, order = await someone_under_treatment(street)
    a_day_later(street, 20)
    await street.run(jobs.mark_missed)
    await street.say((measure(MeasureEnded, order, state="terminated", on=date(2021, 7, 21)), person))
    await street.hear()
    assert street.count(STATES) == {"missed": 1}


async def test_three_years_clean_ends_everything(street: Street) -> None:
    person, _ = await someone_under_treatment(street)
    await street.run(jobs.open_windows)
    await street.say((PersonStanding(division_code=TOWN, status="three_years_clean", status_since=date(2021, 7, 1)), person))
    await street.hear()
    assert street.count(STATES) == {"cancelled": 1}, "only the one that was told of stays"
    officer = street.person(Role.TOWN_OFFICER)
    assert (await officer("GET", f"/testing/v1/subjects/{person}/plans")).status == 404, "the record is closed"
    county = street.person(Role.COUNTY_OFFICER)
    assert (await county("GET", f"/testing/v1/subjects/{person}/plans", purpose="audit")).status == 200
    await street.say((PersonStanding(division_code=TOWN, status="community_treatment", status_since=date(2021, 6, 8)), person))
    await street.hear()
    assert street.count(STATES) == {"cancelled": 1, "scheduled": 22}, "the standing was a mistake: what was announced is owed again"


async def test_a_person_transferred_out_owes_nothing_here(street: Street) -> None:
    person, _ = await someone_under_treatment(street)
    await street.run(jobs.open_windows)
    registry = street.house.apps["registry"].state.house
    event = PersonTransferredOut(from_division=TOWN, receiving_area="140931", transferred_on=date(2021, 7, 1))
    async with registry.database.session() as session:
        from kit.work import system_work

        await system_work(registry, session, "test", "registry/test").publish(event, person, TOWN)
        await session.commit()
    await street.hear()
    assert street.count(STATES) == {"cancelled": 1}, "only the one that was told of stays"


async def test_the_new_town_owes_what_is_still_to_come(street: Street) -> None:
    person, order = await someone_under_treatment(street)
    await street.say((PersonMoved(from_division=TOWN, division_code=OTHER_TOWN), person))
    await street.hear()
    new = street.person(Role.TOWN_OFFICER, scope=("610822105",))
    old = street.person(Role.TOWN_OFFICER, scope=("610822100",))
    assert [item["person_id"] for item in await due_of(street, new)] == [str(person)]
    assert await due_of(street, old) == []
    await street.say((measure(MeasureTransferred, order, town=TOWN), person))
    await street.hear()
    assert [item["person_id"] for item in await due_of(street, old)] == [str(person)]


async def test_nothing_is_planned_for_those_outside_the_law(street: Street) -> None:
    for of, state in (
        ("maintenance_treatment", "active"),
        ("compulsory_isolation_treatment", "isolation_active"),
        ("community_treatment", "refused"),
    ):
        person = new_id()
        await street.say((registered(), person), (measure(MeasureOrdered, of=of, state=state), person))
    await street.say((PersonRegistered(division_code=TOWN, status="in_society", status_since=date(2021, 1, 1), sex="male"), new_id()))
    await street.hear()
    assert street.count("select count(*) from testing.due_test") == 0


async def test_a_term_that_is_half_over_owes_only_the_rest(street: Street) -> None:
    person = new_id()
    await street.say((registered(), person), (measure(start=date(2019, 7, 15), end=date(2022, 7, 15)), person))
    await street.hear()
    assert street.count("select array_agg(due_on order by due_on) from testing.due_test") == [
        date(2021, 7, 15),
        date(2021, 10, 15),
        date(2022, 1, 15),
        date(2022, 4, 15),
        date(2022, 7, 14),
    ]


async def test_the_same_news_twice_changes_nothing_and_a_moved_test_stays(street: Street) -> None:
    person, order = await someone_under_treatment(street)
    officer = street.person(Role.TOWN_OFFICER)
    first = (await due_of(street, officer))[0]
    moved = await officer(
        "POST", f"/testing/v1/plans/{first['id']}/reschedule", {"due_on": "2021-07-20", "reason": "外出务工"}, if_match='"v1"'
    )
    assert body(moved)["window_to"] == "2021-07-27"
    await street.say((measure(measure_id=order), person))
    await street.hear()
    assert street.count("select count(*) from testing.due_test") == 22
    assert street.count("select due_on from testing.due_test where number = 1") == date(2021, 7, 20)


async def test_news_that_cannot_be_read_is_parked_and_the_rest_goes_on(street: Street) -> None:
    person, _ = await someone_under_treatment(street)
    registry = street.house.apps["registry"].state.house
    async with registry.database.session() as session:
        from sqlalchemy import text

        await session.execute(
            text(
                """insert into registry.outbox (event_id, type, version, occurred_at, subject_id, division_code, actor, request_id, data)
                   values (gen_random_uuid(), 'measure.ended', 1, now(), gen_random_uuid(), '610822100000', 'x', 'x', '{"kind": 1}')"""
            )
        )
        await session.commit()
    other = new_id()
    await street.say((registered(), other), (measure(), other))
    await street.hear()
    assert street.count("select count(*) from testing.inbox_parked") == 1
    assert street.count("select count(distinct person_id) from testing.due_test") == 2, person
