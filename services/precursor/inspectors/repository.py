"""Every question to the inspectors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.lists import Rows
from services.precursor.inspectors.schemas import InspectorAnswer
from services.precursor.inspectors.tables import Inspector, InspectorLeave, Recusal

INSPECTORS = Rows(
    name="precursor.inspectors",
    item=InspectorAnswer,
    action="inspector.list",
    object_type="inspector",
    default="id",
    sorts={"id": (col(Inspector.id),), "certificate_valid_to": (col(Inspector.certificate_valid_to), col(Inspector.id))},
    counted={"authority": col(Inspector.authority), "state": col(Inspector.state)},
)
"""The directory of officers."""


def inspectors_where(authority: str | None, state: str | None) -> sa.Select[Any]:
    """Officers of an authority in a state."""
    query = select(Inspector)
    if authority:
        query = query.where(col(Inspector.authority) == authority)
    return query.where(col(Inspector.state) == state) if state else query


async def inspector(session: AsyncSession, inspector_id: UUID, *, for_update: bool = False) -> Inspector | None:
    """One inspector."""
    query = select(Inspector).where(col(Inspector.id) == inspector_id)
    return (await session.execute(query.with_for_update() if for_update else query)).scalar_one_or_none()


async def inspectors(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Inspector]:
    """Id → inspector."""
    found = (await session.execute(select(Inspector).where(col(Inspector.id).in_(ids)))).scalars()
    return {item.id: item for item in found}


async def inspector_by_staff_code(session: AsyncSession, staff_code: str) -> Inspector | None:
    """The inspector with this staff number."""
    return (await session.execute(select(Inspector).where(col(Inspector.staff_code) == staff_code))).scalar_one_or_none()


async def is_known(session: AsyncSession, staff_code: str | None, certificate_no: str | None, but: UUID | None = None) -> bool:
    """Whether another inspector has the staff number or the certificate."""
    query = select(col(Inspector.id)).where(or_(col(Inspector.staff_code) == staff_code, col(Inspector.certificate_no) == certificate_no))
    if but is not None:
        query = query.where(col(Inspector.id) != but)
    return (await session.execute(query.limit(1))).first() is not None


async def directory(session: AsyncSession, authority: str) -> Sequence[Inspector]:
    """The directory of inspectors of an authority, by id."""
    query = select(Inspector).where(col(Inspector.authority) == authority, col(Inspector.state) == "active").order_by(col(Inspector.id))
    return (await session.execute(query)).scalars().all()


async def leaves_between(session: AsyncSession, first: date, last: date) -> Sequence[tuple[UUID, date, date]]:
    """(inspector, from, to) of leaves that touch a span."""
    query = select(col(InspectorLeave.inspector_id), col(InspectorLeave.away_from), col(InspectorLeave.away_to)).where(
        col(InspectorLeave.cancelled_at).is_(None), col(InspectorLeave.away_from) <= last, col(InspectorLeave.away_to) >= first
    )
    return [(inspector_id, away_from, away_to) for inspector_id, away_from, away_to in await session.execute(query)]


async def recusals_on(session: AsyncSession, day: date) -> Sequence[tuple[UUID, UUID]]:
    """(firm, inspector) of recusals that run on a day."""
    query = select(col(Recusal.firm_id), col(Recusal.inspector_id)).where(
        col(Recusal.since) <= day, or_(col(Recusal.ended_on).is_(None), col(Recusal.ended_on) > day)
    )
    return [(firm_id, inspector_id) for firm_id, inspector_id in await session.execute(query)]


async def recused_from(session: AsyncSession, firm_id: UUID) -> set[UUID]:
    """Inspectors who must not inspect a firm now."""
    query = select(col(Recusal.inspector_id)).where(col(Recusal.firm_id) == firm_id, col(Recusal.ended_on).is_(None))
    return set((await session.execute(query)).scalars())


async def recusals_of(session: AsyncSession, inspector_id: UUID) -> Sequence[Recusal]:
    """Recusals of an inspector, oldest first."""
    return (
        (await session.execute(select(Recusal).where(col(Recusal.inspector_id) == inspector_id).order_by(col(Recusal.id)))).scalars().all()
    )


async def recusal(session: AsyncSession, recusal_id: UUID) -> Recusal | None:
    """One recusal, locked."""
    return (await session.execute(select(Recusal).where(col(Recusal.id) == recusal_id).with_for_update())).scalar_one_or_none()


async def is_recused(session: AsyncSession, firm_id: UUID, inspector_id: UUID) -> bool:
    """Whether a recusal runs between a firm and an inspector."""
    query = select(col(Recusal.id)).where(
        col(Recusal.firm_id) == firm_id, col(Recusal.inspector_id) == inspector_id, col(Recusal.ended_on).is_(None)
    )
    return (await session.execute(query)).first() is not None


async def names_of(session: AsyncSession, ids: Sequence[UUID]) -> dict[str, str]:
    """Inspector → name."""
    query = select(col(Inspector.id), col(Inspector.name)).where(col(Inspector.id).in_(ids))
    return {str(row.id): row.name for row in await session.execute(query)}


async def leaves_of(session: AsyncSession, inspector_id: UUID) -> Sequence[InspectorLeave]:
    """Leaves of an inspector, oldest first."""
    query = select(InspectorLeave).where(col(InspectorLeave.inspector_id) == inspector_id).order_by(col(InspectorLeave.away_from))
    return (await session.execute(query)).scalars().all()


async def leave(session: AsyncSession, leave_id: UUID) -> InspectorLeave | None:
    """One leave, locked."""
    return (await session.execute(select(InspectorLeave).where(col(InspectorLeave.id) == leave_id).with_for_update())).scalar_one_or_none()


async def add(session: AsyncSession, row: Inspector | InspectorLeave | Recusal) -> None:
    """Write a row."""
    session.add(row)
    await session.flush()
