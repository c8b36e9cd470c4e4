"""The life of a measure, computed from its recorded steps. Pure: entries in, life out.

The history is the truth, and a measure's row repeats what follows from it. Each step stands on the day on which it happened, in whatever order the steps were
written down: a suspension of 2019 that is entered in 2026 moves the term as it would have in 2019. Steps of one day stand as they were taken on that day, then
in the order of the law, then by what they say; never by an id, so that any order of recording gives the same life.

The end of a term is not a step: the law brings it on its day, whoever writes it down (DRR art. 23, 40; NCL art. 47). A row that says so is a note of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from itertools import groupby
from typing import Any
from uuid import UUID

from kit.clock import WorkingDay
from kit.steps.machine import START
from services.registry.measures.rules import terms
from services.registry.measures.rules.decisions import changes_of, check, first_changes
from services.registry.measures.rules.declared import STEP_EVENTS, MeasureStep
from services.registry.measures.rules.guards import Facts, Given, Refused
from services.registry.measures.rules.states import EXPIRING, expired_state
from services.registry.measures.rules.transitions import MACHINE

NOTES = frozenset({"expire", "correct"})
"""Rows of the history that nobody took as a step: the end that the law brought, and what annuls another row."""
_RANK = {event: rank for rank, event in enumerate(("order", "transfer_in", "take_over", *STEP_EVENTS))}
_LONGEST_DAY = 7
"""Steps of one day of which every order is tried."""

COMPUTED = (
    "state",
    "division_code",
    "ordered_on",
    "served_on",
    "report_in_due",
    "reported_in_on",
    "late_report_accepted",
    "agreement_on",
    "term_start",
    "term_end",
    "suspended_on",
    "suspended_days",
    "escaped_once",
    "transfer_to",
    "transfer_due",
    "ended_on",
    "end_reason",
)
"""The columns of a measure's row that follow from its steps."""
_UNSET: Mapping[str, Any] = {"late_report_accepted": False, "suspended_days": 0, "escaped_once": False}
_FACTS = frozenset(one.name for one in fields(Facts)) - {"entered_on", "done"}


@dataclass(frozen=True, slots=True)
class Founded:
    """What a measure is from its first day on, whatever happens later."""

    kind: str
    division_code: str
    """Town that the order names; empty where nobody wrote it down."""
    term_months: int | None
    credited_days: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the history."""

    id: UUID
    event: str
    on: date
    given: Given
    corrects: UUID | None = None
    """The row that this one annuls."""
    place: int = 0
    """How many steps of its day were known when it was recorded."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A step where it stands in the life."""

    entry: Entry
    step: MeasureStep
    facts: Facts
    """What was known of the measure just before."""
    refused: Refused | None
    """What a guard has against it there."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in one state: from its first day to the day before `until`; None while it goes on."""

    state: str
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """All that follows from the steps, as it holds on a day."""

    facts: Facts
    columns: Mapping[str, Any]
    """The values of `COMPUTED`."""
    placed: tuple[Placed, ...] = ()
    fallen: tuple[tuple[Entry, str], ...] = ()
    """Steps that the law does not know on their day, each with the state that it met."""
    stretches: tuple[Stretch, ...] = ()
    expired_on: date | None = None
    """The day on which the law ended it."""


def overlap(one: Stretch, other: Stretch) -> bool:
    """Whether two stretches share a day."""
    return (one.until is None or other.since < one.until) and (other.until is None or one.since < other.until)


def standing_entries(entries: Iterable[Entry]) -> list[Entry]:
    """The steps that stand. A row is annulled by a row that stands itself: who annuls an annulment gives the step back."""
    known = list(entries)
    annulling: dict[UUID, list[Entry]] = {}
    for entry in known:
        if entry.corrects is not None:
            annulling.setdefault(entry.corrects, []).append(entry)

    def stands(entry: Entry) -> bool:
        return not any(stands(one) for one in annulling.get(entry.id, ()))

    return [entry for entry in known if entry.event not in NOTES and stands(entry)]


@dataclass
class _Course:
    """A life while it is computed."""

    kind: str
    facts: Facts
    working: WorkingDay
    columns: dict[str, Any] = field(default_factory=dict[str, Any])
    placed: list[Placed] = field(default_factory=list[Placed])
    fallen: list[tuple[Entry, str]] = field(default_factory=list[tuple[Entry, str]])
    stretches: list[Stretch] = field(default_factory=list[Stretch])
    expired_on: date | None = None

    def reach(self, day: date) -> None:
        """Let the law end a term that is over by a day."""
        end = self.facts.term_end
        if self.facts.state in EXPIRING and end is not None and end <= day:
            self.expired_on = end
            self.change(end, {"state": expired_state(self.kind), "ended_on": end, "end_reason": "term_end", "suspended_on": None})

    def change(self, on: date, changes: Mapping[str, Any], event: str | None = None) -> None:
        """Write what a step changes."""
        before = self.facts
        self.columns.update(changes)
        known = {name: value for name, value in changes.items() if name in _FACTS}
        done = before.done if event is None else {**before.done, event: on}
        entered = on if changes["state"] != before.state else before.entered_on
        self.facts = replace(before, **known, done=done, entered_on=entered)
        if changes["state"] != before.state:
            if self.stretches and self.stretches[-1].since == on:  # of several states of one day the last holds
                self.stretches.pop()
            if self.stretches and self.stretches[-1].state == changes["state"]:
                self.stretches[-1] = replace(self.stretches[-1], until=None)
                return
            if self.stretches:
                self.stretches[-1] = replace(self.stretches[-1], until=on)
            self.stretches.append(Stretch(changes["state"], on))

    def declared(self, entry: Entry) -> MeasureStep | None:
        """The step as the law knows it from here."""
        return MACHINE.find(self.facts.state, entry.event, self.kind)

    def take(self, entry: Entry, step: MeasureStep, founded: Founded) -> None:
        """Let a step happen here."""
        given = replace(entry.given, event=entry.event)
        refused = None
        try:
            check(step, self.facts, given)
        except Refused as error:
            refused = error
        self.placed.append(Placed(entry, step, self.facts, refused))
        if self.facts.state == START:
            self.change(entry.on, _begun(founded, entry, step), entry.event)
        else:
            self.change(entry.on, changes_of(self.facts, step, given, self.working), entry.event)

    def copy(self) -> _Course:
        """The same course, to try an order of steps on."""
        return _Course(
            self.kind,
            self.facts,
            self.working,
            dict(self.columns),
            list(self.placed),
            list(self.fallen),
            list(self.stretches),
            self.expired_on,
        )


def life_of(founded: Founded, entries: Iterable[Entry], today: date, working: WorkingDay) -> Life:
    """The life of a measure as it holds today. Steps that lie after today do not count yet."""
    course = _Course(
        founded.kind,
        Facts(founded.kind, START, founded.division_code, term_months=founded.term_months, credited_days=founded.credited_days),
        working,
    )
    course.columns = {**dict.fromkeys(COMPUTED), **_UNSET, "state": START, "division_code": founded.division_code}
    steps = sorted((entry for entry in standing_entries(entries) if entry.on <= today), key=_key)
    for day, group in groupby(steps, key=lambda entry: entry.on):
        course.reach(day)
        course = _day(course, list(group), founded)
    course.reach(today)
    return Life(
        course.facts,
        {name: course.columns[name] for name in COMPUTED},
        tuple(course.placed),
        tuple(course.fallen),
        tuple(course.stretches),
        course.expired_on,
    )


def _key(entry: Entry) -> tuple[date, int, int, str]:
    return entry.on, entry.place, _RANK[entry.event], repr(replace(entry.given, recorder=frozenset()))


def _day(course: _Course, entries: Sequence[Entry], founded: Founded) -> _Course:
    """The course after the steps of one day: in the first order in which the law knows all of them, else as many as follow from one another."""
    if len(entries) <= _LONGEST_DAY and (whole := _ordered(course, entries, founded)) is not None:
        return whole
    left = list(entries)
    while (found := next(((entry, step) for entry in left if (step := course.declared(entry)) is not None), None)) is not None:
        course.take(*found, founded)
        left.remove(found[0])
    course.fallen.extend((entry, course.facts.state) for entry in left)
    return course


def _ordered(course: _Course, entries: Sequence[Entry], founded: Founded) -> _Course | None:
    if not entries:
        return course
    for index, entry in enumerate(entries):
        step = course.declared(entry)
        if step is not None:
            tried = course.copy() if len(entries) > 1 else course
            tried.take(entry, step, founded)
            whole = _ordered(tried, [*entries[:index], *entries[index + 1 :]], founded)
            if whole is not None:
                return whole
    return None


def _begun(founded: Founded, entry: Entry, step: MeasureStep) -> dict[str, Any]:
    """The columns of a measure that begins: ordered here, or taken over while it ran already."""
    if entry.event == "order":
        changes = first_changes(founded.kind, replace(entry.given, term_months=founded.term_months), founded.credited_days)
        return {name: value for name, value in changes.items() if name in COMPUTED}
    if entry.event == "transfer_in":
        since, days = entry.given.served_since or entry.on, entry.given.uncounted_days
        return {
            "state": step.target,
            "ordered_on": entry.given.ordered_on,
            "reported_in_on": entry.on,
            "term_start": since,
            "suspended_days": days,
            "term_end": terms.term_end(since, founded.term_months or terms.COMMUNITY_MONTHS, added_days=days),
        }
    community, months = founded.kind != "compulsory_isolation_treatment", founded.term_months
    return {
        "state": step.target,
        "ordered_on": None if community else entry.on,
        "reported_in_on": entry.on if community else None,
        "term_start": entry.on,
        "term_end": terms.term_end(entry.on, months) if months else None,
    }


def taken_away(before: Life, after: Life) -> Placed | tuple[Entry, str] | None:
    """The first step that stood before and for which the law has no place afterwards: it fell, or a guard refuses it that did not."""
    fallen = {entry.id for entry, _ in before.fallen}
    for entry, state in after.fallen:
        if entry.id not in fallen and any(one.entry.id == entry.id for one in before.placed):
            return entry, state
    stood = {one.entry.id for one in before.placed if one.refused is None}
    return next((one for one in after.placed if one.refused is not None and one.entry.id in stood), None)
