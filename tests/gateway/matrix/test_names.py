"""Names beside ids, walked over every route and role: nobody is named to whom the register would not show the person, and whoever may read is told."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import openpyxl
import psycopg
import pytest

from kit.names import KINDS, QUIET, name_of
from kit.roles import Role
from tests.gateway.matrix.county import OTHER_TOWN, TOWN, UPLOADER, County, Somebody, sent
from tests.gateway.matrix.front import Front
from tests.gateway.matrix.test_scopes import about, ask, lists

pytestmark = pytest.mark.anyio

COUNTY_WIDE = ("610822",)
CALLERS: dict[str, dict[str, Any]] = {
    "the county": {"role": Role.COUNTY_OFFICER, "scope": COUNTY_WIDE},
    "a town": {"role": Role.TOWN_OFFICER, "scope": (TOWN,)},
    "the other town": {"role": Role.TOWN_OFFICER, "scope": (OTHER_TOWN,)},
    "no town": {"role": Role.TOWN_OFFICER, "scope": ()},
    "the police": {"role": Role.POLICE_OFFICER, "scope": (TOWN,)},
    "a worker of the team": {"role": Role.SOCIAL_WORKER, "scope": (TOWN,), "staff_id": "S-A"},
    "a worker of another team": {"role": Role.SOCIAL_WORKER, "scope": (TOWN,), "staff_id": "S-B"},
    "a grid worker": {"role": Role.GRID_WORKER, "scope": (TOWN,), "staff_id": "G-A1"},
    "a laboratory": {"role": Role.LAB_TECHNICIAN, "scope": COUNTY_WIDE},
    "an inspector": {"role": Role.INSPECTOR, "scope": COUNTY_WIDE, "staff_id": "S-A"},
    "a leader": {"role": Role.LEADER, "scope": COUNTY_WIDE},
    "the auditor": {"role": Role.AUDITOR, "scope": COUNTY_WIDE},
    "an administrator": {"role": Role.ADMINISTRATOR, "scope": COUNTY_WIDE},
    "an agency": {"role": Role.AGENCY, "scope": COUNTY_WIDE},
    "a partner": {"role": Role.PARTNER, "scope": COUNTY_WIDE},
}
DUE = "/testing/v1/plans/due?from=2021-06-01&to=2021-12-31&limit=200"
NEVER = (
    "a grid worker",
    "a laboratory",
    "an inspector",
    "a leader",
    "the auditor",
    "an administrator",
    "an agency",
    "a partner",
    "no town",
)
"""Whoever may read no person is told no name, whatever is asked for."""
SHOWN = {"the county": 12, "a town": 8, "the police": 8, "a worker of the team": 4}
"""How many names the walk meets at least: the other numbers mean something only if these are there."""


def objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every object within an answer."""
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from objects(child)
    elif isinstance(node, list):
        for child in node:
            yield from objects(child)


def named(answer: Any, kind: str) -> Iterator[tuple[str, str | None]]:
    """(id, name) of each id of a kind that has a name beside it."""
    for one in objects(answer):
        for key, value in one.items():
            if KINDS.get(key) == kind and name_of(key) in one:
                told = one[name_of(key)]
                yield from zip(value, told, strict=True) if isinstance(value, list) else [(value, told)]


async def told(front: Front, token: str, role: str, *people: Somebody) -> list[tuple[str, str, str]]:
    """(path, person, name) of everybody whom any answer names to this caller."""
    found = []
    for who in people:
        for row in [*lists(front, role), *(row for row in about(front, who, role) if row.method == "GET")]:
            reply = await ask(front, row, token, who)
            if reply.status == 200 and "json" in reply.headers["content-type"]:
                front.checks["answers searched for names"] += 1
                answer = (
                    [json.loads(line) for line in reply.body.splitlines()] if "ndjson" in reply.headers["content-type"] else reply.json()
                )
                found += [(row.path, person, name) for person, name in named(answer, "people") if person and name]
    return found


@pytest.mark.parametrize("caller", CALLERS)
async def test_whoever_is_named_is_whom_the_register_shows(county: County, caller: str) -> None:
    front, given = county.front, dict(CALLERS[caller])
    role = given.pop("role")
    token = front.token(role, subject=UPLOADER, **given)
    found = await told(front, token, role, county.there, county.elsewhere)
    names = {who.id: who.name for who in (county.there, *county.others_there, county.elsewhere)}
    for path, person, name in set(found):
        reply = await front.ask("GET", f"/registry/v1/people/{person}", token, headers={"purpose": "supervision"})
        assert reply.status == 200, f"{path} names {person}, whom the register does not show to {caller}"
        assert reply.json()["name"] == name == names[person]
    assert not (found and caller in NEVER), found[:5]
    assert len(found) >= SHOWN.get(caller, 0)


async def test_the_person_is_named_to_the_person(county: County) -> None:
    front, who = county.front, county.there
    token = front.token(Role.SUBJECT, scope=(), person_id=who.id)
    assert {(person, name) for _, person, name in await told(front, token, Role.SUBJECT, who)} == {(who.id, who.name)}


async def test_no_purpose_no_name(county: County) -> None:
    """A write asks for no purpose: its answer names the person to whoever gives one, and nobody otherwise."""
    front, who = county.front, county.elsewhere
    token = front.token(Role.POLICE_OFFICER)
    plan = {
        "person_id": who.id,
        "kind": "mandatory",
        "specimen_type": "urine",
        "due_on": "2021-07-20",
        "grounds": "公安机关通知",
        "document_no": "演示-通-2",
    }
    key = {"idempotency-key": "names-of-one-plan"}
    silent = await front.ask("POST", "/testing/v1/plans", token, plan, key)
    assert silent.status == 201 and silent.json()["person_name"] is None and silent.json()["division_name"] == "新民镇"
    again = await front.ask("POST", "/testing/v1/plans", token, plan, {**key, "purpose": "testing"})
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json() == {**silent.json(), "person_name": who.name}, "the kept answer holds no name: it is told anew"


async def test_a_list_and_its_exports_have_the_same_names(county: County) -> None:
    front = county.front
    headers = {"purpose": "testing"}
    token = front.token(Role.COUNTY_OFFICER)
    page = (await front.ask("GET", DUE, token, headers=headers)).json()["items"]
    people = {who.id: who.name for who in (county.there, *county.others_there, county.elsewhere)}
    assert len(page) > 1
    assert {row["person_id"]: row["person_name"] for row in page}.items() <= people.items()
    assert {row["division_name"] for row in page} == {"府谷镇", "新民镇"}
    lines = await front.ask("GET", f"{DUE}&format=ndjson", token, headers=headers)
    assert [json.loads(line) for line in lines.body.splitlines()] == page
    book = await front.ask("GET", f"{DUE}&format=xlsx", token, headers=headers)
    head, *rows = openpyxl.load_workbook(io.BytesIO(book.body)).worksheets[0].iter_rows()
    fields = [cell.comment.text.splitlines()[0] for cell in head if cell.comment]  # the header is Chinese; its note holds the field
    shown = [dict(zip(fields, (cell.value for cell in row), strict=True)) for row in rows]
    assert [(row["person_id"], row["person_name"], row["division_name"]) for row in shown] == [
        (row["person_id"], row["person_name"], row["division_name"]) for row in page
    ]


async def test_a_closed_record_and_one_that_moved_away_give_no_name(county: County) -> None:
    front, who = county.front, county.others_there[1]
    officer = front.token(Role.COUNTY_OFFICER)
    plan = {
        "person_id": who.id,
        "kind": "mandatory",
        "specimen_type": "urine",
        "due_on": "2021-07-21",
        "grounds": "公安机关通知",
        "document_no": "演示-通-3",
    }
    due = await sent(front, "/testing/v1/plans", plan, Role.POLICE_OFFICER)
    path = f"/testing/v1/plans/{due['id']}"
    assert (await front.ask("GET", path, officer, headers={"purpose": "testing"})).json()["person_name"] == who.name
    person = await front.ask("GET", f"/registry/v1/people/{who.id}", officer, headers={"purpose": "supervision"})
    dead = {"status": "dead", "since": "2021-07-01", "reason": "死亡证明"}
    headers = {"purpose": "supervision", "if-match": person.headers["etag"]}
    closed = await front.ask("POST", f"/registry/v1/people/{who.id}/standings", officer, dead, headers)
    assert closed.status == 201, closed.body
    answer = await front.ask("GET", path, officer, headers={"purpose": "testing"})
    assert answer.status == 404 or answer.json()["person_name"] is None


async def test_the_reading_of_a_name_is_noted_and_the_name_is_not(county: County) -> None:
    front, officer = county.front, str(uuid4())
    token = front.token(Role.TOWN_OFFICER, scope=(TOWN,), subject=officer)
    plan = await front.ask("GET", f"/testing/v1/plans/{county.there.ids['plan_id']}", token, headers={"purpose": "testing"})
    assert plan.json()["person_name"] == county.there.name
    with psycopg.connect(front.house.owner) as connection:
        read = "select action, object_ids, purpose, roles, request_id, a::text from registry.audit a where actor = %s"
        rows = connection.execute(read, [officer]).fetchall()
        others = connection.execute("select string_agg(a::text, '') from testing.audit a").fetchall()
    assert [row[:4] for row in rows] == [("person.names", [county.there.id], "testing", "town_officer")]
    assert rows[0][4] == plan.headers["x-request-id"]
    assert county.there.name not in str(rows) + str(others)


async def test_only_those_who_may_know_persons_ask_for_their_names(county: County) -> None:
    house, who = county.front.house, county.there
    asked = {
        "caller": {"sub": "x", "sid": "s", "roles": ["county_officer"], "scope": ["610822"], "grants": []},
        "purpose": "supervision",
        "request_id": "",
        "people": [who.id],
    }
    for neighbour in ("testing", "alerts"):
        reply = await house.neighbour(neighbour, "registry")("POST", "/internal/people/names", asked)
        assert reply.json() == {"people": {who.id: who.name}}
        nobody = {**asked, "caller": {**asked["caller"], "scope": []}}
        assert (await house.neighbour(neighbour, "registry")("POST", "/internal/people/names", nobody)).json() == {"people": {}}
        broken = {**asked, "caller": {"roles": "county_officer"}}
        assert (await house.neighbour(neighbour, "registry")("POST", "/internal/people/names", broken)).status == 403
    for neighbour in ("precursor", "gateway"):
        assert (await house.neighbour(neighbour, "registry")("POST", "/internal/people/names", asked)).status == 403


async def test_a_list_is_answered_while_the_registry_is_down(county: County) -> None:
    """Without names, at once, and with them again when it is back."""
    front = county.front
    token, path = front.token(Role.COUNTY_OFFICER), DUE
    apps = front.house.house.apps
    registry = apps.pop("registry")
    try:
        page = await front.ask("GET", path, token, headers={"purpose": "testing"})
    finally:
        apps["registry"] = registry
    assert page.status == 200 and page.json()["items"]
    assert {row["person_name"] for row in page.json()["items"]} == {None}
    front.house.clock.advance(QUIET)
    page = await front.ask("GET", path, token, headers={"purpose": "testing"})
    assert county.there.name in {row["person_name"] for row in page.json()["items"]}
