"""Use cases of the projection: what the registry told of measures and standings."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from kit.work import Work
from services.alerts.places import service as places
from services.alerts.places.schemas import AbsenceGiven
from services.alerts.places.service import knowledge_changed
from services.alerts.places.tables import AnnouncedAbsence
from services.alerts.watched import policy, repository


class MeasureTold(BaseModel):
    """What alerts reads of a measure event of the registry."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    measure_id: UUID
    kind: str
    state: str
    division_code: str
    on: date
    term_start: date | None = None
    term_end: date | None = None


async def take_measure(work: Work, person_id: UUID, told: MeasureTold, told_at: datetime, *, ended: bool) -> bool:
    """Store a measure as told; whether the person still owes anything today."""
    await repository.tell(
        work.session,
        {
            "measure_id": told.measure_id,
            "person_id": person_id,
            "kind": told.kind,
            "state": told.state,
            "division_code": told.division_code,
            "since": told.term_start,
            "until": told.term_end,
            "ended_on": told.on if ended else None,
            "told_at": told_at,
        },
    )
    await knowledge_changed(work)
    return await is_watched(work, person_id)


async def take_move(work: Work, person_id: UUID, division_code: str, told_at: datetime) -> None:
    """Another town is responsible from now on."""
    await repository.move_person(work.session, person_id, division_code, told_at)
    await knowledge_changed(work)


async def take_end(work: Work, person_id: UUID, on: date, told_at: datetime) -> bool:
    """Nothing is owed from that day on; whether anything is still owed today."""
    await repository.end_person(work.session, person_id, on, told_at)
    await knowledge_changed(work)
    return await is_watched(work, person_id)


async def is_watched(work: Work, person_id: UUID) -> bool:
    """Whether a measure runs today."""
    return await repository.division_of(work.session, person_id, work.today) is not None


async def record_absence(work: Work, given: AbsenceGiven) -> AnnouncedAbsence:
    """Record a person's report of absence. Raises PersonNotWatched, Invalid."""
    division = await repository.division_of(work.session, given.person_id, work.today)
    policy.may_record_for(work.principal, division, given.person_id)
    return await places.record_absence(work, given)
