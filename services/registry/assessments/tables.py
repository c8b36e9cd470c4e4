"""Rows of risk assessments."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from kit.db import check_words, new_id
from kit.steps.taking import History
from services.registry.assessments.rules import STATES, TIERS
from services.registry.schema import SCHEMA


class RiskAssessment(SCHEMA.base, table=True):
    """One assessment. `proposed` binds nobody until a named human signs; a person three years clean has no tier (DRR art. 7)."""

    __tablename__ = "risk_assessment"
    __table_args__ = (
        check_words("tier", TIERS, "tier"),
        check_words("state", STATES, "state"),
        sa.Index("ix_risk_assessment_person_id", "person_id", "assessed_on"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(foreign_key="registry.person.id")
    division_code: str = Field(sa_type=sa.Text)
    tier: str = Field(sa_type=sa.Text)
    state: str = Field(sa_type=sa.Text)
    assessed_on: date
    valid_to: date
    model_version: str = Field(sa_type=sa.Text)
    inputs: dict[str, Any] = Field(sa_type=JSONB)
    reason: str = Field(default="", sa_type=sa.Text)
    signed_by: str | None = Field(default=None, sa_type=sa.Text)
    signed_on: date | None = None
    withdrawn_reason: str = Field(default="", sa_type=sa.Text)
    proposed_by: str = Field(default="", sa_type=sa.Text)
    version: int = 1
    source: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=sa.DateTime(timezone=True), sa_column_kwargs={"server_default": sa.func.now()})


class AssessmentChange(History, SCHEMA.base, table=True):
    """One step of an assessment. Those of the first release began without one."""

    __tablename__ = "risk_assessment_change"
