"""What the gateway asks about authorities: whether one exists that an account shall act for. Reached with a service token only."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from kit.schemas import Answer
from kit.work import AllowNeighbour, UnitRoute, Work
from services.precursor.inspectors.rules import AUTHORITIES

router = APIRouter(prefix="/internal", route_class=UnitRoute, include_in_schema=False)


class KnownOrganisation(Answer):
    """Whether the body stands in this service's list."""

    known: bool


@router.get("/organisations")
async def known_authority(
    work: Annotated[Work, Depends(AllowNeighbour("gateway"))],
    kind: Literal["authority"],
    id_: Annotated[str, Query(alias="id", max_length=64)],
) -> KnownOrganisation:
    """An authority by its code."""
    del work, kind
    return KnownOrganisation(known=id_ in AUTHORITIES)
