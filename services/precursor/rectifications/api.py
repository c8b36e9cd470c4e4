"""HTTP of rectifications."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from kit.etags import IfMatch, etag
from kit.pages import Page, next_link
from kit.roles import Role
from kit.schemas import DivisionCode
from kit.work import UnitRoute, Work, allow
from services.precursor.grants import READ
from services.precursor.lists import DEFAULT_LIMIT, Cursor, Limit
from services.precursor.rectifications import service
from services.precursor.rectifications.rules import is_overdue
from services.precursor.rectifications.schemas import FirmsAnswer, Recheck, RectificationAnswer, RectificationState, StepAnswer
from services.precursor.rectifications.tables import Rectification

router = APIRouter(prefix="/precursor/v1/rectifications", tags=["rectifications"], route_class=UnitRoute)

Reader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.INSPECTOR, Role.AGENCY, grant=READ)]
Receiver = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.INSPECTOR)]
Inspecting = Annotated[Work, allow(Role.INSPECTOR)]


def _answer(work: Work, order: Rectification) -> RectificationAnswer:
    values: dict[str, Any] = {name: getattr(order, name, None) for name in RectificationAnswer.model_fields}
    return RectificationAnswer(**{**values, "overdue": is_overdue(order.state, order.deadline, work.today)})


def _single(work: Work, order: Rectification, response: Response) -> RectificationAnswer:
    response.headers["ETag"] = etag(order.version)
    return _answer(work, order)


@router.get("")
async def list_rectifications(
    work: Reader,
    request: Request,
    response: Response,
    state: RectificationState | None = None,
    overdue: bool = False,
    firm_id: UUID | None = None,
    inspection_id: UUID | None = None,
    division_code: DivisionCode | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[RectificationAnswer]:
    """Orders to correct in the caller's towns."""
    filters = {"state": state, "firm_id": firm_id, "inspection_id": inspection_id, "division_code": division_code}
    rows, following = await service.list_rectifications(work, filters, overdue, cursor, limit)
    response.headers.update(next_link(request, following))
    return Page[RectificationAnswer](items=[_answer(work, row) for row in rows], next=following)


@router.get("/{rectification_id}")
async def read_rectification(work: Reader, rectification_id: UUID, response: Response) -> RectificationAnswer:
    """One order."""
    return _single(work, await service.read_rectification(work, rectification_id), response)


@router.get("/{rectification_id}/steps", response_model=list[StepAnswer])
async def steps_of(work: Reader, rectification_id: UUID) -> object:
    """What happened to it, oldest first."""
    return await service.steps_of(work, rectification_id)


@router.post("/{rectification_id}/answer")
async def record_answer(
    work: Receiver, rectification_id: UUID, answer: FirmsAnswer, response: Response, if_match: IfMatch = None
) -> RectificationAnswer:
    """Record what the firm answered."""
    return _single(work, await service.record_answer(work, rectification_id, answer, if_match), response)


@router.post("/{rectification_id}/recheck")
async def record_recheck(
    work: Inspecting, rectification_id: UUID, recheck: Recheck, response: Response, if_match: IfMatch = None
) -> RectificationAnswer:
    """Record a re-check by two officers of the authority."""
    return _single(work, await service.record_recheck(work, rectification_id, recheck, if_match), response)
