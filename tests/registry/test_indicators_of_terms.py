"""What figures say of beginnings and ends: who reported in, whose term was closed in time, what an outage of the house does not cost a town."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import psycopg

from kit.clock import load_working_days
from services.registry.indicators import rules
from services.registry.jobs import end_due_measures
from tests.houses import TestHouse
from tests.registry.people_data import TOWN, add_towns, county_officer, ordered, registered, running, step


async def test_who_was_served_and_never_came_is_not_executing_and_not_reported_in(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    _, measure = await running(officer, 1)  # served on 7 May, reported in on the 10th
    await step(officer, measure, "sign_agreement", "2021-05-12")
    away = await ordered(officer, (await registered(officer, 2))["id"])
    await step(officer, away, "serve", "2021-05-07")
    alerts = house.neighbour("alerts", "registry")

    async def told(first: str, last: str) -> tuple[list[int], list[int]]:
        path = f"/internal/figures?as_of={last}&from={first}&to={last}"
        town = json.loads((await alerts("GET", path)).body)["towns"][TOWN]
        return town["report_in"], town["execution"]

    assert await told("2021-05-01", "2021-05-15") == ([0, 0], [1, 1]), "until 24 May nobody is late"
    assert await told("2021-05-16", "2021-05-31") == ([1, 2], [1, 2])
    assert await told("2021-06-01", "2021-06-15") == ([0, 0], [1, 2]), "and still does not come"


async def test_a_term_is_closed_in_time_when_its_notice_is_served_in_seven_days(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    told, late, forgotten = [(await running(officer, number))[1] for number in (1, 2, 3)]  # all until 10 May 2024
    house.clock.advance(datetime(2024, 5, 20, 1, tzinfo=UTC) - house.clock())
    await house.step()
    for measure, day in ((told, "2024-05-17"), (late, "2024-05-18")):
        path = f"/registry/v1/measures/{measure['id']}"
        now = json.loads((await officer("GET", path)).body)
        assert now["state"] == "discharged"
        await step(officer, now, "serve_discharge_notice", day, document_no="府公禁解字〔2024〕001号")
    assert forgotten["term_end"] == "2024-05-10"
    alerts = house.neighbour("alerts", "registry")

    async def closure(first: str, last: str) -> list[int]:
        path = f"/internal/figures?as_of={last}&from={first}&to={last}"
        return json.loads((await alerts("GET", path)).body)["towns"][TOWN]["closure"]

    assert await closure("2024-05-01", "2024-05-15") == [0, 0], "ended on the 10th, and the notice has till the 17th"
    assert await closure("2024-05-16", "2024-05-31") == [1, 3]


async def test_an_outage_of_the_house_is_no_towns_supervision_past_the_end(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    await running(officer, 7)  # until 10 May 2024
    house.clock.advance(datetime(2024, 5, 29, 1, tzinfo=UTC) - house.clock())  # nothing ran for three weeks
    alerts = house.neighbour("alerts", "registry")

    async def past_end() -> int:
        path = "/internal/figures?as_of=2024-05-31&from=2024-05-01&to=2024-05-31"
        return json.loads((await alerts("GET", path)).body)["towns"][TOWN]["past_end"]

    assert await past_end() == 0, "not written yet"
    await end_due_measures(house.house.apps["registry"].state.house)
    assert await past_end() == 0, "written late by the house itself"
    with psycopg.connect(house.owner) as connection:
        connection.execute("update registry.measure_event set recorded_by = 'an officer' where event = 'expire'")
    assert await past_end() == 1, "an end that a person entered late is the unit's"


def test_the_notices_of_a_period_are_those_whose_last_day_lies_in_it() -> None:
    ended, noticed = rules.terms_noticed(date(2021, 10, 1), date(2021, 10, 15), load_working_days("610822"))
    assert set(noticed) == {date(2021, 10, day) for day in (8, 9, 11, 12, 13, 14, 15)}, "nobody works in the national holidays"
    assert (ended[0], noticed[0]) == (date(2021, 9, 24), date(2021, 10, 8))
