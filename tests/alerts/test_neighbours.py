"""With the real registry next door: an order makes a person watched, its end stops everything the same day, and a replayed feed changes nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from uuid import UUID

import psycopg
import pytest

from kit.roles import Role
from tests.alerts.scenes import checkin
from tests.houses import Template, TestHouse, open_house
from tests.registry.people_data import add_towns, county_officer, running, step


@pytest.fixture
async def county(template: Template) -> AsyncIterator[TestHouse]:
    """The whole house with two towns."""
    async with open_house(template) as house:
        add_towns(house)
        yield house


async def sent(house: TestHouse, person: str, key: str) -> int:
    """The status of a check-in of this person, now."""
    me = house.caller("alerts", Role.SUBJECT, person_id=person)
    return (await me("POST", "/alerts/v1/checkins", {"checkins": [checkin(UUID(person), house.clock(), key)]})).status


async def test_the_registry_says_who_may_be_located_and_when_it_is_over(county: TestHouse) -> None:
    officer = county_officer(county)
    person, measure = await running(officer)
    assert await sent(county, person["id"], "before the news") == 422
    await county.step()
    assert await sent(county, person["id"], "k1") == 200
    await step(officer, measure, "suspend", "2021-07-01", document_no="拘1号")
    await county.step()
    assert await sent(county, person["id"], "k2") == 422
    with psycopg.connect(county.owner) as connection:
        assert connection.execute("select count(*) from alerts.inbox_parked").fetchone() == (0,)


async def test_a_feed_delivered_twice_or_from_the_start_leaves_the_same_watched_people(county: TestHouse) -> None:
    officer = county_officer(county)
    for sequence in (1, 3, 5):
        await running(officer, sequence)
    await county.step()

    def watched() -> list[tuple[object, ...]]:
        with psycopg.connect(county.owner) as connection:
            return connection.execute("select * from alerts.watched order by measure_id").fetchall()

    before = watched()
    assert len(before) == 3
    with psycopg.connect(county.owner) as connection:
        connection.execute("update alerts.inbox_cursor set position = '0.0'")
    await county.step()
    assert watched() == before


async def test_a_person_who_moves_is_their_new_towns(county: TestHouse) -> None:
    officer = county_officer(county)
    person, _ = await running(officer)
    await county.step()
    moved = await officer(
        "POST", f"/registry/v1/people/{person['id']}/move", {"division_code": "610822105000", "reason": "搬家"}, if_match='"v1"'
    )
    assert moved.status == 200, moved.body
    await county.step()
    figures = json.loads((await county.caller("alerts", Role.COUNTY_OFFICER)("GET", "/alerts/v1/figures")).body)
    assert [(town["division_code"], town["watched"]) for town in figures["towns"]] == [("610822105000", 1)]
    leader = json.loads((await county.caller("alerts", Role.LEADER)("GET", "/alerts/v1/figures")).body)
    assert leader["towns"][0]["watched"] is None
    assert leader["county"]["watched"] is None
