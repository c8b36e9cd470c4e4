"""May a row of a ledger touch this person: the same policies as the same act by hand, decided for the principal of the import (law 15).

A row must not learn of what it may not touch. A person of another town, a closed record and a number that nobody has registered are the same to it:
the row is held with one sentence, and the county office decides (ADR 0025).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from kit.auth import Principal
from kit.problems import Forbidden
from kit.roles import Role
from services.registry.ledgers.rules import GONE, standing_of
from services.registry.measures import policy as measures
from services.registry.measures.intake import WITH_MEASURE
from services.registry.measures.rules.transitions import beginning
from services.registry.people import policy as people
from services.registry.people.errors import PersonNotFound


class Reach(StrEnum):
    """What a row may do."""

    TOUCH = "touch"
    """Read and change the person."""
    PAPER = "paper"
    """Add facts of earlier days to a closed record, without seeing it."""
    NEW = "new"
    """Register the person."""
    SETTLED = "settled"
    """Nothing: a closed record holds the same already."""
    BEYOND = "beyond"
    """Nothing: the import may not know the person."""


def reach_of(principal: Principal, kind: str, person: Any | None, record: Mapping[str, Any] | None) -> Reach:
    """What a row of a kind may do with the person behind its number (None: nobody). `record`: the row, when the person's record is closed or gone."""
    office = principal.has(Role.COUNTY_OFFICER)
    if kind == "transfer" and not office:
        return Reach.BEYOND  # the office hands persons over to another county (DRR art. 22), by list as by hand
    if person is None:
        # A list of a town registers nobody: most standings come with a measure, which the police decide (NCL art. 32, 33, 38), and an answer that
        # differs from the one for a person of another town would tell who is registered there.
        return Reach.NEW if kind == "person" and office else Reach.BEYOND
    try:
        people.may_write(principal, person)
    except (PersonNotFound, Forbidden):
        return Reach.BEYOND
    if person.state == "open" and person.status not in GONE:
        return Reach.TOUCH
    if not office or record is None:
        return Reach.BEYOND
    if kind in ("visit", "transfer") and person.status == "three_years_clean":
        return Reach.PAPER  # as the office records a hand-over of such a person by hand
    named = {"clean3": "three_years_clean", "transfer": "transferred_out"}.get(kind) or standing_of(record)
    return Reach.SETTLED if named == person.status else Reach.BEYOND


def may_place(principal: Principal, division_code: str) -> bool:
    """Whether a row may make a town responsible."""
    try:
        people.may_register_in(principal, division_code)
    except Forbidden:
        return False
    return True


def may_begin(principal: Principal, status: str, division_code: str) -> bool:
    """Whether a row may write a standing that begins a measure: as who may order it (DRR art. 4: the police decide)."""
    if status not in WITH_MEASURE:
        return True
    try:
        measures.may_order(principal, division_code, beginning(status).roles)
    except Forbidden:
        return False
    return True


def may_correct(principal: Principal) -> bool:
    """Whether a row may put a standing in the place of one that was recorded: the office's, as by hand, because a day that is moved back would otherwise be
    an end before its time (DRR art. 7).
    """
    return principal.has(Role.COUNTY_OFFICER)
