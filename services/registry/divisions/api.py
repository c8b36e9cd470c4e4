"""HTTP of divisions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from kit.lists import Asked, Key, Made, answer, answers, ask, find_made
from kit.roles import Role
from kit.schemas import Day, DivisionCode
from kit.work import UnitRoute, Work, allow
from services.registry.divisions import service
from services.registry.divisions.repository import DIVISIONS
from services.registry.divisions.rules import Level
from services.registry.divisions.schemas import DivisionAnswer, DivisionLoad, Loaded, Population, PopulationAnswer

router = APIRouter(prefix="/registry/v1/divisions", tags=["divisions"], route_class=UnitRoute)
POPULATIONS = Made(
    name="registry.populations",
    item=PopulationAnswer,
    sorts={"year": (Key("year", "int"),)},
    default="year",
    action="population.list",
    object_type="division",
    noted="division_code",
)

EVERYBODY = [role for role in Role if role not in (Role.SERVICE, Role.SUBJECT)]
Reader = Annotated[Work, allow(*EVERYBODY, grant=None)]


@router.get("", responses=answers(DIVISIONS))
async def list_divisions(
    work: Reader,
    asked: Annotated[Asked, ask(DIVISIONS)],
    on: Day | None = None,
    level: Annotated[Level | None, Query()] = None,
    parent: DivisionCode | None = None,
) -> Response:
    """Divisions valid on a day, with their codes."""
    return answer(asked, await service.list_divisions(work, asked, on, level, parent))


Loader = Annotated[Work, allow(Role.ADMINISTRATOR, Role.COUNTY_OFFICER)]
Office = Annotated[Work, allow(Role.COUNTY_OFFICER)]
Code = Annotated[DivisionCode, Path(max_length=18)]
Year = Annotated[int, Path(ge=1950, le=2100)]


@router.post("/load")
async def load_divisions(work: Loader, divisions: Annotated[list[DivisionLoad], Field(min_length=1, max_length=20_000)]) -> Loaded:
    """Load divisions, new or changed; loading the same again changes nothing."""
    created, changed, unchanged = await service.load_divisions(work, divisions)
    return Loaded(created=created, changed=changed, unchanged=unchanged)


@router.get("/{code}", response_model=DivisionAnswer)
async def read_division(work: Reader, code: Code) -> object:
    """One division."""
    return await service.read_division(work, code)


@router.get("/{code}/population", responses=answers(POPULATIONS))
async def populations(work: Reader, asked: Annotated[Asked, ask(POPULATIONS)], code: Code) -> Response:
    """Resident population by year."""
    return answer(
        asked,
        await find_made(work, POPULATIONS, asked, [PopulationAnswer.model_validate(row) for row in await service.populations(work, code)]),
    )


@router.put("/{code}/population/{year}", response_model=PopulationAnswer)
async def put_population(work: Office, code: Code, year: Year, population: Population) -> object:
    """Store the resident population at the start of a year; the same again changes nothing."""
    return await service.put_population(work, code, year, population)
