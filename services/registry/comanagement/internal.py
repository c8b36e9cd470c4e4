"""What the gateway asks about an agreement before it grants access to a partner's system. Reached with a service token only."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends

from kit.schemas import Answer
from kit.work import AllowNeighbour, UnitRoute, Work
from services.registry.comanagement import repository

router = APIRouter(prefix="/internal/agreements", route_class=UnitRoute, include_in_schema=False)


class AgreementNames(Answer):
    """The client that an agreement names; None when the agreement does not exist."""

    partner_client: str | None


@router.get("")
async def agreement_names(work: Annotated[Work, Depends(AllowNeighbour("gateway"))], agreement_id: UUID) -> AgreementNames:
    """The client that may hold a grant for this agreement."""
    found = await repository.agreement(work.session, agreement_id)
    return AgreementNames(partner_client=found.partner_client if found is not None else None)
