"""May this principal see or change this measure: pure functions that raise (domain 11.1)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol, TypeVar

from kit.auth import Principal
from kit.problems import Forbidden
from kit.roles import Role
from services.registry.measures.errors import MeasureNotFound
from services.registry.people.policy import READERS, Placed


class Executed(Protocol):
    """What a policy needs to know of a measure."""

    division_code: str


M = TypeVar("M", bound=Executed)
TOUCHES_PERSON = frozenset({"die"})
"""Steps that write the person's standing and close the record."""


def may_read(principal: Principal, measure: M | None, person: Placed | None, purpose: str) -> M:
    """The measure, when the caller may open it: in the town of execution or the responsible town, or the person's own. Raises MeasureNotFound."""
    if measure is None or person is None:
        raise MeasureNotFound
    if principal.has(Role.SUBJECT) and principal.person_id == str(person.id):
        return measure
    if not principal.has(*READERS):
        raise MeasureNotFound
    inside = principal.covers(measure.division_code) or principal.covers(person.division_code)
    if not inside and purpose != "emergency":
        raise MeasureNotFound
    if person.state == "closed" and not (principal.has(Role.COUNTY_OFFICER) and purpose in ("audit", "emergency")):
        raise MeasureNotFound
    return measure


def may_change(principal: Principal, measure: M | None, roles: Collection[str]) -> M:
    """The measure, when the caller may record this step. Raises MeasureNotFound outside the scope, Forbidden for another role."""
    if measure is None or not principal.covers(measure.division_code):
        raise MeasureNotFound
    if not principal.has(*roles):
        raise Forbidden("此项决定或记录不属于您的职责", "this step is not yours to record")
    return measure


def may_touch_person(principal: Principal, person: Placed, event: str) -> None:
    """A step that changes the person's own record (a death) needs the person in reach, not only the measure. Raises Forbidden."""
    if event in TOUCHES_PERSON and not principal.covers(person.division_code):
        raise Forbidden("此人不由您的辖区负责", "this person is not of your towns")


def may_order(principal: Principal, division_code: str, roles: Collection[str]) -> None:
    """Raises Forbidden when the place of execution or the measure is not the caller's."""
    if not principal.has(*roles):
        raise Forbidden("戒毒措施由公安机关决定", "measures are decided by the public security organ")
    if not principal.covers(division_code):
        raise Forbidden("不在您的辖区", "outside your towns")
