"""A list's endpoint that is called directly answers as the framework would: the same values, the same faults."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.compose import HouseSettings, build
from deploy.keys import SERVICES
from deploy.routes import api_routes
from kit.direct import Direct
from kit.lists import Asked, ask
from kit.roles import Role
from kit.schemas import Day, DivisionCode, Flag
from kit.work import UnitRoute, Work, allow
from tests.houses import TestHouse
from tests.kit.test_lists import PLAIN

router = APIRouter(route_class=UnitRoute)
Officer = Annotated[Work, allow(Role.COUNTY_OFFICER)]
Kind = Literal["town", "village"]
Number = Annotated[int, Query(ge=1, le=9)]


async def _told(work: Work, asked: Asked, town: str | None, day: date | None, kind: str | None, whole: bool, number: int) -> Response:
    told = [work.principal.subject, asked.limit, asked.sort, asked.count, asked.form, asked.cursor, town, str(day), kind, whole, number]
    return Response(json.dumps(told), media_type="application/json")


@router.get("/registry/v1/planted/direct/{place}")
async def direct(
    request: Request,
    work: Officer,
    place: UUID,
    number: Number,
    asked: Annotated[Asked, ask(PLAIN)],
    town: DivisionCode | None = None,
    day: Day | None = None,
    kind: Kind | None = None,
    whole: Annotated[Flag, Query()] = False,
) -> Response:
    """Called directly."""
    assert str(place) in request.url.path.lower()
    return await _told(work, asked, town, day, kind, whole, number)


@router.get("/registry/v1/planted/framework/{place}")
async def framework(
    request: Request,
    work: Officer,
    place: UUID,
    number: Number,
    asked: Annotated[Asked, ask(PLAIN)],
    town: DivisionCode | None = None,
    day: Day | None = None,
    kind: Kind | None = None,
    whole: Annotated[Flag, Query()] = False,
) -> object:
    """Called by the framework, because it does not say that it answers with a Response."""
    assert str(place) in request.url.path.lower()
    return await _told(work, asked, town, day, kind, whole, number)


GOOD_AND_BAD = {
    "number": ["1", "9", "0", "x", ""],
    "limit": ["1", "200", "0", "201", "1.5", "", "-"],
    "sort": ["code", "-name", "size", ""],
    "count": ["true", "false", "yes", ""],
    "format": ["json", "xlsx", "pdf"],
    "cursor": ["abc", ""],
    "town": ["610822100", "610822100000", "61", "x", ""],
    "day": ["2021-07-01", "2021-7-1", "20210701", "1625097600", ""],
    "kind": ["town", "county", ""],
    "whole": ["true", "maybe"],
    "unknown": ["1"],
}
queries = st.lists(
    st.sampled_from(sorted(GOOD_AND_BAD)).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(GOOD_AND_BAD[name]))), max_size=5
)
places = st.sampled_from(
    ["0192f0c1-7d3e-7c11-8f00-5b9d2f6a1c2e", "0192F0C1-7D3E-7C11-8F00-5B9D2F6A1C2E", "nobody", "0192f0c17d3e7c118f005b9d2f6a1c2e"]
)


def shape(body: bytes) -> Any:
    """An answer without the id of the request."""
    found = json.loads(body)
    return {**found, "instance": ""} if isinstance(found, dict) else found


async def test_both_ways_give_the_same_answer(house: TestHouse) -> None:
    house.house.apps["registry"].include_router(router)
    ways = {route.path.split("/")[-2]: Direct.of(route.dependant) for route in router.routes if isinstance(route, UnitRoute)}
    assert ways["direct"] is not None
    assert ways["framework"] is None
    callers = [house.caller("registry", role) for role in (Role.COUNTY_OFFICER, Role.LEADER)]
    asked: list[tuple[str, str, int]] = []

    @settings(max_examples=300, deadline=None, derandomize=True)
    @given(places, queries, st.sampled_from([0, 0, 0, 1]), st.booleans())
    def collect(place: str, query: list[tuple[str, str]], who: int, numbered: bool) -> None:
        asked.append((place, urlencode([*([("number", "3")] if numbered else []), *query]), who))

    collect()
    statuses = set[int]()
    for place, query, who in asked:
        one, other = [await callers[who]("GET", f"/registry/v1/planted/{way}/{place}?{query}") for way in ("direct", "framework")]
        assert (one.status, shape(one.body)) == (other.status, shape(other.body)), (place, query)
        statuses.add(one.status)
    assert statuses == {200, 403, 422}


def test_hot_lists_are_called_directly(tmp_path: Path) -> None:
    """Every list of the floor, so that no later parameter makes one slow unseen."""
    composed = build(HouseSettings(tmp_path, "host=127.0.0.1 port=1 dbname=none", background=False))
    lists = [
        route
        for service in SERVICES
        for route in api_routes(composed.apps[service])
        if route.methods == {"GET"}
        and {"limit", "cursor", "sort", "format"} <= {field.alias for child in route.dependant.dependencies for field in child.query_params}
    ]
    assert len(lists) > 15
    assert [route.path for route in lists if Direct.of(route.dependant) is None] == []
