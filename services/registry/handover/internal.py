"""What the gateway asks about supervised institutions: whether one exists that an account shall act for. Reached with a service token only."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from kit.schemas import Answer
from kit.work import AllowNeighbour, UnitRoute, Work
from services.registry.settings import RegistrySettings

router = APIRouter(prefix="/internal", route_class=UnitRoute, include_in_schema=False)


class KnownOrganisation(Answer):
    """Whether the body stands in this service's list."""

    known: bool


@router.get("/organisations")
async def known_institution(
    work: Annotated[Work, Depends(AllowNeighbour("gateway"))],
    kind: Literal["institution"],
    id_: Annotated[str, Query(alias="id", max_length=64)],
) -> KnownOrganisation:
    """A supervised institution by its code."""
    del kind
    listed = work.house.part(RegistrySettings).institutions.split(",")
    return KnownOrganisation(known=id_ in (code.strip() for code in listed))
