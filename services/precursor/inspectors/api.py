"""HTTP of inspectors."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from kit.etags import IfMatch, etag
from kit.lists import Asked, Key, Made, answer, answers, ask, find_made
from kit.roles import Role
from kit.steps.taking import next_steps
from kit.work import UnitRoute, Work, allow
from services.precursor.inspectors import service
from services.precursor.inspectors.repository import INSPECTORS
from services.precursor.inspectors.rules import MACHINE, Authority, InspectorState
from services.precursor.inspectors.schemas import (
    EndRecusal,
    InspectorAnswer,
    InspectorDetail,
    InspectorPatch,
    LeaveAnswer,
    NewInspector,
    NewLeave,
    NewRecusal,
    RecusalAnswer,
)
from services.precursor.inspectors.tables import Inspector

router = APIRouter(prefix="/precursor/v1/inspectors", tags=["inspectors"], route_class=UnitRoute)
RECUSALS = Made(
    name="precursor.recusals",
    item=RecusalAnswer,
    sorts={"id": (Key("id", "uuid"),), "since": (Key("since", "date"), Key("id", "uuid"))},
    default="id",
    action="inspector.read_recusals",
    object_type="inspector",
)
LEAVES = Made(
    name="precursor.leaves",
    item=LeaveAnswer,
    sorts={"away_from": (Key("away_from", "date"), Key("id", "uuid"))},
    default="away_from",
    action="inspector.read_leaves",
    object_type="inspector",
)

Reader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.INSPECTOR)]
Keeper = Annotated[Work, allow(Role.COUNTY_OFFICER)]


def _answer(work: Work, inspector: Inspector, response: Response) -> InspectorDetail:
    response.headers["ETag"] = etag(inspector.version)
    entry = InspectorAnswer.model_validate(inspector)
    return InspectorDetail(**entry.model_dump(), next_steps=next_steps(MACHINE, inspector.state, work.principal))


@router.get("", responses=answers(INSPECTORS))
async def list_inspectors(
    work: Reader, asked: Annotated[Asked, ask(INSPECTORS)], authority: Authority | None = None, state: InspectorState | None = None
) -> Response:
    """The directory of inspectors."""
    return answer(asked, await service.list_inspectors(work, asked, authority, state))


@router.post("", status_code=201)
async def enter_inspector(work: Keeper, new: NewInspector, response: Response) -> InspectorDetail:
    """Enter an officer with a certificate of an authority that may inspect."""
    inspector = await service.enter_inspector(work, new)
    response.headers["Location"] = f"/precursor/v1/inspectors/{inspector.id}"
    return _answer(work, inspector, response)


@router.get("/{inspector_id}")
async def read_inspector(work: Reader, inspector_id: UUID, response: Response) -> InspectorDetail:
    """One officer of the directory."""
    return _answer(work, await service.read_inspector(work, inspector_id), response)


@router.patch("/{inspector_id}")
async def amend_inspector(
    work: Keeper, inspector_id: UUID, patch: InspectorPatch, response: Response, if_match: IfMatch = None
) -> InspectorDetail:
    """Correct an entry or take an officer out."""
    return _answer(work, await service.amend_inspector(work, inspector_id, patch, if_match), response)


@router.get("/{inspector_id}/leaves", responses=answers(LEAVES))
async def leaves_of(work: Keeper, asked: Annotated[Asked, ask(LEAVES)], inspector_id: UUID) -> Response:
    """Days on which the officer cannot be sent."""
    return answer(
        asked,
        await find_made(
            work,
            LEAVES,
            asked,
            [LeaveAnswer.model_validate(row) for row in await service.leaves_of(work, inspector_id)],
            about=[inspector_id],
        ),
    )


@router.post("/{inspector_id}/leaves", status_code=201, response_model=LeaveAnswer)
async def record_leave(work: Keeper, inspector_id: UUID, new: NewLeave) -> object:
    """Record days on which the officer cannot be sent."""
    return await service.record_leave(work, inspector_id, new)


@router.post("/{inspector_id}/leaves/{leave_id}/cancel", response_model=LeaveAnswer)
async def cancel_leave(work: Keeper, inspector_id: UUID, leave_id: UUID) -> object:
    """Cancel a leave."""
    return await service.cancel_leave(work, inspector_id, leave_id)


@router.get("/{inspector_id}/recusals", responses=answers(RECUSALS))
async def recusals_of(work: Keeper, asked: Annotated[Asked, ask(RECUSALS)], inspector_id: UUID) -> Response:
    """Firms that the officer must not inspect."""
    return answer(
        asked,
        await find_made(
            work,
            RECUSALS,
            asked,
            [RecusalAnswer.model_validate(row) for row in await service.recusals_of(work, inspector_id)],
            about=[inspector_id],
        ),
    )


@router.post("/{inspector_id}/recusals", status_code=201, response_model=RecusalAnswer)
async def record_recusal(work: Keeper, inspector_id: UUID, new: NewRecusal) -> object:
    """Record that the officer must not inspect a firm."""
    return await service.record_recusal(work, inspector_id, new)


@router.post("/{inspector_id}/recusals/{recusal_id}/end", response_model=RecusalAnswer)
async def end_recusal(work: Keeper, inspector_id: UUID, recusal_id: UUID, end: EndRecusal) -> object:
    """End a recusal."""
    return await service.end_recusal(work, inspector_id, recusal_id, end)
