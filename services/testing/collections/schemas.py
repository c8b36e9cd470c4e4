"""Messages of collections."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from kit.schemas import Answer, Day, Instant, LongText, Message, ShortText
from services.testing.plans.schemas import Specimen

StaffCode = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Mode = Literal["onsite_test", "screening"]
ChainState = Literal[
    "collected",
    "repeat_onsite",
    "final_negative",
    "presumptive_positive",
    "referred_to_police",
    "superseded",
    "onsite_final",
    "lab_requested",
    "at_lab",
    "lab_reported",
    "retest_requested",
    "at_retest_lab",
    "final_positive",
    "new_collection",
    "explained_medical",
    "withdrawn",
]


class Collector(Message):
    """A member of staff who took part: staff number, sex, and whose staff."""

    staff_code: StaffCode
    sex: Literal["male", "female"]
    organ: Literal["police", "town"]


class Seals(Message):
    """Numbers of the sealed containers A and B (DTP art. 8; HAIR art. 4)."""

    a: ShortText
    b: ShortText


class Hair(Message):
    """What was cut: length from the root in cm, weight of each of A and B in mg (HAIR art. 3, 4)."""

    length_cm: Annotated[float, Field(gt=0, le=60)]
    weight_mg_each: Annotated[float, Field(gt=0, le=5000)]
    from_crown: Literal[True]
    """Posterior crown, cut against the scalp; body hair is not in the rule."""


class NewCollection(Message):
    """The person attended and a specimen was taken."""

    plan_id: UUID
    mode: Mode
    specimen_type: Specimen
    collected_at: Instant
    identity_checked: Literal[True]
    collectors: Annotated[list[Collector], Field(max_length=6)]
    kit_lot_id: UUID | None = None
    hair: Hair | None = None
    seals: Seals | None = None
    place: ShortText | None = None


class Objection(Message):
    """The person objects, in their own words (DTP art. 10, 13)."""

    words: LongText
    objected_on: Day


class LabRequest(Message):
    """The police's decision on an objection, or the sending of hair or blood (DTP art. 10, 11, 13, 14)."""

    decision: Literal["granted", "refused"]
    decided_on: Day
    document_no: ShortText
    reason: LongText | None = None
    lab_id: UUID | None = None
    container: Literal["A", "B"] | None = None
    sent_on: Day | None = None
    senders: Annotated[list[StaffCode], Field(max_length=6)] = []


class Closing(Message):
    """The time to object has passed, or the person has admitted in writing."""

    ground: Literal["no_objection", "admitted"]
    document_no: ShortText
    words: LongText | None = None


class CollectionRow(Answer):
    """A collection in a list. `state` is `running` or `closed` for those who may not see results."""

    id: UUID
    plan_id: UUID | None
    person_id: UUID
    division_code: str
    kind: str
    mode: str
    specimen_type: str
    sampled_on: date
    state: str
    deadline_kind: str | None
    deadline_on: date | None
    owed_by: str | None


class CollectionAnswer(CollectionRow):
    """A collection."""

    measure_id: UUID | None
    source: str
    record_no: str | None
    collected_at: datetime | None
    kit_lot_id: UUID | None
    hair_cm: float | None
    window_start: date | None
    before_term: bool
    seal_a: str | None
    seal_b: str | None
    first_lab_id: UUID | None
    retest_lab_id: UUID | None
    told_at: datetime | None
    destroy_from: date | None
    version: int


class ChainEntry(Answer):
    """One step of the chain."""

    recorded_at: datetime
    event: str
    from_state: str
    to_state: str
    happened_on: date
    source: str
    document_no: str | None
    reason: str
    words: str
    details: dict[str, Any]
    late: bool
