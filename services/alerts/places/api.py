"""HTTP of places."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from kit.lists import Asked, answer, answers, ask
from kit.roles import Role
from kit.work import UnitRoute, Work, allow
from services.alerts.places import service
from services.alerts.places.repository import OCCASIONS, PLACES
from services.alerts.places.rules import PlaceKind
from services.alerts.places.schemas import OccasionsGiven, OrdinariesGiven, PlacesGiven, Stored

router = APIRouter(prefix="/alerts/v1", tags=["places"], route_class=UnitRoute)

Loader = Annotated[Work, allow(Role.COUNTY_OFFICER)]
Reader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER)]


@router.post("/places")
async def give_places(work: Loader, given: PlacesGiven) -> Stored:
    """Stations, clinics, markets and other places that many people go to; centres of counties."""
    return Stored(stored=await service.give_places(work, given.places))


@router.get("/places", responses=answers(PLACES))
async def list_places(work: Reader, asked: Annotated[Asked, ask(PLACES)], kind: PlaceKind | None = None) -> Response:
    """All places, or those of a kind."""
    return answer(asked, await service.list_places(work, asked, kind))


@router.post("/occasions")
async def give_occasions(work: Loader, given: OccasionsGiven) -> Stored:
    """Station activities and announced events: attendance is not a gathering."""
    return Stored(stored=await service.give_occasions(work, given.occasions))


@router.get("/occasions", responses=answers(OCCASIONS))
async def list_occasions(work: Reader, asked: Annotated[Asked, ask(OCCASIONS)]) -> Response:
    """Occasions that are not over, the next one first."""
    return answer(asked, await service.list_occasions(work, asked))


@router.post("/ordinary-places")
async def give_ordinary_places(work: Loader, given: OrdinariesGiven) -> Stored:
    """Household and workplace keys and the home point of persons: a presence there, or with one's own household or colleagues, is not a gathering."""
    return Stored(stored=await service.give_ordinary_places(work, given.persons))
