"""Takes a step back that was recorded by mistake: a new row names the old one and the reason, and the old one stays (law 5; PIPL art. 46)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from kit.clock import WorkingDay
from kit.etags import check_version
from kit.work import Work
from services.registry.measures import policy, repository
from services.registry.measures.errors import MeasureNotFound, NotCorrectable
from services.registry.measures.events import measure_event
from services.registry.measures.rules.declared import POLICE
from services.registry.measures.rules.life import standing_entries, taken_away
from services.registry.measures.rules.transitions import EVENTS
from services.registry.measures.schemas import Correction
from services.registry.measures.service import lives, steps
from services.registry.measures.service.endings import ENDINGS
from services.registry.measures.service.following import show_status
from services.registry.measures.service.restoring import annulling, restore_measures, take_back
from services.registry.measures.service.settling import event_for
from services.registry.measures.tables import Measure, MeasureEvent
from services.registry.people import repository as people
from services.registry.people.service import take_back_standing
from services.registry.people.tables import Standing

BEGINNINGS = frozenset({"order", "transfer_in", "take_over"})
BEARS_OTHERS = frozenset({"decide_isolation", "change_to_community", "report_in_at_new_place"})
"""Steps that wrote other rows too: those rows would be left without their ground."""


async def correct_step(work: Work, measure_id: UUID, correction: Correction, if_match: str | None) -> Measure:
    """Annul a step that was recorded by mistake; what follows is computed from the others. Raises MeasureNotFound, Forbidden, StaleVersion, NotCorrectable."""
    measure = await repository.measure(work.session, measure_id, for_update=True)
    if measure is None:
        raise MeasureNotFound
    person = await people.person(work.session, measure.person_id, for_update=True)
    assert person is not None
    policy.may_change(work.principal, measure, person, POLICE)
    check_version(if_match, measure.version)
    told = (await lives.told(work, [measure], {person.id: person.birth_date}))[measure.id]
    mistaken = next((row for row in told.history if row.id == correction.corrects_id), None)
    if mistaken is None or mistaken.id not in correctable(told, work.today, work.house.works):
        raise NotCorrectable
    standing = await _standing_behind(work, measure, mistaken)
    if standing is not None:
        await take_back_standing(work, person, standing, correction.reason)
        await restore_measures(work, person, standing, correction.reason)
        await work.session.refresh(measure)
        return measure
    if mistaken.event not in EVENTS:
        raise NotCorrectable
    was = measure.state
    await take_back(work, measure, person, told, mistaken, correction.reason)
    await show_status(work, person, measure, mistaken.happened_on, correction.reason)
    await work.publish(
        measure_event(event_for(was, measure.state), measure.model_dump(), work.today, "correction"),
        measure.person_id,
        measure.division_code,
    )
    return measure


def correctable(told: lives.Told, today: date, working: WorkingDay) -> set[UUID]:
    """The rows that can be taken back: steps that stand, that wrote no other row, and on which no later step rests. A beginning is revoked instead (T18)."""
    found: set[UUID] = set()
    for entry in standing_entries(told.entries):
        if entry.event not in BEGINNINGS | BEARS_OTHERS | {"supersede"}:
            after = told.foreseen(annulling(entry, ""), today, working)
            if taken_away(told.life, after) is None:
                found.add(entry.id)
    return found


async def history_of(work: Work, measure_id: UUID) -> tuple[Sequence[MeasureEvent], set[UUID]]:
    """The rows of a history, oldest first, and the ids of those that can be taken back. Raises MeasureNotFound."""
    measure, history = await steps.history_of(work, measure_id)
    found = lives.tell(measure, history, date.min, work.today, work.house.works)
    return history, correctable(found, work.today, work.house.works)


async def _standing_behind(work: Work, measure: Measure, ended: MeasureEvent) -> Standing | None:
    """The standing in whose act this end was written, if there was one: a death, a registration found mistaken."""
    for status, event in ENDINGS.items():
        if event == ended.event:
            return await people.recorded_at(work.session, measure.person_id, status, ended.recorded_at)
    return None
