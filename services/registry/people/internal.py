"""What neighbours ask about persons: their names, for a caller who may read them. Reached with a service token only."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field

from kit.schemas import Answer, Code, Message, OptionalText
from kit.work import AllowNeighbour, UnitRoute, Work
from services.registry.people import service

router = APIRouter(prefix="/internal/people", route_class=UnitRoute, include_in_schema=False)


class NamesAsked(Message):
    """Persons whose names stand beside their ids in an answer; `caller`: the claims of whoever asked for it, `purpose`: for what."""

    caller: dict[str, Any]
    purpose: Code
    request_id: OptionalText
    people: Annotated[list[UUID], Field(max_length=5000)]


class NamesTold(Answer):
    """Id → name, of those whom the caller may read."""

    people: dict[str, str]


@router.post("/names")
async def names(work: Annotated[Work, Depends(AllowNeighbour("testing", "alerts"))], asked: NamesAsked) -> NamesTold:
    """Names of persons: who inspects firms must not learn who is under supervision (domain 11.1), so precursor and the gateway never ask."""
    return NamesTold(**await service.tell_names(work.house, asked.model_dump()))
