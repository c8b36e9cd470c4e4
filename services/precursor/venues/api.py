"""HTTP of venues."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from kit.lists import Asked, answer, answers, ask
from kit.roles import Role
from kit.schemas import DivisionCode
from kit.work import UnitRoute, Work, allow
from services.precursor.grants import READ
from services.precursor.venues import service
from services.precursor.venues.repository import VENUES
from services.precursor.venues.rules import Category
from services.precursor.venues.schemas import VenueAnswer, VenueCounts

router = APIRouter(prefix="/precursor/v1/venues", tags=["venues"], route_class=UnitRoute)

Reader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER, Role.INSPECTOR, Role.AGENCY, grant=READ)]
Counter = Annotated[
    Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER, Role.INSPECTOR, Role.LEADER, Role.AGENCY, grant=READ)
]


@router.get("", responses=answers(VENUES))
async def list_venues(
    work: Reader,
    asked: Annotated[Asked, ask(VENUES)],
    category: Category | None = None,
    venue_type: Annotated[str | None, Query(min_length=1, max_length=40)] = None,
    division_code: DivisionCode | None = None,
) -> Response:
    """Venues and key units in the caller's towns."""
    return answer(
        asked, await service.list_venues(work, asked, {"category": category, "venue_type": venue_type, "division_code": division_code})
    )


@router.get("/counts")
async def count_venues(work: Counter) -> VenueCounts:
    """How many, by category, type and town."""
    return await service.count_venues(work)


@router.get("/{venue_id}", response_model=VenueAnswer)
async def read_venue(work: Reader, venue_id: UUID) -> object:
    """One venue."""
    return await service.read_venue(work, venue_id)
