"""Takes a step back that was recorded by mistake: a new row names the old one and the reason, and the old one stays (law 5; PIPL art. 46)."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from kit.etags import check_version
from kit.work import Work
from services.registry import events as said
from services.registry.measures import policy, repository
from services.registry.measures.errors import MeasureNotFound, NotCorrectable
from services.registry.measures.events import said_of
from services.registry.measures.rules.states import EXCLUSIVE, OPEN
from services.registry.measures.rules.transitions import POLICE
from services.registry.measures.schemas import Correction
from services.registry.measures.tables import Measure, MeasureEvent

BEARS_OTHERS = frozenset({"decide_isolation", "change_to_community", "die", "report_in_at_new_place"})
"""Steps that wrote other rows too: those rows would be left without their ground."""

_DAYS = frozenset(
    {
        "served_on",
        "report_in_due",
        "reported_in_on",
        "agreement_on",
        "term_start",
        "term_end",
        "suspended_on",
        "transfer_due",
        "ended_on",
    }
)


async def correct_step(work: Work, measure_id: UUID, correction: Correction, if_match: str | None) -> Measure:
    """Put back what the last step replaced. Raises MeasureNotFound, Forbidden, StaleVersion, NotCorrectable."""
    measure = await repository.measure(work.session, measure_id, for_update=True)
    if measure is None:
        raise MeasureNotFound
    policy.may_change(work.principal, measure, POLICE)
    check_version(if_match, measure.version)
    history = await repository.history_of(work.session, measure_id)
    taken_back = {entry.corrects_id for entry in history if entry.corrects_id is not None}
    standing = [entry for entry in history if entry.event != "correct" and entry.id not in taken_back]
    last = standing[-1] if standing else None
    if last is None or last.id != correction.corrects_id or last.event in BEARS_OTHERS or "replaced" not in last.details:
        raise NotCorrectable
    replaced: dict[str, Any] = last.details["replaced"]
    await _still_free(work, measure, str(replaced["state"]))
    was = measure.state
    for column, value in replaced.items():
        setattr(measure, column, date.fromisoformat(value) if column in _DAYS and value is not None else value)
    measure.version += 1
    measure.updated_at = work.now
    work.session.add(
        MeasureEvent(
            measure_id=measure.id,
            event="correct",
            from_state=was,
            to_state=measure.state,
            happened_on=last.happened_on,
            legal_source="PIPL art. 46",
            reason=correction.reason,
            corrects_id=last.id,
            recorded_by=work.principal.subject,
            recorded_at=work.now,
        )
    )
    await work.session.flush()
    await work.publish(
        said_of(_word_for(was, measure.state), measure.model_dump(), work.today, "correction"), measure.person_id, measure.division_code
    )
    await work.note("measure.correct", "measure", measure.id, details={"event": last.event, "to": measure.state})
    return measure


def _word_for(was: str, state: str) -> type[said.MeasureEvent]:
    """What neighbours must hear, so that they take up or stop what the mistaken step had stopped or begun."""
    if state == "suspended":
        return said.MeasureSuspended
    if (was not in OPEN and state in OPEN) or was == "suspended":
        return said.MeasureResumed
    return said.MeasureChanged


async def _still_free(work: Work, measure: Measure, state: str) -> None:
    """A measure opens again only while no other exclusive one has begun. Raises NotCorrectable."""
    if measure.kind in EXCLUSIVE and state in OPEN:
        others = await repository.open_measures_of(work.session, [measure.person_id])
        if any(other["kind"] in EXCLUSIVE and other["id"] != measure.id for other in others):
            raise NotCorrectable
