"""HTTP of indicators."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Response

from kit.lists import Asked, Key, Made, answer, answers, ask, find_made
from kit.roles import Role
from kit.schemas import Day, DivisionCode
from kit.work import UnitRoute, Work, allow
from services.registry.indicators import service
from services.registry.indicators.rules import INDICATORS, IndicatorCode
from services.registry.indicators.schemas import FigureAnswer, Figures, IndicatorAnswer, Line, PersonBehind, StaffingLine

router = APIRouter(prefix="/registry/v1/indicators", tags=["indicators"], route_class=UnitRoute)
BEHIND = Made(
    name="registry.indicator_people",
    item=PersonBehind,
    sorts={"person_id": (Key("person_id", "uuid"), Key("division_code")), "name": (Key("name"),)},
    default="person_id",
    counted={"division_code": "division_code", "counted": "counted"},
    action="indicator.people",
    object_type="person",
    noted="person_id",
)
STAFFING = Made(
    name="registry.staffing",
    item=StaffingLine,
    sorts={"place": (), "code": (Key("code"),)},
    default="place",
    counted={"kind": "kind"},
    action="indicator.staffing",
    object_type="division",
    noted="division_code",
)

Reader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.LEADER)]
PersonReader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, personal=True)]
First = Annotated[Day | None, Query(alias="from")]
Last = Annotated[Day | None, Query(alias="to")]
Town = Annotated[DivisionCode | None, Query(description="镇(9 或 12 位) · town, in 9 or 12 digits")]


@router.get("")
async def figures(work: Reader, as_of: Day | None = None, first: First = None, last: Last = None) -> Figures:
    """Figures as of a day (today) for the period (the half year so far), for the county and each town."""
    day, since, until, lines = await service.figures(work, as_of, first, last)
    return Figures(
        as_of=day,
        first=since,
        last=until,
        computed_at=work.now,
        indicators=[IndicatorAnswer(**asdict(indicator)) for indicator in INDICATORS],
        lines=[
            Line(division_code=code, name=name, figures={key: FigureAnswer.model_validate(found) for key, found in line.items()})
            for code, name, line in lines
        ],
    )


@router.get("/staffing", responses=answers(STAFFING))
async def staffing(work: Reader, asked: Annotated[Asked, ask(STAFFING)], on: Day | None = None) -> Response:
    """Users in the community per full-time worker, by town and station (30:1)."""
    return answer(asked, await find_made(work, STAFFING, asked, [StaffingLine(**line) for line in await service.staffing(work, on)]))


@router.get("/{code}/people", responses=answers(BEHIND))
async def people_behind(
    work: PersonReader,
    asked: Annotated[Asked, ask(BEHIND)],
    code: IndicatorCode,
    as_of: Day | None = None,
    first: First = None,
    last: Last = None,
    division_code: Town = None,
    counted: bool | None = None,
) -> Response:
    """The persons behind a figure: `counted=true` the numerator, `false` who is missing from it."""
    found = await service.people_behind(work, code, as_of, first, last, division_code, counted)
    items = [PersonBehind(**{name: row[name] for name in PersonBehind.model_fields}) for row in found]
    return answer(asked, await find_made(work, BEHIND, asked, items, noted={"code": code}))
