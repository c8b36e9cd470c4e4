"""Pure rules of plans: from a scheme and a term to windows, and the states of a due test.

National law gives no frequency: tests are periodic as the police require (NCL art. 35; DRR art. 19(2)). A scheme is therefore dated data, and these
functions only count. Months are counted from the term's start in the calendar, so that a term from 31 January has a test on 28 February.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

from kit.steps.machine import START, Machine, Step, step

HALF_MONTH_DAYS = 15


@dataclass(frozen=True, slots=True)
class Phase:
    """From this month of the term on there is a test every `step_half_months` half months."""

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
    """A calendar day that many half months later: whole months keep the day of the month (the last day when the month is shorter), a half
    is 15 days.
    """
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
            last = min(last, days[place + 1] - timedelta(days=1))  # a test is never owed on the day of another test
        found.append(Slot(place + 1, day, max(day - timedelta(days=window_days), free_from), last))
        free_from = last + timedelta(days=1)
    return found


def still_to_come(found: Sequence[Slot], today: date) -> list[Slot]:
    """What is planned when planning begins in the middle of a term. A test that was never announced cannot be missed."""
    return [slot for slot in found if slot.due_on >= today]


Kind = Literal["mandatory", "voluntary", "suspected"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Specimen = Literal["urine", "hair", "saliva", "blood"]
SPECIMENS: tuple[Specimen, ...] = get_args(Specimen)
SchemeMeasure = Literal["community_treatment", "community_rehabilitation"]
SCHEME_MEASURES: tuple[SchemeMeasure, ...] = get_args(SchemeMeasure)
PlanState = Literal[
    "scheduled", "paused", "attended", "missed", "not_notified", "excused", "missed_unexcused", "evaded", "refused", "unable", "cancelled"
]
STATES: tuple[PlanState, ...] = get_args(PlanState)
Decision = Literal["excused", "not_notified", "missed_unexcused", "evaded", "refused", "unable"]

AWAITED: tuple[PlanState, ...] = ("scheduled", "missed")
"""What the due list shows by default: tests that are owed, and missed tests that wait for a judgement (domain 3.5)."""

NOT_OWED = frozenset({"not_notified", "excused", "unable", "paused", "cancelled"})
"""Out of the denominator of test completion (domain 4.3 T, 3.5)."""


_OFFICERS = ("county_officer", "town_officer", "police_officer")
_STAFF = (*_OFFICERS, "social_worker")
_JUDGEMENT = "decision reason"
_TAKING = "mode specimen_type collected_at identity_checked collectors"

DUE_TEST = Machine(
    "testing.due_test.state",
    STATES,
    (
        step("plan", START, "scheduled", "NCL art. 35; DRR art. 19(2)", "列入检测计划", "plan by the scheme"),
        step("arrange", START, "scheduled", "NCL art. 32, 35; DRR art. 19(2)", "另行安排检测", "arrange by hand", roles=_STAFF),
        step("attend", "scheduled missed", "attended", "DTP art. 8", "到检采样", "collect", roles=_STAFF, needs=_TAKING, duty=True),
        step("miss", "scheduled", "missed", "DRR art. 19(2); domain 3.5", "逾期未检", "miss"),
        step(
            "excuse",
            "scheduled missed missed_unexcused evaded",
            "excused",
            "domain 3.5",
            "认定有正当理由",
            "find an excuse",
            roles=_STAFF,
            needs=_JUDGEMENT,
        ),
        step(
            "find_not_notified",
            "missed missed_unexcused evaded excused refused",
            "not_notified",
            "domain 3.5: office error",
            "认定未依规通知",
            "find that nobody was notified",
            roles=_OFFICERS,
            needs=_JUDGEMENT,
        ),
        step(
            "find_unexcused",
            "missed",
            "missed_unexcused",
            "DRR art. 20 a contrario: missed is not evaded",
            "认定无正当理由",
            "find no excuse",
            roles=_OFFICERS,
            needs=_JUDGEMENT,
        ),
        step(
            "find_evaded",
            "missed_unexcused",
            "evaded",
            "DRR art. 20; domain 3.5: by a person, with evidence and the statement",
            "认定逃避检测",
            "find an evasion",
            roles=_OFFICERS,
            needs=f"{_JUDGEMENT} words",
        ),
        step(
            "refuse", "scheduled", "refused", "DRR art. 20", "认定到场拒检", "find a refusal", roles=_OFFICERS, needs=f"{_JUDGEMENT} words"
        ),
        step("find_unable", "scheduled", "unable", "domain 3.5", "认定无法采样", "find that nothing came", roles=_STAFF, needs=_JUDGEMENT),
        step("find_unable", "attended", "unable", "DTP art. 16", "样本不可用", "the specimen was unfit"),
        step(
            "reschedule",
            "scheduled excused not_notified unable",
            "scheduled",
            "domain 3.5",
            "改期",
            "reschedule",
            roles=_STAFF,
            needs="due_on reason",
        ),
        step(
            "pause",
            "scheduled missed missed_unexcused evaded",
            "paused",
            "DRR art. 24 §2: nobody attends from custody",
            "随措施中止",
            "pause",
        ),
        step("resume", "paused", "scheduled", "DRR art. 24 §2", "恢复", "resume"),
        step("lapse_paused", "paused", "cancelled", "DRR art. 24 §2", "中止期间失效", "lapse in the pause"),
        step(
            "lapse_voluntary",
            "scheduled",
            "cancelled",
            "DTP art. 2 a contrario: nothing follows from a voluntary test not taken",
            "自愿检测到期",
            "lapse",
        ),
        step(
            "end",
            "scheduled paused missed missed_unexcused evaded refused",
            "cancelled",
            "DRR art. 23, 24 §1, 40",
            "随措施终止",
            "end with the measure",
        ),
    ),
)
"""The steps of a due test. National law has no other way out of a state."""

STEPS: dict[str, Step] = {declared.event: declared for declared in reversed(DUE_TEST.steps)}
"""Event → its first declared step: the steps that are taken with many due tests at once."""

DECISIONS = {
    "excused": "excuse",
    "not_notified": "find_not_notified",
    "missed_unexcused": "find_unexcused",
    "evaded": "find_evaded",
    "refused": "refuse",
    "unable": "find_unable",
}
"""Decision of a person about a due test → the step that it takes."""

JUDGED: dict[str, tuple[str, ...]] = {
    "refused": ("mandatory", "suspected"),
    "missed_unexcused": ("mandatory", "suspected"),
    "evaded": ("mandatory",),
}
"""Decision against the person → the kinds of test for which it is possible.

Only a mandatory test can be evaded (DRR art. 20); a voluntary test cannot even be refused (DTP art. 2).
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A due test that a new planning does not change: it was announced, moved, taken, missed or judged."""

    specimen_type: str
    scheme_code: str | None
    number: int | None
    planned_on: date | None
    """The day that a scheme gave it, even after it was moved; None when that day is not stored."""
    window_from: date
    window_to: date

    def answers(self, specimen_type: str, scheme_code: str, slot: Slot) -> bool:
        """Whether this test fills a slot of the scheme: it was planned for that day, or its window contains that day."""
        if specimen_type != self.specimen_type:
            return False
        if self.planned_on is None and self.number is not None and (self.scheme_code, self.number) == (scheme_code, slot.number):
            return True
        return self.planned_on == slot.due_on or self.window_from <= slot.due_on <= self.window_to


def to_plan(slots_of_scheme: Sequence[Slot], kept: Sequence[Kept], specimen_type: str, scheme_code: str, today: date) -> list[Slot]:
    """The due tests that a scheme adds: those in the future that no kept test fills; no window overlaps a kept one.

    A due test is known by the day that it was planned for, not by its place in a scheme: a county that changes its scheme in the middle of
    a term plans the rest by the new one; every test that was announced, taken or missed stays (NCL art. 35; domain 3.4).
    """
    windows = sorted((item.window_from, item.window_to) for item in kept if item.specimen_type == specimen_type)
    found: list[Slot] = []
    for slot in still_to_come(slots_of_scheme, today):
        if any(item.answers(specimen_type, scheme_code, slot) for item in kept):
            continue
        first, last = slot.window_from, slot.window_to
        for opened, closed in windows:
            if closed < slot.due_on:
                first = max(first, closed + timedelta(days=1))
            elif opened > slot.due_on:
                last = min(last, opened - timedelta(days=1))
        found.append(Slot(slot.number, slot.due_on, first, last))
    return found


POLICE_ORGAN = ("公安", "派出所")
"""What the name of a police organ holds: 公安局, 公安分局, 公安处, 派出所."""


def is_police_organ(name: str) -> bool:
    """Whether an organ's name is one of the police's: only they ask for a test of somebody under a measure (DRR art. 19(2))."""
    return any(word in name for word in POLICE_ORGAN)


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
