"""Messages of draws."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from kit.schemas import Answer, Code, Day, Instant, LongText, Message, ShortText
from services.precursor.firms.rules import Kind

Ratio = Annotated[int, Field(ge=1, le=100)]
Number = Annotated[int, Field(ge=0, le=10**12)]
DrawStates = Literal["planned", "committed", "published", "closed", "set_aside"]


class PublicSource(Message):
    """A public source of numbers that nobody here can choose, fixed in advance (RFC 3797 section 3)."""

    name: ShortText
    """For example 福利彩票双色球第2021075期红球."""
    count: Annotated[int, Field(ge=1, le=20)]
    low: Number
    high: Number
    ordered: bool = False
    """Whether their order counts; otherwise they are taken in ascending order."""


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
    authority: Code
    inspect_from: Day
    inspect_to: Day
    public_sources: Annotated[list[PublicSource], Field(min_length=1, max_length=5)]
    public_values_known_at: Instant
    ratios: Ratios = Ratios()
    officers_per_object: Annotated[int, Field(ge=2, le=4)] = 2
    redraw_of: UUID | None = None
    """The attempt that was set aside and is repeated by this one."""


class Reveal(Message):
    """The public value, as its source published it."""

    public_values: Annotated[list[Annotated[list[Number], Field(min_length=1, max_length=20)]], Field(min_length=1, max_length=5)]
    public_reference: ShortText
    """Where anybody can read it."""


class SetAside(Message):
    """An attempt is given up, with a ground."""

    reason: Literal[
        "directory_wrong",
        "public_value_unavailable",
        "public_value_wrong",
        "inspectors_unavailable",
        "ordered_by_superior",
        "technical_failure",
    ]
    note: LongText


class NewReplacement(Message):
    """A drawn officer cannot go: the next of the drawn order comes. The ground is what the directory has on record: recusal, leave, certificate."""

    firm_id: UUID
    leaves: UUID
    note: LongText


class ReplacementAnswer(Answer):
    """Who came instead of whom."""

    object: UUID
    leaves: UUID
    enters: UUID
    ground: str
    passed_over: list[dict[str, str]]
    """Who stood before in the order and cannot go either: `inspector`, `ground`."""
    recorded_at: datetime


class DrawAnswer(Answer):
    """A draw: what is announced of it."""

    id: UUID
    title: str
    object_kind: str
    authority: str
    division_code: str
    inspect_from: date
    inspect_to: date
    redraw_of: UUID | None
    state: str
    set_aside_reason: str | None
    set_aside_note: str | None
    objects: int
    inspectors: int
    objects_digest: str
    inspectors_digest: str
    parameters_digest: str
    directory_digest: str
    public_values_known_at: datetime
    commitment: str | None
    committed_at: datetime | None
    drawn: int | None
    version: int
    updated_at: datetime


class DrawStepAnswer(Answer):
    """One step of a draw."""

    action: str
    state: str
    details: dict[str, Any]
    recorded_by: str
    recorded_at: datetime


class Attempt(Answer):
    """One attempt in the chain that this draw belongs to."""

    id: UUID
    state: str
    set_aside_reason: str | None
    planned_at: datetime


class Proof(Answer):
    """Everything that an outsider needs to recompute a draw; `docs/draw/verify_draw.py` does."""

    format: Literal["guikang-draw-proof-1"]
    algorithm: str
    draw_id: UUID
    title: str
    state: str
    objects: dict[str, Any]
    inspectors: dict[str, Any]
    parameters: dict[str, Any]
    digests: dict[str, str]
    commitment: str | None
    committed_at: datetime | None
    secret: str | None
    public_values: list[list[int]] | None
    public_text: str | None
    public_reference: str | None
    seed: str | None
    revealed_at: datetime | None
    result: list[dict[str, Any]] | None
    replacements: list[ReplacementAnswer]
    """Officers who could not go and who came instead, in the order in which it was recorded; shown with the result."""
    result_withheld: bool
    """There is a result, but the visits are not over and this caller neither plans nor makes them."""
    attempts: list[Attempt]
