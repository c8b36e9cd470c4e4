"""What an app shows its neighbours only: the feed of its events and its published language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query

from kit import outbox
from kit.codes import Codes
from kit.problems import Invalid, every_problem
from kit.waits import woken
from kit.wake import Wakes
from kit.work import AllowNeighbour, House, UnitRoute, Work


def internal_router(house: House, wakes: Wakes, followed_by: Sequence[str] = ()) -> APIRouter:
    """The feed that neighbours follow (DESIGN 5). Long poll: wakes by NOTIFY, falls back to the given wait."""
    router = APIRouter(prefix="/internal", route_class=UnitRoute, include_in_schema=False)
    follower = Depends(AllowNeighbour(*followed_by))

    @router.get("/events")
    async def events(
        after: Annotated[str, Query(max_length=60)] = outbox.START,
        wait: Annotated[float, Query(ge=0, le=30)] = 0,
        size: Annotated[int, Query(ge=1, le=1000)] = 500,
        work: Work = follower,
    ) -> dict[str, Any]:
        """Events after a cursor, oldest first; 410 for a cursor that this house never gave."""
        try:
            outbox.parse_cursor(after)
        except ValueError as error:
            raise Invalid("游标无效", "bad cursor") from error
        waiter = wakes.waiter() if wait and not wakes.leaving else None
        found = await outbox.read_feed(work.session, house.schema, after, size)
        if not found and waiter is not None:
            await work.session.rollback()  # hold no snapshot while waiting
            await woken(waiter, wait)
            found = await outbox.read_feed(work.session, house.schema, after, size)
        return {"events": found, "next": found[-1]["position"] if found else after}

    return router


def language_router(app: FastAPI, codes: Mapping[str, Codes]) -> APIRouter:
    """What the gateway merges for clients: this service's OpenAPI document, code lists and problem types."""
    router = APIRouter(prefix="/internal", route_class=UnitRoute, include_in_schema=False)

    @router.get("/language")
    async def language(_: Annotated[Work, Depends(AllowNeighbour())]) -> dict[str, Any]:
        """OpenAPI, codes, problems."""
        return language_of_app(app, codes)

    return router


def language_of_app(app: FastAPI, codes: Mapping[str, Codes]) -> dict[str, Any]:
    """An app's published language: `openapi`, `codes`, `problems`."""
    listed = {name: {code: {"zh": zh, "en": en} for code, (zh, en) in entries.items()} for name, entries in codes.items()}
    problems = {
        kind.slug: {"status": kind.status, "zh": kind.title_zh, "en": kind.title_en, "about": kind.__doc__ or ""}
        for kind in every_problem()
    }
    return {"openapi": app.openapi(), "codes": listed, "problems": problems}
