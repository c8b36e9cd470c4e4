"""Which neighbour may ask what: the service that knows firms learns of no person, whatever its key can sign."""

from __future__ import annotations

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
            await ask("GET", "/internal/events"),
            await house.neighbour(caller, "testing")("GET", "/internal/events"),
        ]
        assert [reply.status for reply in refused] == [403] * 4
        assert not [reply for reply in refused if person["id"] in reply.body.decode()]


async def test_a_neighbour_is_known_by_its_key_and_not_by_what_it_calls_itself(template: Template) -> None:
    async with open_house(template) as house:
        claims = {"sub": "testing"}
        token = mint(
            house.keys.signing("precursor"), typ=SERVICE, issuer="precursor", audience="registry", claims=claims, now=house.clock(), life=60
        )
        door = AsgiNeighbour(house.house.apps["registry"])
        reply = await door.request("GET", "/internal/events", headers={"authorization": f"Bearer {token}"})
        assert reply.status == 403
