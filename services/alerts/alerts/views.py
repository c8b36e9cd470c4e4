"""Alerts as messages: what of an alert this caller may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from kit.lists import Asked, Found, find_json
from kit.steps.taking import next_steps
from kit.work import Work
from services.alerts import cells as h3
from services.alerts.alerts import repository
from services.alerts.alerts.rules import DETECTED, MACHINE
from services.alerts.alerts.schemas import AlertAnswer, ReasonAnswer, ReasonNumbers
from services.alerts.alerts.sentences import sentence
from services.alerts.alerts.tables import Alert
from services.alerts.checkins.service import limited_to
from services.alerts.watched import repository as watched


async def detail_of(work: Work, alert: Alert) -> AlertAnswer:
    """An alert with its reasons; people and check-ins of other towns and caseloads are counted, not named (domain 11.1)."""
    divisions = await watched.divisions_of(work.session, alert.person_ids, work.today)
    limits = None if work.principal.staff_id == alert.assigned_to else await limited_to(work)
    reached = [person for person in alert.person_ids if person in divisions and work.scope.reaches(divisions[person])]
    persons = [person for person in reached if limits is None or person in limits]
    checkins = await repository.checkins_of_people(work.session, alert.checkin_ids, persons) if alert.checkin_ids else []
    return AlertAnswer(
        id=alert.id,
        kind=alert.kind,
        severity=alert.severity,
        state=alert.state,
        division_code=alert.division_code,
        first_at=alert.first_at,
        last_at=alert.last_at,
        persons=len(alert.person_ids),
        raised_at=alert.raised_at,
        due_at=alert.due_at,
        escalated=alert.escalated_at is not None,
        assigned_to=alert.assigned_to,
        assigned_name=alert.assigned_name,
        occurrence=alert.occurrence,
        due_on=alert.due_on,
        duty_id=_duty_of(alert),
        finding=alert.finding,
        closed_at=alert.closed_at,
        version=alert.version,
        reasons=[
            ReasonAnswer(code=r["code"], numbers=ReasonNumbers.model_validate(r["numbers"]), zh=sentence(r, "zh"), en=sentence(r, "en"))
            for r in alert.reasons
        ],
        person_ids=persons,
        checkin_ids=checkins,
        cell=h3.int_to_str(alert.cell) if alert.cell else None,
        parameters_from=alert.parameters_from,
        acknowledged_at=alert.acknowledged_at,
        acknowledged_by=alert.acknowledged_by,
        action_taken=alert.action_taken
        if alert.action_sealed is None
        else work.sealer.open(alert.action_sealed, "alert", "action", str(alert.id)),
        closed_by=alert.closed_by,
        merged_into=alert.merged_into,
        next_steps=next_steps(MACHINE, alert.state, work.principal),
    )


def _duty_of(alert: Alert) -> UUID | None:
    """What was due: the part of the key behind the kind, where it is an id."""
    try:
        return UUID(alert.key.partition(":")[2]) if alert.kind not in DETECTED and alert.forgotten_at is None else None
    except ValueError:
        return None


async def list_alerts(work: Work, asked: Asked, filters: Mapping[str, Any], division: str | None) -> Found:
    """Alerts of the caller's towns, or of one of them; of a worker those about the own caseload, and about nobody. Raises OutsideScope, BadCursor."""
    limits = await limited_to(work)
    cared = None if limits is None else sorted(map(str, limits))
    return await find_json(work, repository.ALERTS, asked, {**filters, "towns": work.scope.within(division).towns, "cared": cared})
