"""Messages of draws."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from kit.citations import Cited
from kit.codes import Listed
from kit.schemas import Answer, Day, DocumentNo, LongText, Message, ShortText, Sparse
from kit.steps.taking import NextStep
from services.precursor.catalogue.rules.organs import Authority
from services.precursor.draws.rules.steps import (
    ObjectGround,
    ReplacementKind,
    ReplacementState,
    SetAsideReason,
    State,
)
from services.precursor.firms.rules import Kind
from services.precursor.inspectors.rules import Unfit

Ratio = Annotated[int, Field(ge=1, le=100)]
Number = Annotated[int, Field(ge=0, le=10**12)]
PublicValues = Annotated[list[Annotated[list[Number], Field(min_length=1, max_length=20)]], Field(min_length=1, max_length=5)]


class PublicSource(Message):
    """A public source of numbers and the coming day of its value, named in advance (RFC 3797 section 3). `GET …/public-sources` lists them."""

    source: Annotated[ShortText, Listed("public_source")]
    """Code of the source, for example `ssq_red`."""
    day: Day
    issue: DocumentNo | None = None
    """The source's own number of that day's value, for example `2021075`."""


class PublicSourceAnswer(Answer):
    """A source that a draw may name."""

    source: Annotated[str, Listed("public_source")]
    zh: str
    en: str
    publisher: str
    where: str
    count: int
    low: int
    high: int
    ordered: bool
    repeats: bool
    days: str
    known_at: str
    outcomes: int


class Ratios(Message):
    """Per cent of each credit risk class; class-1 holders under key supervision are always all drawn."""

    A: Ratio = 3
    B: Ratio = 10
    C: Ratio = 25
    D: Ratio = 50


class NewDraw(Message):
    """A draw to plan: the directories are frozen at this moment."""

    title: ShortText
    object_kind: Kind
    authority: Authority
    inspect_from: Day
    inspect_to: Day
    public_sources: Annotated[list[PublicSource], Field(min_length=1, max_length=5)]
    ratios: Ratios = Ratios()
    officers_per_object: Annotated[int, Field(ge=2, le=4)] = 2
    redraw_of: UUID | None = None
    """The attempt that was set aside and is repeated by this one."""


class Reveal(Message):
    """The public value, as its source published it."""

    public_values: PublicValues
    public_reference: ShortText
    """Where the value is published."""


class SetAside(Message):
    """An attempt is set aside before its reveal, with a ground and the written decision."""

    reason: SetAsideReason
    note: LongText
    document_no: DocumentNo
    """Number of the written decision: a draw is not repeated without one."""


class NewReplacement(Message):
    """A drawn officer or firm cannot come. The ground must be on record: recusal, leave, certificate; the firm's file, the list of precursors."""

    firm_id: UUID
    leaves: UUID | None = None
    """The officer who cannot go; without one the firm itself is replaced."""
    note: LongText


class Refusal(Message):
    """Why the second person does not sign."""

    note: LongText


class PassedOver(Sparse):
    """Who or what was earlier in the order and cannot come either."""

    inspector: UUID | None = None
    object: UUID | None = None
    ground: Unfit | ObjectGround | Literal["yearly_cap"]


class ReplacementAnswer(Answer):
    """A proposed or signed replacement."""

    id: UUID
    kind: ReplacementKind
    state: ReplacementState
    object: UUID
    leaves: UUID
    enters: UUID | None
    """The replacement: known when it is signed; null for a firm when its stratum has no other firm."""
    ground: Unfit | ObjectGround
    passed_over: list[PassedOver]
    officers: list[UUID]
    note: str
    proposed_by: str
    proposed_at: datetime
    signed_by: str | None
    signed_at: datetime | None
    next_steps: list[NextStep]


class FrozenSource(Sparse):
    """A public source as it was fixed in advance."""

    name: str
    count: int
    low: int
    high: int
    ordered: bool
    source: Annotated[str, Listed("public_source")] | None = None
    day: date | None = None
    issue: str | None = None
    publisher: str | None = None
    where: str | None = None
    repeats: bool | None = None


class DrawAnswer(Answer):
    """The announcement of a draw."""

    id: UUID
    title: str
    object_kind: Kind
    authority: Authority
    division_code: str
    inspect_from: date
    inspect_to: date
    pool: str
    """What is drawn from: kind, authority and year."""
    attempt: int
    """Which attempt at this draw it is, counted from 1."""
    redraw_of: UUID | None
    state: State
    set_aside_reason: SetAsideReason | None
    set_aside_note: str | None
    set_aside_document: str | None
    objects: int
    inspectors: int
    objects_digest: str
    inspectors_digest: str
    parameters_digest: str
    directory_digest: str
    public_sources: list[FrozenSource]
    public_values_known_at: datetime
    commitment: str | None
    commitment_number: int | None
    """Numbered within the pool without a gap."""
    committed_at: datetime | None
    values_entered: bool
    """Whether a first person has entered the public values."""
    drawn: int | None
    version: int
    updated_at: datetime
    next_steps: list[NextStep]


class StepDetails(Sparse):
    """The details of a step of a draw, without anything of the result."""

    directory_digest: str | None = None
    objects_digest: str | None = None
    inspectors_digest: str | None = None
    commitment: str | None = None
    commitment_number: int | None = None
    drawn: int | None = None
    reason: str | None = None
    cancelled_inspections: int | None = None
    ground: Annotated[str, Listed("draw_replacement.ground")] | None = None
    kind: ReplacementKind | None = None
    document_no: str | None = None


class DrawStepAnswer(Answer):
    """One step of a draw."""

    action: Annotated[str, Listed("draw.event")]
    from_state: State | Literal["none"]
    state: State
    happened_on: date
    source: Cited
    """The legal source of the step."""
    details: StepDetails
    recorded_by: str
    recorded_at: datetime
