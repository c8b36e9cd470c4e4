"""Every question to findings and rectifications."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.lists import Rows
from kit.scope import Scope
from services.precursor.firms.tables import Firm
from services.precursor.rectifications.schemas import RectificationAnswer
from services.precursor.rectifications.tables import Finding, Rectification, RectificationStep


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters of a list."""

    scope: Scope
    state: str | None = None
    firm_id: UUID | None = None
    inspection_id: UUID | None = None
    division_code: str | None = None
    overdue_on: date | None = None


RECTIFICATIONS = Rows(
    name="precursor.rectifications",
    item=RectificationAnswer,
    action="rectification.list",
    object_type="rectification",
    default="id",
    sorts={"id": (col(Rectification.id),), "deadline": (col(Rectification.deadline), col(Rectification.id))},
    counted={"state": col(Rectification.state)},
)
"""Orders to correct in the caller's towns."""


def narrowed(wanted: Wanted) -> Any:
    """(order, name of the firm) of the orders that match the filters."""
    query = select(Rectification, col(Firm.name).label("firm_name")).join(Firm, col(Firm.id) == col(Rectification.firm_id))
    query = query.where(wanted.scope.where(col(Rectification.division_code)))
    for column, value in (
        (col(Rectification.state), wanted.state),
        (col(Rectification.firm_id), wanted.firm_id),
        (col(Rectification.inspection_id), wanted.inspection_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.overdue_on is not None:
        query = query.where(col(Rectification.state) == "ordered", col(Rectification.deadline) < wanted.overdue_on)
    return query


async def rectification(session: AsyncSession, rectification_id: UUID, *, for_update: bool = False) -> Rectification | None:
    """One order."""
    query = select(Rectification).where(col(Rectification.id) == rectification_id)
    return (await session.execute(query.with_for_update() if for_update else query)).scalar_one_or_none()


async def steps_of(session: AsyncSession, rectification_id: UUID) -> Sequence[RectificationStep]:
    """What happened to an order, oldest first."""
    query = select(RectificationStep).where(col(RectificationStep.rectification_id) == rectification_id).order_by(col(RectificationStep.id))
    return (await session.execute(query)).scalars().all()


async def findings_of(session: AsyncSession, inspection_id: UUID) -> Sequence[Finding]:
    """What an inspection found, by item."""
    return (
        (await session.execute(select(Finding).where(col(Finding.inspection_id) == inspection_id).order_by(col(Finding.item_no))))
        .scalars()
        .all()
    )


async def newly_overdue(session: AsyncSession, today: date) -> Sequence[Rectification]:
    """Orders whose deadline passed unanswered and for which no event was sent for that deadline, locked."""
    query = select(Rectification).where(
        col(Rectification.state) == "ordered",
        col(Rectification.deadline) < today,
        or_(col(Rectification.overdue_told_for).is_(None), col(Rectification.overdue_told_for) != col(Rectification.deadline)),
    )
    return (await session.execute(query.order_by(col(Rectification.id)).with_for_update(skip_locked=True))).scalars().all()


async def timeliness_by_town(session: AsyncSession, since: date, until: date) -> dict[str, tuple[int, int]]:
    """Town → (closed by the first deadline, due): orders whose first deadline lies in a span, as far as known at its end."""
    statement = sa.text(
        """select division_code, count(*) filter (where state = 'closed' and in_time and closed_on <= :until), count(*)
             from precursor.rectification where first_deadline between :since and :until group by division_code"""
    )
    rows = await session.execute(statement, {"since": since, "until": until})
    return {town: (done, due) for town, done, due in rows}


async def add_all(session: AsyncSession, *rows: Any) -> None:
    """Write rows in the order given."""
    session.add_all(rows)
    await session.flush()
