"""What neighbours ask about divisions: the places that a ledger may name. Reached with a service token only."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from kit.schemas import Answer
from kit.work import AllowNeighbour, UnitRoute, Work
from services.registry.divisions import repository

router = APIRouter(prefix="/internal/divisions", route_class=UnitRoute, include_in_schema=False)


class PlaceAnswer(Answer):
    """One division by the names people use."""

    code: str
    name: str
    level: str
    parents: list[str]
    aliases: list[str]


@router.get("")
async def places(work: Annotated[Work, Depends(AllowNeighbour())]) -> list[PlaceAnswer]:
    """Every division above the grids that ever was: old ledgers name old ones."""
    return [
        PlaceAnswer(
            code=d.code, name=d.name, level=d.level, parents=[p for p in (d.parent_code, d.service_centre_code) if p], aliases=d.aliases
        )
        for d in await repository.places(work.session)
    ]
