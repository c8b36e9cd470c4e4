"""What the gateway asks about laboratories: whether one exists that an account shall act for. Reached with a service token only."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from kit.schemas import Answer
from kit.work import AllowNeighbour, UnitRoute, Work
from services.testing.labs import repository

router = APIRouter(prefix="/internal", route_class=UnitRoute, include_in_schema=False)


class KnownOrganisation(Answer):
    """Whether the body stands in this service's list."""

    known: bool


@router.get("/organisations")
async def known_laboratory(
    work: Annotated[Work, Depends(AllowNeighbour("gateway"))],
    kind: Literal["laboratory"],
    id_: Annotated[str, Query(alias="id", max_length=64)],
) -> KnownOrganisation:
    """A laboratory by its id; one whose designation has ended is one still, and reports nothing more."""
    del kind
    try:
        lab_id = UUID(id_)
    except ValueError:
        return KnownOrganisation(known=False)
    return KnownOrganisation(known=str(lab_id) == id_ and await repository.lab(work.session, lab_id) is not None)
