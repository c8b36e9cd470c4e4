"""May this principal see or record this visit: pure functions that raise (domain 11.1)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol, TypeVar

from kit.auth import Principal
from kit.problems import Forbidden
from kit.roles import Role
from services.registry.visits.errors import VisitNotFound

STAFF = (Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER)
GRID_FIELDS = frozenset({"visited_on", "met", "not_met_reason"})
"""All that a grid worker may report of a task: whether the person was met (domain 11.1: task only)."""


class Placed(Protocol):
    """What a policy needs to know of a visit."""

    division_code: str
    assigned_to: str | None


V = TypeVar("V", bound=Placed)


def may_see(principal: Principal, visit: V | None) -> V:
    """The visit, for staff of the town, and for the grid worker whose task it is. Raises VisitNotFound."""
    if visit is not None and principal.covers(visit.division_code) and principal.has(*STAFF):
        return visit
    if visit is not None and principal.has(Role.GRID_WORKER) and principal.staff_id and visit.assigned_to == principal.staff_id:
        return visit
    raise VisitNotFound


def may_record(principal: Principal, visit: V | None, given: Collection[str]) -> V:
    """The visit, when the caller may record these fields. Raises VisitNotFound, Forbidden."""
    found = may_see(principal, visit)
    may_report(principal, given)
    return found


def may_report(principal: Principal, given: Collection[str]) -> None:
    """Raises Forbidden when a grid worker reports more than whether the person was met."""
    if not principal.has(*STAFF) and not GRID_FIELDS.issuperset(given):
        raise Forbidden("网格员只能登记是否见面", "a grid worker records only whether the person was met")
