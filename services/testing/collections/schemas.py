"""Messages of collections."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from kit.citations import Cited
from kit.codes import Listed
from kit.schemas import (
    Answer,
    Day,
    DocumentNo,
    Instant,
    LongText,
    Message,
    ShortText,
)
from kit.sheets.id_numbers import Sex
from kit.steps.taking import NextStep
from services.testing.collections.rules import ChainState, CollectionKind, Container, DeadlineKind, Mode, Owner, Source
from services.testing.collections.rules.words import ClosingGround, RequestDecision, Shortened
from services.testing.kits.rules import Analyte
from services.testing.plans.rules import Kind, Specimen
from services.testing.staff.rules import Organ

StaffCode = Annotated[ShortText, StringConstraints(max_length=40)]
Staff = Annotated[list[StaffCode], Field(max_length=6)]
ShownState = ChainState | Shortened
"""A caller without the right to results is told only `running` or `closed`."""


class Collector(Message):
    """A member of staff who took part, by staff number.

    Sex and organ come from the register of staff; when the request names them too, they must be the same.
    """

    staff_code: StaffCode
    sex: Sex | None = None
    organ: Organ | None = None


class Seals(Message):
    """Numbers of the sealed containers A and B (DTP art. 8; HAIR art. 4). No number is used twice in the county."""

    a: DocumentNo
    b: DocumentNo


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
    witnesses: Staff = []
    """Who watched and took no part; by staff number."""
    kit_lot_id: UUID | None = None
    hair: Hair | None = None
    seals: Seals | None = None
    place: ShortText | None = None


class Objection(Message):
    """The person objects, in their own words (DTP art. 10, 13)."""

    words: LongText
    objected_on: Day
    analytes: Annotated[list[Analyte], Field(max_length=20)] = []
    """What is disputed; left empty, everything that this stage found positive."""


class LabRequest(Message):
    """The police's decision on an objection, or the sending of hair or blood (DTP art. 10, 11, 13, 14)."""

    decision: RequestDecision
    decided_on: Day
    document_no: DocumentNo
    reason: LongText | None = None
    lab_id: UUID | None = None
    container: Container | None = None
    sent_on: Day | None = None
    senders: Staff = []


class FetchBack(Message):
    """The specimen is fetched back from a laboratory that may not or cannot test it any more (DTP art. 4)."""

    reason: LongText
    fetched_on: Day
    document_no: DocumentNo


class Closing(Message):
    """The time to object has passed, or the person has admitted in writing."""

    ground: ClosingGround
    document_no: DocumentNo
    words: LongText | None = None


class Basis(Message):
    """On what ground a test of a ledger was made: the police's instruction, the person's written consent, or the police's suspicion (DTP art. 2)."""

    kind: Kind
    document_no: DocumentNo
    dated_on: Day
    grounds: LongText


class StaffRef(Answer):
    """A member of staff as a record names them."""

    unnamed = frozenset({"staff_code"})

    staff_code: str
    name: str | None = None
    organ: Organ | None = None
    sex: Sex | None = None

    @model_validator(mode="before")
    @classmethod
    def _number_alone(cls, value: object) -> object:
        """Older records hold the staff number and nothing else."""
        return {"staff_code": value} if isinstance(value, str) else value


class CollectionRow(Answer):
    """A collection in a list. `state` is `running` or `closed` for those who may not see results."""

    id: UUID
    plan_id: UUID | None
    person_id: UUID
    division_code: str
    """The town that is responsible for the person today."""
    tested_in: str
    """The town in which the specimen was taken; its police decide on an objection (DTP art. 13)."""
    kind: CollectionKind
    mode: Mode
    specimen_type: Specimen
    sampled_on: date
    state: ShownState
    deadline_kind: DeadlineKind | None
    deadline_on: date | None
    owed_by: Owner | None


class CollectionAnswer(CollectionRow):
    """A collection."""

    measure_id: UUID | None
    source: Source
    record_no: str | None
    collected_at: datetime | None
    collectors: list[StaffRef]
    witnesses: list[StaffRef]
    kit_lot_id: UUID | None
    hair_cm: float | None
    window_start: date | None
    before_term: bool
    seal_a: str | None
    seal_b: str | None
    first_lab_id: UUID | None
    first_lab_name: str | None
    retest_lab_id: UUID | None
    retest_lab_name: str | None
    told_at: datetime | None
    disputed: list[Analyte]
    """What the person objected to; empty when it was everything that was positive."""
    new_findings: list[Analyte]
    """What a laboratory found that was not in dispute. It does not confirm the disputed result and needs a chain of its own."""
    destroy_from: date | None
    version: int
    next_steps: list[NextStep]
    """What can be done now, with which fields, and what stands in the way."""


class ChainDetails(Answer):
    """What belongs to one step of a chain; a step has what its kind needs."""

    testers: list[StaffRef] = []
    senders: list[StaffRef] = []
    signed: bool | None = None
    right_to_object_told: bool | None = None
    lab: UUID | None = None
    container: Container | None = None
    approved_by: str | None = None
    """A staff number; in what earlier versions took, a text."""
    doctor: str | None = None
    institution: str | None = None
    record_no: str | None = None
    kind: CollectionKind | None = None
    disputed: list[Analyte] = []
    confirmed: list[Analyte] = []
    refuted: list[Analyte] = []
    new_findings: list[Analyte] = []


class ChainEntry(Answer):
    """One step of the chain."""

    recorded_at: datetime
    recorded_by: str
    event: Annotated[str, Listed("collection.event")]
    from_state: ChainState | Literal["none"]
    to_state: ChainState
    happened_on: date
    source: Cited
    document_no: str | None
    reason: str
    words: str
    details: ChainDetails
    late: bool
