"""Lists, planted over the divisions of a real register: both kinds answer the same question the same way."""

from __future__ import annotations

import io
import json
from typing import Annotated, Any

import openpyxl
import psycopg
import pytest
from fastapi import APIRouter, Response
from sqlalchemy import select
from sqlmodel import col

from kit.lists import Asked, Json, Key, Rows, answer, answers, ask, find_json, find_rows
from kit.lists.listing import XLSX
from kit.roles import Role
from kit.schemas import Answer
from kit.work import UnitRoute, Work, allow
from services.registry.divisions.tables import Division
from tests.houses import Caller, TestHouse


class Place(Answer):
    """An item."""

    code: str
    name: str
    level: str


FAST = Json(
    name="planted.fast",
    item=Place,
    columns="d.code, d.name, d.level",
    source="registry.division d",
    sorts={"code": (Key("d.code"),), "name": (Key("d.name"), Key("d.code"))},
    default="code",
    filters={"towns": "d.code like any(%(towns)s::text[])", "level": "d.level = %(level)s"},
    noted="code",
    counted={"level": "d.level"},
    action="planted.list",
    object_type="division",
)
PLAIN = Rows(
    name="planted.plain",
    item=Place,
    sorts={"code": (col(Division.code),), "name": (col(Division.name), col(Division.code))},
    default="code",
    noted="code",
    counted={"level": col(Division.level)},
    action="planted.list",
    object_type="division",
)
router = APIRouter(route_class=UnitRoute)
Officer = Annotated[Work, allow(Role.COUNTY_OFFICER)]


@router.get("/registry/v1/planted/fast", responses=answers(FAST))
async def fast(work: Officer, asked: Annotated[Asked, ask(FAST)], level: str | None = None) -> Response:
    """In SQL text."""
    return answer(asked, await find_json(work, FAST, asked, {"towns": work.scope.towns, "level": level}))


@router.get("/registry/v1/planted/plain", responses=answers(PLAIN))
async def plain(work: Officer, asked: Annotated[Asked, ask(PLAIN)], level: str | None = None) -> Response:
    """Through SQLAlchemy."""
    query = select(Division).where(work.scope.where(col(Division.code)))
    if level is not None:
        query = query.where(col(Division.level) == level)
    return answer(asked, await find_rows(work, PLAIN, asked, query, {"level": level}))


COUNT = 23


def plant(house: TestHouse) -> tuple[Caller, dict[str, dict[str, str]]]:
    """23 towns and villages in one county, three in another."""
    places: dict[str, dict[str, str]] = {}
    rows = [(f"9908221{n:02}000", f"演示镇{n % 3}", "town") for n in range(COUNT - 3)]
    rows += [(f"99082210020{n}", "演示村", "village") for n in range(3)]
    rows += [(f"99082310{n}000", "外县镇", "town") for n in range(3)]
    with psycopg.connect(house.owner) as connection:
        for code, name, level in rows:
            connection.execute(
                "insert into registry.division (code, name, level, parent_code, statutory, aliases, valid_from, note) "
                "values (%s, %s, %s, '', true, '[]', '2000-01-01', '')",
                (code, name, level),
            )
            places[code] = {"code": code, "name": name, "level": level}
    house.house.apps["registry"].include_router(router)
    return house.caller("registry", Role.COUNTY_OFFICER, scope=("990822",)), places


def read(body: bytes) -> dict[str, Any]:
    """An answer."""
    found = json.loads(body)
    assert isinstance(found, dict)
    return found


async def walk(officer: Caller, path: str) -> list[dict[str, str]]:
    """All pages by their Link."""
    items: list[dict[str, str]] = []
    following: str | None = path
    while following:
        reply = await officer("GET", following)
        assert reply.status == 200, reply.body
        page = read(reply.body)
        items += page["items"]
        link = dict(reply.headers).get("link")
        assert bool(page["next"]) == bool(link)
        following = link.split(">")[0][1:] if link else None
        assert page["items"] or not items, "a page promised another that is empty"
    return items


@pytest.mark.parametrize("kind", ["fast", "plain"])
async def test_a_list_is_walked_sorted_counted_and_exported(house: TestHouse, kind: str) -> None:
    officer, places = plant(house)
    path = f"/registry/v1/planted/{kind}"
    mine = [place for code, place in sorted(places.items()) if code.startswith("990822")]
    for limit in (1, 7, COUNT - 1, COUNT, COUNT + 1):
        assert await walk(officer, f"{path}?limit={limit}") == mine
    assert await walk(officer, f"{path}?limit=4&sort=-code") == mine[::-1]
    by_name = sorted(mine, key=lambda place: (place["name"], place["code"]))
    assert sorted(await walk(officer, f"{path}?limit=5&sort=name"), key=lambda place: (place["name"], place["code"])) == by_name
    assert [p["code"] for p in await walk(officer, f"{path}?limit=2&level=village")] == ["990822100200", "990822100201", "990822100202"]
    counted = read((await officer("GET", f"{path}?limit=1&count=true")).body)
    assert (counted["total"], counted["counts"]) == (COUNT, {"level": {"town": COUNT - 3, "village": 3}})
    assert "total" not in read((await officer("GET", f"{path}?limit=1")).body)

    lines = await officer("GET", path, accept="application/x-ndjson")
    assert dict(lines.headers)["content-type"].startswith("application/x-ndjson")
    assert [json.loads(line) for line in lines.body.splitlines()] == mine
    book = openpyxl.load_workbook(io.BytesIO((await officer("GET", f"{path}?format=xlsx&level=village")).body))
    assert [[cell.value for cell in row] for row in book.active.rows][1:] == [list(p.values()) for p in mine if p["level"] == "village"]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("application/json, application/x-ndjson;q=0.4", "application/json"),
        ("application/json;q=0.4, application/x-ndjson", "application/x-ndjson"),
        ("application/x-ndjson;q=0", "application/json"),
        ("application/x-ndjson; q=x, */*; q=0.1", "application/json"),
        (f"text/csv, {XLSX} ;q=0.9,*/*;q=0.8", XLSX),
    ],
)
async def test_the_form_is_what_the_client_likes_best(house: TestHouse, accept: str, kind: str) -> None:
    officer, _ = plant(house)
    reply = await officer("GET", "/registry/v1/planted/plain", accept=accept)
    assert dict(reply.headers)["content-type"].partition(";")[0] == kind


async def test_both_kinds_answer_the_same(house: TestHouse) -> None:
    officer, _ = plant(house)
    for query in ("limit=3", "limit=3&sort=-name", "limit=2&level=village&count=true"):
        one, two = [read((await officer("GET", f"/registry/v1/planted/{kind}?{query}")).body) for kind in ("fast", "plain")]
        assert one.pop("next") is not None
        assert two.pop("next") is not None
        assert one == two


@pytest.mark.parametrize("kind", ["fast", "plain"])
async def test_a_cursor_belongs_to_its_caller_scope_list_sort_and_filter(house: TestHouse, kind: str) -> None:
    officer, _ = plant(house)
    path = f"/registry/v1/planted/{kind}"
    cursor = read((await officer("GET", f"{path}?limit=3")).body)["next"]
    assert (await officer("GET", f"{path}?limit=3&cursor={cursor}")).status == 200
    other = "plain" if kind == "fast" else "fast"
    moved = house.caller("registry", Role.COUNTY_OFFICER, scope=("990822100",))
    stranger = house.caller("registry", Role.COUNTY_OFFICER, scope=("990822",), subject="somebody-else")
    for caller, asked in (
        (officer, f"/registry/v1/planted/{other}?cursor={cursor}"),
        (officer, f"{path}?cursor={cursor}&sort=name"),
        (officer, f"{path}?cursor={cursor}&level=town"),
        (officer, f"{path}?cursor={cursor[:-2]}"),
        (moved, f"{path}?cursor={cursor}"),
        (stranger, f"{path}?cursor={cursor}"),
    ):
        reply = await caller("GET", asked)
        assert (reply.status, read(reply.body)["type"]) == (422, "/problems/bad-cursor"), asked


@pytest.mark.parametrize("kind", ["fast", "plain"])
async def test_each_page_is_noted_and_nobody_is_shown_to_an_empty_scope(house: TestHouse, kind: str) -> None:
    officer, _ = plant(house)
    path = f"/registry/v1/planted/{kind}"
    await walk(officer, f"{path}?limit=10")
    await officer("GET", path, accept="application/x-ndjson")
    nobody = house.caller("registry", Role.COUNTY_OFFICER, scope=())
    assert read((await nobody("GET", f"{path}?count=true")).body) == {"items": [], "next": None, "total": 0, "counts": {"level": {}}}
    with psycopg.connect(house.owner) as connection:
        noted = connection.execute("select object_ids from registry.audit where action = 'planted.list' order by id").fetchall()
    assert [len(ids) for (ids,) in noted] == [10, 10, 3, COUNT]


async def test_what_may_be_asked_is_declared(house: TestHouse) -> None:
    officer, _ = plant(house)
    for query in ("sort=level", "sort=", "count=1", "limit=0", "limit=201", "format=csv", "other=1"):
        assert (await officer("GET", f"/registry/v1/planted/fast?{query}")).status == 422, query
    described = house.house.apps["registry"].openapi()["paths"]["/registry/v1/planted/fast"]["get"]
    sort = next(parameter for parameter in described["parameters"] if parameter["name"] == "sort")
    assert sort["schema"]["enum"] == ["code", "-code", "name", "-name"]
    assert set(described["responses"]["200"]["content"]) >= {"application/json", "application/x-ndjson"}
    assert "Link" in described["responses"]["200"]["headers"]
