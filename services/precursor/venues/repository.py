"""Every question to the venues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.lists import Rows
from kit.scope import Scope
from services.precursor.venues.schemas import VenueAnswer
from services.precursor.venues.tables import Venue


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters of a list."""

    scope: Scope
    category: str | None = None
    venue_type: str | None = None


def _conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    told = {Venue.category: wanted.category, Venue.venue_type: wanted.venue_type}
    return [wanted.scope.where(col(Venue.division_code)), *(col(column) == value for column, value in told.items() if value)]


VENUES = Rows(
    name="precursor.venues",
    item=VenueAnswer,
    action="venue.list",
    object_type="venue",
    default="id",
    sorts={"id": (col(Venue.id),), "name": (col(Venue.name), col(Venue.id))},
    counted={"category": col(Venue.category), "venue_type": col(Venue.venue_type)},
)
"""Venues and key units in the caller's towns."""


def narrowed(wanted: Wanted) -> sa.Select[Any]:
    """The venues that match the filters."""
    return select(Venue).where(*_conditions(wanted))


async def counts(session: AsyncSession, scope: Scope) -> Sequence[tuple[str, str, str, int]]:
    """(category, type, town, venues)."""
    kinds = (col(Venue.category), col(Venue.venue_type), col(Venue.division_code))
    rows = await session.execute(select(*kinds, func.count()).where(*_conditions(Wanted(scope))).group_by(*kinds))
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
