"""Messages of handovers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from kit.citations import Cited
from kit.schemas import (
    Answer,
    Day,
    DivisionCode,
    LongText,
    Message,
    PersonName,
    ShortText,
)
from kit.steps.taking import NextStep
from services.registry.handover.rules import Document, HandoverEvent, Outcome, State
from services.registry.staff.schemas import StaffCode

PaperNo = Annotated[ShortText, StringConstraints(max_length=80)]


class NewHandover(Message):
    """An institution announces a release (DRR art. 34). Who it is: ID number and name, or for the county office the register's id."""

    id_number: Annotated[str, StringConstraints(min_length=15, max_length=40)] | None = None
    name: PersonName | None = None
    person_id: UUID | None = None
    institution: ShortText
    notice_no: PaperNo
    announced_on: Day | None = None
    """Day of a paper notice that the county office enters later; for an agency's system always today."""
    division_code: DivisionCode
    """Town that is to receive the person."""
    released_on: Day
    order_no: PaperNo | None = None
    documents: Annotated[list[Document], Field(max_length=5)] = []

    @model_validator(mode="after")
    def _somebody(self) -> NewHandover:
        if (self.person_id is None) == (self.id_number is None) or (self.id_number is None) != (self.name is None):
            raise ValueError("somebody", "请填写证件号和姓名,或登记编号之一", "give id_number with name, or person_id")
        return self


class Receipt(Message):
    """The town has the packet and names who waits for the person. `on` before today is for a paper that the county office enters."""

    contact: StaffCode
    on: Day | None = None


class Acknowledgement(Message):
    """The town's answer. `not_arrived` needs what was done to reach the person; `on` is the day of the answer: today, or for the county
    office the day of the paper that it enters."""

    outcome: Outcome
    arrived_on: Day | None = None
    on: Day | None = None
    reason: LongText | Literal[""] = ""


class Withdrawal(Message):
    """The release was put off or revoked, or the wrong town was told."""

    reason: LongText


class HandoverRow(Answer):
    """A handover without the person: what an institution is answered."""

    id: UUID
    state: State
    institution: str
    notice_no: str
    division_code: str
    announced_on: date
    notice_in_time: bool
    """Announced at least three days before the release (DRR art. 34)."""
    released_on: date
    order_no: str | None
    expected_by: date
    acknowledge_due: date
    arrived_on: date | None
    acknowledged_on: date | None
    overdue: bool
    """The town has not answered in its time. Silence does not mean that the person arrived."""
    version: int


class HandoverStepAnswer(Answer):
    """One step."""

    event: HandoverEvent
    from_state: State | Literal["none"]
    to_state: State
    happened_on: date
    legal_source: Cited
    reason: str
    recorded_at: datetime


class HandoverAnswer(HandoverRow):
    """A handover for the office and the town: who comes, with what, and who waits."""

    unnamed = frozenset({"person_id"})

    person_id: UUID | None
    name: str
    id_number: str
    """Masked."""
    documents: list[Document]
    contact: str | None
    steps: list[HandoverStepAnswer]
    next_steps: list[NextStep]
