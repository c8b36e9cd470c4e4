"""Nothing about a person outlives what it was for (domain 11.3): the night after, ninety days after, a year after; numbers stay."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import psycopg

from kit.roles import Role
from services.alerts.jobs import sweep
from tests.alerts.neighbours import TOWN, an_id, measure, tell, watch
from tests.alerts.scenes import THREE, alerts_of, checkin, crowd, known_for_a_week, meet, send
from tests.houses import TestHouse

LI = THREE[0]


def count(house: TestHouse, table: str, person: Any = LI) -> int:
    """Rows of a person."""
    with psycopg.connect(house.owner) as connection:
        row = connection.execute(f"select count(*) from alerts.{table} where person_id = %s".encode(), (person,)).fetchone()
    assert row is not None
    return row[0]


async def registered(house: TestHouse) -> None:
    """A home, an announced absence."""
    officer = house.caller("alerts", Role.COUNTY_OFFICER)
    homes = [
        {"person_id": str(person), "household_key": f"H{n}", "home_lon": 111.0 + n / 50, "home_lat": 39.1} for n, person in enumerate(THREE)
    ]
    assert (await officer("POST", "/alerts/v1/ordinary-places", {"persons": homes})).status == 200
    absence = {"person_id": str(LI), "first_day": "2021-06-01", "last_day": "2021-06-02"}
    assert (await officer("POST", "/alerts/v1/absences", absence)).status == 201


async def end(house: TestHouse, *people: Any, on: date = date(2021, 7, 1)) -> None:
    """The registry tells that their measures ended."""
    await tell(house, "registry", [measure(person, house.clock(), kind="measure.ended", state="discharged", on=on) for person in people])


async def test_homes_and_learned_places_go_the_night_after_everything_is_over_and_not_while_it_is_suspended(house: TestHouse) -> None:
    app = house.house.apps["alerts"].state.house
    await known_for_a_week(house)
    await registered(house)
    with psycopg.connect(house.owner) as connection:
        connection.execute(
            "insert into alerts.learned_place (id, person_id, spot_sealed, since, until) select gen_random_uuid(), p, 'x', now(), '2021-09-01' from unnest(%s::uuid[]) p",
            (list(THREE),),
        )
    await end(house, LI)
    await watch(house, THREE[1], state="suspended")
    await sweep(app)
    tables = ("ordinary_places", "first_sighting", "learned_place")
    assert [[count(house, table, person) for table in tables] for person in THREE] == [[0, 0, 0], [1, 1, 1], [1, 1, 1]]
    assert (count(house, "announced_absence"), count(house, "watched")) == (1, 1)
    house.clock.advance(timedelta(days=366))
    await sweep(app)
    assert (count(house, "announced_absence"), count(house, "watched")) == (0, 0)
    assert count(house, "watched", THREE[1]) == 1
    await tell(
        house, "registry", [measure(LI, house.clock() - timedelta(days=400))]
    )  # an old feed from the start brings it back, and its end with it
    await end(house, LI)
    await sweep(app)
    assert count(house, "watched") == 0


async def test_what_was_known_before_the_first_word_of_a_measure_is_not_taken_for_over(house: TestHouse) -> None:
    await registered_without_measure(house)
    await sweep(house.house.apps["alerts"].state.house)
    assert count(house, "ordinary_places", an_id("新")) == 1


async def registered_without_measure(house: TestHouse) -> None:
    """A home that the county loads before the registry's feed has caught up."""
    officer = house.caller("alerts", Role.COUNTY_OFFICER)
    home = {"person_id": str(an_id("新")), "home_lon": 111.0, "home_lat": 39.1}
    assert (await officer("POST", "/alerts/v1/ordinary-places", {"persons": [home]})).status == 200


async def test_a_confirmed_alert_knows_its_people_until_a_year_after_the_last_of_them(county: TestHouse) -> None:
    house = county
    app = house.house.apps["alerts"].state.house
    worker = await known_for_a_week(house)
    await meet(house, worker)
    (row,) = await alerts_of(house)
    officer, path = house.caller("alerts", Role.COUNTY_OFFICER), f"/alerts/v1/alerts/{row['id']}"
    await officer("POST", path + "/acknowledge", {"note": "与李某家人通话"}, if_match='"v1"')
    await officer("POST", path + "/assign", {"assignee": "W1", "note": "今晚走访李某"}, if_match='"v2"')
    await officer("POST", path + "/close", {"finding": "confirmed", "action_taken": "已谈话"}, if_match='"v3"')
    history = (await officer("GET", path + "/history")).json()["items"]
    assert [step["details"].get("note") for step in history] == [None, "与李某家人通话", "今晚走访李某", None]
    await end(house, *THREE[:2])
    house.clock.advance(timedelta(days=120))
    await end(house, THREE[2], on=date(2021, 10, 29))
    house.clock.advance(timedelta(days=300))
    await sweep(app)
    assert (await alerts_of(house))[0]["persons"] == 3
    house.clock.advance(timedelta(days=70))
    await sweep(app)
    (row,) = await alerts_of(house)
    assert (row["persons"], row["finding"]) == (0, "confirmed")
    told = (await officer("GET", path)).json()
    assert (told["reasons"], told["action_taken"], told["checkin_ids"]) == ([], None, [])
    assert "李某" not in str((await officer("GET", path + "/history")).json()["items"])
    with psycopg.connect(house.owner) as connection:
        for table in ("alert", "alert_note", "alert_change", "audit", "outbox"):
            kept = connection.execute(f"select string_agg(t::text, ' ') from alerts.{table} t".encode()).fetchone()
            assert kept is not None
            assert "李某" not in str(kept[0])
    score = (await officer("GET", "/alerts/v1/scorecard")).json()["kinds"]
    assert [(s["kind"], s["confirmed"], s["precision"]) for s in score] == [("gathering", 1, 1.0)]


async def test_opening_an_alert_is_noted_for_those_whom_it_shows_alone(house: TestHouse) -> None:
    guest = an_id("客")
    await known_for_a_week(house, [guest], "610822105000")
    worker = await known_for_a_week(house)
    await meet(house, worker, [*THREE, guest])
    (row,) = await alerts_of(house)
    here = house.caller("alerts", Role.TOWN_OFFICER, scope=(TOWN[:9],))
    assert (await here("GET", f"/alerts/v1/alerts/{row['id']}")).status == 200
    with psycopg.connect(house.owner) as connection:
        noted = connection.execute("select object_ids, purpose from alerts.audit where action = 'alert.read'").fetchone()
    assert noted is not None
    assert sorted(noted[0]) == sorted([row["id"], *map(str, THREE)])
    assert noted[1] == "supervision"


async def test_check_ins_of_somebody_who_is_over_lose_their_point_that_night_and_are_gone_after_a_month(house: TestHouse) -> None:
    app = house.house.apps["alerts"].state.house
    await watch(house, LI)
    await send(crowd(house, [LI]), checkin(LI, house.clock(), "k"))
    assert (count(house, "checkin_record"), count(house, "checkin_point")) == (1, 1)
    await end(house, LI)
    assert (count(house, "checkin_record"), count(house, "checkin_point")) == (1, 0)  # at once, not in the night
    await sweep(app)
    house.clock.advance(timedelta(days=31))
    await sweep(app)
    assert count(house, "checkin_record") == 0
