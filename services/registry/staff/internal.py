"""What neighbours ask about staff: who exists, and for whom somebody cares today. Reached with a service token only."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import Field, StringConstraints

from kit.schemas import Answer, Message
from kit.work import AllowNeighbour, UnitRoute, Work
from services.registry.staff import repository, service

router = APIRouter(prefix="/internal", route_class=UnitRoute, include_in_schema=False)

Neighbour = Annotated[Work, Depends(AllowNeighbour("testing", "alerts", "precursor", "gateway"))]
Carer = Annotated[Work, Depends(AllowNeighbour("testing", "alerts"))]
AskedCode = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class KnownStaff(Answer):
    """One member of staff. `serves`: in service today."""

    code: str
    name: str
    post: str
    sex: str | None
    division_code: str
    valid_from: date
    valid_to: date | None
    serves: bool


class CaredFor(Answer):
    """The persons on whose care teams (DRR art. 17) somebody is today, by id."""

    persons: list[UUID]


class NamesAsked(Message):
    """Places by code and staff by number whose names stand beside them in an answer."""

    towns: Annotated[list[AskedCode], Field(max_length=5000)] = []
    staff: Annotated[list[AskedCode], Field(max_length=5000)] = []


class NamesTold(Answer):
    """Code → name; one that does not exist is left out."""

    towns: dict[str, str]
    staff: dict[str, str]


@router.post("/names")
async def names(work: Neighbour, asked: NamesAsked) -> NamesTold:
    """Names of places and staff."""
    return NamesTold(**await service.tell_names(work.house, asked.model_dump()))


@router.get("/staff")
async def known_staff(work: Neighbour, code: Annotated[list[AskedCode], Query(), Field(min_length=1, max_length=200)]) -> list[KnownStaff]:
    """Those of these staff numbers that exist, those who left among them."""
    return [
        KnownStaff(
            code=member.code,
            name=member.name,
            post=member.post,
            sex=member.sex,
            division_code=member.division_code,
            valid_from=member.valid_from,
            valid_to=member.valid_to,
            serves=member.valid_from <= work.today and (member.valid_to is None or work.today < member.valid_to),
        )
        for member in await repository.members(work.session, code)
    ]


@router.get("/care-teams")
async def cared_for(work: Carer, code: AskedCode) -> CaredFor:
    """For whom this member of staff cares today: nobody, when the member does not exist or has left."""
    return CaredFor(persons=await repository.cared_for_by(work.session, code, work.today))
