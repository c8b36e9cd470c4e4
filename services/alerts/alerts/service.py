"""Use cases of alerts: raise, grow, acknowledge, assign, close. Each step is a declared transition, an audit row, a history row and an event."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from kit.db import new_id
from kit.etags import check_version
from kit.steps.machine import START
from kit.steps.taking import declared, take
from kit.work import Work
from services.alerts import staff
from services.alerts.alerts import policy, repository
from services.alerts.alerts.errors import NotFromHere
from services.alerts.alerts.rules import (
    MACHINE,
    REVIEW_WORKING_DAYS,
    Action,
    Finding,
    Kind,
    Severity,
    severity_of_gathering,
    without_the_gone,
)
from services.alerts.alerts.tables import Alert, AlertChange, AlertNote
from services.alerts.alerts.working_days import end_of_working_day
from services.alerts.checkins.service import limited_to
from services.alerts.events import AlertAcknowledged, AlertAssigned, AlertClosed, AlertEscalated, AlertEvent, AlertGrown, AlertRaised
from services.alerts.watched import repository as watched


@dataclass(frozen=True, slots=True)
class AlertContent:
    """What somebody must look at: ids, codes and numbers."""

    key: str
    kind: Kind
    severity: Severity
    division_code: str
    first_at: datetime
    last_at: datetime
    reasons: list[dict[str, Any]] = field(default_factory=list)
    person_ids: tuple[UUID, ...] = ()
    checkin_ids: tuple[UUID, ...] = ()
    cell: int | None = None
    parameters_from: str = ""
    due_on: date | None = None
    told_at: datetime | None = None
    told_by: UUID | None = None


async def raise_alert(work: Work, content: AlertContent) -> Alert:
    """Raise an alert: the first of its key, or the next occurrence of the same duty."""
    newest = await repository.newest_of_key(work.session, content.key)
    alert = Alert(
        key=content.key,
        occurrence=1 if newest is None else newest.occurrence + 1,
        due_on=content.due_on,
        told_at=content.told_at,
        told_by=content.told_by,
        kind=content.kind,
        severity=content.severity,
        state=START,  # pyright: ignore[reportArgumentType] - the step `raise` gives the first state
        division_code=content.division_code,
        first_at=content.first_at,
        last_at=content.last_at,
        reasons=content.reasons,
        person_ids=list(content.person_ids),
        checkin_ids=list(content.checkin_ids),
        cell=content.cell,
        parameters_from=content.parameters_from,
        raised_at=work.now,
        due_at=end_of_working_day(work.now, REVIEW_WORKING_DAYS, work.house.works),
        updated_at=work.now,
    )
    details = {"persons": len(alert.person_ids), "parameters": alert.parameters_from, "occurrence": alert.occurrence}
    await _take(work, alert, "raise", details, AlertRaised)
    return alert


async def grow_alert(work: Work, alert: Alert, content: AlertContent) -> None:
    """Update an open alert with what is known now. A closed one stays as a person left it; without news nothing changes."""
    if alert.state == "closed":
        return
    persons, checkins = sorted(content.person_ids), list(content.checkin_ids)
    if (sorted(alert.person_ids), alert.checkin_ids, alert.first_at, alert.last_at) == (
        persons,
        checkins,
        content.first_at,
        content.last_at,
    ):
        return
    alert.severity = content.severity
    alert.first_at, alert.last_at, alert.reasons = content.first_at, content.last_at, content.reasons
    alert.person_ids, alert.checkin_ids, alert.cell = persons, checkins, content.cell
    details = {"persons": len(persons), "checkins": len(checkins)}
    await _take(work, alert, "grow", details, AlertGrown)


async def shrink_alert(work: Work, alert: Alert, person_ids: list[UUID], checkin_ids: list[UUID]) -> None:
    """Take somebody whose measure ended out of an open alert, its reasons included: they must not go on counting them."""
    alert.person_ids, alert.checkin_ids = person_ids, checkin_ids
    alert.severity, alert.reasons = severity_of_gathering(len(person_ids)), without_the_gone(alert.reasons, len(person_ids))
    await _take(work, alert, "shrink", {"persons": len(person_ids)}, AlertGrown)


async def end_alert(work: Work, alert: Alert) -> None:
    """Close an alert about people who owe nothing any more."""
    await _close(work, alert, "end", "measure_ended", "")


async def withdraw_alert(work: Work, alert: Alert) -> None:
    """Close an alert whose cause was withdrawn by its source."""
    await _close(work, alert, "withdraw", "withdrawn", "")


async def merge_alert(work: Work, alert: Alert, into: Alert) -> None:
    """Close an alert that turned out to be part of another."""
    alert.key, alert.occurrence, alert.merged_into = f"merged:{alert.id}", 1, into.id
    await _close(work, alert, "merge", "merged", "")


async def expire_alert(work: Work, alert: Alert) -> None:
    """Nobody reviewed it in time: dismissed, and counted against the office (domain 11.4)."""
    await _close(work, alert, "expire", "expired", "")


async def hand_over_alert(work: Work, alert: Alert, division_code: str) -> None:
    """The person lives in another town now, which looks at it afresh; the time for review runs on."""
    details = {"from": alert.division_code, "to": division_code}
    alert.division_code, alert.assigned_to, alert.acknowledged_at, alert.acknowledged_by = division_code, None, None, None
    await _take(work, alert, "hand_over", details, AlertGrown)


async def escalate_alert(work: Work, alert: Alert) -> None:
    """Nobody has looked: tell the county office."""
    alert.escalated_at = work.now
    await _take(work, alert, "escalate", {}, AlertEscalated)


async def read_alert(work: Work, alert_id: UUID) -> Alert:
    """One alert. Raises AlertNotFound. Audited with the people whom the caller gets to see by it."""
    alert = await repository.alert(work.session, alert_id)
    policy.may_see(work.principal, alert, limits := await limited_to(work))
    assert alert is not None
    towns = await watched.divisions_of(work.session, alert.person_ids, work.today)
    await work.note(
        "alert.read",
        "alert",
        alert.id,
        *[who for who, town in towns.items() if work.scope.reaches(town) and (limits is None or who in limits)],
    )
    return alert


async def history_of(work: Work, alert_id: UUID) -> list[tuple[AlertChange, str | None]]:
    """The life of an alert, each step with what was written at it. Raises AlertNotFound."""
    alert = await read_alert(work, alert_id)
    sealed = await repository.notes_of(work.session, alert.id)
    notes = alert.notes | {str(row.id): work.sealer.open(row.text_sealed, "alert_note", "text", str(row.id)) for row in sealed}
    return [(change, notes.get(str(change.id))) for change in await repository.changes_of(work.session, alert.id)]


async def acknowledge(work: Work, alert_id: UUID, note: str | None, if_match: str | None) -> Alert:
    """I look at it. Raises AlertNotFound, NotFromHere, StaleVersion, VersionRequired."""
    alert = await _held(work, alert_id, if_match)
    declared(MACHINE, alert.state, "acknowledge", NotFromHere)
    alert.acknowledged_at, alert.acknowledged_by = work.now, work.principal.subject
    await _take(work, alert, "acknowledge", {}, AlertAcknowledged, note)
    return alert


async def assign(work: Work, alert_id: UUID, assignee: str, note: str | None, if_match: str | None) -> Alert:
    """Give it to a member of staff who is in service. Raises as `acknowledge`, and Forbidden, Invalid, Unavailable."""
    policy.may_assign(work.principal, await repository.alert(work.session, alert_id))
    member = await staff.serving(work, assignee, "/assignee")  # before the row is held: the answer may take a moment
    alert = await _held(work, alert_id, if_match)
    policy.may_assign(work.principal, alert)
    policy.may_look_at(member.division_code, alert)
    declared(MACHINE, alert.state, "assign", NotFromHere)
    alert.assigned_to, alert.assigned_name = member.code, member.name
    if alert.acknowledged_at is None:
        alert.acknowledged_at, alert.acknowledged_by = work.now, work.principal.subject
    await _take(work, alert, "assign", {"assignee": member.code}, AlertAssigned, note)
    return alert


async def close(work: Work, alert_id: UUID, finding: Finding, action_taken: str, if_match: str | None) -> Alert:
    """Close it with what a person found and what was done to help. Raises as `acknowledge`."""
    alert = await _held(work, alert_id, if_match)
    await _close(work, alert, "close", finding, action_taken)
    return alert


async def _held(work: Work, alert_id: UUID, if_match: str | None) -> Alert:
    alert = await repository.alert(work.session, alert_id, for_update=True)
    policy.may_see(work.principal, alert, await limited_to(work))
    assert alert is not None
    check_version(if_match, alert.version)
    return alert


def _note(work: Work, alert_id: UUID, step_id: UUID, words: str) -> AlertNote:
    return AlertNote(id=step_id, alert_id=alert_id, text_sealed=work.sealer.seal(words, "alert_note", "text", str(step_id)))


async def seal_landed_texts(work: Work) -> int:
    """Seal what people wrote under the first release, which kept it in clear. How many alerts."""
    alerts = await repository.alerts_in_clear(work.session)
    for alert in alerts:
        for step_id, words in alert.notes.items():
            work.session.add(_note(work, alert.id, UUID(step_id), words))
        if alert.action_taken:
            alert.action_sealed = work.sealer.seal(alert.action_taken, "alert", "action", str(alert.id))
        alert.notes, alert.action_taken = {}, None
        work.session.add(alert)
    if alerts:
        await work.session.flush()
        await work.note("alert.seal_landed", "alert", *[alert.id for alert in alerts])
    return len(alerts)


async def _close(work: Work, alert: Alert, action: Action, finding: Finding, action_taken: str) -> None:
    declared(MACHINE, alert.state, action, NotFromHere)
    alert.finding = finding
    if action_taken:
        alert.action_sealed = work.sealer.seal(action_taken, "alert", "action", str(alert.id))
    alert.closed_at, alert.closed_by = work.now, work.principal.subject
    await _take(work, alert, action, {"finding": finding}, AlertClosed)


async def _take(
    work: Work, alert: Alert, action: Action, details: dict[str, Any], event: type[AlertEvent], note: str | None = None
) -> None:
    """Take one declared step, with its history, audit row and event."""
    change_id = new_id()
    await take(
        work,
        MACHINE,
        alert,
        action,
        AlertChange,
        noted=("alert", alert.id, "alert"),
        problem=NotFromHere,
        more={
            "id": change_id,
            "alert_id": alert.id,
            "action": action,
            "from_state": None if alert.state == START else alert.state,
            "details": details,
            "changed_by": work.principal.subject,
            "changed_at": work.now,
        },
        details={"finding": alert.finding} if alert.finding else None,
    )
    if note:
        work.session.add(_note(work, alert.id, change_id, note))
    told = event(
        alert_id=alert.id,
        kind=alert.kind,
        severity=alert.severity,
        state=alert.state,
        division_code=alert.division_code,
        persons=len(alert.person_ids),
        finding=alert.finding,
        **({"assigned_to": alert.assigned_to} if event is AlertAssigned else {}),
    )
    await work.publish(told, alert.id, alert.division_code)
