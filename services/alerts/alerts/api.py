"""HTTP of alerts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from kit.citations import cite
from kit.etags import IfMatch, etag
from kit.lists import Asked, Key, Made, answer, answers, ask, find_made
from kit.roles import Role
from kit.schemas import DivisionCode
from kit.work import UnitRoute, Work, allow
from services.alerts.alerts import figures, service, views
from services.alerts.alerts.repository import ALERTS
from services.alerts.alerts.schemas import (
    Acknowledge,
    AlertAnswer,
    Assign,
    ChangeAnswer,
    ChangeDetails,
    Close,
    FiguresAnswer,
    Kind,
    ScoreAnswer,
    Severity,
    State,
)
from services.alerts.alerts.tables import Alert

router = APIRouter(prefix="/alerts/v1", tags=["alerts"], route_class=UnitRoute)
HISTORY = Made(
    name="alerts.alert_history", item=ChangeAnswer, sorts={"at": (Key("at", "timestamptz"),)}, default="at", counted={"action": "action"}
)

OFFICERS = (Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER)
Lister = Annotated[Work, allow(*OFFICERS)]
Opener = Annotated[Work, allow(*OFFICERS, personal=True)]
Counter = Annotated[Work, allow(*OFFICERS, Role.LEADER)]


@router.get("/alerts", responses=answers(ALERTS))
async def list_alerts(
    work: Lister,
    asked: Annotated[Asked, ask(ALERTS)],
    state: State | None = None,
    kind: Kind | None = None,
    severity: Severity | None = None,
    division_code: DivisionCode | None = None,
    assigned_to: Annotated[str | None, Query(max_length=200)] = None,
    is_open: Annotated[bool | None, Query(alias="open")] = None,
    overdue: bool | None = None,
) -> Response:
    """Alerts of the caller's towns, newest first."""
    filters = {"state": state, "kind": kind, "severity": severity, "assigned_to": assigned_to, "open": is_open, "overdue": overdue}
    return answer(asked, await views.list_alerts(work, asked, filters, division_code))


async def _answer(work: Work, alert: Alert, response: Response) -> AlertAnswer:
    response.headers["ETag"] = etag(alert.version)
    return await views.detail_of(work, alert)


@router.get("/alerts/{alert_id}")
async def read_alert(work: Opener, alert_id: UUID, response: Response) -> AlertAnswer:
    """One alert with its reasons, its numbers and what it rests on."""
    return await _answer(work, await service.read_alert(work, alert_id), response)


def _details(kept: Mapping[str, Any], note: str | None) -> ChangeDetails:
    """The details of a step by the names of the answer: of a hand-over its towns."""
    named = {{"from": "from_division", "to": "division_code"}.get(name, name): value for name, value in kept.items()}
    return ChangeDetails.model_validate({**named, **({"note": note} if note else {})})


@router.get("/alerts/{alert_id}/history", responses=answers(HISTORY))
async def history_of(work: Opener, asked: Annotated[Asked, ask(HISTORY)], alert_id: UUID) -> Response:
    """Every step, who took it and on what basis."""
    return answer(
        asked,
        await find_made(
            work,
            HISTORY,
            asked,
            [
                ChangeAnswer(
                    at=c.changed_at,
                    by=c.changed_by,
                    action=c.action,
                    from_state=c.from_state,
                    to_state=c.to_state,
                    legal_source=cite(c.legal_source),
                    details=_details(c.details, note),
                )
                for c, note in await service.history_of(work, alert_id)
            ],
        ),
    )


@router.post("/alerts/{alert_id}/acknowledge")
async def acknowledge(work: Opener, alert_id: UUID, body: Acknowledge, response: Response, if_match: IfMatch = None) -> AlertAnswer:
    """I look at it."""
    return await _answer(work, await service.acknowledge(work, alert_id, body.note, if_match), response)


@router.post("/alerts/{alert_id}/assign")
async def assign(work: Opener, alert_id: UUID, body: Assign, response: Response, if_match: IfMatch = None) -> AlertAnswer:
    """Somebody shall look at it."""
    return await _answer(work, await service.assign(work, alert_id, body.assignee, body.note, if_match), response)


@router.post("/alerts/{alert_id}/close")
async def close(work: Opener, alert_id: UUID, body: Close, response: Response, if_match: IfMatch = None) -> AlertAnswer:
    """What was found and what was done."""
    return await _answer(work, await service.close(work, alert_id, body.finding, body.action_taken, if_match), response)


@router.get("/figures")
async def figures_of(work: Counter) -> FiguresAnswer:
    """Counts per town; for whoever sees no persons, numbers of 1 to 4 are withheld."""
    return await figures.figures_of(work)


@router.get("/scorecard")
async def scorecard_of(work: Counter) -> ScoreAnswer:
    """How often each kind of alert turned out to be meaningful."""
    return await figures.scorecard_of(work)
