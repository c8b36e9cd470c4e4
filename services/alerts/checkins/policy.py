"""Who may bring a check-in of which source for whom: pure functions (trial of 2021: anybody with a town could forge "own phone")."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from services.alerts.checkins.rules import Brought, Refusal


def refusal_of_source(source: Brought | None, person_id: UUID, cared: Collection[UUID] | None) -> Refusal | None:
    """Why this source may not come from this caller for this person; None where it may.

    `cared`: the people for whom a member of staff may check in; None for a person's own account. Whether the person exists is not looked
    at: all persons outside the caller's reach get the same answer, so it reveals nothing.
    """
    if cared is None:
        return None if source in (None, "app") else "source_not_yours"
    if source == "app":
        return "source_not_yours"
    return None if person_id in cared else "not_in_care_team"
