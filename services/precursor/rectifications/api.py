"""HTTP of rectifications."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from kit.etags import IfMatch, etag
from kit.lists import Asked, Key, Made, answer, answers, ask, find_made
from kit.roles import Role
from kit.schemas import DivisionCode, Flag
from kit.work import UnitRoute, Work, allow
from services.precursor.grants import READ
from services.precursor.rectifications import service
from services.precursor.rectifications.repository import RECTIFICATIONS
from services.precursor.rectifications.rules import State
from services.precursor.rectifications.schemas import FirmsAnswer, Recheck, RectificationAnswer, StepAnswer
from services.precursor.rectifications.tables import Rectification

router = APIRouter(prefix="/precursor/v1/rectifications", tags=["rectifications"], route_class=UnitRoute)
HISTORY = Made(
    name="precursor.rectification_steps",
    item=StepAnswer,
    sorts={"recorded_at": (Key("recorded_at", "timestamptz"),)},
    default="recorded_at",
    action="rectification.read_steps",
    object_type="rectification",
)

Reader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.INSPECTOR, Role.AGENCY, grant=READ)]
Receiver = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.INSPECTOR)]
Inspecting = Annotated[Work, allow(Role.INSPECTOR)]


async def _single(work: Work, order: Rectification, response: Response) -> RectificationAnswer:
    response.headers["ETag"] = etag(order.version)
    return await service.answer_of(work, order)


@router.get("", responses=answers(RECTIFICATIONS))
async def list_rectifications(
    work: Reader,
    asked: Annotated[Asked, ask(RECTIFICATIONS)],
    state: State | None = None,
    overdue: Flag = False,
    firm_id: UUID | None = None,
    inspection_id: UUID | None = None,
    division_code: DivisionCode | None = None,
) -> Response:
    """Orders to correct in the caller's towns."""
    filters = {"state": state, "firm_id": firm_id, "inspection_id": inspection_id, "division_code": division_code}
    return answer(asked, await service.list_rectifications(work, asked, filters, overdue))


@router.get("/{rectification_id}")
async def read_rectification(work: Reader, rectification_id: UUID, response: Response) -> RectificationAnswer:
    """One order."""
    return await _single(work, await service.read_rectification(work, rectification_id), response)


@router.get("/{rectification_id}/steps", responses=answers(HISTORY))
async def steps_of(work: Reader, asked: Annotated[Asked, ask(HISTORY)], rectification_id: UUID) -> Response:
    """What happened to it, oldest first."""
    return answer(
        asked,
        await find_made(
            work,
            HISTORY,
            asked,
            [StepAnswer.model_validate(step) for step in await service.steps_of(work, rectification_id)],
            about=[rectification_id],
        ),
    )


@router.post("/{rectification_id}/answer")
async def record_answer(
    work: Receiver, rectification_id: UUID, told: FirmsAnswer, response: Response, if_match: IfMatch = None
) -> RectificationAnswer:
    """Record what the firm answered."""
    return await _single(work, await service.record_answer(work, rectification_id, told, if_match), response)


@router.post("/{rectification_id}/recheck")
async def record_recheck(
    work: Inspecting, rectification_id: UUID, recheck: Recheck, response: Response, if_match: IfMatch = None
) -> RectificationAnswer:
    """Record a re-check by two officers of the authority."""
    return await _single(work, await service.record_recheck(work, rectification_id, recheck, if_match), response)
