"""HTTP of figures."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from kit.roles import Role
from kit.schemas import Day
from kit.work import AllowNeighbour, UnitRoute, Work, allow
from services.precursor.figures import service
from services.precursor.figures.schemas import FiguresAnswer
from services.precursor.grants import READ

router = APIRouter(prefix="/precursor/v1/figures", tags=["figures"], route_class=UnitRoute)
internal = APIRouter(prefix="/internal/figures", route_class=UnitRoute, include_in_schema=False)

Reader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.INSPECTOR, Role.LEADER, Role.AGENCY, grant=READ)]

First = Annotated[Day, Query(alias="from")]
Last = Annotated[Day, Query(alias="to")]


@router.get("")
async def read_figures(work: Reader, first: First, last: Last) -> FiguresAnswer:
    """Inspections carried out and orders corrected in time, of those due in a period, by town. Future inspections are not counted."""
    return await service.figures(work, first, last, over_by=work.today - timedelta(days=1))


@internal.get("")
async def figures_for_neighbours(work: Annotated[Work, Depends(AllowNeighbour())], first: First, last: Last) -> FiguresAnswer:
    """The same for the bulletin."""
    return await service.figures(work, first, last)
