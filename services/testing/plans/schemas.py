"""Messages of plans."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from kit.schemas import Answer, Day, LongText, Message, ShortText

Specimen = Literal["urine", "hair", "saliva", "blood"]
Kind = Literal["mandatory", "voluntary", "suspected"]
PlanState = Literal[
    "scheduled", "paused", "attended", "missed", "not_notified", "excused", "missed_unexcused", "evaded", "refused", "unable", "cancelled"
]
Decision = Literal["excused", "not_notified", "missed_unexcused", "evaded", "refused", "unable"]


class NewPlan(Message):
    """A test arranged by hand.

    `mandatory`: on the police's instruction, only under a running measure (DTP art. 2); `voluntary`: by the person's written consent; `suspected`: by the
    police, on stated grounds (NCL art. 32). `grounds` says which instruction, consent or suspicion, `document_no` its paper.
    """

    person_id: UUID
    kind: Kind
    specimen_type: Specimen
    due_on: Day
    window_days: Annotated[int, Field(ge=0, le=14)] = 0
    grounds: LongText
    document_no: ShortText


class Reschedule(Message):
    """Another day. `words`: what the person said, in their own words."""

    due_on: Day
    reason: ShortText
    words: LongText | None = None


class NewDecision(Message):
    """What a person judged about a due test (domain 3.5). `words`: what the tested person said; required for a refusal and for an evasion (DRR art. 20)."""

    decision: Decision
    reason: ShortText
    words: LongText | None = None


class PlanRow(Answer):
    """A due test in a list: ids and codes, no name."""

    id: UUID
    person_id: UUID
    measure_id: UUID | None
    sex: str | None
    division_code: str
    kind: str
    specimen_type: str
    due_on: date
    window_from: date
    window_to: date
    state: str


class PlanAnswer(Answer):
    """A due test."""

    id: UUID
    person_id: UUID
    measure_id: UUID | None
    division_code: str
    kind: str
    specimen_type: str
    scheme_code: str | None
    number: int | None
    due_on: date
    window_from: date
    window_to: date
    state: str
    moved: bool
    opened_at: datetime | None
    grounds: str | None
    document_no: str | None
    version: int
    updated_at: datetime


class PlanStep(Answer):
    """One step of a due test's history."""

    recorded_at: datetime
    recorded_by: str
    event: str
    from_state: str
    to_state: str
    due_on: date
    source: str
    reason: str
    words: str


class SchemeAnswer(Answer):
    """A scheme in force: how many half months lie between tests, from which month of the term on."""

    code: str
    measure_kind: str
    specimen_type: str
    window_days: int
    valid_from: date
    source: str
    phases: list[tuple[int, int]]
    """(from_month, step_half_months)."""
