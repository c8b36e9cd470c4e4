"""What the services ask about accounts: the names of who holds them, to stand beside their ids. Reached with a service token only."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field, StringConstraints

from gateway.identity import people
from kit.schemas import Answer, Message
from kit.work import AllowNeighbour, UnitRoute, Work

router = APIRouter(prefix="/internal", route_class=UnitRoute, include_in_schema=False)


class NamesAsked(Message):
    """Accounts and clients by id."""

    accounts: Annotated[list[Annotated[str, StringConstraints(min_length=1, max_length=60)]], Field(max_length=5000)]


class NamesTold(Answer):
    """Id → name; an account without a name, and one of a person under supervision, is left out."""

    accounts: dict[str, str]


@router.post("/names")
async def names(
    work: Annotated[Work, Depends(AllowNeighbour("registry", "testing", "alerts", "precursor"))], asked: NamesAsked
) -> NamesTold:
    """Names of who holds an account, and of clients."""
    return NamesTold(**await people.tell_names(work.house, asked.model_dump()))
