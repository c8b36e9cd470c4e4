"""HTTP of venues."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from kit.pages import Page, next_link
from kit.roles import Role
from kit.schemas import DivisionCode
from kit.work import UnitRoute, Work, allow
from services.precursor.grants import READ
from services.precursor.lists import DEFAULT_LIMIT, Cursor, Limit
from services.precursor.venues import service
from services.precursor.venues.schemas import Category, VenueAnswer, VenueCounts

router = APIRouter(prefix="/precursor/v1/venues", tags=["venues"], route_class=UnitRoute)

Reader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER, Role.INSPECTOR, Role.AGENCY, grant=READ)]
Counter = Annotated[
    Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER, Role.INSPECTOR, Role.LEADER, Role.AGENCY, grant=READ)
]


@router.get("")
async def list_venues(
    work: Reader,
    request: Request,
    response: Response,
    category: Category | None = None,
    venue_type: Annotated[str | None, Query(min_length=1, max_length=40)] = None,
    division_code: DivisionCode | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[VenueAnswer]:
    """Venues and key units in the caller's towns."""
    filters = {"category": category, "venue_type": venue_type, "division_code": division_code}
    rows, following = await service.list_venues(work, filters, cursor, limit)
    response.headers.update(next_link(request, following))
    return Page[VenueAnswer](items=[VenueAnswer.model_validate(row) for row in rows], next=following)


@router.get("/counts")
async def count_venues(work: Counter) -> VenueCounts:
    """How many, by category, type and town."""
    return await service.count_venues(work)


@router.get("/{venue_id}", response_model=VenueAnswer)
async def read_venue(work: Reader, venue_id: UUID) -> object:
    """One venue."""
    return await service.read_venue(work, venue_id)
