"""Questions to the kit lots."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.lists import Rows
from services.testing.kits.schemas import KitLotAnswer
from services.testing.kits.tables import KitLot

LOTS = Rows(
    name="testing.kit_lots",
    item=KitLotAnswer,
    sorts={"expires_on": (col(KitLot.expires_on), col(KitLot.id)), "lot_no": (col(KitLot.lot_no), col(KitLot.id))},
    default="expires_on",
    counted={"specimen_type": col(KitLot.specimen_type), "maker": col(KitLot.maker)},
    action="kit_lot.list",
    object_type="kit_lot",
)


def lots(usable_on: date | None) -> Select[Any]:
    """The lots; with a day, only those usable on it."""
    query = select(KitLot)
    return query.where(col(KitLot.expires_on) >= usable_on) if usable_on is not None else query


async def lot(session: AsyncSession, lot_id: UUID) -> KitLot | None:
    """One lot."""
    return await session.get(KitLot, lot_id)


async def lot_by_number(session: AsyncSession, maker: str, lot_no: str) -> KitLot | None:
    """The lot with this number of this maker."""
    return (await session.execute(select(KitLot).where(col(KitLot.maker) == maker, col(KitLot.lot_no) == lot_no))).scalar_one_or_none()
