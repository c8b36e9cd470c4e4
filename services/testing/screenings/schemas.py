"""Messages of screenings."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from kit.schemas import Answer, Day, DivisionCode, DocumentNo, LongText, Message, ShortText
from kit.steps.taking import NextStep
from services.testing.screenings.rules import Ground, OutcomeWord, ReferralState, ShownGround


class NewCampaign(Message):
    """A campaign: what for, on what ground, until when."""

    name: ShortText
    division_code: DivisionCode
    legal_ground: LongText
    starts_on: Day
    ends_on: Day


class CampaignAnswer(Answer):
    """A campaign."""

    id: UUID
    name: str
    division_code: str
    legal_ground: str
    starts_on: date
    ends_on: date


class Presumptive(Message):
    """A person whose strip was positive: the identity, which only the police see."""

    name: ShortText
    id_number: ShortText


Count = Annotated[int, Field(ge=0, le=10_000)]


class NewScreening(Message):
    """One unit's screening on one day. Only presumptive positives are named, and sealed at once."""

    campaign_id: UUID | None = None
    unit_name: ShortText
    trade: ShortText | None = None
    division_code: DivisionCode
    screened_on: Day
    ground: Ground
    negative: Count
    invalid: Count = 0
    presumptive: Annotated[list[Presumptive], Field(max_length=200)] = []


class ScreeningAnswer(Answer):
    """Counts of one unit on one day."""

    id: UUID
    campaign_id: UUID | None
    unit_name: str
    trade: str | None
    division_code: str
    screened_on: date
    ground: ShownGround
    tested: int
    negative: int
    presumptive_positive: int
    invalid: int


class ReferralAnswer(Answer):
    """A referral, without the identity: `…/identity` opens it."""

    id: UUID
    screening_id: UUID
    division_code: str
    state: ReferralState
    police_case_no: str | None
    outcome_on: date | None
    version: int
    created_at: datetime


class OpenReferral(ReferralAnswer):
    """A referral with what can be done now."""

    next_steps: list[NextStep]


class ReferralIdentity(Answer):
    """Who it is, opened for a purpose and audited."""

    identity: str


class Outcome(Message):
    """The outcome of the police's own test (DTP art. 4)."""

    outcome: OutcomeWord
    outcome_on: Day
    police_case_no: DocumentNo | None = None


class ScreeningFigure(Answer):
    """A town's screening in a period. Null where a small count is withheld from whoever may not see persons."""

    division_code: str
    units: int
    tested: int | None
    negative: int | None
    presumptive_positive: int | None
    invalid: int | None
