"""Rows of findings and rectifications."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from kit.db import check_words, new_id
from services.precursor.rectifications.rules import DISPOSITION_WORDS, FINDING_OUTCOMES, STATES
from services.precursor.schema import SCHEMA


class Finding(SCHEMA.base, table=True):
    """What an inspection found under one item. Append-only."""

    __tablename__ = "finding"
    __table_args__ = (
        check_words("outcome", FINDING_OUTCOMES, "outcome"),
        check_words("disposition", sorted(DISPOSITION_WORDS), "disposition"),
        sa.UniqueConstraint("inspection_id", "item_no"),
        {"info": {"append_only": True}},
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    inspection_id: UUID = Field(foreign_key="precursor.inspection.id")
    firm_id: UUID = Field(foreign_key="precursor.firm.id", index=True)
    division_code: str = Field(sa_type=sa.Text)
    authority: str = Field(sa_type=sa.Text)
    item_no: str = Field(sa_type=sa.Text)
    basis: str = Field(sa_type=sa.Text)
    outcome: str = Field(sa_type=sa.Text)
    disposition: str = Field(sa_type=sa.Text)
    detail: str = Field(sa_type=sa.Text)
    passed_to: str | None = Field(default=None, sa_type=sa.Text)
    """The competent organ for a referred finding; it decides penalties, this service never does."""
    found_on: date
    recorded_by: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class Rectification(SCHEMA.base, table=True):
    """An order to correct (责令限期改正) and its way to the end."""

    __tablename__ = "rectification"
    __table_args__ = (
        check_words("state", STATES, "state"),
        sa.Index("ix_rectification_division_code_id", "division_code", "id"),
        sa.Index("ix_rectification_open_deadline", "deadline", postgresql_where=sa.text("state = 'ordered'")),
        sa.Index("ix_rectification_inspection_id", "inspection_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    finding_id: UUID = Field(foreign_key="precursor.finding.id", unique=True)
    inspection_id: UUID = Field(foreign_key="precursor.inspection.id")
    firm_id: UUID = Field(foreign_key="precursor.firm.id", index=True)
    division_code: str = Field(sa_type=sa.Text)
    authority: str = Field(sa_type=sa.Text)
    item_no: str = Field(sa_type=sa.Text)
    basis: str = Field(sa_type=sa.Text)
    requirement: str = Field(sa_type=sa.Text)
    competent: list[str] = Field(default_factory=list, sa_type=JSONB)
    """Authorities that may take it over when it is not corrected, by the item's article and what the firm held on the day."""
    ordered_on: date
    first_deadline: date
    deadline: date
    orders: int = 1
    """The number of orders for this finding."""
    state: str = Field(default="ordered", sa_type=sa.Text)
    overdue_told_for: date | None = None
    """The deadline of which `rectification.overdue` was sent, so that it is sent once each."""
    closed_on: date | None = None
    in_time: bool | None = None
    passed_to: str | None = Field(default=None, sa_type=sa.Text)
    version: int = 1
    created_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class RectificationStep(SCHEMA.base, table=True):
    """What happened to an order. Append-only."""

    __tablename__ = "rectification_step"
    __table_args__ = (sa.Index("ix_rectification_step_rectification_id", "rectification_id"), {"info": {"append_only": True}})

    id: UUID = Field(default_factory=new_id, primary_key=True)
    rectification_id: UUID = Field(foreign_key="precursor.rectification.id")
    action: str = Field(sa_type=sa.Text)
    from_state: str = Field(sa_type=sa.Text)
    on_day: date
    state: str = Field(sa_type=sa.Text)
    source: str = Field(sa_type=sa.Text)
    """The legal source of the step as it was declared when it was taken."""
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    recorded_by: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
