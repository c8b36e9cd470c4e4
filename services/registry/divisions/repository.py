"""Questions to the divisions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.registry.divisions.tables import Division

TOWN_LEVELS = ("town", "service_centre")


async def divisions_on(session: AsyncSession, day: date, level: str | None, parent: str | None) -> Sequence[Division]:
    """The divisions valid on a day."""
    query = select(Division).where(col(Division.valid_from) <= day, or_(col(Division.valid_to).is_(None), col(Division.valid_to) > day))
    if level:
        query = query.where(Division.level == level)
    if parent:
        query = query.where(or_(col(Division.parent_code) == parent, col(Division.service_centre_code) == parent))
    return (await session.execute(query.order_by(col(Division.code)))).scalars().all()


async def towns_on(session: AsyncSession, day: date) -> Sequence[Division]:
    """Towns and service centres: the 21 units that manage people."""
    query = select(Division).where(
        col(Division.level).in_(TOWN_LEVELS),
        col(Division.valid_from) <= day,
        or_(col(Division.valid_to).is_(None), col(Division.valid_to) > day),
    )
    return (await session.execute(query.order_by(col(Division.code)))).scalars().all()


async def division(session: AsyncSession, code: str) -> Division | None:
    """One division."""
    return await session.get(Division, code)
