"""May this principal do this to this person: pure functions that raise (domain 11.1)."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar
from uuid import UUID

from kit.auth import Principal
from kit.problems import Forbidden
from kit.roles import Role
from services.registry.people.errors import PersonNotFound


class Placed(Protocol):
    """What a policy needs to know of a person."""

    id: UUID
    division_code: str
    state: str


Found = TypeVar("Found", bound=Placed)

NOBODY = UUID(int=0)
"""The id of no person."""

READERS = (Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER)
WRITERS = (Role.COUNTY_OFFICER, Role.TOWN_OFFICER)


def reach(principal: Principal) -> dict[str, Any]:
    """What part of the register a caller's lists show, as a filter of their statements: the towns of an officer, or the subject's own record.

    An account that is neither reaches nobody; no filter at all would reach everybody.
    """
    if principal.has(*READERS):
        return {"towns": [prefix + "%" for prefix in principal.scope]}
    return {"person": principal.person_id or str(NOBODY)}


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


def may_write(principal: Principal, person: Found | None) -> Found:
    """The person, when the caller may change the record. Raises PersonNotFound, Forbidden."""
    if person is None or not principal.covers(person.division_code):
        raise PersonNotFound
    if not principal.has(*WRITERS):
        raise Forbidden
    return person


def may_register_in(principal: Principal, division_code: str) -> None:
    """Raises Forbidden when the town is not the caller's."""
    if not principal.covers(division_code):
        raise Forbidden("不在您的辖区", "outside your towns")
