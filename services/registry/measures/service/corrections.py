"""Takes a step back that was recorded by mistake: a new row names the old one and the reason, and the old one stays (law 5; PIPL art. 46)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from kit.etags import check_version
from kit.work import Work
from services.registry import events
from services.registry.measures import policy, repository
from services.registry.measures.errors import MeasureNotFound, NotCorrectable
from services.registry.measures.events import measure_event
from services.registry.measures.rules.declared import POLICE
from services.registry.measures.rules.states import EXCLUSIVE, OPEN
from services.registry.measures.rules.transitions import EVENTS
from services.registry.measures.schemas import Correction
from services.registry.measures.service.endings import ENDINGS
from services.registry.measures.service.following import show_status
from services.registry.measures.service.replaced import correct
from services.registry.measures.service.restoring import restore_measures, take_back
from services.registry.measures.tables import Measure, MeasureEvent
from services.registry.people import repository as people
from services.registry.people.service import take_back_standing
from services.registry.people.tables import Standing

BEARS_OTHERS = frozenset({"decide_isolation", "change_to_community", "report_in_at_new_place"})
"""Steps that wrote other rows too: those rows would be left without their ground."""


async def correct_step(work: Work, measure_id: UUID, correction: Correction, if_match: str | None) -> Measure:
    """Put back what the last step replaced. Raises MeasureNotFound, Forbidden, StaleVersion, NotCorrectable."""
    measure = await repository.measure(work.session, measure_id, for_update=True)
    if measure is None:
        raise MeasureNotFound
    person = await people.person(work.session, measure.person_id, for_update=True)
    assert person is not None
    policy.may_change(work.principal, measure, person, POLICE)
    check_version(if_match, measure.version)
    history = await repository.history_of(work.session, measure_id)
    last = last_standing(history)
    if last is None or last.id != correction.corrects_id or last.event in BEARS_OTHERS:
        raise NotCorrectable
    standing = await _standing_behind(work, measure, last)
    if standing is not None or last.event == "die":
        return await _standing_back(work, measure, last, standing, correction)
    if "replaced" not in last.details or last.event not in EVENTS:
        raise NotCorrectable
    replaced: dict[str, Any] = last.details["replaced"]
    await _still_free(work, measure, str(replaced["state"]))
    was = measure.state
    await correct(work, measure, last, replaced, correction.reason)
    await show_status(work, person, measure, last.happened_on, correction.reason)
    await work.publish(
        measure_event(_event_for(was, measure.state), measure.model_dump(), work.today, "correction"),
        measure.person_id,
        measure.division_code,
    )
    return measure


def last_standing(history: Sequence[MeasureEvent]) -> MeasureEvent | None:
    """The last step that was not taken back: only this one can be."""
    taken_back = {entry.corrects_id for entry in history if entry.corrects_id is not None}
    return next((entry for entry in reversed(history) if entry.event != "correct" and entry.id not in taken_back), None)


async def _standing_behind(work: Work, measure: Measure, ended: MeasureEvent) -> Standing | None:
    """The standing in whose act this end was written, if there was one: a death, a registration found mistaken."""
    for status, event in ENDINGS.items():
        if event == ended.event:
            return await people.recorded_at(work.session, measure.person_id, status, ended.recorded_at)
    return None


async def _standing_back(work: Work, measure: Measure, ended: MeasureEvent, standing: Standing | None, correction: Correction) -> Measure:
    """What ended the measure was recorded by mistake: the person's standing and every measure that it had ended come back together."""
    if standing is not None:
        person = await people.person(work.session, measure.person_id, for_update=True)
        assert person is not None
        await take_back_standing(work, person, standing, correction.reason)
        await restore_measures(work, person.id, standing, correction.reason)
    else:  # the first release recorded the death in the measure alone
        await _still_free(work, measure, ended.from_state)
        await take_back(work, measure, ended, await repository.history_of(work.session, measure.id), correction.reason)
    await work.session.refresh(measure)
    return measure


def _event_for(was: str, state: str) -> type[events.MeasureEvent]:
    """The event after which neighbours resume or stop what the mistaken step had stopped or begun."""
    if state == "suspended":
        return events.MeasureSuspended
    if (was not in OPEN and state in OPEN) or was == "suspended":
        return events.MeasureResumed
    return events.MeasureChanged


async def _still_free(work: Work, measure: Measure, state: str) -> None:
    """A measure opens again only while no other exclusive one has begun. Raises NotCorrectable."""
    if measure.kind in EXCLUSIVE and state in OPEN:
        others = await repository.open_measures_of(work.session, [measure.person_id])
        if any(other["kind"] in EXCLUSIVE and other["id"] != measure.id for other in others):
            raise NotCorrectable
