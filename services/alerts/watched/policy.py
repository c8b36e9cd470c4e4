"""May this principal record something of a person: pure functions that raise."""

from __future__ import annotations

from uuid import UUID

from kit.auth import Principal
from kit.roles import Role
from services.alerts.watched.errors import PersonNotWatched


def may_record_for(principal: Principal, division_code: str | None, person_id: UUID) -> None:
    """Their own, or of somebody in their towns, for a worker in their caseload (DRR art. 17), whose measure runs. Raises PersonNotWatched: existence itself is personal."""
    if division_code is None:
        raise PersonNotWatched
    if principal.has(Role.SUBJECT):
        if principal.person_id != str(person_id):
            raise PersonNotWatched
    elif not principal.covers(division_code, person_id):
        raise PersonNotWatched
