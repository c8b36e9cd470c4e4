"""Every question to the handovers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.lists import Rows
from kit.scope import Scope
from services.registry.handover.schemas import HandoverRow
from services.registry.handover.tables import ReleaseHandover, ReleaseHandoverStep

OPEN = ("announced", "received")


async def handover(session: AsyncSession, handover_id: UUID, *, for_update: bool = False) -> ReleaseHandover | None:
    """One handover."""
    query = select(ReleaseHandover).where(col(ReleaseHandover.id) == handover_id)
    return (await session.execute(query.with_for_update() if for_update else query)).scalar_one_or_none()


async def by_notice(session: AsyncSession, announced_by: str, notice_no: str) -> ReleaseHandover | None:
    """What an announcer announced under a notice before."""
    query = select(ReleaseHandover).where(col(ReleaseHandover.announced_by) == announced_by, col(ReleaseHandover.notice_no) == notice_no)
    return (await session.execute(query)).scalar_one_or_none()


async def steps_of(session: AsyncSession, handover_id: UUID) -> Sequence[ReleaseHandoverStep]:
    """The history, oldest first."""
    query = select(ReleaseHandoverStep).where(col(ReleaseHandoverStep.handover_id) == handover_id)
    return (await session.execute(query.order_by(col(ReleaseHandoverStep.id)))).scalars().all()


HANDOVERS = Rows(
    name="registry.handovers",
    item=HandoverRow,
    sorts={
        "acknowledge_due": (col(ReleaseHandover.acknowledge_due), col(ReleaseHandover.id)),
        "released_on": (col(ReleaseHandover.released_on), col(ReleaseHandover.id)),
    },
    default="acknowledge_due",
    counted={"state": col(ReleaseHandover.state), "division_code": col(ReleaseHandover.division_code)},
    action="handover.list",
    object_type="release_handover",
)


def handovers(scope: Scope, announced_by: str | None, state: str | None, overdue_on: date | None) -> Select[Any]:
    """Handovers of these towns. `overdue_on`: only those unanswered on that day."""
    query = select(ReleaseHandover).where(scope.where(col(ReleaseHandover.division_code)))
    if announced_by:
        query = query.where(col(ReleaseHandover.announced_by) == announced_by)
    if state:
        query = query.where(col(ReleaseHandover.state) == state)
    if overdue_on:
        query = query.where(col(ReleaseHandover.state).in_(OPEN), col(ReleaseHandover.acknowledge_due) < overdue_on)
    return query
