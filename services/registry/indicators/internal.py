"""What neighbours ask about figures: the counts behind a bulletin. Reached with a service token only."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from kit.schemas import Day
from kit.work import AllowNeighbour, UnitRoute, Work
from services.registry.indicators import service

router = APIRouter(prefix="/internal", route_class=UnitRoute, include_in_schema=False)


@router.get("/figures")
async def figures_for_bulletin(
    work: Annotated[Work, Depends(AllowNeighbour())],
    as_of: Day,
    since: Annotated[Day, Query(alias="from")],
    until: Annotated[Day, Query(alias="to")],
) -> dict[str, Any]:
    """Counts per town for the bulletin; no person."""
    return await service.figures_for_bulletin(work, as_of, since, until)


@router.get("/figures/items")
async def items_for_bulletin(
    work: Annotated[Work, Depends(AllowNeighbour("alerts"))],
    as_of: Day,
    since: Annotated[Day, Query(alias="from")],
    until: Annotated[Day, Query(alias="to")],
) -> dict[str, dict[str, dict[str, list[str]]]]:
    """Town → word → ids of the persons behind the count, done and open."""
    return await service.items_for_bulletin(work, as_of, since, until)
