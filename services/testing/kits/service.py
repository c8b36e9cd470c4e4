"""Use cases of kits."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from kit.lists import Asked, Found, find_rows
from kit.problems import invalid
from kit.work import Work
from services.testing.kits import repository, rules
from services.testing.kits.errors import KitLotExists, KitLotExpired, KitLotNotFound
from services.testing.kits.schemas import NewKitLot
from services.testing.kits.tables import KitLot


async def list_lots(work: Work, asked: Asked, usable_on: date | None) -> Found:
    """The lots; with a day, those that may be used on it. Raises BadCursor."""
    return await find_rows(work, repository.LOTS, asked, repository.lots(usable_on), {"usable_on": usable_on})


async def read_lot(work: Work, lot_id: UUID) -> KitLot:
    """One lot. Raises KitLotNotFound."""
    found = await repository.lot(work.session, lot_id)
    if found is None:
        raise KitLotNotFound
    return found


async def enter_lot(work: Work, new: NewKitLot) -> KitLot:
    """Enter a lot with its panel. Raises Invalid, KitLotExists."""
    analytes = [strip.analyte for strip in new.panel]
    if len(set(analytes)) != len(analytes):
        raise invalid("/panel", "analyte_twice", "同一检测项目重复", "an analyte stands twice in the panel")
    if await repository.lot_by_number(work.session, new.maker, new.lot_no) is not None:
        raise KitLotExists
    lot = KitLot(**new.model_dump(), created_at=work.now)
    work.session.add(lot)
    await work.session.flush()
    await work.note("kit_lot.enter", "kit_lot", lot.id)
    return lot


async def usable_lot(work: Work, lot_id: UUID, specimen_type: str, day: date) -> KitLot:
    """The lot, when it suits the specimen and was in date on the day. Raises Invalid naming `/kit_lot_id`, KitLotExpired."""
    lot = await repository.lot(work.session, lot_id)
    if lot is None:
        raise invalid("/kit_lot_id", "unknown", "没有这个试剂批次", "no such kit lot")
    if lot.specimen_type != specimen_type:
        raise invalid("/kit_lot_id", "specimen_mismatch", "该试剂不适用于此类检材", "this kit is for another specimen")
    if not rules.in_date(lot.expires_on, day):
        raise KitLotExpired(f"有效期至 {lot.expires_on}", f"in date until {lot.expires_on}")
    return lot
