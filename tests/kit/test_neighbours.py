"""Which neighbour may ask what: the service that knows firms learns of no person, whatever its key can sign."""

from __future__ import annotations

import json

import pytest

from kit.auth import SERVICE, mint
from kit.call import AsgiNeighbour
from tests.houses import Template, open_house
from tests.registry.people_data import add_towns, an_id, county_officer, registered


@pytest.mark.parametrize("caller", ["precursor", "gateway"])
async def test_who_must_never_know_persons_is_told_of_none(template: Template, caller: str) -> None:
    """Neither by an ID number nor by id, nor by the feed of measures and tests."""
    async with open_house(template) as house:
        add_towns(house)
        person = await registered(county_officer(house))
        ask = house.neighbour(caller, "registry")
        refused = [
            await ask("POST", "/internal/people/resolve", {"id_numbers": [an_id(1)]}),
            await ask("GET", f"/internal/people/{person['id']}/running"),
            await house.neighbour(caller, "testing")("GET", "/internal/events"),
        ]
        feed = await ask("GET", "/internal/events")
        assert [reply.status for reply in refused] == [403] * 3
        assert not [reply for reply in [*refused, feed] if person["id"] in reply.body.decode()]
        if caller == "precursor":
            assert feed.status == 403
            return
        told = json.loads(feed.body)
        everything = json.loads((await house.neighbour("testing", "registry")("GET", "/internal/events")).body)
        assert {event["type"].partition(".")[0] for event in told["events"]} <= {"staff"}, (
            "the gateway hears who serves where, and of nobody else"
        )
        assert {event["type"].partition(".")[0] for event in everything["events"]} >= {"person"}
        assert told["next"] == everything["next"], "what it is not shown it passes"


async def test_a_neighbour_is_known_by_its_key_and_not_by_what_it_calls_itself(template: Template) -> None:
    async with open_house(template) as house:
        claims = {"sub": "testing"}
        token = mint(
            house.keys.signing("precursor"), typ=SERVICE, issuer="precursor", audience="registry", claims=claims, now=house.clock(), life=60
        )
        door = AsgiNeighbour(house.house.apps["registry"])
        reply = await door.request("GET", "/internal/events", headers={"authorization": f"Bearer {token}"})
        assert reply.status == 403
