"""May this principal see or change this measure: pure functions that raise (domain 11.1)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol, TypeVar

from kit.auth import Principal
from kit.problems import ROLE, Forbidden
from kit.roles import Role
from kit.steps.taking import Reason, refuse
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


ELSEWHERE = Reason(code="other_town", zh="由执行地办理", en="is recorded where the measure is executed")
NOT_OURS = Reason(code="other_persons_town", zh="此人不由您的辖区负责", en="this person is not of your towns")


def in_the_way(principal: Principal, measure: Executed, person: Placed, event: str = "") -> list[Reason]:
    """Why this caller, who may read the measure, cannot take the step: it runs in another town, or the step writes the record of a person of another town."""
    elsewhere = [] if principal.covers(measure.division_code) else [ELSEWHERE]
    return elsewhere + ([NOT_OURS] if event in TOUCHES_PERSON and not principal.covers(person.division_code) else [])


def may_change(principal: Principal, measure: M | None, person: Placed | None, roles: Collection[str], event: str = "") -> M:
    """The measure, when the caller may record this step. Raises MeasureNotFound outside the scope, Forbidden for another role or another town."""
    if measure is None or person is None:
        raise MeasureNotFound
    if not (principal.covers(measure.division_code) or principal.covers(person.division_code)):
        raise MeasureNotFound
    if not principal.has(*roles):
        raise Forbidden("此项决定或记录不属于您的职责", "this step is not yours to record", errors=[ROLE])
    refuse(in_the_way(principal, measure, person, event), Forbidden)
    return measure


def may_order(principal: Principal, division_code: str, roles: Collection[str]) -> None:
    """Raises Forbidden when the place of execution or the measure is not the caller's."""
    if not principal.has(*roles):
        raise Forbidden("戒毒措施由公安机关决定", "measures are decided by the public security organ")
    if not principal.covers(division_code):
        raise Forbidden("不在您的辖区", "outside your towns")
