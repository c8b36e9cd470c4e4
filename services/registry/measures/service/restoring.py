"""Gives back the measures that a mistaken standing had ended: a wrong death has its way back (PIPL art. 46). Each gets a new row; the old ones stay (law 5)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kit.work import Work
from services.registry import events
from services.registry.measures import repository
from services.registry.measures.errors import NotCorrectable
from services.registry.measures.events import measure_event
from services.registry.measures.rules.states import EXCLUSIVE, OPEN
from services.registry.measures.service.endings import ENDINGS
from services.registry.measures.service.replaced import correct
from services.registry.measures.tables import Measure, MeasureEvent
from services.registry.people.tables import Standing

STOOD_STILL = {"suspended": "suspend", "escaped": "escape"}


async def restore_measures(work: Work, person_id: UUID, mistaken: Standing, reason: str) -> int:
    """Put back every measure as it stood before the standing ended it; the number of measures. Raises NotCorrectable when another has begun since.

    Standing and ends are written in one act, at the same moment: this is how they are found, also those of the first release.
    """
    event = ENDINGS[mistaken.status]
    restored = 0
    measures = await repository.measures_of(work.session, person_id)
    for measure in measures:
        history = await repository.history_of(work.session, measure.id)
        taken_back = {entry.corrects_id for entry in history if entry.corrects_id is not None}
        ended = next(
            (e for e in history if e.event == event and e.recorded_at == mistaken.recorded_at and e.id not in taken_back),
            None,
        )
        if ended is None:
            continue
        if measure.kind in EXCLUSIVE and any(m.id != measure.id and m.kind in EXCLUSIVE and m.state in OPEN for m in measures):
            raise NotCorrectable
        await take_back(work, measure, ended, history, reason)
        restored += 1
    return restored


async def take_back(work: Work, measure: Measure, ended: MeasureEvent, history: list[MeasureEvent] | Any, reason: str) -> None:
    """Write that an end was recorded by mistake: row, history, event and audit."""
    await correct(work, measure, ended, ended.details.get("replaced") or _before(ended, history), reason)
    kind = events.MeasureSuspended if measure.state == "suspended" else events.MeasureResumed
    await work.publish(measure_event(kind, measure.model_dump(), work.today, "correction"), measure.person_id, measure.division_code)


def _before(ended: MeasureEvent, history: Any) -> dict[str, Any]:
    """What an end had replaced, for ends that do not say it: those of the first release."""
    still = [entry.happened_on for entry in history if entry.event == STOOD_STILL.get(ended.from_state)]
    return {
        "state": ended.from_state,
        "ended_on": None,
        "end_reason": None,
        "suspended_on": max(still).isoformat() if still else None,
    }
