"""Every question to the handovers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

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


async def page(
    session: AsyncSession,
    towns: Sequence[str],
    announced_by: str | None,
    state: str | None,
    overdue_on: date | None,
    after: tuple[date, UUID] | None,
    size: int,
) -> Sequence[ReleaseHandover]:
    """Handovers of these towns, the earliest answer due first. `overdue_on`: only those unanswered on that day."""
    query = select(ReleaseHandover).where(or_(*(col(ReleaseHandover.division_code).startswith(town, autoescape=True) for town in towns)))
    if announced_by:
        query = query.where(col(ReleaseHandover.announced_by) == announced_by)
    if state:
        query = query.where(col(ReleaseHandover.state) == state)
    if overdue_on:
        query = query.where(col(ReleaseHandover.state).in_(OPEN), col(ReleaseHandover.acknowledge_due) < overdue_on)
    if after:
        day, row_id = after
        later = (col(ReleaseHandover.acknowledge_due) == day) & (col(ReleaseHandover.id) > row_id)
        query = query.where(or_(col(ReleaseHandover.acknowledge_due) > day, later))
    query = query.order_by(col(ReleaseHandover.acknowledge_due), col(ReleaseHandover.id)).limit(size)
    return (await session.execute(query)).scalars().all()
