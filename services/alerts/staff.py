"""Who works for the county, as the registry says it over its internal door. Asked when it matters, and not copied: a copy is stale the day somebody leaves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import UUID

from pydantic import BaseModel, ConfigDict, TypeAdapter

from kit.auth import Principal
from kit.call import NeighbourDown
from kit.doors import Door, query
from kit.problems import Unavailable, invalid
from kit.roles import BOUND_TO_CASELOAD, WIDER_THAN_CASELOAD
from kit.work import House, Work


class StaffMember(BaseModel):
    """What alerts reads of a member of staff."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    code: str
    name: str
    post: str
    division_code: str
    serves: bool


_ASKED = 100
_MEMBERS = TypeAdapter(list[StaffMember])


def _door(work: Work) -> Door:
    return work.house.neighbours["registry"]


async def serving(work: Work, code: str, pointer: str) -> StaffMember:
    """A member of staff in service today. Raises Invalid at `pointer` for an unknown number, Unavailable when the registry does not answer."""
    try:
        found = _MEMBERS.validate_python(await _door(work).get("/internal/staff" + query(code=code)))
    except NeighbourDown as error:
        raise Unavailable(headers={"Retry-After": "5"}) from error
    for member in found:
        if member.code == code and member.serves:
            return member
    raise invalid(pointer, "staff_unknown", "没有这个人员编号或已离职", "no such staff member, or no longer in service")


async def names_of(work: Work, codes: Sequence[str]) -> dict[str, str]:
    """Staff number → name, of those that exist; empty while the registry does not answer, because a missing name is not a reason to refuse."""
    found: dict[str, str] = {}
    for start in range(0, len(codes), _ASKED):
        asked = "&".join(f"code={quote(code)}" for code in codes[start : start + _ASKED])
        try:
            members = _MEMBERS.validate_python(await _door(work).get("/internal/staff" + f"?{asked}"))
        except NeighbourDown:
            return {}
        found |= {member.code: member.name for member in members}
    return found


KEPT = timedelta(seconds=30)
"""How long the answer for whom somebody cares is kept: a phone that sends its queue in pieces asks once. Whoever leaves is out within it."""
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
