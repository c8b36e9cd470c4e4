"""Readers of the neighbours' events: each parses only what it needs and calls one use case."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from kit.follow import Envelope, Readers, Refusals
from kit.work import Work
from services.alerts.alerts import endings
from services.alerts.deadlines import service as deadlines
from services.alerts.watched.service import MeasureReport


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Moved(_Read):
    division_code: str


class _Standing(_Read):
    status: str
    status_since: date


class _TransferredOut(_Read):
    transferred_on: date


class _Test(_Read):
    division_code: str
    plan_id: UUID
    due_on: date
    window_to: date
    code: str


class _Rectification(_Read):
    deadline: date


OVER = ("dead", "three_years_clean", "transferred_out", "erroneous", "abroad")
"""Standings in which nobody may be asked to check in here (DRR art. 7; domain 2.5)."""


async def _measure(work: Work, event: Envelope) -> None:
    told = MeasureReport.model_validate(event.data)
    await endings.take_measure(work, event.subject_id, told, event.occurred_at, ended=event.type == "measure.ended")


async def _moved(work: Work, event: Envelope) -> None:
    await endings.take_move(work, event.subject_id, _Moved.model_validate(event.data).division_code, event.occurred_at)


async def _standing(work: Work, event: Envelope) -> None:
    standing = _Standing.model_validate(event.data)
    if standing.status in OVER:
        await endings.take_end(work, event.subject_id, standing.status_since, event.occurred_at)


async def _transferred_out(work: Work, event: Envelope) -> None:
    await endings.take_end(work, event.subject_id, _TransferredOut.model_validate(event.data).transferred_on, event.occurred_at)


def _word(event: Envelope) -> deadlines.Word:
    return deadlines.Word(event.occurred_at, event.id)


async def _test_missed(work: Work, event: Envelope) -> None:
    test = _Test.model_validate(event.data)
    await deadlines.test_missed(work, event.subject_id, test.division_code, test.plan_id, test.due_on, test.code, _word(event))


async def _rectification(work: Work, event: Envelope) -> None:
    deadline = _Rectification.model_validate(event.data).deadline
    await deadlines.rectification_overdue(work, event.subject_id, event.division_code, deadline, _word(event))


async def _rectified(work: Work, event: Envelope) -> None:
    await deadlines.rectification_closed(work, event.subject_id, _word(event))


REGISTRY: Readers = {
    "measure.*": _measure,  # every step: a step taken back must stop what it began (law 7)
    "person.moved": _moved,
    "person.standing_changed": _standing,
    "person.transferred_out": _transferred_out,
}
TESTING: Readers = {"test.missed": _test_missed}
PRECURSOR: Readers = {"rectification.overdue": _rectification, "rectification.closed": _rectified}
READERS: Mapping[str, Readers] = {"registry": REGISTRY, "testing": TESTING, "precursor": PRECURSOR}
REFUSED: Mapping[str, Refusals] = {
    "registry": {"person.registered": "nobody is watched for being in the register: only a running measure is a ground (law 7)"},
    "testing": {
        "test.due": "nothing is wrong while the window is open; what is missed comes as test.missed",
        "test.refused": "a refusal is judged by a person and reported to the police in the registry (DRR art. 20), not by a deadline",
    },
}
