"""HTTP of stations and staff."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from kit.lists import Asked, answer, answers, ask
from kit.roles import Role
from kit.schemas import Day, DivisionCode
from kit.work import UnitRoute, Work, allow
from services.registry.divisions.schemas import Loaded
from services.registry.staff import service
from services.registry.staff.repository import STAFF, STATIONS
from services.registry.staff.rules import Post
from services.registry.staff.schemas import StaffAnswer, StaffLeaves, StaffLoad, StationLoad

router = APIRouter(prefix="/registry/v1", tags=["staff"], route_class=UnitRoute)

Loader = Annotated[Work, allow(Role.ADMINISTRATOR, Role.COUNTY_OFFICER)]
Reader = Annotated[
    Work, allow(Role.ADMINISTRATOR, Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER, Role.LEADER)
]
Code = Annotated[str, Path(pattern=r"^[A-Z0-9-]{1,20}$")]


@router.post("/stations/load")
async def load_stations(work: Loader, stations: Annotated[list[StationLoad], Field(min_length=1, max_length=2000)]) -> Loaded:
    """Load stations, new or changed; loading the same again changes nothing."""
    created, changed, unchanged = await service.load_stations(work, stations)
    return Loaded(created=created, changed=changed, unchanged=unchanged)


@router.get("/stations", responses=answers(STATIONS))
async def list_stations(
    work: Reader, asked: Annotated[Asked, ask(STATIONS)], on: Day | None = None, division_code: DivisionCode | None = None
) -> Response:
    """Stations of a day."""
    return answer(asked, await service.list_stations(work, asked, on, division_code))


@router.post("/staff/load")
async def load_staff(work: Loader, staff: Annotated[list[StaffLoad], Field(min_length=1, max_length=20_000)]) -> Loaded:
    """Load staff, new or changed; loading the same again changes nothing."""
    created, changed, unchanged = await service.load_staff(work, staff)
    return Loaded(created=created, changed=changed, unchanged=unchanged)


@router.get("/staff", responses=answers(STAFF))
async def list_staff(
    work: Reader,
    asked: Annotated[Asked, ask(STAFF)],
    on: Day | None = None,
    post: Post | None = None,
    division_code: Annotated[DivisionCode | None, Query(description="镇、村或网格 · town, village or grid")] = None,
) -> Response:
    """Staff of a day in the caller's towns, by staff number; of a town those of its villages and grids too."""
    return answer(asked, await service.list_staff(work, asked, on, post, division_code))


@router.get("/staff/{code}", response_model=StaffAnswer)
async def read_staff(work: Reader, code: Code) -> object:
    """One staff member."""
    return await service.read_staff(work, code)


@router.post("/staff/{code}/departure", response_model=StaffAnswer)
async def let_staff_leave(work: Loader, code: Code, leaves: StaffLeaves) -> object:
    """A staff member leaves; the care-team memberships end the same day."""
    return await service.let_staff_leave(work, code, leaves)
