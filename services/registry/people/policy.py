"""May this principal do this to this person: pure functions that raise (domain 11.1)."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar
from uuid import UUID

from kit.auth import Principal
from kit.problems import ROLE, Forbidden
from kit.roles import BOUND_TO_CASELOAD, WIDER_THAN_CASELOAD, Role
from kit.steps.taking import Reason
from services.registry.divisions.policy import part_of
from services.registry.people.errors import PersonNotFound
from services.registry.people.rules import NOT_MANAGED


class Placed(Protocol):
    """What a policy needs to know of a person."""

    id: UUID
    division_code: str
    state: str


class Registered(Placed, Protocol):
    """What the rules of care need to know besides."""

    status: str


Found = TypeVar("Found", bound=Placed)

NOBODY = UUID(int=0)
"""The id of no person."""

READERS = (Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER)
WRITERS = (Role.COUNTY_OFFICER, Role.TOWN_OFFICER)


def reach(principal: Principal, division_code: str | None = None) -> dict[str, Any]:
    """What part of the register a caller's lists show, as a filter of their statements: the towns of an officer, the persons of a worker's care teams in
    them, or the subject's own record. `division_code`: only this division, nobody when it is not the caller's.

    An account with none of these roles reaches nobody; without a filter it would reach everybody.
    """
    if not principal.has(*READERS):
        return {"person": principal.person_id or str(NOBODY)}
    found: dict[str, Any] = {"towns": part_of(principal.reach, division_code).towns}
    if bound_to_team(principal):
        found["team"] = principal.staff_id or ""
    if not principal.has(Role.COUNTY_OFFICER):
        found["ours"] = True
    return found


def bound_to_team(principal: Principal) -> bool:
    """Whether the caller sees only the persons of their own care teams."""
    return principal.has(*BOUND_TO_CASELOAD) and not principal.has(*WIDER_THAN_CASELOAD)


def sees_treatment(principal: Principal) -> bool:
    """Whether the caller may know that somebody is in maintenance treatment: a social worker sees a support flag only (domain 11.1; PIPL art. 28)."""
    return not bound_to_team(principal)


def may_care(principal: Principal, person: Registered, purpose: str, *, in_team: bool) -> None:
    """Beyond the place: a worker opens the persons of their care teams; whom another county took over is open to the county office alone, and to the person.

    An emergency opens both, noted and told to the auditor. Raises PersonNotFound.
    """
    own = principal.has(Role.SUBJECT) and principal.person_id == str(person.id)
    if own or purpose == "emergency":
        return
    if bound_to_team(principal) and not in_team:
        raise PersonNotFound
    if person.status in NOT_MANAGED and not principal.has(Role.COUNTY_OFFICER):
        raise PersonNotFound


def may_read_closed(principal: Principal, purpose: str) -> bool:
    """Whether closed records are open to the caller: the county's records officer, with a lawful purpose that is logged (domain 2.5)."""
    return principal.has(Role.COUNTY_OFFICER) and purpose in ("audit", "emergency")


def may_read(principal: Principal, person: Found | None, purpose: str) -> Found:
    """The person, when the caller may open the record. Raises PersonNotFound otherwise.

    A closed record is for the subject and for a logged lawful purpose of the county office (domain 2.5); emergency opens any record of the county.
    """
    if person is None:
        raise PersonNotFound
    if principal.has(Role.SUBJECT) and principal.person_id == str(person.id):
        return person
    if not principal.has(*READERS):
        raise PersonNotFound
    if not principal.covers(person.division_code) and purpose != "emergency":
        raise PersonNotFound
    if person.state == "closed" and not may_read_closed(principal, purpose):
        raise PersonNotFound
    return person


ELSEWHERE = Reason(code=PersonNotFound.slug, zh="不在您的辖区", en="outside your towns")
"""Who reads a person of another town, in an emergency, changes nothing: to them the record is not there to be written."""


def may_write(principal: Principal, person: Found | None) -> Found:
    """The person, when the caller may change the record. Raises PersonNotFound, Forbidden."""
    if person is None or not principal.covers(person.division_code):
        raise PersonNotFound
    if not principal.has(*WRITERS):
        raise Forbidden(errors=[ROLE])
    return person


def may_register_in(principal: Principal, division_code: str) -> None:
    """Raises Forbidden when the town is not the caller's."""
    if not principal.covers(division_code):
        raise Forbidden("不在您的辖区", "outside your towns")
