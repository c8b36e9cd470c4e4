"""What testing publishes: its published language. Identifiers and codes only; `subject_id` of the envelope is the person.

No event carries an analyte or a value, and none is a finding: an addiction finding or a breach is decided by the police (ADM art. 7; NCL art. 38).
"""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from kit.outbox import Event

_MEASURE = "018f0000-0000-7000-8000-000000000002"
_PLAN = "018f0000-0000-7000-8000-000000000003"
_COLLECTION = "018f0000-0000-7000-8000-000000000004"
_REFERRAL = "018f0000-0000-7000-8000-000000000005"


class PlanChanged(Event):
    """What is owed changed. `code`: planned, paused, resumed, ended, rescheduled, excused, unable; `tests`: how many due tests it touches."""

    type: ClassVar[str] = "plan.changed"
    sample: ClassVar[dict[str, Any]] = {
        "division_code": "110101100000",
        "measure_id": _MEASURE,
        "on": "2021-07-01",
        "code": "planned",
        "tests": 22,
    }

    division_code: str
    measure_id: UUID | None
    on: date
    code: str
    tests: int


class _DueTest(Event):
    """One due test."""

    type: ClassVar[str] = "test.any"
    sample: ClassVar[dict[str, Any]] = {
        "division_code": "110101100000",
        "measure_id": _MEASURE,
        "plan_id": _PLAN,
        "kind": "mandatory",
        "specimen_type": "urine",
        "due_on": "2021-07-08",
        "window_from": "2021-07-01",
        "window_to": "2021-07-15",
        "on": "2021-07-01",
        "code": "due",
    }

    division_code: str
    measure_id: UUID | None
    plan_id: UUID
    kind: str
    specimen_type: str
    due_on: date
    window_from: date
    window_to: date
    on: date
    code: str


class TestDue(_DueTest):
    """The window of a due test has opened. `code`: due."""

    __test__ = False
    type: ClassVar[str] = "test.due"


class TestMissed(_DueTest):
    """The window passed without a collection, or a person judged why.

    `code`: missed (nobody has judged yet), not_notified, excused, missed_unexcused, evaded (found by a person, with evidence and the statement),
    attended_in_time (entered late from a phone: the test was not missed), paused (the person was in custody), cancelled (the measure had ended).

    The later event about the same `plan_id` replaces the earlier one. Only `evaded` counts as evasion (DRR art. 20; domain 3.5).
    """

    __test__ = False
    type: ClassVar[str] = "test.missed"
    sample: ClassVar[dict[str, Any]] = {**_DueTest.sample, "on": "2021-07-16", "code": "missed"}


class TestRefused(_DueTest):
    """The person was present and refused (DRR art. 20); counts only after a human's review and the person's statement. `code`: refused."""

    __test__ = False
    type: ClassVar[str] = "test.refused"
    sample: ClassVar[dict[str, Any]] = {**_DueTest.sample, "on": "2021-07-08", "code": "refused"}


class _Result(Event):
    """One stage of one test chain."""

    type: ClassVar[str] = "result.any"
    sample: ClassVar[dict[str, Any]] = {
        "division_code": "110101100000",
        "measure_id": _MEASURE,
        "plan_id": _PLAN,
        "collection_id": _COLLECTION,
        "kind": "mandatory",
        "specimen_type": "urine",
        "sampled_on": "2021-07-08",
        "on": "2021-07-08",
        "code": "negative",
        "before_term": False,
    }

    division_code: str
    measure_id: UUID | None
    plan_id: UUID | None
    collection_id: UUID
    kind: str
    specimen_type: str
    sampled_on: date
    on: date
    code: str
    before_term: bool
    """Hair: the window of detection reaches back before the term, so it cannot found a breach without more evidence (HAIR art. 10; domain 3.2)."""


class ResultReported(_Result):
    """A test was made and its result told. `code`: negative, presumptive_positive, onsite_final. None of them is a finding of use."""

    type: ClassVar[str] = "result.reported"


class ResultConfirmed(_Result):
    """The chain has ended with a positive (DTP art. 12-15): still a result, not a finding. `code`: confirmed_positive."""

    type: ClassVar[str] = "result.confirmed"
    sample: ClassVar[dict[str, Any]] = {**_Result.sample, "on": "2021-07-20", "code": "confirmed_positive"}


class ResultWithdrawn(_Result):
    """Nobody may rely on this result from now on. `code`: retest_negative, lab_negative, explained_medical, specimen_unfit, disputed, withdrawn."""

    type: ClassVar[str] = "result.withdrawn"
    sample: ClassVar[dict[str, Any]] = {**_Result.sample, "on": "2021-07-22", "code": "explained_medical"}


class ScreeningPositive(Event):
    """A strip without the force of a test was positive: the police make an on-site test (DTP art. 4). `subject_id` is the person, or the sealed referral.

    `code`: worker_strip, practitioner.
    """

    type: ClassVar[str] = "screening.positive"
    sample: ClassVar[dict[str, Any]] = {
        "division_code": "110101100000",
        "measure_id": None,
        "reference_id": _REFERRAL,
        "on": "2021-07-08",
        "code": "practitioner",
    }

    division_code: str
    measure_id: UUID | None
    reference_id: UUID
    on: date
    code: str


EVENTS: tuple[type[Event], ...] = (
    PlanChanged,
    TestDue,
    TestMissed,
    TestRefused,
    ResultReported,
    ResultConfirmed,
    ResultWithdrawn,
    ScreeningPositive,
)
