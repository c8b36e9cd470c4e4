"""Who may plan a draw, who may know its result before the visits were made, and who may sign as the second person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from kit.auth import Principal
from kit.problems import ROLE, Forbidden, Problem
from kit.roles import Role
from kit.steps.taking import NOT_YOURS, Reason
from services.precursor.draws.errors import DrawState, SamePerson, TooEarly, TooLate, ValuesMissing


class Dated(Protocol):
    """What a policy needs to know of a draw."""

    state: str
    inspect_to: date


class Placed(Protocol):
    """Where a draw belongs."""

    division_code: str


class Drawn(Placed, Protocol):
    """A draw whose lines are replaced."""

    state: str
    authority: str


class Proposed(Protocol):
    """A replacement that waits for its second signature."""

    proposed_by: str
    proposed_staff: str | None
    leaves: UUID


class Officer(Protocol):
    """An entry of the directory of inspectors."""

    id: UUID
    authority: str


@dataclass(frozen=True, slots=True)
class Come:
    """How far a draw has come: who entered the newest public values (account and member of staff), and whether visits are still to be made."""

    entered_by: tuple[str, str | None] | None
    visits_left: bool


def may_plan(principal: Principal, division_code: str) -> None:
    """Draws are planned for the whole county. Raises Forbidden."""
    if not principal.reach.reaches(division_code):
        raise Forbidden("抽签由县级统筹", "draws are planned for the whole county", [ROLE])


def knows_result(principal: Principal, draw: Dated, today: date) -> bool:
    """Planners, inspectors and auditors at once; everybody else when the visits are over: the list is published after the visit (domain 9)."""
    if principal.has(Role.COUNTY_OFFICER, Role.INSPECTOR, Role.AUDITOR):
        return True
    return draw.state in ("closed", "set_aside") or today > draw.inspect_to


VISITS_LEFT = Reason(code="visits_left", zh="尚有检查未完成", en="some inspections are not over")


def of(problem: type[Problem]) -> Reason:
    """A problem as the reason that is shown before it is met."""
    return Reason(code=problem.slug, zh=problem.title_zh, en=problem.title_en)


def blocked(principal: Principal, draw: Placed, now: datetime, known_at: datetime, come: Come) -> dict[str, list[Reason]]:
    """What stands in the way of each step of a draw, which `next_steps` shows; the step itself is refused with the same problem."""
    early = [of(TooEarly)] if now < known_at else []
    second = [of(ValuesMissing)] if come.entered_by is None else [of(SamePerson)] if is_same(principal, *come.entered_by) else []
    found = {
        "commit": [of(TooLate)] if now >= known_at else [],
        "enter_values": early,
        "reveal": [*early, *second],
        "close": [VISITS_LEFT] if come.visits_left else [],
    }
    return found if principal.reach.reaches(draw.division_code) else {event: [*reasons, NOT_YOURS] for event, reasons in found.items()}


OTHER_SIGNS = Reason(code="other_signs", zh="由本次抽签机关的其他执法人员会签", en="another officer of the drawing authority signs")


def not_to_sign(principal: Principal, draw: Drawn, replacement: Proposed, own: Officer | None) -> list[Reason]:
    """Why the caller is not the second person of a replacement. An inspector signs for the authority that draws, with a valid certificate, and not in
    the own case; `own`: the caller's entry in the directory of inspectors."""
    reasons = [of(SamePerson)] if is_same(principal, replacement.proposed_by, replacement.proposed_staff) else []
    if draw.state != "published":
        reasons.append(of(DrawState))
    if not principal.reach.reaches(draw.division_code):
        reasons.append(NOT_YOURS)
    if principal.has(Role.INSPECTOR) and not principal.has(Role.COUNTY_OFFICER):
        if own is None:
            reasons.append(NOT_YOURS)
        elif own.authority != draw.authority or own.id == replacement.leaves:
            reasons.append(OTHER_SIGNS)
    return reasons


def must_be_second(principal: Principal, first: str, first_staff: str | None) -> None:
    """The second signature is another person's: another account, and not the same member of staff with two. Raises SamePerson."""
    if is_same(principal, first, first_staff):
        raise SamePerson


def is_same(principal: Principal, first: str, first_staff: str | None) -> bool:
    """Whether the caller is who acted first."""
    return principal.subject == first or (first_staff is not None and principal.staff_id == first_staff)
