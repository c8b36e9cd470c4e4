"""Messages of risk assessments."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from kit.codes import Listed
from kit.schemas import Answer, Day, LongText, Message
from kit.steps.taking import NextStep
from services.registry.assessments.rules import Factor, State, Tier


class NewAssessment(Message):
    """Evidence for a tier: factors of the model with their counts, each from a lawful work record."""

    inputs: dict[Factor, Annotated[int, Field(ge=0, le=1000)]]
    assessed_on: Day
    reason: LongText


class Signature(Message):
    """A named person signs, with the proposed tier or another one, and says why."""

    tier: Tier
    reason: LongText


class Withdrawal(Message):
    """An assessment is taken back, for example after the person's objection."""

    reason: LongText


class AssessmentAnswer(Answer):
    """An assessment, with its evidence and its model."""

    id: UUID
    person_id: UUID
    division_code: str
    tier: Tier
    state: State
    points: int | None
    """Null where the evidence stayed on paper."""
    assessed_on: date
    valid_to: date
    """First day on which it no longer holds."""
    model_version: str
    inputs: dict[str, int]
    reason: str
    proposed_by: str
    signed_by: str | None
    signed_on: date | None
    withdrawn_reason: str
    source: Annotated[str, Listed("record.source")]
    version: int
    next_steps: list[NextStep]


class PersonTier(Answer):
    """The tier that holds on a day; null when there is none, never a colour (domain 4)."""

    person_id: UUID
    tier: Tier | None
    valid_to: date | None
    assessment_id: UUID | None
    reason: str
    """Why: in plain words, also for the person (PIPL art. 24)."""
