"""What alerts publishes: its published language. Identifiers and codes only; `subject_id` is the alert or the bulletin, never a person."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from kit.outbox import Event

_ALERT = "018f0000-0000-7000-8000-000000000010"
_BULLETIN = "018f0000-0000-7000-8000-000000000011"


class AlertEvent(Event):
    """Base of the events about an alert: its id, kind, division and state, without a person or an exact place."""

    type: ClassVar[str] = "alert.changed"
    sample: ClassVar[dict[str, Any]] = {
        "alert_id": _ALERT,
        "kind": "gathering",
        "severity": "medium",
        "state": "raised",
        "division_code": "110101100000",
        "persons": 3,
        "finding": None,
    }

    alert_id: UUID
    kind: str
    severity: str
    state: str
    division_code: str
    persons: int
    finding: str | None = None


class AlertRaised(AlertEvent):
    """A machine saw something that a person must look at; nothing follows from it by itself (PIPL art. 24)."""

    type: ClassVar[str] = "alert.raised"


class AlertGrown(AlertEvent):
    """The same alert continues: more check-ins or more people."""

    type: ClassVar[str] = "alert.grown"


class AlertAcknowledged(AlertEvent):
    """Somebody looks at it."""

    type: ClassVar[str] = "alert.acknowledged"
    sample: ClassVar[dict[str, Any]] = {**AlertEvent.sample, "state": "acknowledged"}


class AlertAssigned(AlertEvent):
    """It has a worker: `assigned_to` is a staff number."""

    type: ClassVar[str] = "alert.assigned"
    sample: ClassVar[dict[str, Any]] = {**AlertEvent.sample, "state": "assigned", "assigned_to": "SW-0001"}

    assigned_to: str | None = None


class AlertEscalated(AlertEvent):
    """Nobody has looked at it in time; the county office is told."""

    type: ClassVar[str] = "alert.escalated"


class AlertClosed(AlertEvent):
    """Closed, with what a person found, or `expired` (counted against the office), `measure_ended`, `withdrawn`, `merged`."""

    type: ClassVar[str] = "alert.closed"
    sample: ClassVar[dict[str, Any]] = {**AlertEvent.sample, "state": "closed", "finding": "innocent"}


class BulletinPublished(Event):
    """A four-colour bulletin was published; `division_code` is the county."""

    type: ClassVar[str] = "bulletin.published"
    sample: ClassVar[dict[str, Any]] = {
        "bulletin_id": _BULLETIN,
        "number": "2021年第12期",
        "revision": 1,
        "rhythm": "half_month",
        "first_day": "2021-06-16",
        "last_day": "2021-06-30",
        "digest": "sha256:" + "0" * 64,
    }

    bulletin_id: UUID
    number: str
    revision: int
    rhythm: str
    first_day: date
    last_day: date
    digest: str


EVENTS: tuple[type[Event], ...] = (
    AlertRaised,
    AlertGrown,
    AlertAcknowledged,
    AlertAssigned,
    AlertEscalated,
    AlertClosed,
    BulletinPublished,
)
