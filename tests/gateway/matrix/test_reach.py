"""Whom each account reaches, walked over every route, role, scope and state: nothing leaks, and a list and its details agree."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from gateway.edge.routes import Route
from kit.roles import Role
from tests.gateway.matrix.county import OTHER_TOWN, TOWN, County, Somebody, a_county
from tests.gateway.matrix.front import Front
from tests.gateway.matrix.test_scopes import about, ask, filters, lists
from tests.houses import Template, open_house

pytestmark = pytest.mark.anyio

STAFF = (
    Role.COUNTY_OFFICER,
    Role.TOWN_OFFICER,
    Role.SOCIAL_WORKER,
    Role.GRID_WORKER,
    Role.POLICE_OFFICER,
    Role.INSPECTOR,
    Role.LAB_TECHNICIAN,
)
NOWHERE: dict[str, tuple[str, ...]] = {"no scope": (), "another county": ("990999",), "a town that is none": ("610822999",)}
PURPOSES = ("supervision", "testing", "assistance", "audit")
SHARED = frozenset(
    {
        "/registry/v1/divisions",
        "/testing/v1/schemes",
        "/precursor/v1/chemicals",
        "/precursor/v1/checklists",
        "/auth/v1/sessions",
        "/auth/v1/me",
    }
)
"""What is the same for everybody who is signed in, and names nobody."""


@pytest.fixture(scope="module")
async def county(template: Template, front: Front) -> AsyncIterator[County]:
    """Two towns and their people, in a house of their own: another module's county has the same people."""
    async with open_house(template) as opened:
        own = Front(opened, published=front.published, listed=front.listed, faults=front.faults, checks=front.checks, slugs=front.slugs)
        yield await a_county(own)


def ids_in(node: Any, key: str) -> Iterator[str]:
    """What names the items of a list in the path of one of them: their id, or their code."""
    items = node.get("items", []) if isinstance(node, dict) else node if isinstance(node, list) else []
    yield from (str(item[key]) for item in items if isinstance(item, dict) and key in item)


@pytest.mark.parametrize("role", STAFF)
@pytest.mark.parametrize("where", NOWHERE)
async def test_an_account_that_is_responsible_for_nobody_reads_nobody(county: County, role: str, where: str) -> None:
    """Every route, every purpose: no list shows anybody, no record opens."""
    front, leaks = county.front, []
    for purpose in PURPOSES:
        token = front.token(role, scope=NOWHERE[where], staff_id="S-A")
        for who in (county.there, county.elsewhere):
            for row in lists(front, role):
                for query in filters(front, row, who):
                    reply = await ask(front, row, token, who, query=query, purpose=purpose)
                    front.checks["lists for nobody"] += 1
                    leaks += [f"{where} {purpose} GET {row.path}?{query} shows {told}" for told in who.shows_in(reply)]
            for row in about(front, who, role):
                reply = await ask(front, row, token, who, purpose=purpose)
                front.checks["records for nobody"] += 1
                if reply.status < 400 or who.shows_in(reply):
                    leaks.append(f"{where} {purpose} {row.method} {row.path}: {reply.status} {reply.body[:120]!r}")
    assert not leaks, "\n".join(leaks)


async def details_of(front: Front, row: Route, role: str) -> str | None:
    """The path of one object of a list, where the table has one for this role."""
    wanted = re.compile(re.escape(row.path) + r"/\{\w+\}$")
    return next((one.path for one in front.rows("GET") if role in one.roles and wanted.match(one.path)), None)


async def disagreements(front: Front, role: str, scope: tuple[str, ...], who: Somebody) -> list[str]:
    """Objects that a list shows and whose own page does not open, for one account."""
    token, found = front.token(role, scope=scope, staff_id="S-A"), []
    for row in lists(front, role):
        reply = await ask(front, row, token, who, query="" if "limit" not in str(front.operation(row).get("parameters")) else "limit=200")
        if reply.status != 200 or "json" not in reply.headers.get("content-type", ""):
            continue
        single = await details_of(front, row, role)
        for object_id in list(ids_in(json.loads(reply.body), "code" if "{code}" in str(single) else "id"))[:20] if single else ():
            detail = await front.ask("GET", re.sub(r"\{\w+\}", object_id, str(single)), token, headers={"purpose": "supervision"})
            front.checks["details of a list"] += 1
            if detail.status != 200:
                found.append(f"{role} {row.path} shows {object_id}, {single} answers {detail.status}")
    return found


@pytest.mark.parametrize("role", (Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER))
async def test_what_a_list_shows_opens(county: County, role: str) -> None:
    scope = ("610822",) if role == Role.COUNTY_OFFICER else (TOWN,)
    assert await disagreements(county.front, role, scope, county.there) == []


@pytest.mark.parametrize("role", (Role.COUNTY_OFFICER, Role.TOWN_OFFICER))
async def test_a_town_is_asked_for_with_nine_or_twelve_digits(county: County, role: str) -> None:
    """The same answer, or the same refusal: never silently nothing."""
    front, different, asked = county.front, [], 0
    for row in lists(front, role):
        named = [p["name"] for p in front.operation(row).get("parameters", []) if p["in"] == "query"]
        if "division_code" not in named:
            continue
        token, asked = front.token(role, scope=(TOWN,) if role == Role.TOWN_OFFICER else ("610822",), staff_id="S-A"), asked + 1
        answers = []
        for code in (TOWN, TOWN[:9]):
            reply = await ask(front, row, token, county.there, query=f"division_code={code}")
            body = re.sub(rb'"(next|computed_at|now)":("[^"]*"|null)', b"", reply.body) if reply.status == 200 else b""
            answers.append((reply.status, body))
        front.checks["codes of two lengths"] += 2
        if answers[0] != answers[1]:
            different.append(f"{row.path}: {answers[0][0]} {answers[0][1][:80]!r} against {answers[1][0]} {answers[1][1][:80]!r}")
    assert not different, "\n".join(different)
    assert asked > 5


@pytest.mark.parametrize("role", (Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER))
async def test_after_a_move_lists_and_details_of_both_towns_agree(county: County, role: str) -> None:
    """Who moved away is shown by no list of the old town whose page does not open, and the new town has the record."""
    front, who = county.front, county.others_there[1]
    officer = front.token(Role.COUNTY_OFFICER)
    person = await front.ask("GET", f"/registry/v1/people/{who.id}", officer, headers={"purpose": "supervision"})
    if person.json()["division_code"] == TOWN:
        headers = {"purpose": "supervision", "if-match": person.headers["etag"]}
        moved = await front.ask(
            "POST", f"/registry/v1/people/{who.id}/move", officer, {"division_code": OTHER_TOWN, "reason": "搬到新民镇居住"}, headers
        )
        assert moved.status == 200, moved.body
        await front.house.step()
    found = []
    for scope in ((TOWN,), (OTHER_TOWN,)):
        found += await disagreements(front, role, scope, who)
    old, new = front.token(role, scope=(TOWN,), staff_id="S-A"), front.token(role, scope=(OTHER_TOWN,), staff_id="S-B")
    for token, there in ((old, False), (new, True)):
        if role == Role.SOCIAL_WORKER and there:
            continue  # a social worker sees the people of the own care team alone
        reply = await front.ask("GET", "/registry/v1/people?limit=200", token, headers={"purpose": "supervision"})
        if (who.id in reply.body.decode()) is not there:
            found.append(f"the {'new' if there else 'old'} town's list {'lacks' if there else 'shows'} the person")
    assert not found, "\n".join(found)
