"""HTTP of what people announce about themselves."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from kit.roles import Role
from kit.work import UnitRoute, Work, allow
from services.alerts.places.schemas import AbsenceAnswer, AbsenceGiven
from services.alerts.watched import service

router = APIRouter(prefix="/alerts/v1", tags=["absences"], route_class=UnitRoute)

Recorder = Annotated[Work, allow(Role.SUBJECT, Role.SOCIAL_WORKER, Role.TOWN_OFFICER, Role.COUNTY_OFFICER)]


@router.post("/absences", status_code=201)
async def record_absence(work: Recorder, given: AbsenceGiven) -> AbsenceAnswer:
    """A written report of absence (DRR art. 19): a report, not a request. Days announced count against nobody."""
    absence = await service.record_absence(work, given)
    return AbsenceAnswer(
        id=absence.id, person_id=absence.person_id, first_day=absence.first_day, last_day=absence.last_day, county_code=absence.county_code
    )
