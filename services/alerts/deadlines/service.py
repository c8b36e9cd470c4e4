"""Use cases of deadlines: neighbours' deadlines and reviews of alerts. A reminder is for the unit and says nothing about a person's guilt."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from kit.clock import day_start
from kit.work import Work
from services.alerts.alerts import endings, repository
from services.alerts.alerts.rules import ESCALATE_WORKING_DAYS
from services.alerts.alerts.service import Matter, escalate_alert, expire_alert, raise_once, withdraw_alert
from services.alerts.alerts.working_days import working_days_before
from services.alerts.watched import repository as watched
from services.alerts.watched.rules import REMINDER_DAYS
from services.alerts.watched.service import is_watched


async def test_missed(work: Work, person_id: UUID, division_code: str, plan_id: UUID, due_on: date, code: str) -> None:
    """A due test was not done: the unit finds out why. Later judgements about the same test close the reminder; none counts as evasion by itself."""
    key = f"test_missed:{plan_id}"
    if code != "missed":
        await _withdraw(work, key)
        return
    if not await is_watched(work, person_id):
        return
    reasons = [{"code": "test_missed", "numbers": {"due_on": due_on.isoformat()}}]
    at = day_start(due_on)
    await raise_once(work, Matter(key, "test_missed", "low", division_code, at, work.now, reasons, (person_id,)))


async def rectification_overdue(work: Work, subject_id: UUID, division_code: str, deadline: date) -> None:
    """A firm's term for rectification passed. Concerns no person."""
    reasons = [{"code": "rectification_overdue", "numbers": {"due_on": deadline.isoformat()}}]
    matter = Matter(f"rectification:{subject_id}", "rectification_overdue", "medium", division_code, work.now, work.now, reasons)
    await raise_once(work, matter)


async def rectification_closed(work: Work, subject_id: UUID) -> None:
    """It was made good: the reminder has lost its cause."""
    await _withdraw(work, f"rectification:{subject_id}")


async def _withdraw(work: Work, key: str) -> None:
    alert = await repository.alert_of_key(work.session, key)
    if alert is not None and alert.state != "closed":
        await withdraw_alert(work, alert)


async def remind_of_endings(work: Work) -> int:
    """Remind the unit of measures about to end, so that the notice is on time (DRR art. 23). How many reminders there are."""
    rows = await watched.ending_between(work.session, work.today, work.today + timedelta(days=REMINDER_DAYS))
    for row in rows:
        until: date = row["until"]
        numbers = {"until": until.isoformat(), "days": (until - work.today).days}
        key = f"ending:{row['measure_id']}:{until.isoformat()}"
        reasons = [{"code": "measure_ending", "numbers": numbers}]
        matter = Matter(key, "measure_ending", "low", row["division_code"], work.now, work.now, reasons, (row["person_id"],))
        await raise_once(work, matter)
    return len(rows)


async def review_deadlines(work: Work) -> dict[str, int]:
    """Close what nobody may be asked about any more, tell the county what nobody looked at, dismiss what nobody reviewed in time."""
    ended = await endings.drop_ended(work)
    due = await repository.overdue(work.session, work.now)
    for alert in due:
        await expire_alert(work, alert)
    early = day_start(working_days_before(work.today, ESCALATE_WORKING_DAYS, work.house.works))
    waiting = await repository.unlooked_at(work.session, early)
    for alert in waiting:
        await escalate_alert(work, alert)
    return {"ended": ended, "expired": len(due), "escalated": len(waiting)}
