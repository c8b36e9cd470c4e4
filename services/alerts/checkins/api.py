"""HTTP of check-ins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError

from kit.app import validation_problem
from kit.lists import Asked, answer, answers, ask
from kit.problems import FieldError, TooLarge, invalid
from kit.roles import Role
from kit.schemas import Instant
from kit.work import UnitRoute, Work, allow
from services.alerts.checkins import service
from services.alerts.checkins.repository import TRAJECTORY
from services.alerts.checkins.schemas import BatchAnswer, CheckInBatch, ImportAnswer, Unread

router = APIRouter(prefix="/alerts/v1", tags=["checkins"], route_class=UnitRoute)

Bringer = Annotated[Work, allow(Role.SUBJECT, Role.SOCIAL_WORKER, Role.GRID_WORKER, Role.TOWN_OFFICER, Role.POLICE_OFFICER)]
Importer = Annotated[Work, allow(Role.COUNTY_OFFICER)]
Reader = Annotated[
    Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER, Role.SUBJECT, personal=True)
]
MAX_LINE = 4096


@router.post("/checkins")
async def take_checkins(work: Bringer, batch: CheckInBatch) -> BatchAnswer:
    """Check-ins of a phone, as many as waited in its queue (at most 200). Sending one again changes nothing; one that is wrong holds up no other."""
    items = enumerate(batch.read())
    return await service.take_batch(work, batch, {n: _wrong(n, item) for n, item in items if isinstance(item, Unread)})


def _wrong(n: int, item: Unread) -> list[FieldError]:
    """What is wrong in one item, each with its place in the batch."""
    return validation_problem(
        RequestValidationError([{**error, "loc": ("body", "checkins", n, *error["loc"])} for error in item.errors])
    ).errors


@router.post(
    "/checkins/import",
    openapi_extra={"requestBody": {"required": True, "content": {"application/x-ndjson": {"schema": {"type": "string"}}}}},
)
async def import_checkins(work: Importer, request: Request) -> ImportAnswer:
    """History as NDJSON, one check-in a line, all or nothing."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-ndjson":
        raise invalid("/header/Content-Type", "content_type", "须为 application/x-ndjson", "must be application/x-ndjson")
    return await service.import_history(work, _lines(request))


async def _lines(request: Request) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in request.stream():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line.strip():
                yield line
        if len(rest) > MAX_LINE:
            raise TooLarge
    if rest.strip():
        yield rest


@router.get("/people/{person_id}/trajectory", responses=answers(TRAJECTORY))
async def read_trajectory(
    work: Reader,
    asked: Annotated[Asked, ask(TRAJECTORY)],
    person_id: UUID,
    since: Annotated[Instant | None, Query(alias="from")] = None,
    until: Annotated[Instant | None, Query(alias="to")] = None,
) -> Response:
    """Where a person under a running measure checked in, by default in the last 30 days."""
    return answer(asked, await service.read_trajectory(work, asked, person_id, since, until))
