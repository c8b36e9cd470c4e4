"""Who may plan a draw, who may know its result before the visits were made, and who may sign as the second person."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from kit.auth import Principal
from kit.problems import Forbidden
from kit.roles import Role
from services.precursor.draws.errors import SamePerson


class Dated(Protocol):
    """What a policy needs to know of a draw."""

    state: str
    inspect_to: date


def may_plan(principal: Principal, division_code: str) -> None:
    """Draws are planned for the whole county. Raises Forbidden."""
    if not principal.reach.reaches(division_code):
        raise Forbidden("抽签由县级统筹", "draws are planned for the whole county")


def knows_result(principal: Principal, draw: Dated, today: date) -> bool:
    """Planners, inspectors and auditors at once; everybody else when the visits are over: the list is published after the visit (domain 9)."""
    if principal.has(Role.COUNTY_OFFICER, Role.INSPECTOR, Role.AUDITOR):
        return True
    return draw.state in ("closed", "set_aside") or today > draw.inspect_to


def must_be_second(principal: Principal, first: str, first_staff: str | None) -> None:
    """The second signature is another person's: another account, and not the same member of staff with two. Raises SamePerson."""
    if principal.subject == first or (first_staff is not None and principal.staff_id == first_staff):
        raise SamePerson
