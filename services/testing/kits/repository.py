"""Questions to the kit lots."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.testing.kits.tables import KitLot


async def lots(session: AsyncSession, usable_on: date | None) -> Sequence[KitLot]:
    """The lots, the earliest last day first; with a day, only those usable on it."""
    query = select(KitLot).order_by(col(KitLot.expires_on), col(KitLot.id)).limit(500)
    if usable_on is not None:
        query = query.where(col(KitLot.expires_on) >= usable_on)
    return (await session.execute(query)).scalars().all()


async def lot(session: AsyncSession, lot_id: UUID) -> KitLot | None:
    """One lot."""
    return await session.get(KitLot, lot_id)


async def lot_by_number(session: AsyncSession, maker: str, lot_no: str) -> KitLot | None:
    """The lot with this number of this maker."""
    return (await session.execute(select(KitLot).where(col(KitLot.maker) == maker, col(KitLot.lot_no) == lot_no))).scalar_one_or_none()
