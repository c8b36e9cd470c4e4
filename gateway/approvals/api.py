"""HTTP of requests that two people decide."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from gateway.approvals import service
from gateway.approvals.repository import APPROVALS
from gateway.approvals.rules import State
from gateway.approvals.schemas import ApprovalAnswer, Refusal
from kit.lists import Asked, answer, answers, ask
from kit.roles import Role
from kit.work import UnitRoute, Work, allow

router = APIRouter(prefix="/auth/v1/approvals", tags=["approvals"], route_class=UnitRoute)
Administrator = Annotated[Work, allow(Role.ADMINISTRATOR)]
Watcher = Annotated[Work, allow(Role.ADMINISTRATOR, Role.AUDITOR)]


@router.get("", responses=answers(APPROVALS))
async def list_approvals(work: Watcher, asked: Annotated[Asked, ask(APPROVALS)], state: State | None = None) -> Response:
    """Requests that wait for a second administrator, or were decided; the latest first."""
    return answer(asked, await service.list_approvals(work, asked, state))


@router.post("/{approval_id}/confirmation")
async def confirm(work: Administrator, approval_id: UUID) -> ApprovalAnswer:
    """Confirm what another administrator asked for: it takes effect now."""
    return await service.answered(work, await service.confirm(work, approval_id))


@router.post("/{approval_id}/refusal")
async def refuse(work: Administrator, approval_id: UUID, refusal: Refusal) -> ApprovalAnswer:
    """Refuse a request, or withdraw the own one."""
    return await service.answered(work, await service.refuse(work, approval_id, refusal.reason))
