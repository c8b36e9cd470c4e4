"""May this principal do this to this alert: pure functions that raise (domain 11.1)."""

from __future__ import annotations

from typing import Protocol

from kit.auth import Principal
from kit.problems import ROLE, Forbidden
from kit.roles import Role
from services.alerts.alerts.errors import AlertNotFound

READERS = (Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER)
ASSIGNERS = (Role.COUNTY_OFFICER, Role.TOWN_OFFICER)


class Placed(Protocol):
    """What a policy needs to know of an alert."""

    division_code: str


def may_see(principal: Principal, alert: Placed | None) -> None:
    """Raises AlertNotFound outside the caller's towns."""
    if alert is None or not principal.has(*READERS) or not principal.reach.reaches(alert.division_code):
        raise AlertNotFound


def may_assign(principal: Principal, alert: Placed | None) -> None:
    """Raises AlertNotFound, Forbidden: a worker does not hand work to others."""
    may_see(principal, alert)
    if not principal.has(*ASSIGNERS):
        raise Forbidden(errors=[ROLE])
