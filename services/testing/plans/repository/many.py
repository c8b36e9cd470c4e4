"""Statements over many due tests at once: what followers and jobs use. No query per row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kit.db import new_id
from kit.steps.machine import START, Step
from services.testing.plans.rules import Kept, Slot

BATCH = 20_000
"""Rows per insert: 20,000 due tests are about 3 MB of parameters."""

_CHANGED = """
, noted as (insert into testing.plan_change (due_test_id, event, from_state, to_state, due_on, source, reason, words, recorded_by, recorded_at)
            select id, :event, old_state, state, due_on, :source, :reason, '', :actor, :now from changed)
select id, person_id, measure_id, division_code, kind, specimen_type, due_on, window_from, window_to, old_state from changed"""


@dataclass(frozen=True, slots=True)
class NewDueTest:
    """A new due test of a measure."""

    person_id: UUID
    measure_id: UUID
    division_code: str
    scheme_code: str
    specimen_type: str
    slot: Slot


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a step, when, and why."""

    actor: str
    now: datetime
    reason: str = ""


async def insert_owed(session: AsyncSession, owed: Sequence[NewDueTest], step: Step, by: Actor) -> None:
    """Insert due tests with the step that makes them; a day that another transaction planned meanwhile keeps its row and its history."""
    statement = text(
        """with made as (
           insert into testing.due_test (id, person_id, measure_id, kind, specimen_type, division_code, owed_in, scheme_code, number, planned_on, due_on,
                                         window_from, window_to, state, moved, version, created_at, updated_at)
           select id, person_id, measure_id, 'mandatory', specimen_type, division_code, division_code, scheme_code, number, due_on, due_on,
                  window_from, window_to, :target, false, 1, cast(:now as timestamptz), cast(:now as timestamptz)
             from unnest(cast(:ids as uuid[]), cast(:persons as uuid[]), cast(:measures as uuid[]), cast(:specimens as text[]), cast(:towns as text[]),
                         cast(:schemes as text[]), cast(:numbers as int[]), cast(:due as date[]), cast(:first as date[]), cast(:last as date[]))
                  as t(id, person_id, measure_id, specimen_type, division_code, scheme_code, number, due_on, window_from, window_to)
           on conflict (measure_id, specimen_type, planned_on) where planned_on is not null and state <> 'cancelled' do nothing
           returning id, state, due_on)
           insert into testing.plan_change (due_test_id, event, from_state, to_state, due_on, source, reason, words, recorded_by, recorded_at)
           select id, :event, :origin, state, due_on, :source, :reason, '', :actor, :now from made order by id"""
    )
    for start in range(0, len(owed), BATCH):
        part = owed[start : start + BATCH]
        parameters = {
            **_told(step, by),
            "origin": START,
            "ids": [new_id() for _ in part],
            "persons": [item.person_id for item in part],
            "measures": [item.measure_id for item in part],
            "specimens": [item.specimen_type for item in part],
            "towns": [item.division_code for item in part],
            "schemes": [item.scheme_code for item in part],
            "numbers": [item.slot.number for item in part],
            "due": [item.slot.due_on for item in part],
            "first": [item.slot.window_from for item in part],
            "last": [item.slot.window_to for item in part],
        }
        await session.execute(statement, parameters)


async def forget_unopened(session: AsyncSession, measure_ids: Sequence[UUID], states: Sequence[str]) -> int:
    """Delete due tests of these measures that were never published, so that no list shows them; the number deleted."""
    statement = text(
        """delete from testing.due_test where measure_id = any(cast(:measures as uuid[])) and state = any(cast(:states as text[]))
              and opened_at is null and not moved and number is not null returning id"""
    )
    return len((await session.execute(statement, {"measures": list(measure_ids), "states": list(states)})).all())


async def _changed(session: AsyncSession, step: Step, where: str, by: Actor, extra: dict[str, Any]) -> Sequence[Any]:
    statement = text(
        f"""with old as (select id, state as old_state from testing.due_test where state = any(cast(:origins as text[])) and {where} for update),
            changed as (update testing.due_test d set state = :target, version = d.version + 1, updated_at = :now from old where d.id = old.id
                        returning d.*, old.old_state)
            {_CHANGED}"""
    )
    parameters = {"origins": sorted(step.origins), **_told(step, by), **extra}
    return (await session.execute(statement, parameters)).all()


def _told(step: Step, by: Actor) -> dict[str, Any]:
    return {
        "target": step.target,
        "event": step.event,
        "source": step.source,
        "reason": by.reason,
        "actor": by.actor,
        "now": by.now,
    }


async def change_all_of(session: AsyncSession, step: Step, measure_id: UUID, since: date | None, by: Actor) -> Sequence[Any]:
    """Take a declared step with every due test of a measure whose window reaches to a day or beyond; with None, with every one."""
    where = "measure_id = cast(:measure as uuid) and (cast(:since as date) is null or window_to >= :since)"
    return await _changed(session, step, where, by, {"measure": measure_id, "since": since})


async def change_before(session: AsyncSession, step: Step, measure_id: UUID, day: date, by: Actor) -> Sequence[Any]:
    """Take a declared step with every due test of a measure whose day lies before a day."""
    return await _changed(session, step, "measure_id = cast(:measure as uuid) and due_on < :day", by, {"measure": measure_id, "day": day})


async def change_all_of_person(session: AsyncSession, step: Step, person_id: UUID, since: date, by: Actor) -> Sequence[Any]:
    """Take a declared step with every mandatory due test of a person whose window reaches to a day or beyond."""
    where = "person_id = cast(:person as uuid) and kind = 'mandatory' and window_to >= :since"
    return await _changed(session, step, where, by, {"person": person_id, "since": since})


async def change_passed(session: AsyncSession, step: Step, today: date, by: Actor, *, voluntary: bool) -> Sequence[Any]:
    """Take a declared step with every scheduled test whose window has passed: the voluntary ones, or all others."""
    where = "state = 'scheduled' and window_to < :today and (kind = 'voluntary') = :voluntary"
    return await _changed(session, step, where, by, {"today": today, "voluntary": voluntary})


async def open_windows(session: AsyncSession, today: date, now: datetime) -> Sequence[Any]:
    """Mark and return the due tests whose window has opened."""
    statement = text(
        """update testing.due_test set opened_at = :now where state = 'scheduled' and opened_at is null and window_from <= :today and window_to >= :today
           returning id, person_id, measure_id, division_code, kind, specimen_type, due_on, window_from, window_to"""
    )
    return (await session.execute(statement, {"today": today, "now": now})).all()


async def place(session: AsyncSession, person_id: UUID) -> None:
    """Let a person's due tests follow the town that is responsible now; a test whose window is over stays with the town that owed it, for
    the figures.
    """
    statement = text(
        """update testing.due_test d set division_code = s.division_code,
                  owed_in = case when d.state in ('scheduled', 'paused') then s.division_code else d.owed_in end
             from testing.subject s
            where d.person_id = cast(:person as uuid) and s.person_id = d.person_id and d.division_code <> s.division_code"""
    )
    await session.execute(statement, {"person": person_id})


async def kept_of(session: AsyncSession, measure_ids: Sequence[UUID]) -> dict[UUID, list[Kept]]:
    """Measure → its due tests that a new planning does not change.

    A cancelled test is owed again, and an extra test does not replace a test of the scheme.
    """
    statement = text(
        """select measure_id, specimen_type, scheme_code, number, planned_on, window_from, window_to from testing.due_test
            where measure_id = any(cast(:measures as uuid[])) and state <> 'cancelled' and number is not null"""
    )
    found: dict[UUID, list[Kept]] = {}
    for row in await session.execute(statement, {"measures": list(measure_ids)}):
        found.setdefault(row.measure_id, []).append(
            Kept(row.specimen_type, row.scheme_code, row.number, row.planned_on, row.window_from, row.window_to)
        )
    return found


async def outdated_measures(session: AsyncSession, schemes: Sequence[str], today: date) -> int:
    """Mark for planning the running measures whose open tests come from a scheme that is no longer in force; how many."""
    statement = text(
        """update testing.watched_measure m set unplanned = true
            where not m.unplanned and exists (
                  select 1 from testing.due_test d where d.measure_id = m.measure_id and d.state = 'scheduled' and d.opened_at is null and not d.moved
                     and d.number is not null and d.due_on >= :today and d.scheme_code <> all(cast(:schemes as text[])))"""
    )
    found = await session.execute(statement, {"schemes": list(schemes), "today": today})
    return int(getattr(found, "rowcount", 0))


def due_test_fields(row: Any) -> dict[str, Any]:
    """The fields of every event about a due test."""
    names = ("division_code", "measure_id", "kind", "specimen_type", "due_on", "window_from", "window_to")
    return {"plan_id": row.id, **{name: getattr(row, name) for name in names}}
