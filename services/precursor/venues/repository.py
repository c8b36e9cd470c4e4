"""Every question to the venues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.precursor.venues.tables import Venue


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed to."""

    towns: Sequence[str]
    category: str | None = None
    venue_type: str | None = None
    division_code: str | None = None


def _conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    towns = or_(*(col(Venue.division_code).like(pattern) for pattern in wanted.towns)) if wanted.towns else sa.false()
    told = {Venue.category: wanted.category, Venue.venue_type: wanted.venue_type, Venue.division_code: wanted.division_code}
    return [towns, *(col(column) == value for column, value in told.items() if value)]


async def page_of_venues(session: AsyncSession, wanted: Wanted, after: UUID | None, size: int) -> Sequence[Venue]:
    """Venues after an id."""
    query = select(Venue).where(*_conditions(wanted))
    if after is not None:
        query = query.where(col(Venue.id) > after)
    return (await session.execute(query.order_by(col(Venue.id)).limit(size))).scalars().all()


async def counts(session: AsyncSession, towns: Sequence[str]) -> Sequence[tuple[str, str, str, int]]:
    """(category, type, town, venues)."""
    kinds = (col(Venue.category), col(Venue.venue_type), col(Venue.division_code))
    rows = await session.execute(select(*kinds, func.count()).where(*_conditions(Wanted(towns))).group_by(*kinds))
    return [(category, venue_type, town, number) for category, venue_type, town, number in rows]


async def venues_by_place(session: AsyncSession, places: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Venue]:
    """(name, town) → venue for those that are known, locked."""
    if not places:
        return {}
    query = select(Venue).where(tuple_(col(Venue.name), col(Venue.division_code)).in_(places)).order_by(col(Venue.id)).with_for_update()
    return {(found.name, found.division_code): found for found in (await session.execute(query)).scalars()}


async def venue(session: AsyncSession, venue_id: UUID) -> Venue | None:
    """One venue."""
    return await session.get(Venue, venue_id)


async def add_all(session: AsyncSession, rows: Sequence[Venue]) -> None:
    """Write new venues."""
    session.add_all(rows)
    await session.flush()
