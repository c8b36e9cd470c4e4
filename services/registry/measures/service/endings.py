"""Measures end by themselves: on their last day, and when the person's standing ends supervision (law 7; DRR art. 7, 23, 40). Set-based."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, update

from kit import outbox
from kit.db import copy_rows, new_id
from kit.work import Work
from services.registry.events import MeasureEnded
from services.registry.measures import repository
from services.registry.measures.events import outbox_row
from services.registry.measures.rules.states import EXCLUSIVE, runs_on
from services.registry.measures.rules.transitions import MACHINE
from services.registry.measures.service.lives import rewrite_stretches
from services.registry.measures.tables import Measure, MeasureEvent
from services.registry.people import repository as people

ENDINGS: dict[str, str] = {
    "three_years_clean": "end_supervision",
    "dead": "die",
    "transferred_out": "transfer_out",
    "erroneous": "revoke",
}
"""Standing that ends supervision → the step with which its measures end."""

FOUND_MISTAKEN = "registered by mistake: PIPL art. 46"
"""What a revocation rests on that no organ decided: the registration was a mistake."""

CLOSES_RECORD = frozenset({"three_years_clean", "dead"})
"""After these the record is closed (domain 2.5); after the others another county or a correction holds it."""


async def end_measures_of(work: Work, person_ids: Iterable[UUID], on: date, reason: str) -> int:
    """End every open measure of these persons from `on`, because their standing became `reason`; the number of measures ended.

    `reason` is one of people.rules.ENDS_SUPERVISION. For `three_years_clean` and `dead` the persons' records close too. Calling it again changes nothing.
    """
    return await end_measures(work, dict.fromkeys(person_ids, on), reason)


async def end_measures(work: Work, ends: Mapping[UUID, date], reason: str) -> int:
    """`end_measures_of` with a day of its own for each person."""
    if not ends:
        return 0
    running = await repository.open_measures_of(work.session, list(ends), lock=True)
    await close_measures(work, running, ends, reason, ENDINGS[reason], FOUND_MISTAKEN if reason == "erroneous" else "")
    if reason in CLOSES_RECORD:
        await people.close_records(work, ends)
    return len(running)


async def cut_short(work: Work, ends: Mapping[UUID, date]) -> dict[UUID, RowMapping]:
    """Person → the measure that would be cut short, if everything ended for the person on that day.

    A measure is ordered for a term, and an entry in a list cannot shorten it (NCL art. 33; DRR art. 14, 23); a term that stands still or
    has not begun has no last day yet. Voluntary treatment is not included: it is the person's own (NCL art. 36).
    """
    if not ends:
        return {}
    days = {key: min(day, work.today) for key, day in ends.items()}  # a day in the future is not reached yet
    running = await repository.open_measures_of(work.session, list(days))
    return {
        measure["person_id"]: measure
        for measure in running
        if measure["kind"] in EXCLUSIVE and runs_on(measure["kind"], measure["state"], measure["term_end"], days[measure["person_id"]])
    }


async def end_due(work: Work, person_ids: Sequence[UUID] | None = None) -> int:
    """Discharge what reached its last day, effective on that day whenever it is written down; the number of measures (DRR art. 23, 40)."""
    due = await repository.expired_measures(work.session, work.today, person_ids)
    days = {measure["id"]: measure["term_end"] for measure in due}
    await close_measures(work, due, days, "term_end", "expire", key="id")
    return len(due)


async def close_measures(
    work: Work,
    measures: Sequence[RowMapping],
    days: Mapping[UUID, date],
    reason: str,
    event: str,
    source: str = "",
    *,
    key: str = "person_id",
) -> None:
    """Take the step that ends measures, set-based: rows, history, events, one audit row. `days` is by the measure's `key`; no measure ends before it began.

    `source`: what it rests on, where that is not what the step declares.
    """
    if not measures:
        return
    ended: list[dict[str, Any]] = []
    for measure in measures:
        step = MACHINE.step(measure["state"], event, measure["kind"])
        on = max(days[measure[key]], measure["term_start"] or measure["ordered_on"] or date.min)
        named = {"from_state": measure["state"], "state": step.target, "source": source or step.source}
        ended.append({**measure, **named, "ended_on": on})
    table = Measure.metadata.tables["registry.measure"]
    statement = (
        update(table)
        .where(table.c.id == bindparam("measure_id"))
        .values(
            state=bindparam("to_state"),
            ended_on=bindparam("day"),
            end_reason=reason,
            version=table.c.version + 1,
            updated_at=work.now,
            suspended_on=None,
        )
    )
    connection = await work.session.connection()
    await connection.execute(statement, [{"measure_id": row["id"], "day": row["ended_on"], "to_state": row["state"]} for row in ended])
    history = [
        {
            "id": new_id(),
            "measure_id": row["id"],
            "event": event,
            "from_state": row["from_state"],
            "to_state": row["state"],
            "happened_on": row["ended_on"],
            "legal_source": row["source"],
            "reason": reason,
            "details": {},
            "recorded_by": work.principal.subject,
            "recorded_at": work.now,
        }
        for row in ended
    ]
    await copy_rows(work.session, MeasureEvent.metadata.tables["registry.measure_event"], history)
    if event != "expire":  # the last day of a running term stands in the stretches from its beginning
        await rewrite_stretches(work, [row["id"] for row in ended])
    events = [outbox_row(MeasureEnded, row, row["ended_on"], reason, work.origin) for row in ended]
    await outbox.append_all(work.session, work.house.schema, events)
    await work.note("measure.end", "measure", *(row["id"] for row in ended), details={"reason": reason, "count": len(ended)})


__all__ = ["CLOSES_RECORD", "ENDINGS", "close_measures", "cut_short", "end_due", "end_measures", "end_measures_of"]
