"""HTTP of figures: for people with a screen, and for the neighbour that writes the bulletin."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from kit.roles import Role
from kit.schemas import Day, Instant
from kit.work import AllowNeighbour, UnitRoute, Work, allow
from services.testing.figures import service
from services.testing.figures.schemas import Figures

router = APIRouter(tags=["figures"], route_class=UnitRoute)

Reader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.LEADER, Role.POLICE_OFFICER)]
First = Annotated[Day, Query(alias="from")]
Last = Annotated[Day, Query(alias="to")]
AsOf = Annotated[Day | Instant | None, Query()]


@router.get("/testing/v1/figures")
async def figures(work: Reader, first: First, last: Last, as_of: AsOf = None) -> Figures:
    """Test completion of the caller's towns in a period, as of a day or an instant."""
    return await service.test_figures(work, work.scope, first, last, as_of)


@router.get("/internal/figures", include_in_schema=False)
async def figures_for_neighbour(
    work: Annotated[Work, Depends(AllowNeighbour())], first: First, last: Last, as_of: AsOf = None
) -> dict[str, Any]:
    """Town → `{"test": [done, due], "outside": {"test": n}}` (domain 4.3 T): `outside` are tests taken that nobody had planned."""
    found = await service.test_figures(work, work.scope, first, last, as_of)
    return {
        "towns": {town.division_code: {"test": [town.done, town.due], "outside": {"test": town.unplanned}} for town in found.towns},
    }


@router.get("/internal/figures/items", include_in_schema=False)
async def items_for_neighbour(
    work: Annotated[Work, Depends(AllowNeighbour("alerts"))], first: First, last: Last
) -> dict[str, dict[str, dict[str, list[str]]]]:
    """Town → `test` → ids of the due tests behind the count, done and open."""
    return await service.items_for_bulletin(work, first, last)
