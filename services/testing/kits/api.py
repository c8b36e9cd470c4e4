"""HTTP of kits."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from kit.lists import Asked, answer, answers, ask
from kit.roles import Role
from kit.schemas import Day
from kit.work import UnitRoute, Work, allow
from services.testing.kits import service
from services.testing.kits.repository import LOTS
from services.testing.kits.schemas import KitLotAnswer, NewKitLot

router = APIRouter(prefix="/testing/v1/kit-lots", tags=["kits"], route_class=UnitRoute)

Reader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER, Role.LAB_TECHNICIAN)]
Writer = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.POLICE_OFFICER)]


@router.get("", responses=answers(LOTS))
async def list_lots(work: Reader, asked: Annotated[Asked, ask(LOTS)], usable_on: Day | None = None) -> Response:
    """Kit lots, the earliest last day first."""
    return answer(asked, await service.list_lots(work, asked, usable_on))


@router.post("", status_code=201)
async def enter_lot(work: Writer, new: NewKitLot, response: Response) -> KitLotAnswer:
    """Enter a kit lot with its panel and expiry."""
    lot = await service.enter_lot(work, new)
    response.headers["Location"] = f"/testing/v1/kit-lots/{lot.id}"
    return KitLotAnswer.model_validate(lot, from_attributes=True)


@router.get("/{lot_id}")
async def read_lot(work: Reader, lot_id: UUID) -> KitLotAnswer:
    """One kit lot."""
    return KitLotAnswer.model_validate(await service.read_lot(work, lot_id), from_attributes=True)
