"""What the registry publishes: its published language. Identifiers and codes only; `subject_id` of the envelope is the person."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from kit.outbox import Event

_PERSON = "018f0000-0000-7000-8000-000000000001"
_MEASURE = "018f0000-0000-7000-8000-000000000002"


class PersonRegistered(Event):
    """A person entered the register; `division_code` is the responsible town."""

    type: ClassVar[str] = "person.registered"
    sample: ClassVar[dict[str, Any]] = {
        "division_code": "110101100000",
        "status": "community_treatment",
        "status_since": "2020-05-01",
        "sex": "male",
    }

    division_code: str
    status: str
    status_since: date
    sex: str


class PersonMoved(Event):
    """Another town became responsible."""

    type: ClassVar[str] = "person.moved"
    sample: ClassVar[dict[str, Any]] = {"from_division": "110101100000", "division_code": "110101105000"}

    from_division: str
    division_code: str


class PersonStanding(Event):
    """The registered standing changed (transfer out, three years clean, death …)."""

    type: ClassVar[str] = "person.standing_changed"
    sample: ClassVar[dict[str, Any]] = {"division_code": "110101100000", "status": "three_years_clean", "status_since": "2021-03-01"}

    division_code: str
    status: str
    status_since: date


class MeasureEvent(Event):
    """Base of the events about a measure: enough to plan tests and to know whether anything is owed on a day."""

    type: ClassVar[str] = "measure.any"
    sample: ClassVar[dict[str, Any]] = {
        "measure_id": _MEASURE,
        "kind": "community_treatment",
        "state": "active",
        "division_code": "110101100000",
        "on": "2020-05-01",
        "term_start": "2020-05-01",
        "term_end": "2023-05-01",
        "report_in_due": "2020-05-15",
        "reason": None,
    }

    measure_id: UUID
    kind: str
    state: str
    division_code: str
    on: date
    term_start: date | None
    term_end: date | None
    """First day on which nothing is owed any more."""
    report_in_due: date | None = None
    reason: str | None = None


class MeasureChanged(MeasureEvent):
    """A step that moves no term: served, agreement signed, admonished, isolation refused by the police …"""

    type: ClassVar[str] = "measure.changed"


class MeasureOrdered(MeasureEvent):
    """The police ordered a measure (NCL art. 33, 38, 48), or one was taken over from a ledger in that state."""

    type: ClassVar[str] = "measure.ordered"


class MeasureReportedIn(MeasureEvent):
    """The person reported in; the term runs (DRR art. 14), or a running measure was taken over from a ledger."""

    type: ClassVar[str] = "measure.reported_in"


class MeasureSuspended(MeasureEvent):
    """Detained or arrested: nothing is owed meanwhile (DRR art. 24)."""

    type: ClassVar[str] = "measure.suspended"


class MeasureResumed(MeasureEvent):
    """Released without sentence: the term goes on (DRR art. 24)."""

    type: ClassVar[str] = "measure.resumed"


class MeasureTransferred(MeasureEvent):
    """The place of execution changed; the term runs on (DRR art. 22)."""

    type: ClassVar[str] = "measure.transferred"


class MeasureBreached(MeasureEvent):
    """A refusal or breach was reported to the police after a human's review (DRR art. 14, 20, 21)."""

    type: ClassVar[str] = "measure.breached"


class MeasureEnded(MeasureEvent):
    """Nothing is owed any more, whatever the reason: stop tests, check-ins, alerts and lists the same day (law 7)."""

    type: ClassVar[str] = "measure.ended"


class VisitRecorded(Event):
    """A visit took place; `subject_id` is the person."""

    type: ClassVar[str] = "visit.recorded"
    sample: ClassVar[dict[str, Any]] = {"division_code": "110101100000", "visited_on": "2021-03-10", "met": True}

    division_code: str
    visited_on: date
    met: bool


class PersonTransferredOut(Event):
    """A person was handed over to another county."""

    type: ClassVar[str] = "person.transferred_out"
    sample: ClassVar[dict[str, Any]] = {"from_division": "110101100000", "receiving_area": "140931", "transferred_on": "2021-04-01"}

    from_division: str
    receiving_area: str
    transferred_on: date


class HandoverEvent(Event):
    """Base of the events about a release from an institution (DRR art. 34).

    `subject_id` is the person, or the handover itself until the register knows them.
    """

    type: ClassVar[str] = "handover.any"
    sample: ClassVar[dict[str, Any]] = {
        "handover_id": "018f0000-0000-7000-8000-000000000003",
        "division_code": "110101100000",
        "state": "announced",
        "on": "2021-07-01",
        "released_on": "2021-07-06",
        "expected_by": "2021-07-21",
        "acknowledge_due": "2021-07-26",
    }

    handover_id: UUID
    division_code: str
    state: str
    on: date
    released_on: date
    expected_by: date
    acknowledge_due: date
    """Last day for the town's answer; silence does not mean that the person arrived."""


class HandoverAnnounced(HandoverEvent):
    """An institution announced a release; the town has to receive it."""

    type: ClassVar[str] = "handover.announced"


class HandoverReceived(HandoverEvent):
    """The town has the packet and named who waits for the person."""

    type: ClassVar[str] = "handover.received"
    sample: ClassVar[dict[str, Any]] = {**HandoverEvent.sample, "state": "received"}


class HandoverAcknowledged(HandoverEvent):
    """The town answered: `state` is `arrived` or `not_arrived`."""

    type: ClassVar[str] = "handover.acknowledged"
    sample: ClassVar[dict[str, Any]] = {**HandoverEvent.sample, "state": "arrived", "on": "2021-07-08", "acknowledge_due": "2021-07-12"}


class HandoverWithdrawn(HandoverEvent):
    """The announcement was withdrawn: nothing is owed for it."""

    type: ClassVar[str] = "handover.withdrawn"
    sample: ClassVar[dict[str, Any]] = {**HandoverEvent.sample, "state": "withdrawn"}


class StaffEvent(Event):
    """Base of the events about a member of staff; the envelope's subject is the member's id, and the name is left out."""

    type: ClassVar[str] = "staff.any"
    sample: ClassVar[dict[str, Any]] = {
        "code": "T999",
        "post": "town_officer",
        "division_code": "110101100000",
        "valid_from": "2020-01-01",
        "valid_to": None,
    }

    code: str
    post: str
    division_code: str
    valid_from: date
    valid_to: date | None
    """First day on which the member is not in service."""


class StaffChanged(StaffEvent):
    """A member of staff has another post, town or term."""

    type: ClassVar[str] = "staff.changed"


class StaffDeparted(StaffEvent):
    """A member of staff leaves: on `valid_to`, which may be a day to come."""

    type: ClassVar[str] = "staff.departed"
    sample: ClassVar[dict[str, Any]] = {**StaffEvent.sample, "valid_to": "2021-06-30"}


EVENTS: tuple[type[Event], ...] = (
    StaffChanged,
    StaffDeparted,
    PersonRegistered,
    PersonMoved,
    PersonStanding,
    MeasureChanged,
    MeasureOrdered,
    MeasureReportedIn,
    MeasureSuspended,
    MeasureResumed,
    MeasureTransferred,
    MeasureBreached,
    MeasureEnded,
    VisitRecorded,
    PersonTransferredOut,
    HandoverAnnounced,
    HandoverReceived,
    HandoverAcknowledged,
    HandoverWithdrawn,
)
