"""Writes what follows from a changed history: the step, the row that repeats the life, its stretches, and the note of an end that the law moved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from kit.problems import Problem
from kit.steps.taking import take
from kit.work import Work
from services.registry import events
from services.registry.measures import repository
from services.registry.measures.rules.declared import MeasureStep
from services.registry.measures.rules.life import Entry, Founded, Life, Placed, life_of, overlap
from services.registry.measures.rules.states import EXCLUSIVE, OPEN, RUNNING, state_on
from services.registry.measures.rules.transitions import MACHINE
from services.registry.measures.service.endings import end_due
from services.registry.measures.service.lives import FAR, Told, keep_stretches, project
from services.registry.measures.tables import Measure, MeasureEvent


async def settle(
    work: Work, measure: Measure, told: Told, entries: Sequence[Entry], after: Life, rows: Sequence[tuple[Placed, dict[str, Any]]]
) -> None:
    """Write more rows of the history with the life that follows from `entries`. `rows`: each step as the law knows it on its day, with columns of its row.

    An end that the law brought is noted anew where the rows moved its day.
    """
    note = _note(told)
    if note is not None and after.expired_on != note.happened_on:
        why = {"measure_id": measure.id, "corrects_id": note.id, "recorded_by": work.principal.subject}
        step = MACHINE.step(measure.state, "correct", measure.kind)
        await _write(work, measure, step, "correct", note.from_state, note.happened_on, "期限变动", why)
        note = None
    awaited = after.expired_on is not None and note is None
    to = next(one.state for one in after.stretches if one.until == after.expired_on) if awaited else after.facts.state
    project(measure, after)
    for place, more in rows:
        entry = place.entry
        await _write(work, measure, place.step, entry.event, to, entry.on, entry.given.reason, more)
    await keep_stretches(work, {measure.id: (told.founded, entries)})
    if awaited:
        await end_due(work, [measure.person_id])
        await work.session.refresh(measure)


def _note(told: Told) -> MeasureEvent | None:
    """The row that says that the law ended the measure, as long as it stands."""
    annulled = {row.corrects_id for row in told.history}
    return next((row for row in told.history if row.event == "expire" and row.id not in annulled), None)


async def _write(work: Work, measure: Measure, step: MeasureStep, event: str, to: str, on: date, reason: str, more: dict[str, Any]) -> None:
    await take(
        work,
        MACHINE,
        measure,
        event,
        MeasureEvent,
        noted=("measure", measure.id, "measure"),
        on=on,
        reason=reason,
        more=more,
        details={"kind": measure.kind},
        kind=measure.kind,
        to=to,
        past=step,
    )


async def annul(work: Work, measure: Measure, told: Told, after: Life, annulment: Entry) -> None:
    """Write that a row of the history was a mistake, and what follows from the others (PIPL art. 46)."""
    more = {"measure_id": measure.id, "corrects_id": annulment.corrects, "recorded_by": work.principal.subject}
    place = Placed(annulment, MACHINE.step(measure.state, "correct", measure.kind), told.life.facts, None)
    await settle(work, measure, told, (*told.entries, annulment), after, [(place, more)])


async def must_be_free(work: Work, measure: Measure, founded: Founded, entries: Sequence[Entry], problem: type[Problem]) -> None:
    """One exclusive measure is executed on a day, and one of each kind, past days and days ahead included (domain 1); and one is open now. Raises `problem`.

    Only days that these entries add count: what a landed county has written side by side stops no other step.
    """
    ahead = life_of(founded, entries, FAR, work.house.works).stretches
    opens = measure.state not in OPEN and life_of(founded, entries, work.today, work.house.works).facts.state in OPEN
    others = [
        one
        for one in await repository.measures_of(work.session, measure.person_id)
        if one.id != measure.id and (one.kind == measure.kind or {one.kind, measure.kind} <= set(EXCLUSIVE))
    ]
    if opens and any(state_on(one.kind, one.state, one.term_end, work.today) in OPEN for one in others):
        raise problem
    stored = await repository.stretches_of(work.session, [measure.id, *(one.id for one in others)])
    added = [one for one in ahead if one.state in RUNNING and one not in stored[measure.id]]
    for other in others:
        theirs = [one for one in stored[other.id] if one.state in RUNNING]
        if any(overlap(one, their) for one in added for their in theirs):
            raise problem


def event_for(was: str, state: str) -> type[events.MeasureEvent]:
    """The event after which neighbours resume or stop what a late or mistaken step changes for them."""
    if state == "suspended":
        return events.MeasureSuspended
    if state not in OPEN and was in OPEN:
        return events.MeasureEnded
    if (was not in OPEN and state in OPEN) or was == "suspended":
        return events.MeasureResumed
    return events.MeasureChanged
