"""The answer leaves after the commit, and only then (law 1); a write leaves its three rows or none (law 2)."""

from __future__ import annotations

import json
from typing import Annotated

import psycopg
from fastapi import APIRouter
from sqlalchemy import text

from kit.call import AsgiNeighbour
from kit.roles import Role
from kit.work import UnitRoute, Work, allow
from tests.houses import Caller, TestHouse

router = APIRouter(route_class=UnitRoute)
Officer = Annotated[Work, allow(Role.COUNTY_OFFICER)]


@router.post("/registry/v1/planted/deferred", status_code=201)
async def fails_at_commit(work: Officer) -> dict[str, str]:
    """Looks well until the commit: a deferred constraint fails there."""
    await work.note("planted", "planted")
    await work.session.execute(text("insert into registry.planted_child (parent) values (1)"))
    return {"status": "created"}


@router.post("/registry/v1/planted/late", status_code=201)
async def fails_late(work: Officer) -> dict[str, str]:
    """Writes, then fails."""
    await work.note("planted", "planted")
    raise RuntimeError("planted")


def plant(house: TestHouse) -> Caller:
    """Add the planted routes and a deferred constraint."""
    with psycopg.connect(house.owner) as connection:
        connection.execute("create table registry.planted_parent (id int primary key)")
        connection.execute(
            "create table registry.planted_child (parent int references registry.planted_parent deferrable initially deferred)"
        )
        connection.execute("grant all on registry.planted_child, registry.planted_parent to registry_app")
    app = house.house.apps["registry"]
    app.include_router(router)
    return house.caller("registry", Role.COUNTY_OFFICER)


def audit_rows(house: TestHouse) -> int:
    """Rows in the audit trail."""
    with psycopg.connect(house.owner) as connection:
        row = connection.execute("select count(*) from registry.audit where action = 'planted'").fetchone()
    assert row is not None
    return row[0]


async def test_a_commit_that_fails_is_no_201(house: TestHouse) -> None:
    officer = plant(house)
    answer = await officer("POST", "/registry/v1/planted/deferred")
    assert (answer.status, json.loads(answer.body)["type"]) == (409, "/problems/conflict")
    assert audit_rows(house) == 0


async def test_a_late_failure_leaves_nothing_and_tells_nothing(house: TestHouse) -> None:
    officer = plant(house)
    answer = await officer("POST", "/registry/v1/planted/late")
    assert answer.status == 500
    assert b"planted" not in answer.body
    assert b"RuntimeError" not in answer.body
    assert audit_rows(house) == 0


async def test_a_stranger_and_the_wrong_role_get_one_shape(house: TestHouse) -> None:
    app = AsgiNeighbour(house.house.apps["registry"])
    for headers in ({}, {"authorization": "Bearer x.y.z"}, {"authorization": "Basic eDp5"}):
        answer = await app.request("GET", "/registry/v1/people", headers=headers)
        assert answer.status == 401
        assert answer.headers["content-type"] == "application/problem+json"
    leader = house.caller("registry", Role.LEADER)
    assert (await leader("GET", "/registry/v1/people")).status == 403
    english = await leader("GET", "/registry/v1/people", accept_language="en")
    assert json.loads(english.body)["title"] == "Not allowed"
