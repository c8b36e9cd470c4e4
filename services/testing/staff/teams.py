"""For whom a worker cares, as the registry says it over its internal door: a social worker reaches the tests of the own caseload (domain 11.1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from kit.auth import Principal
from kit.call import NeighbourDown
from kit.doors import query
from kit.problems import Unavailable
from kit.roles import BOUND_TO_CASELOAD, WIDER_THAN_CASELOAD
from kit.work import House

KEPT = timedelta(seconds=30)
"""How long the answer for whom somebody cares is kept: a page that asks for many things asks once. Whoever leaves is out within it."""
_REMEMBERED = 1000


class _CaredFor(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    persons: frozenset[UUID]


class CareTeams:
    """For whom each member of staff cares, as far as it was asked lately. One per app."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[datetime, frozenset[UUID]]] = {}

    async def cared_for_by(self, house: House, code: str) -> frozenset[UUID]:
        """The persons on whose care teams somebody is today. Raises Unavailable."""
        kept, now = self._kept.get(code), house.clock()
        if kept is not None and now - KEPT <= kept[0] <= now:
            return kept[1]
        try:
            answer = _CaredFor.model_validate(await house.neighbours["registry"].get("/internal/care-teams" + query(code=code)))
        except NeighbourDown as error:
            raise Unavailable(headers={"Retry-After": "5"}) from error
        self.remember(code, answer.persons, now)
        return answer.persons

    def remember(self, code: str, persons: Iterable[UUID], now: datetime) -> None:
        """Keep an answer for a while."""
        if len(self._kept) >= _REMEMBERED:
            self._kept.clear()
        self._kept[code] = (now, frozenset(persons))


async def narrowed(house: House, principal: Principal) -> Principal:
    """The caller, bound to the own caseload where the role is (domain 11.1); without a staff number it is empty. Raises Unavailable."""
    if not principal.has(*BOUND_TO_CASELOAD) or principal.has(*WIDER_THAN_CASELOAD):
        return principal
    code = principal.staff_id
    return replace(principal, caseload=await house.part(CareTeams).cared_for_by(house, code) if code else frozenset())
