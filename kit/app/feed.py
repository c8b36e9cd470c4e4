"""What an app shows its neighbours only: the feed of its events and its published language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query

from kit import outbox
from kit.codes import Codes
from kit.follow import family_of
from kit.problems import Invalid, every_problem
from kit.waits import woken
from kit.wake import Wakes
from kit.work import AllowNeighbour, House, UnitRoute, Work

FollowedBy = Mapping[str, Sequence[str]]
"""Which neighbour may follow a feed, and the families of events that it is shown (`staff.*`; `*` for all). Empty: every neighbour, every family."""


def internal_router(house: House, wakes: Wakes, followed_by: FollowedBy | None = None) -> APIRouter:
    """The feed that neighbours follow (DESIGN 5). Long poll: wakes by NOTIFY, falls back to the given wait.

    A neighbour is shown the families that it may read: the gateway must hear that a worker leaves, and must not learn who is under supervision
    (domain 11.1). Its position passes what it is not shown.
    """
    shown_to = followed_by or {}
    router = APIRouter(prefix="/internal", route_class=UnitRoute, include_in_schema=False)
    follower = Depends(AllowNeighbour(*shown_to))

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
        families = shown_to.get(work.principal.subject, ("*",))
        shown = found if "*" in families else [event for event in found if family_of(event["type"]) in families]
        return {"events": shown, "next": found[-1]["position"] if found else after}

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
