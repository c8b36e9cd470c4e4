"""Every question to the draws."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.precursor.draws.tables import Draw, DrawCommitment, DrawDirectory, DrawReveal, DrawStep


async def page_of_draws(session: AsyncSession, kind: str | None, state: str | None, after: UUID | None, size: int) -> Sequence[Draw]:
    """Draws after an id."""
    query = select(Draw)
    if kind:
        query = query.where(col(Draw.object_kind) == kind)
    if state:
        query = query.where(col(Draw.state) == state)
    if after is not None:
        query = query.where(col(Draw.id) > after)
    return (await session.execute(query.order_by(col(Draw.id)).limit(size))).scalars().all()


async def draw(session: AsyncSession, draw_id: UUID, *, for_update: bool = False) -> Draw | None:
    """One draw."""
    query = select(Draw).where(col(Draw.id) == draw_id)
    return (await session.execute(query.with_for_update() if for_update else query)).scalar_one_or_none()


async def parts_of(
    session: AsyncSession, draw_ids: Sequence[UUID]
) -> tuple[dict[UUID, DrawDirectory], dict[UUID, DrawCommitment], dict[UUID, DrawReveal]]:
    """Frozen documents, commitments and reveals of draws."""
    directories = (await session.execute(select(DrawDirectory).where(col(DrawDirectory.draw_id).in_(draw_ids)))).scalars()
    commitments = (await session.execute(select(DrawCommitment).where(col(DrawCommitment.draw_id).in_(draw_ids)))).scalars()
    reveals = (await session.execute(select(DrawReveal).where(col(DrawReveal.draw_id).in_(draw_ids)))).scalars()
    return {row.draw_id: row for row in directories}, {row.draw_id: row for row in commitments}, {row.draw_id: row for row in reveals}


async def lock_series(session: AsyncSession, kind: str) -> None:
    """One planning at a time per kind: the yearly cap counts the visits of all authorities."""
    await session.execute(sa.text("select pg_advisory_xact_lock(hashtext(:series))"), {"series": f"precursor.draw/{kind}"})


async def overlapping(session: AsyncSession, kind: str, authority: str, first: date, last: date) -> Draw | None:
    """A draw that stands (not set aside) and whose period overlaps."""
    query = select(Draw).where(
        col(Draw.object_kind) == kind,
        col(Draw.authority) == authority,
        col(Draw.state) != "set_aside",
        col(Draw.inspect_from) <= last,
        col(Draw.inspect_to) >= first,
    )
    return (await session.execute(query.limit(1))).scalar_one_or_none()


async def undecided(session: AsyncSession, kind: str, authority: str, year: int) -> Draw | None:
    """A draw of another authority over the same firms and year that has no result yet: its visits cannot be counted."""
    query = select(Draw).where(
        col(Draw.object_kind) == kind,
        col(Draw.authority) != authority,
        col(Draw.state).in_(("planned", "committed")),
        sa.extract("year", col(Draw.inspect_from)) == year,
    )
    return (await session.execute(query.limit(1))).scalar_one_or_none()


async def unrepeated(session: AsyncSession, kind: str, authority: str) -> Draw | None:
    """The newest attempt that was set aside and that no later draw names."""
    named = select(col(Draw.redraw_of)).where(col(Draw.redraw_of).is_not(None))
    query = select(Draw).where(
        col(Draw.object_kind) == kind, col(Draw.authority) == authority, col(Draw.state) == "set_aside", col(Draw.id).not_in(named)
    )
    return (await session.execute(query.order_by(col(Draw.id).desc()).limit(1))).scalar_one_or_none()


async def chain_of(session: AsyncSession, draw_id: UUID) -> Sequence[Draw]:
    """All attempts that a draw belongs to, oldest first: those it repeats and those that repeat it."""
    statement = sa.text(
        """with recursive before as (select * from precursor.draw where id = :id
                       union select d.* from precursor.draw d join before b on d.id = b.redraw_of),
                  later as (select * from precursor.draw where id = :id
                       union select d.* from precursor.draw d join later l on d.redraw_of = l.id)
           select id from before union select id from later"""
    )
    ids = list((await session.execute(statement, {"id": draw_id})).scalars())
    return (await session.execute(select(Draw).where(col(Draw.id).in_(ids)).order_by(col(Draw.id)))).scalars().all()


async def steps_of(session: AsyncSession, draw_id: UUID) -> Sequence[DrawStep]:
    """What was done with a draw, oldest first."""
    return (await session.execute(select(DrawStep).where(col(DrawStep.draw_id) == draw_id).order_by(col(DrawStep.id)))).scalars().all()


async def add(session: AsyncSession, *rows: Any) -> None:
    """Write rows, one after the other."""
    for row in rows:
        session.add(row)
        await session.flush()
