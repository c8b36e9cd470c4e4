"""Questions to requests that two people decide."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from gateway.approvals.rules import State
from gateway.approvals.schemas import ApprovalAnswer
from gateway.approvals.tables import Approval
from kit.lists import Rows


async def approval(session: AsyncSession, approval_id: UUID) -> Approval | None:
    """One request, locked for this transaction."""
    return (await session.execute(select(Approval).where(col(Approval.id) == approval_id).with_for_update())).scalar_one_or_none()


APPROVALS = Rows(
    name="gateway.approval",
    item=ApprovalAnswer,
    sorts={"requested_at": (col(Approval.requested_at), col(Approval.id))},
    default="-requested_at",
    counted={"kind": col(Approval.kind), "state": col(Approval.state)},
    action="approval.list",
    object_type="approval",
)


def approvals_of(state: State | None) -> Select[Any]:
    """Requests, of one state or of all."""
    query = select(Approval)
    return query.where(col(Approval.state) == state) if state is not None else query
