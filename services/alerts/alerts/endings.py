"""What the end of a measure does to alerts, the same day and without anyone's action (law 7; DRR art. 7, 23, 40)."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from kit.work import Work
from services.alerts.alerts import repository
from services.alerts.alerts.rules import MINIMUM_PERSONS
from services.alerts.alerts.service import end_alert, hand_over_alert, shrink_alert
from services.alerts.checkins import service as checkins
from services.alerts.watched import repository as measures
from services.alerts.watched import service as watched
from services.alerts.watched.service import MeasureReport


async def take_measure(work: Work, person_id: UUID, told: MeasureReport, told_at: datetime, *, ended: bool) -> None:
    """Store what the registry reported of a measure; close the open alerts about a person who owes nothing any more."""
    if not await watched.take_measure(work, person_id, told, told_at, ended=ended):
        await drop_person(work, person_id)
        if ended:
            await checkins.erase_person(work, person_id)
    else:
        await follow_person(work, person_id)


async def take_move(work: Work, person_id: UUID, division_code: str, told_at: datetime) -> None:
    """Another town is responsible from now on."""
    await watched.take_move(work, person_id, division_code, told_at)
    await follow_person(work, person_id)


async def follow_person(work: Work, person_id: UUID) -> None:
    """What is open about this person alone goes to the town that answers for them (DRR art. 22): nobody else may open their record."""
    town = await measures.division_of(work.session, person_id, work.today)
    if town is None:
        return
    for alert in await repository.open_alerts_of(work.session, person_id):
        if alert.person_ids == [person_id] and alert.division_code != town:
            await hand_over_alert(work, alert, town)


async def take_end(work: Work, person_id: UUID, on: date, told_at: datetime) -> None:
    """Death, transfer out or three years clean."""
    if not await watched.take_end(work, person_id, on, told_at):
        await drop_person(work, person_id)
        await checkins.erase_person(work, person_id)


async def drop_person(work: Work, person_id: UUID) -> None:
    """Take a person out of every open alert; an alert about nobody else, or a gathering of too few, is closed."""
    for alert in await repository.open_alerts_of(work.session, person_id):
        left = [other for other in alert.person_ids if other != person_id]
        if alert.kind == "gathering" and len(left) >= MINIMUM_PERSONS:
            gone = await repository.checkins_of(work.session, alert.checkin_ids, person_id)
            await shrink_alert(work, alert, left, [item for item in alert.checkin_ids if item not in gone])
        else:
            await end_alert(work, alert)


async def drop_ended(work: Work) -> int:
    """The same for everybody whose measure ended by its date: the daily safeguard when no event came. The number of people."""
    ended = await repository.people_without_basis(work.session, work.today)
    for person_id in ended:
        await drop_person(work, person_id)
    return len(ended)
