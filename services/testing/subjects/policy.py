"""May this principal see or plan for this person: pure functions that raise (domain 11.1)."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from kit.auth import Principal
from kit.roles import Role
from services.testing.subjects.errors import SubjectNotFound
from services.testing.subjects.rules import ENDS_SUPERVISION

STAFF = (Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER)

CLOSED_FOR = ("audit", "emergency")
"""Purposes for which the county office opens a closed record (domain 2.5)."""


class Placed(Protocol):
    """What the policy needs to know of a person."""

    person_id: UUID
    division_code: str
    standing: str | None


def may_see(principal: Principal, subject: Placed | None, purpose: str) -> None:
    """Raises SubjectNotFound unless it is the caller's own record, or a person of the caller's towns (a social worker: of the own caseload) whose record is
    not closed.

    A closed record opens for the county office alone, for audit or an emergency (domain 2.5).
    """
    if subject is None:
        raise SubjectNotFound
    if principal.has(Role.SUBJECT) and principal.person_id == str(subject.person_id):
        return
    if not principal.has(*STAFF):
        raise SubjectNotFound
    if not principal.covers(subject.division_code, subject.person_id) and purpose != "emergency":
        raise SubjectNotFound
    if subject.standing in ENDS_SUPERVISION and not (principal.has(Role.COUNTY_OFFICER) and purpose in CLOSED_FOR):
        raise SubjectNotFound


def may_act_for(principal: Principal, subject: Placed | None) -> None:
    """Raises SubjectNotFound unless the caller works in the person's town, and a social worker cares for the person."""
    if subject is None or not principal.has(*STAFF) or not principal.covers(subject.division_code, subject.person_id):
        raise SubjectNotFound
