"""HTTP of divisions."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from kit.roles import Role
from kit.work import UnitRoute, Work, allow
from services.registry.divisions import service
from services.registry.divisions.schemas import DivisionAnswer

router = APIRouter(prefix="/registry/v1/divisions", tags=["divisions"], route_class=UnitRoute)

EVERYBODY = [role for role in Role if role not in (Role.SERVICE, Role.SUBJECT)]
Reader = Annotated[Work, allow(*EVERYBODY)]


@router.get("", response_model=list[DivisionAnswer])
async def list_divisions(
    work: Reader,
    on: date | None = None,
    level: Annotated[Literal["county", "town", "service_centre", "village", "community", "grid", "neighbour"] | None, Query()] = None,
    parent: Annotated[str | None, Query(max_length=12)] = None,
) -> object:
    """Divisions valid on a day, with their codes."""
    return await service.list_divisions(work, on, level, parent)
