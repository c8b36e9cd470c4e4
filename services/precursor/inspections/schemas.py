"""Messages of inspections."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from kit.citations import Cited
from kit.codes import Listed
from kit.schemas import Answer, Day, LongText, Message, OptionalText, ShortText
from kit.steps.taking import NextStep
from services.precursor.firms.rules import Kind
from services.precursor.inspections.rules import (
    DirectOrigin,
    EndCategory,
    Origin,
    OutcomeCode,
    ResultCategory,
    Signature,
    State,
    Stratum,
)
from services.precursor.inspectors.rules import Authority

ItemNo = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{2}$")]


class DirectInspection(Message):
    """An inspection after a complaint or a transfer: not drawn (RBE art. 54)."""

    firm_id: UUID
    object_kind: Kind | None = None
    """The kind that is inspected, when the firm has more than one; by default the kind within the power of the caller's authority."""
    source: DirectOrigin
    ground: ShortText
    """File number of the complaint or transfer; never the complainant."""
    officers: Annotated[list[UUID], Field(min_length=2, max_length=6)]
    window_from: Day
    window_to: Day


class ShownCertificate(Message):
    """An officer on the spot and the certificate that was shown."""

    inspector_id: UUID
    certificate_no: ShortText


class Start(Message):
    """The inspection begins: who is there, with which certificate."""

    inspected_on: Day
    certificates: Annotated[list[ShownCertificate], Field(min_length=2, max_length=6)]


class Outcome(Message):
    """The outcome of an item."""

    item_no: ItemNo
    outcome: OutcomeCode
    note: LongText | None = None
    passed_to: Authority | None = None
    """With `refer`: one of the authorities that the checklist names for this item and firm."""


class Outcomes(Message):
    """Outcomes of items, one or many at a time."""

    outcomes: Annotated[list[Outcome], Field(min_length=1, max_length=100)]


class Completion(Message):
    """The record is closed: the party's words and signature, and the deadlines of what must be corrected."""

    party_statement: LongText
    party_signature: Signature
    refusal_note: LongText | None = None
    deadlines: dict[ItemNo, date] = {}


class Ending(Message):
    """The inspection could not be carried out."""

    result_category: EndCategory
    ended_on: Day
    reason: LongText


class NewPublication(Message):
    """That the result was published."""

    published_on: Day
    channel: ShortText
    reference: OptionalText = ""


class Named(Answer):
    """Somebody or something, with the name beside the id."""

    id: UUID
    name: str


class Held(Answer):
    """What the firm held on the day of the inspection, by the list of that day."""

    chemicals: list[str]
    categories: list[int]
    competent: list[Authority]
    pharmaceutical: bool
    other: bool


class InspectionAnswer(Answer):
    """An inspection."""

    unnamed = frozenset({"officers"})

    id: UUID
    firm_id: UUID
    firm_name: str
    object_kind: Kind
    division_code: str
    authority: Authority
    source: Origin
    ground: str
    draw_id: UUID | None
    stratum: Stratum | None
    window_from: date
    window_to: date
    state: State
    template: str | None
    officers: list[UUID]
    officers_named: list[Named]
    inspected_on: date | None
    result_category: ResultCategory | None
    party_statement: str | None
    party_signature: Signature | None
    refusal_note: str | None
    end_reason: Annotated[str, Listed("inspection.end_reason")] | None
    publish_by: date | None
    held: Held | None
    completed_at: datetime | None
    version: int
    updated_at: datetime
    next_steps: list[NextStep]


class ItemAnswer(Answer):
    """One item of the checklist with its outcome, when there is one."""

    item_no: str
    item_zh: str
    item_en: str
    basis: Cited
    typical_outcomes: list[OutcomeCode]
    competent: list[Authority]
    """Authorities to which such a finding is passed; of an inspection's checklist those that fit the firm."""
    pending_verification: bool
    outcome: OutcomeCode | None = None
    note: str | None = None
    passed_to: Authority | None = None
    recorded_by: str | None = None
    recorded_at: datetime | None = None


class ChecklistAnswer(Answer):
    """A checklist template, or an inspection's filled one."""

    template: str
    kind: Kind
    valid_from: date
    items: list[ItemAnswer]


class Publishable(Answer):
    """What may be published of a result: no officer, no quantity, no person (domain 9)."""

    plan: str
    item: str
    object_name: str
    uscc: str
    inspected_on: date
    authority: Authority
    result_category: ResultCategory


class PublicationAnswer(Answer):
    """What may be published, until when, and whether it was."""

    payload: Publishable
    publish_by: date
    published_on: date | None
    channel: str | None
    reference: str | None
    in_time: bool | None


class StepAnswer(Answer):
    """One step of an inspection."""

    event: Annotated[str, Listed("inspection.event")]
    from_state: State | Literal["none"]
    to_state: State
    happened_on: date
    source: Cited
    """The legal source of the step."""
    reason: str
    recorded_by: str
    recorded_at: datetime
