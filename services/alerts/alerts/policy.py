"""May this principal do this to this alert: pure functions that raise (domain 11.1)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from kit.auth import Principal
from kit.problems import ROLE, Forbidden, invalid
from kit.roles import Role
from kit.scope import Scope
from services.alerts.alerts.errors import AlertNotFound

READERS = (Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER)
ASSIGNERS = (Role.COUNTY_OFFICER, Role.TOWN_OFFICER)


class Placed(Protocol):
    """What a policy needs to know of an alert."""

    division_code: str
    person_ids: list[UUID]


def may_see(principal: Principal, alert: Placed | None, limits: Collection[UUID] | None = None) -> None:
    """Raises AlertNotFound outside the caller's towns; `limits`: the persons to whom a worker's reads are limited, one of whom must be in it."""
    if alert is None or not principal.has(*READERS) or not principal.reach.reaches(alert.division_code):
        raise AlertNotFound
    if limits is not None and alert.person_ids and not any(person in limits for person in alert.person_ids):
        raise AlertNotFound


def may_assign(principal: Principal, alert: Placed | None) -> None:
    """Raises AlertNotFound, Forbidden: a worker does not hand work to others."""
    may_see(principal, alert)
    if not principal.has(*ASSIGNERS):
        raise Forbidden(errors=[ROLE])


def may_look_at(works_in: str, alert: Placed) -> None:
    """Raises Invalid: whoever works in another town cannot see the alert, and it would lie with them unseen."""
    if not (Scope.of((works_in,)).reaches(alert.division_code) or Scope.of((alert.division_code,)).reaches(works_in)):
        raise invalid("/assignee", "staff_elsewhere", "此人员不在该预警所属辖区工作", "works in another town than the alert's")
