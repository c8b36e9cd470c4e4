"""One matter is one alert: whatever arrives late, whoever's measure ends meanwhile, wherever somebody moves."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg

from kit.roles import Role
from services.alerts.jobs import review_alerts
from tests.alerts.neighbours import OTHER_TOWN, TOWN, an_id, envelope, measure, tell, watch
from tests.alerts.scenes import THREE, alerts_of, checkin, known_for_a_week, meet, observe, send
from tests.houses import TestHouse

FOURTH, FIFTH = an_id("丁"), an_id("戊")


async def closed(house: TestHouse, alert: dict[str, Any]) -> None:
    """Let the county close an alert as innocent."""
    officer, path = house.caller("alerts", Role.COUNTY_OFFICER), f"/alerts/v1/alerts/{alert['id']}"
    seen = await officer("POST", path + "/acknowledge", {}, if_match=f'"v{alert["version"]}"')
    closing = {"finding": "innocent", "action_taken": "已核实"}
    assert (await officer("POST", path + "/close", closing, if_match=seen.headers["etag"])).status == 200


async def detail(house: TestHouse, alert: dict[str, Any]) -> dict[str, Any]:
    """The alert as the county office opens it."""
    return (await house.caller("alerts", Role.COUNTY_OFFICER)("GET", f"/alerts/v1/alerts/{alert['id']}")).json()


async def end(house: TestHouse, person: Any) -> None:
    """The registry tells that a measure ended today."""
    await tell(house, "registry", [measure(person, house.clock(), kind="measure.ended", state="discharged", on=date(2021, 7, 1))])


async def test_a_late_check_in_that_joins_a_closed_gathering_to_an_open_one_lets_the_open_one_grow(house: TestHouse) -> None:
    worker = await known_for_a_week(house)
    await meet(house, worker, at=house.clock() - timedelta(hours=5))
    (first,) = await alerts_of(house)
    await closed(house, first)
    begin = house.clock() - timedelta(hours=2, minutes=20)
    await send(worker, *[checkin(person, begin + timedelta(minutes=9 * n), f"again-{n}") for n, person in enumerate(THREE)])
    await observe(house)
    assert [a["state"] for a in await alerts_of(house)] == ["raised", "closed"]
    await send(worker, checkin(THREE[0], house.clock() - timedelta(hours=3, minutes=30), "between"))
    assert await observe(house) == 1
    second, first = await alerts_of(house)
    assert (first["state"], first["finding"], second["state"], second["version"]) == ("closed", "innocent", "raised", 2)
    assert len((await detail(house, second))["checkin_ids"]) == 7
    await send(worker, checkin(THREE[1], house.clock() - timedelta(minutes=30), "later"))
    assert await observe(house) == 1
    assert len(await alerts_of(house)) == 2


async def test_the_reasons_of_an_alert_count_nobody_whose_measure_ended(house: TestHouse) -> None:
    people = [*THREE, FOURTH, FIFTH, an_id("己")]
    worker = await known_for_a_week(house, people)
    await meet(house, worker, people, at=house.clock() - timedelta(minutes=55))
    (row,) = await alerts_of(house)
    assert (row["severity"], row["persons"]) == ("high", 6)
    await end(house, FOURTH)
    (row,) = await alerts_of(house)
    alert = await detail(house, row)
    assert (alert["severity"], alert["persons"]) == ("medium", 5)
    assert (alert["reasons"][0]["numbers"]["persons"], alert["reasons"][0]["numbers"]["units"]) == (5, 5)
    assert str(FOURTH) not in str(alert)


async def test_those_who_are_left_and_somebody_new_are_a_matter_of_their_own(house: TestHouse) -> None:
    worker = await known_for_a_week(house, [*THREE, FOURTH])
    await meet(house, worker)
    await end(house, THREE[0])
    (row,) = await alerts_of(house)
    assert (row["state"], row["finding"]) == ("closed", "measure_ended")
    await send(worker, checkin(FOURTH, house.clock() - timedelta(minutes=5), "joins"))
    await observe(house)
    new, old = await alerts_of(house)
    assert (old["id"], old["finding"], new["state"], new["persons"]) == (row["id"], "measure_ended", "raised", 3)
    assert str(THREE[0]) not in (await detail(house, new))["person_ids"]


async def test_a_term_that_ends_at_midnight_takes_its_person_out_of_a_gathering_that_goes_on(house: TestHouse) -> None:
    people = [*THREE, FOURTH, FIFTH]
    worker = await known_for_a_week(house, people)
    await watch(house, FOURTH, until=date(2021, 7, 2))
    house.clock.advance(timedelta(hours=15, minutes=50))  # 23:50 in Shanghai
    await meet(house, worker, people[:4])
    (row,) = await alerts_of(house)
    assert row["persons"] == 4
    house.clock.advance(timedelta(minutes=20))
    await review_alerts(house.house.apps["alerts"].state.house)
    await send(worker, checkin(FIFTH, house.clock(), "joins"))
    await observe(house)
    (row,) = await alerts_of(house)
    assert (row["persons"], row["state"]) == (4, "raised")
    alert = await detail(house, row)
    assert sorted(alert["person_ids"]) == sorted(str(person) for person in (*THREE, FIFTH))
    assert len(alert["checkin_ids"]) == 4


async def test_a_gathering_goes_to_the_towns_that_answer_for_its_people_today(house: TestHouse) -> None:
    worker = await known_for_a_week(house)
    begin = house.clock() - timedelta(minutes=40)
    await send(worker, *[checkin(person, begin + timedelta(minutes=n * 10), "meet") for n, person in enumerate(THREE[:2])])
    await observe(house)
    moved = [envelope("person.moved", person, {"division_code": OTHER_TOWN}, house.clock()) for person in THREE[:2]]
    await tell(house, "registry", moved)
    await send(worker, checkin(THREE[2], begin + timedelta(minutes=30), "meet"))
    await observe(house)
    (row,) = await alerts_of(house)
    assert row["division_code"] == OTHER_TOWN
    there = house.caller("alerts", Role.TOWN_OFFICER, scope=(OTHER_TOWN[:9],))
    seen = (await there("GET", f"/alerts/v1/alerts/{row['id']}")).json()
    assert (seen["persons"], sorted(seen["person_ids"])) == (3, sorted(str(person) for person in THREE[:2]))


async def test_what_is_open_about_one_person_follows_them_to_their_new_town(county: TestHouse) -> None:
    house = county
    await watch(house, THREE[0])
    test = {"division_code": TOWN, "plan_id": str(an_id("plan")), "due_on": "2021-06-25", "window_to": "2021-06-30", "code": "missed"}
    await tell(house, "testing", [envelope("test.missed", THREE[0], test, house.clock())])
    (row,) = await alerts_of(house)
    here = house.caller("alerts", Role.TOWN_OFFICER, scope=(TOWN[:9],))
    there = house.caller("alerts", Role.TOWN_OFFICER, scope=(OTHER_TOWN[:9],))
    path = f"/alerts/v1/alerts/{row['id']}"
    assert (await here("POST", path + "/assign", {"assignee": "W1"}, if_match='"v1"')).status == 200
    moved = envelope("person.moved", THREE[0], {"division_code": OTHER_TOWN}, house.clock())
    await tell(house, "registry", [moved, moved])
    assert (await here("GET", path)).status == 404
    seen = (await there("GET", path)).json()
    assert (seen["state"], seen["assigned_to"], seen["acknowledged_by"]) == ("raised", None, None)
    assert (seen["division_code"], seen["person_ids"]) == (OTHER_TOWN, [str(THREE[0])])
    assert seen["due_at"][:19] == row["due_at"][:19]
    history = (await there("GET", path + "/history")).json()["items"]
    assert [step["action"] for step in history] == ["raise", "assign", "hand_over"]
    details = history[-1]["details"]
    assert (details["from_division"], details["division_code"], details["division_name"]) == (TOWN, OTHER_TOWN, "新民镇")
    with psycopg.connect(house.owner) as connection:
        told = connection.execute("select type, division_code from alerts.outbox order by id desc limit 1").fetchone()
    assert told == ("alert.grown", OTHER_TOWN)


async def test_a_company_that_moves_on_is_one_alert_and_the_next_evening_another(house: TestHouse) -> None:
    people = [*THREE, FOURTH]
    worker = await known_for_a_week(house, people)
    stops = [(110.9371, 39.2502), (110.9471, 39.2602), (110.9571, 39.2702)]
    begin = house.clock() - timedelta(hours=5)
    for stop, place in enumerate(stops):
        for n, person in enumerate(people if stop else people[:3]):
            at = begin + timedelta(minutes=80 * stop + 9 * n)
            await send(worker, checkin(person, at, f"stop-{stop}", place))
            await observe(house)
    (row,) = await alerts_of(house)
    alert = await detail(house, row)
    assert (alert["persons"], len(alert["checkin_ids"]), alert["state"]) == (4, 11, "raised")
    assert alert["reasons"][-1]["numbers"] == {"persons": 4, "minutes": 187}
    assert "4人" in alert["reasons"][-1]["zh"]
    await send(worker, checkin(FOURTH, begin + timedelta(minutes=27), "late-first", stops[0]))
    await observe(house)
    (row,) = await alerts_of(house)
    assert len((await detail(house, row))["checkin_ids"]) == 12
    await closed(house, row)
    await send(worker, checkin(THREE[0], begin + timedelta(minutes=199), "late-last", stops[2]))
    house.clock.advance(timedelta(days=1))
    for n, person in enumerate(people):
        await send(worker, checkin(person, house.clock() - timedelta(minutes=40 - 9 * n), "tomorrow", stops[1]))
    await observe(house)
    assert [(a["state"], a["persons"]) for a in await alerts_of(house)] == [("raised", 4), ("closed", 4)]


async def test_two_companies_next_door_stay_two_alerts(house: TestHouse) -> None:
    others = [an_id(name) for name in "辛壬癸"]
    worker = await known_for_a_week(house, [*THREE, *others])
    for n, (one, other) in enumerate(zip(THREE, others, strict=True)):
        at = house.clock() - timedelta(minutes=45 - 10 * n)
        await send(worker, checkin(one, at, "here"), checkin(other, at, "there", (110.9388, 39.2502)))
        await observe(house)
    assert [a["persons"] for a in await alerts_of(house)] == [3, 3]
