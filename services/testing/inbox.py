"""Testing's readers of the registry's feed: small models of what is needed here, each calling one use case."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from kit.follow import Envelope, Readers, Refusals
from kit.work import Work
from services.testing.collections import repository as collections
from services.testing.plans.service import following
from services.testing.subjects.rules import MeasureNews


class _Payload(BaseModel):
    """The registry may add fields; the fields read here must exist."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _Registered(_Payload):
    division_code: str
    status: str
    status_since: date
    sex: str


class _Moved(_Payload):
    division_code: str


class _Standing(_Payload):
    division_code: str
    status: str
    status_since: date


class _TransferredOut(_Payload):
    from_division: str
    transferred_on: date


class _Measure(_Payload):
    measure_id: UUID
    kind: str
    state: str
    division_code: str
    on: date
    term_start: date | None = None
    term_end: date | None = None


async def _follow_person(work: Work, envelope: Envelope, values: dict[str, Any]) -> None:
    """Store what the registry says about a person; due tests and collections follow the town that is responsible now."""
    await following.follow_person(work, envelope.subject_id, envelope.occurred_at, values)
    await collections.place(work.session, envelope.subject_id)


async def person_registered(work: Work, envelope: Envelope) -> None:
    """A person entered the register."""
    payload = _Registered.model_validate(envelope.data)
    values = {
        "division_code": payload.division_code,
        "sex": payload.sex,
        "standing": payload.status,
        "standing_since": payload.status_since,
    }
    await _follow_person(work, envelope, values)


async def person_moved(work: Work, envelope: Envelope) -> None:
    """Another town became responsible."""
    payload = _Moved.model_validate(envelope.data)
    await _follow_person(work, envelope, {"division_code": payload.division_code})


async def person_standing_changed(work: Work, envelope: Envelope) -> None:
    """The registered standing changed."""
    payload = _Standing.model_validate(envelope.data)
    values = {"division_code": payload.division_code, "standing": payload.status, "standing_since": payload.status_since}
    await _follow_person(work, envelope, values)


async def transferred_out(work: Work, envelope: Envelope) -> None:
    """Another county is responsible: nothing is owed here from that day on."""
    payload = _TransferredOut.model_validate(envelope.data)
    values = {"division_code": payload.from_division, "standing": "transferred_out", "standing_since": payload.transferred_on}
    await _follow_person(work, envelope, values)


async def measure_changed(work: Work, envelope: Envelope) -> None:
    """A measure took a step."""
    payload = _Measure.model_validate(envelope.data)
    news = MeasureNews(
        payload.measure_id,
        envelope.subject_id,
        payload.kind,
        payload.state,
        payload.division_code,
        payload.on,
        payload.term_start,
        payload.term_end,
        envelope.type.removeprefix("measure."),
    )
    await following.follow_measure(work, news, envelope.occurred_at)
    await collections.place(work.session, envelope.subject_id)


REGISTRY: Readers = {
    "person.registered": person_registered,
    "person.moved": person_moved,
    "person.standing_changed": person_standing_changed,
    "person.transferred_out": transferred_out,
    "measure.*": measure_changed,
}
READERS: Mapping[str, Readers] = {"registry": REGISTRY}
REFUSED: Mapping[str, Refusals] = {}
