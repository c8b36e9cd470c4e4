"""The trail as an auditor reads it: every act, nobody's name, and no way from a row to a person."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from kit.roles import Role
from tests.houses import Caller, Template, TestHouse, open_house
from tests.registry.people_data import OTHER_TOWN, TOWN, add_towns, an_id, county_officer, registered

PATH = "/registry/v1/audit"


@pytest.fixture
async def registry(template: Template) -> Any:
    """A registry in which somebody was registered and read, once of the own town and once in an emergency."""
    async with open_house(template, only="registry") as house:
        add_towns(house)
        yield house


async def read(auditor: Caller, query: str = "") -> list[dict[str, Any]]:
    """The rows of a query, without those of reading rows."""
    reply = await auditor("GET", f"{PATH}?{query}")
    assert reply.status == 200, reply.body
    return [row for row in json.loads(reply.body)["items"] if row["action"] != "audit.read"]


async def acts(house: TestHouse) -> tuple[dict[str, Any], Caller]:
    """What is there to be read."""
    person = await registered(county_officer(house))
    path = f"/registry/v1/people/{person['id']}"
    await house.caller("registry", Role.TOWN_OFFICER, scope=(TOWN,))("GET", path)
    far = house.caller("registry", Role.POLICE_OFFICER, scope=(OTHER_TOWN,))
    assert (await far("GET", path, purpose='emergency; reason="found unconscious"')).status == 200
    return person, house.caller("registry", Role.AUDITOR)


async def test_an_auditor_sees_every_act_and_the_reason_of_an_emergency(registry: TestHouse) -> None:
    _, auditor = await acts(registry)
    rows = await read(auditor)
    assert [(row["action"], row["actor"], row["purpose"], row["reason"]) for row in rows] == [
        ("person.read", "test-police_officer", "emergency", "found unconscious"),
        ("person.read", "test-town_officer", "supervision", ""),
        ("person.register", "test-county_officer", "", ""),
    ]
    assert [row["actor"] for row in await read(auditor, "purpose=emergency")] == ["test-police_officer"]


async def test_a_row_leads_to_no_person_and_one_thing_is_the_same_in_every_row(registry: TestHouse) -> None:
    person, auditor = await acts(registry)
    other = await registered(county_officer(registry), 2)
    everything = (await auditor("GET", PATH)).body.decode()
    assert not [told for told in (person["id"], other["id"], person["name"], an_id(1)) if told in everything]
    rows = await read(auditor)
    assert len({row["object_ids"][0] for row in rows}) == 2
    followed = await read(auditor, f"object_id={rows[1]['object_ids'][0]}")
    assert [row["action"] for row in followed] == ["person.read", "person.read", "person.register"]
    assert await read(auditor, f"object_id={person['id']}") == []


async def test_pages_and_filters_name_what_is_asked_for(registry: TestHouse) -> None:
    _, auditor = await acts(registry)
    first = json.loads((await auditor("GET", f"{PATH}?action=person.read&limit=1")).body)
    second = json.loads((await auditor("GET", f"{PATH}?action=person.read&limit=1&cursor={first['next']}")).body)
    assert [page["items"][0]["actor"] for page in (first, second)] == ["test-police_officer", "test-town_officer"]
    assert (await auditor("GET", f"{PATH}?action=person.register&limit=1&cursor={first['next']}")).status == 422
    assert len(await read(auditor, "from=2021-07-01&to=2021-07-01")) == 3
    assert await read(auditor, "from=2021-07-02") == []
    assert await read(auditor, "actor=nobody") == []
    for query in ("from=2021-07-02&to=2021-07-01", "purpose=curiosity", "actor=%E5%BC%A0", "object_id=1", "to=9999-12-31&from=x"):
        assert (await auditor("GET", f"{PATH}?{query}")).status == 422, query


async def test_reading_the_trail_is_in_the_trail(registry: TestHouse) -> None:
    _, auditor = await acts(registry)
    await auditor("GET", f"{PATH}?actor=test-town_officer")
    rows = json.loads((await auditor("GET", f"{PATH}?action=audit.read")).body)["items"]
    assert [(row["actor"], row["details"]) for row in rows] == [("test-auditor", {"by": ["actor"]})]
    assert len(rows[0]["object_ids"]) == 1


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.AUDITOR, Role.SERVICE)])
async def test_nobody_else_reads_the_trail(registry: TestHouse, role: str) -> None:
    assert (await registry.caller("registry", role)("GET", PATH)).status == 403


async def test_every_service_and_the_gateway_has_its_trail_read_in_the_same_way(template: Template) -> None:
    async with open_house(template) as house:
        for service, path in (("registry", PATH), ("testing", "/testing/v1/audit"), ("alerts", "/alerts/v1/audit")):
            assert (await house.caller(service, Role.AUDITOR)("GET", path)).status == 200
        for service, path in (("precursor", "/precursor/v1/audit"), ("gateway", "/auth/v1/audit")):
            assert (await house.caller(service, Role.AUDITOR)("GET", path)).status == 200


async def test_a_search_of_the_trail_that_takes_too_long_is_given_up(registry: TestHouse) -> None:
    """The trail of years has hundreds of thousands of rows; whoever asks for what is not in it must not hold a connection for ever."""
    _, auditor = await acts(registry)
    with psycopg.connect(registry.owner) as connection:
        connection.execute("lock table registry.audit in access exclusive mode")
        assert (await auditor("GET", f"{PATH}?actor=nobody")).status == 503
