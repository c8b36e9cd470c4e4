"""Messages of rectifications."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from kit.citations import Cited
from kit.codes import Listed
from kit.schemas import Answer, Day, LongText, Message, ShortText, Sparse
from kit.steps.taking import NextStep
from services.precursor.inspectors.rules import Authority
from services.precursor.rectifications.rules import Disposition, FindingOutcome, RecheckOutcome, State

Officers = Annotated[list[UUID], Field(min_length=2, max_length=6)]


class FirmsAnswer(Message):
    """What the firm answered to the order, as the authority or the county office received it."""

    answered_on: Day
    statement: LongText
    evidence: list[ShortText] = []
    """References of papers and photos in the file."""


class Recheck(Message):
    """The re-check on the spot by two certificated officers of the authority (APL art. 42)."""

    checked_on: Day
    officers: Officers
    outcome: RecheckOutcome
    note: LongText
    new_deadline: Day | None = None
    """With `not_corrected`: the last day of the second order."""
    passed_to: Authority | None = None
    """With `passed_on`: one of the order's `competent` authorities."""


class RectificationAnswer(Answer):
    """An order to correct."""

    id: UUID
    finding_id: UUID
    inspection_id: UUID
    firm_id: UUID
    firm_name: str
    division_code: str
    authority: Authority
    item_no: str
    basis: Cited
    requirement: str
    competent: list[Authority]
    """Authorities to which it may be passed on, by article and class."""
    ordered_on: date
    first_deadline: date
    deadline: date
    orders: int
    state: State
    overdue: bool
    closed_on: date | None
    in_time: bool | None
    passed_to: Authority | None
    version: int
    updated_at: datetime
    next_steps: list[NextStep]


class StepDetails(Sparse):
    """The details of a step of an order, as far as it has them."""

    statement: str | None = None
    evidence: list[str] | None = None
    note: str | None = None
    officers: list[UUID] | None = None
    outcome: RecheckOutcome | None = None
    deadline: date | None = None
    stated: date | None = None
    """The day that was written on the order, when a rest day moved it."""
    passed_to: Authority | None = None


class StepAnswer(Answer):
    """One step of an order."""

    action: Annotated[str, Listed("rectification.event")]
    from_state: State | Literal["none"]
    on_day: date
    state: State
    source: Cited
    """The legal source of the step."""
    details: StepDetails
    recorded_by: str
    recorded_at: datetime


class FindingAnswer(Answer):
    """What an inspection found under one item."""

    id: UUID
    item_no: str
    basis: Cited
    outcome: FindingOutcome
    disposition: Disposition
    detail: str
    passed_to: Authority | None
    found_on: date
    decide_by: date | None = None
    """Of evidence that was held (先行登记保存): the last of seven working days in which it must be decided upon (APL art. 56, 85)."""
