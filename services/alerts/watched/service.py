"""Use cases of the projection: the registry's events about measures and standings."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from kit.problems import invalid
from kit.roles import Role
from kit.work import Work
from services.alerts.places import service as places
from services.alerts.places.schemas import AbsenceGiven
from services.alerts.places.service import knowledge_changed
from services.alerts.places.tables import AnnouncedAbsence
from services.alerts.watched import policy, repository
from services.alerts.watched.rules import AbsenceFault, Reporter, absence_fault, limits_on, read_limits


class MeasureReport(BaseModel):
    """What alerts reads of a measure event of the registry."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    measure_id: UUID
    kind: str
    state: str
    division_code: str
    on: date
    term_start: date | None = None
    term_end: date | None = None


async def take_measure(work: Work, person_id: UUID, told: MeasureReport, told_at: datetime, *, ended: bool) -> bool:
    """Store a measure; whether the person still owes anything today."""
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


LIMITS = read_limits(csv.DictReader(Path(__file__).with_name("absences.csv").read_text("utf-8").splitlines()))
_FAULTS: Mapping[AbsenceFault, tuple[str, str, str]] = {
    "too_long": ("/last_day", "一次外出报告最长{longest_days}天;长期在外请办理执行地变更", "at most {longest_days} days at once; who stays away moves the place of execution"),
    "too_much_in_a_year": ("/last_day", "一年内报告的外出合计最多{days_in_year}天;长期在外请办理执行地变更", "at most {days_in_year} days in a year; who stays away moves the place of execution"),
    "too_late": ("/first_day", "外出报告最多补报{back_days}天", "a report may be at most {back_days} days late"),
    "too_early": ("/first_day", "外出报告最多提前{ahead_days}天", "a report may be at most {ahead_days} days ahead"),
}  # fmt: skip


async def record_absence(work: Work, given: AbsenceGiven) -> AnnouncedAbsence:
    """Record a person's report of absence; the same report again is the one that stands. Raises PersonNotWatched, Invalid."""
    division = await repository.division_of(work.session, given.person_id, work.today)
    policy.may_record_for(work.principal, division, given.person_id)
    await repository.hold_person(work.session, given.person_id)
    known = await places.absences_of(work, given.person_id)
    for absence in known:
        if (absence.first_day, absence.last_day, absence.county_code) == (given.first_day, given.last_day, given.county_code):
            return absence
    if given.first_day <= given.last_day:
        by: Reporter = "subject" if work.principal.has(Role.SUBJECT) else "staff"
        limits = limits_on(LIMITS, by, work.today)
        spans = [(absence.first_day, absence.last_day) for absence in known]
        fault = absence_fault(given.first_day, given.last_day, spans, work.today, limits)
        if fault is not None:
            pointer, zh, en = _FAULTS[fault]
            numbers = {name: getattr(limits, name) for name in ("longest_days", "days_in_year", "back_days", "ahead_days")}
            raise invalid(pointer, fault, zh.format(**numbers), en.format(**numbers))
    return await places.record_absence(work, given)
