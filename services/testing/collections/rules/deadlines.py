"""What is owed after each step of a chain, by whom and until when (domain 3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Deadline:
    """What is owed next, by whom, within how many days."""

    kind: str
    owed_by: str
    days: int
    source: str


DEADLINES: dict[str, Deadline] = {
    "collected": Deadline("onsite_test", "collector", 1, "DTP art. 9: told on the spot"),
    "repeat_onsite": Deadline("onsite_test", "collector", 0, "domain 3.1: the same day"),
    "referred_to_police": Deadline("police_test", "police", 1, "DEFAULT: next day; DTP art. 4"),
    "presumptive_positive": Deadline("objection", "subject", 3, "DTP art. 10"),
    "lab_requested": Deadline("decision_and_dispatch", "police", 3, "DTP art. 10, 11"),
    "at_lab": Deadline("lab_report", "laboratory", 3, "DTP art. 12"),
    "lab_reported": Deadline("objection", "subject", 3, "DTP art. 13"),
    "retest_requested": Deadline("decision_and_dispatch", "police", 3, "DTP art. 13, 14"),
    "at_retest_lab": Deadline("lab_report", "laboratory", 3, "DTP art. 15"),
}
"""After entering a state: what must follow. Days are counted by kit.clock.last_day: the day of the event out, rolled over rest days (domain 2.4, 3.1)."""


TELL_RESULT = Deadline("tell_result", "police", 1, "DTP art. 12: within 24 hours")
TELL_OLD_POSITIVE = Deadline("tell_result", "police", 3, "DTP art. 9; DEFAULT: three days from the day on which the ledger came in")
SHOW_BASIS = Deadline("basis", "county_office", 30, "DTP art. 2; DEFAULT: thirty days from the day on which the ledger came in")


def ledger_kind(measure_id: UUID | None) -> str:
    """The kind of a ledger's test: `mandatory` when a term ran on its day, otherwise a basis that nobody knows yet (DTP art. 2)."""
    return "mandatory" if measure_id is not None else "basis_unknown"


def ledger_deadline(state: str, kind: str) -> Deadline | None:
    """The next duty after taking over a test: the person must be told of a positive, and a missing basis must be shown."""
    if state == "presumptive_positive":
        return TELL_OLD_POSITIVE
    return SHOW_BASIS if kind == "basis_unknown" else None


def objection_running(deadline_on: date | None, today: date) -> bool:
    """Whether the person may still object in time. The time does not run before the person was told."""
    return deadline_on is None or today <= deadline_on


DISPATCH_DAYS = 3
"""From the decision to the sending (DTP art. 11, 14)."""
