"""Takes rows of a history back that were recorded by mistake: a new row names the old one, both stay, and what follows is computed anew (law 5; PIPL art. 46)."""

from __future__ import annotations

from kit.db import new_id
from kit.work import Work
from services.registry import events
from services.registry.measures import repository
from services.registry.measures.errors import NotCorrectable
from services.registry.measures.events import measure_event
from services.registry.measures.rules.guards import Given
from services.registry.measures.rules.life import Entry
from services.registry.measures.service import lives
from services.registry.measures.service.endings import ENDINGS
from services.registry.measures.service.settling import annul, must_be_free
from services.registry.measures.tables import Measure, MeasureEvent
from services.registry.people.tables import Person, Standing


def annulling(mistaken: Entry, reason: str) -> Entry:
    """The row that takes another back, on the day of that one."""
    return Entry(new_id(), "correct", mistaken.on, Given(on=mistaken.on, reason=reason), corrects=mistaken.id)


async def restore_measures(work: Work, person: Person, mistaken: Standing, reason: str) -> int:
    """Give back every measure that a mistaken standing had ended; the number of measures. Raises NotCorrectable when another has begun since.

    Standing and ends are written in one act, at the same moment: this is how they are found, also those of the first release.
    """
    event = ENDINGS[mistaken.status]
    restored = 0
    measures = await repository.measures_of(work.session, person.id)
    told = await lives.told(work, measures, {person.id: person.birth_date})
    for measure in measures:
        annulled = {row.corrects_id for row in told[measure.id].history}
        ended = next(
            (
                row
                for row in told[measure.id].history
                if row.event == event and row.recorded_at == mistaken.recorded_at and row.id not in annulled
            ),
            None,
        )
        if ended is None:
            continue
        await take_back(work, measure, person, told[measure.id], ended, reason)
        kind = events.MeasureSuspended if measure.state == "suspended" else events.MeasureResumed
        await work.publish(measure_event(kind, measure.model_dump(), work.today, "correction"), measure.person_id, measure.division_code)
        restored += 1
    return restored


async def take_back(work: Work, measure: Measure, person: Person, told: lives.Told, mistaken: MeasureEvent, reason: str) -> None:
    """Write that a row of this history was a mistake. Raises NotCorrectable when the measure would run beside another."""
    row = annulling(lives.entry_of(mistaken, person.birth_date), reason)
    after = told.foreseen(row, work.today, work.house.works)
    await must_be_free(work, measure, told.founded, (*told.entries, row), NotCorrectable)
    await annul(work, measure, told, after, row)
