"""Gatherings become alerts that grow, and people say what they were."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from kit.roles import Role
from tests.alerts.neighbours import OTHER_TOWN, TOWN, an_id, envelope, measure, tell, watch
from tests.alerts.scenes import BARN, THREE, alerts_of, checkin, known_for_a_week, meet, observe, send
from tests.houses import TestHouse

FOURTH = an_id("丁")


async def test_one_gathering_is_one_alert_that_names_its_reasons_and_grows(house: TestHouse) -> None:
    worker = await known_for_a_week(house, [*THREE, FOURTH])
    await meet(house, worker, [*THREE, FOURTH])
    (row,) = await alerts_of(house)
    assert (row["kind"], row["severity"], row["state"], row["persons"], row["division_code"]) == ("gathering", "medium", "raised", 4, TOWN)
    officer = house.caller("alerts", Role.COUNTY_OFFICER)
    alert = (await officer("GET", f"/alerts/v1/alerts/{row['id']}")).json()
    assert [reason["code"] for reason in alert["reasons"]] == ["persons_together", "duration", "spread", "place_unexplained"]
    assert "4人" in alert["reasons"][0]["zh"]
    assert sorted(alert["person_ids"]) == sorted(str(person) for person in (*THREE, FOURTH))
    assert len(alert["checkin_ids"]) == 4
    assert alert["human_review_required"] is True
    history = (await officer("GET", f"/alerts/v1/alerts/{row['id']}/history")).json()["items"]
    assert [step["action"] for step in history] == ["raise", "grow"]


async def test_an_alert_is_acknowledged_assigned_and_closed_with_a_finding(county: TestHouse) -> None:
    house = county
    worker = await known_for_a_week(house)
    await meet(house, worker)
    (row,) = await alerts_of(house)
    path = f"/alerts/v1/alerts/{row['id']}"
    town = house.caller("alerts", Role.TOWN_OFFICER, scope=(TOWN[:9],))
    assert (await town("POST", path + "/acknowledge", {})).status == 428
    assert (await town("POST", path + "/acknowledge", {}, if_match='"v9"')).status == 412
    early = await town("POST", path + "/close", {"finding": "innocent", "action_taken": "同去赶集"}, if_match='"v1"')
    assert (early.status, early.json()["type"]) == (409, "/problems/alert-state")
    seen = await town("POST", path + "/acknowledge", {"note": "今晚去看"}, if_match='"v1"')
    assert (seen.status, seen.headers["etag"], seen.json()["state"]) == (200, '"v2"', "acknowledged")
    assert (await worker("POST", path + "/assign", {"assignee": "W1"}, if_match='"v2"')).status == 403
    given = await town("POST", path + "/assign", {"assignee": "W1"}, if_match='"v2"')
    assert (given.json()["state"], given.json()["assigned_to"], given.json()["assigned_name"]) == ("assigned", "W1", "杨某某")
    closing = {"finding": "innocent", "action_taken": "走访核实:一起帮邻居收玉米"}
    assert (await worker("POST", path + "/close", {**closing, "finding": "expired"}, if_match='"v3"')).status == 422
    closed = await worker("POST", path + "/close", closing, if_match='"v3"')
    assert (closed.json()["state"], closed.json()["finding"]) == ("closed", "innocent")
    assert (await worker("POST", path + "/close", closing, if_match='"v4"')).status == 409
    with psycopg.connect(house.owner) as connection:
        types = connection.execute("select type from alerts.outbox order by id").fetchall()
        assert [row[0] for row in types] == ["alert.raised", "alert.acknowledged", "alert.assigned", "alert.closed"]
        audited = connection.execute(
            "select action from alerts.audit where object_type = 'alert' and action not in ('alert.read', 'alert.list') order by id"
        ).fetchall()
        assert [row[0] for row in audited] == ["alert.raise", "alert.acknowledge", "alert.assign", "alert.close"]
    score = (await town("GET", "/alerts/v1/scorecard")).json()["kinds"]
    assert [(s["kind"], s["innocent"], s["precision"]) for s in score] == [("gathering", 1, 0.0)]


async def test_a_closed_alert_stays_closed_when_the_gathering_goes_on(house: TestHouse) -> None:
    worker = await known_for_a_week(house, [*THREE, FOURTH])
    await meet(house, worker)
    (row,) = await alerts_of(house)
    path = f"/alerts/v1/alerts/{row['id']}"
    await worker("POST", path + "/acknowledge", {}, if_match='"v1"')
    await worker("POST", path + "/close", {"finding": "innocent", "action_taken": "已核实"}, if_match='"v2"')
    await send(worker, checkin(FOURTH, house.clock() - timedelta(minutes=5), "late"))
    await observe(house)
    assert [(a["state"], a["persons"]) for a in await alerts_of(house)] == [("closed", 3)]


async def test_another_town_sees_neither_alert_nor_people(house: TestHouse) -> None:
    guest = an_id("客")
    await known_for_a_week(house, [guest], OTHER_TOWN)
    worker = await known_for_a_week(house)
    await meet(house, worker, [*THREE, guest])
    (row,) = await alerts_of(house)
    path = f"/alerts/v1/alerts/{row['id']}"
    here = house.caller("alerts", Role.TOWN_OFFICER, scope=(TOWN[:9],))
    there = house.caller("alerts", Role.TOWN_OFFICER, scope=(OTHER_TOWN[:9],))
    assert await alerts_of(house, there) == []
    assert (await there("GET", path)).status == 404
    seen = (await here("GET", path)).json()
    assert seen["persons"] == 4
    assert sorted(seen["person_ids"]) == sorted(str(person) for person in THREE)
    assert len(seen["checkin_ids"]) == 3


async def test_a_measure_that_ends_takes_its_person_out_the_same_day(house: TestHouse) -> None:
    worker = await known_for_a_week(house, [*THREE, FOURTH])
    await meet(house, worker, [*THREE, FOURTH])

    async def end(person: Any) -> None:
        await tell(house, "registry", [measure(person, house.clock(), kind="measure.ended", state="discharged", on=date(2021, 7, 1))])

    await end(FOURTH)
    (row,) = await alerts_of(house)
    assert (row["state"], row["persons"]) == ("raised", 3)
    await end(THREE[0])
    (row,) = await alerts_of(house)
    assert (row["state"], row["finding"]) == ("closed", "measure_ended")
    await watch(house, FOURTH)
    await send(worker, *[checkin(person, house.clock() - timedelta(minutes=2), "again") for person in THREE[1:]])
    await observe(house)
    assert len(await alerts_of(house)) == 1


async def test_a_term_that_runs_out_by_date_closes_alerts_without_any_event(house: TestHouse) -> None:
    await watch(house, *THREE)
    worker = await known_for_a_week(house)
    await watch(house, *THREE, until=date(2021, 7, 2))
    await meet(house, worker)
    assert [a["state"] for a in await alerts_of(house)] == ["raised", "raised", "raised", "raised"][:1]
    house.clock.advance(timedelta(days=1))
    from services.alerts.jobs import review_alerts

    await review_alerts(house.house.apps["alerts"].state.house)
    assert [(a["state"], a["finding"]) for a in await alerts_of(house)] == [("closed", "measure_ended")]


async def test_nobody_reviewing_in_time_is_escalated_then_dismissed_against_the_office(house: TestHouse) -> None:
    from services.alerts.jobs import review_alerts

    app = house.house.apps["alerts"].state.house
    worker = await known_for_a_week(house)
    await meet(house, worker)
    (row,) = await alerts_of(house)
    assert row["due_at"].startswith("2021-07-08T16:00:00")  # Thursday 1 July + 5 working days, 24:00 in Shanghai
    house.clock.advance(timedelta(days=5))
    await review_alerts(app)
    (row,) = await alerts_of(house)
    assert (row["state"], row["escalated"]) == ("raised", True)
    house.clock.advance(timedelta(days=3))
    await review_alerts(app)
    await review_alerts(app)
    (row,) = await alerts_of(house)
    assert (row["state"], row["finding"]) == ("closed", "expired")


async def test_missed_tests_and_coming_ends_remind_the_unit_once(house: TestHouse) -> None:
    from services.alerts.jobs import remind_of_endings

    app = house.house.apps["alerts"].state.house
    await watch(house, THREE[0], until=date(2021, 7, 9))
    test = {"division_code": TOWN, "plan_id": str(an_id("plan")), "due_on": "2021-06-25", "window_to": "2021-06-30", "code": "missed"}
    event = envelope("test.missed", THREE[0], test, house.clock())
    await tell(house, "testing", [event, event])
    await remind_of_endings(app)
    await remind_of_endings(app)
    assert sorted(a["kind"] for a in await alerts_of(house)) == ["measure_ending", "test_missed"]
    await tell(house, "testing", [envelope("test.missed", THREE[0], {**test, "code": "excused"}, house.clock())])
    (missed,) = await alerts_of(house, query="?kind=test_missed")
    assert (missed["state"], missed["finding"]) == ("closed", "withdrawn")
    overdue = envelope("rectification.overdue", an_id("firm"), {"deadline": "2021-06-20"}, house.clock())
    await tell(house, "precursor", [overdue, overdue])
    assert len(await alerts_of(house, query="?kind=rectification_overdue&open=true")) == 1


async def test_lists_turn_pages_and_refuse_what_they_do_not_know(house: TestHouse) -> None:
    officer = house.caller("alerts", Role.COUNTY_OFFICER)
    firms = [envelope("rectification.overdue", an_id(f"firm {n}"), {"deadline": "2021-06-20"}, house.clock()) for n in range(5)]
    await tell(house, "precursor", firms)
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await officer("GET", f"/alerts/v1/alerts?limit=2{cursor}")).json()
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert (len(seen), len(set(seen))) == (5, 5)
    assert (await officer("GET", "/alerts/v1/alerts?colour=red")).status == 422
    assert (await officer("GET", f"/alerts/v1/alerts?limit=2&kind=gathering{cursor}")).status == 422


@pytest.mark.parametrize("how", ["another process", "after a crash", "after new knowledge"])
async def test_a_gathering_is_found_once_whoever_saw_its_beginning(house: TestHouse, how: str) -> None:
    from services.alerts.detection.worker import Detection

    people = [*THREE, FOURTH]
    worker = await known_for_a_week(house, people)
    app = house.house.apps["alerts"]
    begin = house.clock() - timedelta(minutes=50)
    for n, person in enumerate(people):
        await send(worker, checkin(person, begin + timedelta(minutes=10 * n), f"meet-{n}"))
        if how == "another process":
            await Detection(app.state.house).drain()
        elif how == "after a crash":
            app.state.house.part(Detection)._memory = None
            await observe(house)
        else:
            county = house.caller("alerts", Role.COUNTY_OFFICER)
            place = {"code": f"P{n}", "kind": "market", "division_code": TOWN, "lon": 111.3, "lat": 39.5}
            assert (await county("POST", "/alerts/v1/places", {"places": [place]})).status == 200
            await observe(house)
    assert [(a["kind"], a["persons"]) for a in await alerts_of(house)] == [("gathering", 4)]


async def test_a_public_place_an_event_or_a_household_explains_a_meeting(house: TestHouse) -> None:
    county = house.caller("alerts", Role.COUNTY_OFFICER)
    worker = await known_for_a_week(house)
    now = house.clock()
    event = {"code": "E1", "kind": "fair", "division_code": TOWN, "lon": BARN[0], "lat": BARN[1]}
    wrong = {**event, "starts_at": now.isoformat(), "ends_at": now.isoformat()}
    assert (await county("POST", "/alerts/v1/occasions", {"occasions": [wrong]})).status == 422
    announced = {**event, "starts_at": (now - timedelta(hours=2)).isoformat(), "ends_at": now.isoformat()}
    assert (await county("POST", "/alerts/v1/occasions", {"occasions": [announced]})).json() == {"stored": 1}
    await meet(house, worker)
    assert await alerts_of(house) == []
    home = {"household_key": "H1", "workplace_code": None}
    people = [{"person_id": str(person), **home} for person in THREE]
    assert (await county("POST", "/alerts/v1/ordinary-places", {"persons": people})).json() == {"stored": 3}
    house.clock.advance(timedelta(hours=8))
    await send(worker, *[checkin(person, house.clock() - timedelta(minutes=9 * n), "evening") for n, person in enumerate(THREE)])
    await observe(house)
    assert await alerts_of(house) == []
