"""Use cases of deadlines: neighbours' deadlines and reviews of alerts. A reminder is for the unit and says nothing about a person's guilt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from kit.clock import day_start
from kit.work import Work
from services.alerts.alerts import endings, repository
from services.alerts.alerts.rules import ESCALATE_WORKING_DAYS
from services.alerts.alerts.service import AlertContent, escalate_alert, expire_alert, raise_alert, withdraw_alert
from services.alerts.alerts.tables import Alert
from services.alerts.alerts.working_days import working_days_before
from services.alerts.deadlines.rules import is_upheld
from services.alerts.watched import repository as watched
from services.alerts.watched.rules import REMINDER_DAYS
from services.alerts.watched.service import is_watched


@dataclass(frozen=True, slots=True)
class Word:
    """The time and id of a neighbour's event: of two events about one duty the later one counts, in any order of arrival."""

    at: datetime
    event_id: UUID


async def test_missed(work: Work, person_id: UUID, division_code: str, plan_id: UUID, due_on: date, code: str, word: Word) -> None:
    """A due test was not done: the unit finds out why. None of it counts as evasion by itself; a word that takes the cause away closes the reminder."""
    key = f"test_missed:{plan_id}"
    if not is_upheld(code):
        await _cause_ends(work, key, word)
    elif await is_watched(work, person_id):
        reasons = [{"code": "test_missed", "numbers": {"due_on": due_on.isoformat()}}]
        content = AlertContent(key, "test_missed", "low", division_code, day_start(due_on), work.now, reasons, (person_id,), due_on=due_on)
        await _cause_stands(work, content, word)


async def rectification_overdue(work: Work, subject_id: UUID, division_code: str, deadline: date, word: Word) -> None:
    """A firm's term for rectification passed. Concerns no person."""
    reasons = [{"code": "rectification_overdue", "numbers": {"due_on": deadline.isoformat()}}]
    key = f"rectification:{subject_id}"
    content = AlertContent(key, "rectification_overdue", "medium", division_code, work.now, work.now, reasons, due_on=deadline)
    await _cause_stands(work, content, word)


async def rectification_closed(work: Work, subject_id: UUID, word: Word) -> None:
    """The order was fulfilled: the reminder has lost its cause."""
    await _cause_ends(work, f"rectification:{subject_id}", word)


def _is_old(newest: Alert, word: Word) -> bool:
    """Whether this event about the duty, or a later one, is already stored."""
    return newest.told_at is not None and (word.at, str(word.event_id)) <= (newest.told_at, str(newest.told_by or ""))


async def _cause_stands(work: Work, content: AlertContent, word: Word) -> None:
    """One occurrence of one duty is one alert: told twice it stays one, whatever a person made of it; a new deadline, or a cause that had ended, is another."""
    newest = await repository.newest_of_key(work.session, content.key)
    if newest is not None:
        if _is_old(newest, word):
            return
        if newest.cause_ended_at is None and newest.due_on in (None, content.due_on):
            await repository.note_word(work.session, newest.id, word.at, word.event_id)
            return
    await raise_alert(work, replace(content, told_at=word.at, told_by=word.event_id))


async def _cause_ends(work: Work, key: str, word: Word) -> None:
    """The duty gives no cause any more: every open alert about it is withdrawn, of whichever occurrence."""
    newest = await repository.newest_of_key(work.session, key)
    if newest is None or _is_old(newest, word):
        return
    for alert in await repository.open_of_key(work.session, key):
        await withdraw_alert(work, alert)
    await repository.note_word(work.session, newest.id, word.at, word.event_id, cause_ended_at=work.now)


async def remind_of_endings(work: Work) -> int:
    """Remind the unit of measures about to end, so that the notice is on time (DRR art. 23). How many reminders there are.

    A term that was moved is another deadline: what reminded of the old one is withdrawn.
    """
    rows = await watched.ending_between(work.session, work.today, work.today + timedelta(days=REMINDER_DAYS))
    ending = {f"ending:{row['measure_id']}": row for row in rows}
    for alert in await repository.open_reminders(work.session):
        row = ending.get(alert.key)
        if alert.due_on is not None and alert.due_on > work.today and (row is None or row["until"] != alert.due_on):
            await withdraw_alert(work, alert)
    for key, row in ending.items():
        until: date = row["until"]
        newest = await repository.newest_of_key(work.session, key)
        if newest is not None and newest.due_on == until:
            continue
        numbers = {"until": until.isoformat(), "days": (until - work.today).days}
        reasons = [{"code": "measure_ending", "numbers": numbers}]
        persons = (row["person_id"],)
        await raise_alert(
            work, AlertContent(key, "measure_ending", "low", row["division_code"], work.now, work.now, reasons, persons, due_on=until)
        )
    return len(rows)


async def review_deadlines(work: Work) -> dict[str, int]:
    """Close alerts without a legal basis, escalate unseen alerts to the county office, and dismiss alerts that were not reviewed in time."""
    ended = await endings.drop_ended(work)
    due = await repository.overdue(work.session, work.now)
    for alert in due:
        await expire_alert(work, alert)
    early = day_start(working_days_before(work.today, ESCALATE_WORKING_DAYS, work.house.works))
    waiting = await repository.unlooked_at(work.session, early)
    for alert in waiting:
        await escalate_alert(work, alert)
    return {"ended": ended, "expired": len(due), "escalated": len(waiting)}
