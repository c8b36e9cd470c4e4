"""Pure rules of plans: from a scheme and a term to windows, and the states of a due test.

National law gives no frequency: tests are periodic as the police require (NCL art. 35; DRR art. 19(2)). A scheme is therefore dated data, and these
functions only count. Months are counted from the term's start in the calendar, so that a term from 31 January has a test on 28 February.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

HALF_MONTH_DAYS = 15


@dataclass(frozen=True, slots=True)
class Phase:
    """From which month of the term on a test comes every so many half months."""

    from_month: int
    step_half_months: int


@dataclass(frozen=True, slots=True)
class Slot:
    """One due test: its number in the scheme, its day, and the first and last day of its window."""

    number: int
    due_on: date
    window_from: date
    window_to: date


def add_half_months(start: date, half_months: int) -> date:
    """A calendar day so many half months later: whole months keep the day of the month (the last one where it is missing), a half is 15 days."""
    months, half = divmod(half_months, 2)
    index = start.year * 12 + start.month - 1 + months
    year, month = divmod(index, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return date(year, month + 1, day) + timedelta(days=HALF_MONTH_DAYS * half)


def due_days(phases: Sequence[Phase], term_start: date, term_end: date) -> list[date]:
    """The days of a scheme within a term, each at the end of its interval; `term_end` is the first day without a duty.

    A test that would fall on that very day is owed on the day before; nothing is owed later (DRR art. 23, 40).
    """
    ordered = sorted(phases, key=lambda phase: phase.from_month)
    found: list[date] = []
    for place, phase in enumerate(ordered):
        until = ordered[place + 1].from_month * 2 if place + 1 < len(ordered) else None
        at = phase.from_month * 2 + phase.step_half_months
        while until is None or at <= until:
            day = add_half_months(term_start, at)
            if day > term_end:
                return found
            day = min(day, term_end - timedelta(days=1))
            if day > term_start and (not found or day > found[-1]):
                found.append(day)
            at += phase.step_half_months
    return found


def slots(phases: Sequence[Phase], term_start: date, term_end: date, window_days: int) -> list[Slot]:
    """The due tests of a term with windows of ± `window_days`: inside the term, in order, never overlapping, each holding its day."""
    days = due_days(phases, term_start, term_end)
    found: list[Slot] = []
    free_from = term_start
    for place, day in enumerate(days):
        last = min(day + timedelta(days=window_days), term_end - timedelta(days=1))
        if place + 1 < len(days):
            last = min(last, days[place + 1] - timedelta(days=1))  # never owed on another test's day
        found.append(Slot(place + 1, day, max(day - timedelta(days=window_days), free_from), last))
        free_from = last + timedelta(days=1)
    return found


def still_to_come(found: Sequence[Slot], today: date) -> list[Slot]:
    """What is planned when planning begins in the middle of a term: nobody is made to have missed a test that was never announced."""
    return [slot for slot in found if slot.due_on >= today]


STATES = (
    "scheduled",
    "paused",
    "attended",
    "missed",
    "not_notified",
    "excused",
    "missed_unexcused",
    "evaded",
    "refused",
    "unable",
    "cancelled",
)

NOT_OWED = frozenset({"not_notified", "excused", "unable", "paused", "cancelled"})
"""Out of the denominator of test completion (domain 4.3 T, 3.5)."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One declared step with its source in law or in domain.md."""

    event: str
    origins: frozenset[str]
    target: str
    source: str


def _step(event: str, origins: str, target: str, source: str) -> Transition:
    return Transition(event, frozenset(origins.split()), target, source)


TRANSITIONS: dict[str, Transition] = {
    step.event: step
    for step in (
        _step("attend", "scheduled missed", "attended", "DTP art. 8"),
        _step("miss", "scheduled", "missed", "DRR art. 19(2); domain 3.5"),
        _step("excuse", "scheduled missed missed_unexcused evaded", "excused", "domain 3.5"),
        _step("find_not_notified", "missed missed_unexcused evaded excused refused", "not_notified", "domain 3.5: office error"),
        _step("find_unexcused", "missed", "missed_unexcused", "DRR art. 20 a contrario: missed is not evaded"),
        _step("find_evaded", "missed_unexcused", "evaded", "DRR art. 20; domain 3.5: by a person, with evidence and the statement"),
        _step("refuse", "scheduled", "refused", "DRR art. 20"),
        _step("find_unable", "scheduled attended", "unable", "domain 3.5; DTP art. 16"),
        _step("reschedule", "scheduled excused not_notified unable", "scheduled", "domain 3.5"),
        _step("pause", "scheduled missed missed_unexcused evaded", "paused", "DRR art. 24 §2: nobody attends from custody"),
        _step("resume", "paused", "scheduled", "DRR art. 24 §2"),
        _step("lapse_paused", "paused", "cancelled", "DRR art. 24 §2"),
        _step("lapse_voluntary", "scheduled", "cancelled", "DTP art. 2 a contrario: nothing follows from a voluntary test not taken"),
        _step("end", "scheduled paused missed missed_unexcused evaded refused", "cancelled", "DRR art. 23, 24 §1, 40"),
    )
}

DECISIONS = {
    "excused": "excuse",
    "not_notified": "find_not_notified",
    "missed_unexcused": "find_unexcused",
    "evaded": "find_evaded",
    "refused": "refuse",
    "unable": "find_unable",
}
"""What a person may decide about a due test → the step it is."""

JUDGED: dict[str, tuple[str, ...]] = {
    "refused": ("mandatory", "suspected"),
    "missed_unexcused": ("mandatory", "suspected"),
    "evaded": ("mandatory",),
}
"""Decision against the person → the kinds of test that it can be made about: only owed tests can be evaded (DRR art. 20), a voluntary one not even refused (DTP art. 2)."""


def step_from(state: str, event: str) -> Transition | None:
    """The declared step from a state, or None."""
    step = TRANSITIONS.get(event)
    return step if step is not None and state in step.origins else None


def moved_window(
    due_on: date, window_days: int, term: tuple[date | None, date | None], neighbours: tuple[date | None, date | None]
) -> tuple[date, date]:
    """The window of a moved test: ± `window_days`, inside the term, between the last day of the window before and the first of the one after.

    Raises ValueError("outside_term") or ValueError("on_another_test").
    """
    start, end = term
    if (start is not None and due_on < start) or (end is not None and due_on >= end):
        raise ValueError("outside_term")
    before, after = neighbours
    if (before is not None and due_on <= before) or (after is not None and due_on >= after):
        raise ValueError("on_another_test")
    one = timedelta(days=1)
    first = max(day for day in (due_on - timedelta(days=window_days), start, before + one if before else None) if day is not None)
    last = min(
        day for day in (due_on + timedelta(days=window_days), end - one if end else None, after - one if after else None) if day is not None
    )
    return first, last
