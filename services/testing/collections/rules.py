"""Pure rules of the test chain: its states and steps with their sources, its deadlines, and the window of hair (domain 3.1, 3.2).

No state here changes anybody's legal status: the police decide on a finding, and only at the end of the chain (ADM art. 7; law 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

STATES = (
    "collected",
    "repeat_onsite",
    "final_negative",
    "presumptive_positive",
    "referred_to_police",
    "superseded",
    "onsite_final",
    "lab_requested",
    "at_lab",
    "lab_reported",
    "retest_requested",
    "at_retest_lab",
    "final_positive",
    "new_collection",
    "explained_medical",
    "withdrawn",
)

OPEN = frozenset(
    {
        "collected",
        "repeat_onsite",
        "presumptive_positive",
        "referred_to_police",
        "lab_requested",
        "at_lab",
        "lab_reported",
        "retest_requested",
        "at_retest_lab",
    }
)

AT_A_LAB = frozenset({"at_lab", "at_retest_lab"})


@dataclass(frozen=True, slots=True)
class Step:
    """One declared step of the chain with its source."""

    event: str
    origins: frozenset[str]
    target: str
    source: str


def _step(event: str, origins: str, target: str, source: str) -> Step:
    return Step(event, frozenset(origins.split()), target, source)


STEPS: tuple[Step, ...] = (
    _step("onsite_negative", "collected repeat_onsite", "final_negative", "DTP art. 9"),
    _step("onsite_invalid", "collected", "repeat_onsite", "domain 3.1: second kit from a new lot, the same day"),
    _step("onsite_invalid", "repeat_onsite", "new_collection", "domain 3.1"),
    _step("onsite_positive", "collected repeat_onsite", "presumptive_positive", "DTP art. 8, 9"),
    _step("strip_positive", "collected repeat_onsite", "referred_to_police", "DTP art. 4"),
    _step("police_test", "referred_to_police", "superseded", "DTP art. 4"),
    _step("object", "presumptive_positive onsite_final", "lab_requested", "DTP art. 10"),
    _step("object", "lab_reported final_positive", "retest_requested", "DTP art. 13"),
    _step("refuse_request", "lab_requested", "onsite_final", "DTP art. 10"),
    _step("refuse_request", "retest_requested", "final_positive", "DTP art. 13"),
    _step("send", "collected", "at_lab", "HAIR art. 4, 9; DTP art. 11"),
    _step("send", "lab_requested", "at_lab", "DTP art. 11"),
    _step("send", "retest_requested", "at_retest_lab", "DTP art. 14"),
    _step("close", "presumptive_positive", "onsite_final", "DTP art. 10; ADM art. 7"),
    _step("close", "lab_reported", "final_positive", "DTP art. 13"),
    _step("lab_negative", "at_lab", "final_negative", "DTP art. 12"),
    _step("lab_positive", "at_lab", "lab_reported", "DTP art. 12"),
    _step("lab_negative", "at_retest_lab", "final_negative", "DTP art. 15"),
    _step("lab_positive", "at_retest_lab", "final_positive", "DTP art. 15"),
    _step("find_unfit", "at_lab at_retest_lab", "new_collection", "DTP art. 16"),
    _step(
        "explain",
        "presumptive_positive onsite_final lab_requested lab_reported retest_requested final_positive",
        "explained_medical",
        "domain 3.5",
    ),
    _step(
        "withdraw",
        "final_negative presumptive_positive referred_to_police onsite_final lab_requested lab_reported retest_requested final_positive new_collection",
        "withdrawn",
        "design law 5: a correction names the old result",
    ),
)


def step_from(state: str, event: str) -> Step | None:
    """The declared step from a state, or None."""
    return next((step for step in STEPS if step.event == event and state in step.origins), None)


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


def objection_running(deadline_on: date | None, today: date) -> bool:
    """Whether the person may still object in time; without having been told, time does not run."""
    return deadline_on is None or today <= deadline_on


DISPATCH_DAYS = 3
"""From the decision to the sending (DTP art. 11, 14)."""

HAIR_MONTHS = 6
"""A positive in the 3 cm from the root speaks of the six months before collection (HAIR art. 3, 10)."""

MIN_HAIR_MG = 50
"""Each of A and B, in mg (HAIR art. 4)."""


def months_before(day: date, months: int) -> date:
    """The same day of the month so many months earlier, the month's last day where it is missing."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    for candidate in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, candidate)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def window_start(specimen_type: str, sampled_on: date) -> date | None:
    """The first day that a hair result speaks of; None for other specimens."""
    return months_before(sampled_on, HAIR_MONTHS) if specimen_type == "hair" else None


def reaches_before_term(window_from: date | None, term_start: date | None) -> bool:
    """Whether a hair result may reflect use before the order or before release: it cannot found a breach without more evidence (domain 3.2)."""
    return window_from is not None and term_start is not None and window_from < term_start


DISTINCT = 2
"""At least two staff collect, send and test (DTP art. 8)."""


def enough_staff(codes: Sequence[str]) -> bool:
    """Two or more different members of staff."""
    return len(set(codes)) >= DISTINCT


def same_sex(person: str | None, collectors: Sequence[str]) -> bool:
    """Whether everybody who collects is of the person's sex. DTP art. 8 says it for women; DEFAULT for everybody. An unknown sex never matches."""
    return person is not None and all(sex == person for sex in collectors)


KEEP_NEGATIVE_DAYS = 7
KEEP_POSITIVE_MONTHS = 6


def destroy_from(state: str, sampled_on: date) -> date | None:
    """From which day the specimen may be destroyed: DEFAULT 7 days, after a positive 6 months from the collection, never while the chain is open."""
    if state in OPEN:
        return None
    if state == "final_negative":
        return sampled_on + timedelta(days=KEEP_NEGATIVE_DAYS)
    return months_before(sampled_on, -KEEP_POSITIVE_MONTHS)


def term_of(window_from: date | None, terms: Sequence[tuple[UUID, date, date | None]], day: date) -> tuple[UUID | None, bool]:
    """The measure whose term held a day (start included, end excluded), and whether a hair window reaches before it."""
    for measure_id, start, end in terms:
        if start <= day and (end is None or day < end):
            return measure_id, reaches_before_term(window_from, start)
    return None, False
