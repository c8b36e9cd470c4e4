"""Rows of practitioner screenings. No column can hold the identity of somebody whose strip was negative."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from kit.db import check_words, new_id
from services.testing.schema import SCHEMA
from services.testing.screenings.rules import REFERRAL_STATES, SHOWN_GROUNDS

PERSONAL = {"personal": True}


class Campaign(SCHEMA.base, table=True):
    """A campaign with its legal ground and its end (domain 10: plan, basis, scope, ended on)."""

    __tablename__ = "campaign"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    name: str = Field(sa_type=sa.Text)
    division_code: str = Field(sa_type=sa.Text)
    legal_ground: str = Field(sa_type=sa.Text)
    starts_on: date
    ends_on: date
    created_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class VenueScreening(SCHEMA.base, table=True):
    """The number of people of a unit that were screened on a day, and the results of the strips."""

    __tablename__ = "venue_screening"
    __table_args__ = (
        check_words("ground", SHOWN_GROUNDS, "ground"),
        sa.CheckConstraint(
            "tested = negative + presumptive_positive + invalid and least(negative, presumptive_positive, invalid) >= 0", name="sum"
        ),
        sa.Index("ix_venue_screening_division_code", "division_code", "screened_on", "id"),
        sa.Index(
            "uq_venue_screening_source", "source", "unit_name", "screened_on", unique=True, postgresql_where=sa.text("source <> 'entry'")
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    campaign_id: UUID | None = Field(default=None, foreign_key="testing.campaign.id")
    unit_name: str = Field(sa_type=sa.Text)
    trade: str | None = Field(default=None, sa_type=sa.Text)
    division_code: str = Field(sa_type=sa.Text)
    screened_on: date
    ground: str = Field(sa_type=sa.Text)
    """The legal ground for asking these people; `ledger`: the ledger does not say."""
    tested: int
    negative: int
    presumptive_positive: int
    invalid: int
    source: str = Field(default="entry", sa_type=sa.Text)
    """`entry`, or the digest of the file that it was taken over from."""
    recorded_by: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class ScreeningReferral(SCHEMA.base, table=True):
    """A presumptive positive on its way to the police: the identity sealed, and erased once the police found nothing."""

    __tablename__ = "screening_referral"
    __table_args__ = (
        check_words("state", REFERRAL_STATES, "state"),
        sa.Index("ix_screening_referral_division_code", "division_code", "state", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    screening_id: UUID = Field(foreign_key="testing.venue_screening.id")
    division_code: str = Field(sa_type=sa.Text)
    identity_sealed: bytes | None = Field(default=None, sa_column=sa.Column(sa.LargeBinary, info=PERSONAL))
    state: str = Field(default="referred", sa_column=sa.Column(sa.Text, nullable=False, info=PERSONAL))
    police_case_no: str | None = Field(default=None, sa_type=sa.Text)
    outcome_on: date | None = None
    version: int = 1
    created_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class ReferralStep(SCHEMA.base, table=True):
    """One step of a referral. Append-only."""

    __tablename__ = "referral_step"
    __table_args__ = (sa.Index("ix_referral_step_referral_id", "referral_id"), {"info": {"append_only": True}})

    id: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(), primary_key=True))
    referral_id: UUID
    event: str = Field(sa_type=sa.Text)
    from_state: str = Field(sa_type=sa.Text)
    to_state: str = Field(sa_type=sa.Text)
    source: str = Field(sa_type=sa.Text)
    recorded_by: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
