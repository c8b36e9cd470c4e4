"""Messages of plans."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from kit.citations import Cited
from kit.codes import Listed
from kit.schemas import Answer, Day, DocumentNo, LongText, Message, ShortText
from kit.sheets.id_numbers import Sex
from kit.steps.taking import NextStep
from services.testing.plans.rules import Decision, Kind, PlanState, SchemeMeasure, Specimen


class NewPlan(Message):
    """A test arranged by hand.

    `mandatory`: on the police's instruction, only under a running measure (DTP art. 2); whoever is not of the police names the police organ that asked
    (`instructed_by`), the day (`instructed_on`) and the number of its paper (DRR art. 19(2)); `voluntary`: by the person's written consent; `suspected`: by the
    police, on stated grounds (NCL art. 32). `grounds` says which instruction, consent or suspicion, `document_no` its paper.
    """

    person_id: UUID
    kind: Kind
    specimen_type: Specimen
    due_on: Day
    window_days: Annotated[int, Field(ge=0, le=14)] = 0
    grounds: LongText
    document_no: DocumentNo
    instructed_by: ShortText | None = None
    instructed_on: Day | None = None


class Reschedule(Message):
    """Another day. `words`: what the person said, in their own words."""

    due_on: Day
    reason: ShortText
    words: LongText | None = None


class NewDecision(Message):
    """The judgement of a person about a due test (domain 3.5).

    `words`: what the tested person said; required for a refusal and for an evasion (DRR art. 20).
    """

    decision: Decision
    reason: ShortText
    words: LongText | None = None


class PlanRow(Answer):
    """A due test in a list: ids and codes, no name."""

    id: UUID
    person_id: UUID
    measure_id: UUID | None
    sex: Sex | None
    division_code: str
    kind: Kind
    specimen_type: Specimen
    due_on: date
    window_from: date
    window_to: date
    state: PlanState
    version: int


class PlanAnswer(Answer):
    """A due test."""

    id: UUID
    person_id: UUID
    measure_id: UUID | None
    division_code: str
    """The town that is responsible today."""
    owed_in: str
    """The town that owed the test while it could be taken."""
    kind: Kind
    specimen_type: Specimen
    scheme_code: str | None
    number: int | None
    due_on: date
    window_from: date
    window_to: date
    state: PlanState
    moved: bool
    opened_at: datetime | None
    grounds: str | None
    document_no: str | None
    instructed_by: str | None
    instructed_on: date | None
    version: int
    updated_at: datetime
    next_steps: list[NextStep]
    """What can be done now, with which fields, and what stands in the way."""


class PlanStep(Answer):
    """One step of a due test's history."""

    recorded_at: datetime
    recorded_by: str
    event: Annotated[str, Listed("due_test.event")]
    from_state: PlanState | Literal["none"]
    to_state: PlanState
    due_on: date
    source: Cited
    reason: str
    words: str


class SchemeAnswer(Answer):
    """A scheme in force: from each month of the term on, the number of half months between tests."""

    code: str
    measure_kind: SchemeMeasure
    specimen_type: Specimen
    window_days: int
    valid_from: date
    source: Cited
    phases: list[tuple[int, int]]
    """(from_month, step_half_months)."""
