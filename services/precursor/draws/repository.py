"""Every question to the draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.lists import Rows
from services.precursor.draws.schemas import DrawAnswer
from services.precursor.draws.tables import Draw, DrawCommitment, DrawDirectory, DrawReplacement, DrawReveal, DrawStep, DrawValue
from services.precursor.inspections.repository import visits_left

DRAWS = Rows(
    name="precursor.draws",
    item=DrawAnswer,
    action="draw.list",
    object_type="draw",
    default="id",
    sorts={"id": (col(Draw.id),), "inspect_from": (col(Draw.inspect_from), col(Draw.id))},
    counted={"state": col(Draw.state), "object_kind": col(Draw.object_kind)},
)
"""Draws, all attempts."""

PUBLIC_DRAWS = replace(DRAWS, name="precursor.public_draws")


def announced(kind: str | None, state: str | None, ids: Sequence[UUID] | None = None) -> Any:
    """(draw, frozen documents, commitment, reveal, who entered the newest values, whether visits are still to be made) of draws of a kind and state."""
    values = select(func.json_build_object("by", col(DrawValue.recorded_by), "staff", col(DrawValue.staff_code))).where(
        col(DrawValue.draw_id) == col(Draw.id)
    )
    entered = values.order_by(col(DrawValue.id).desc()).limit(1).correlate(Draw).scalar_subquery()
    query = (
        select(Draw, DrawDirectory, DrawCommitment, DrawReveal, entered, visits_left(col(Draw.id)))
        .join(DrawDirectory, col(DrawDirectory.draw_id) == col(Draw.id))
        .outerjoin(DrawCommitment, col(DrawCommitment.draw_id) == col(Draw.id))
        .outerjoin(DrawReveal, col(DrawReveal.draw_id) == col(Draw.id))
    )
    for column, value in ((col(Draw.object_kind), kind), (col(Draw.state), state)):
        if value:
            query = query.where(column == value)
    return query if ids is None else query.where(col(Draw.id).in_(ids))


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
    """Only one planning runs at a time per kind: the yearly cap counts the visits of all authorities."""
    await session.execute(sa.text("select pg_advisory_xact_lock(hashtext(:series))"), {"series": f"precursor.draw/{kind}"})


async def overlapping(session: AsyncSession, kind: str, authority: str, first: date, last: date) -> Draw | None:
    """A draw that is not set aside and whose period overlaps."""
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


async def next_commitment(session: AsyncSession, pool: str) -> int:
    """The next number of a pool's commitments; the series is locked, so that every number is given exactly once."""
    query = select(sa.func.coalesce(sa.func.max(col(DrawCommitment.number)), 0) + 1).where(col(DrawCommitment.pool) == pool)
    return (await session.execute(query)).scalar_one()


async def commitments_of_pool(session: AsyncSession, pool: str) -> Sequence[tuple[DrawCommitment, str]]:
    """(commitment, state of its draw) of a pool, by number."""
    query = select(DrawCommitment, col(Draw.state)).join(Draw, col(Draw.id) == col(DrawCommitment.draw_id))
    rows = await session.execute(query.where(col(DrawCommitment.pool) == pool).order_by(col(DrawCommitment.number)))
    return [(row[0], row[1]) for row in rows]


async def newest_values(session: AsyncSession, draw_id: UUID) -> DrawValue | None:
    """The last entry of the public values."""
    query = select(DrawValue).where(col(DrawValue.draw_id) == draw_id).order_by(col(DrawValue.id).desc()).limit(1)
    return (await session.execute(query)).scalar_one_or_none()


async def replacement(session: AsyncSession, draw_id: UUID, replacement_id: UUID) -> DrawReplacement | None:
    """One replacement of a draw, locked."""
    query = select(DrawReplacement).where(col(DrawReplacement.id) == replacement_id, col(DrawReplacement.draw_id) == draw_id)
    return (await session.execute(query.with_for_update())).scalar_one_or_none()


async def replacements_of(session: AsyncSession, draw_id: UUID) -> Sequence[DrawReplacement]:
    """Every replacement of a draw, in the order in which it was signed, those that are not signed last."""
    query = select(DrawReplacement).where(col(DrawReplacement.draw_id) == draw_id)
    return (await session.execute(query.order_by(col(DrawReplacement.signed_at).nulls_last(), col(DrawReplacement.id)))).scalars().all()


async def is_proposed(session: AsyncSession, draw_id: UUID, firm_id: UUID, leaves: UUID) -> bool:
    """Whether a replacement of this firm or officer waits for its signature."""
    query = select(col(DrawReplacement.id)).where(
        col(DrawReplacement.draw_id) == draw_id,
        col(DrawReplacement.firm_id) == firm_id,
        col(DrawReplacement.leaves) == leaves,
        col(DrawReplacement.state) == "proposed",
    )
    return (await session.execute(query.limit(1))).first() is not None


async def steps_of(session: AsyncSession, draw_id: UUID) -> Sequence[DrawStep]:
    """What was done with a draw, oldest first."""
    return (await session.execute(select(DrawStep).where(col(DrawStep.draw_id) == draw_id).order_by(col(DrawStep.id)))).scalars().all()


async def add(session: AsyncSession, *rows: Any) -> None:
    """Write rows, one after the other."""
    for row in rows:
        session.add(row)
        await session.flush()
