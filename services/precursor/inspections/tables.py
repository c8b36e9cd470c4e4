"""Rows of inspections."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from kit.db import check_words, new_id
from kit.steps.taking import History
from services.precursor.inspections.rules import OUTCOMES, RESULT_CATEGORIES, SIGNATURES, SOURCES, STATES
from services.precursor.inspectors.rules import UNFIT
from services.precursor.schema import SCHEMA


class Inspection(SCHEMA.base, table=True):
    """One inspection of one firm by one authority."""

    __tablename__ = "inspection"
    __table_args__ = (
        check_words("state", STATES, "state"),
        check_words("source", SOURCES, "source"),
        check_words("result_category", RESULT_CATEGORIES, "result_category"),
        check_words("party_signature", SIGNATURES, "party_signature"),
        sa.CheckConstraint("(source = 'draw') = (draw_id is not null)", name="draw"),
        sa.UniqueConstraint("draw_id", "firm_id"),
        sa.Index("ix_inspection_firm_id_window_from", "firm_id", "window_from"),
        sa.Index("ix_inspection_division_code_id", "division_code", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    firm_id: UUID = Field(foreign_key="precursor.firm.id")
    object_kind: str = Field(sa_type=sa.Text)
    division_code: str = Field(sa_type=sa.Text)
    authority: str = Field(sa_type=sa.Text)
    source: str = Field(sa_type=sa.Text)
    ground: str = Field(default="", sa_type=sa.Text)
    """Of a direct inspection: file number of the complaint or transfer (RBE art. 54)."""
    draw_id: UUID | None = Field(default=None, foreign_key="precursor.draw.id")
    stratum: str | None = Field(default=None, sa_type=sa.Text)
    window_from: date
    window_to: date
    state: str = Field(default="planned", sa_type=sa.Text)
    template: str | None = Field(default=None, sa_type=sa.Text)
    inspected_on: date | None = None
    result_category: str | None = Field(default=None, sa_type=sa.Text)
    party_statement: str | None = Field(default=None, sa_type=sa.Text)
    party_signature: str | None = Field(default=None, sa_type=sa.Text)
    refusal_note: str | None = Field(default=None, sa_type=sa.Text)
    end_reason: str | None = Field(default=None, sa_type=sa.Text)
    publish_by: date | None = None
    completed_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))
    held: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    """What the firm held on the day of the inspection, by the list of that day: a later change of the list or the file leaves it as it was."""
    version: int = 1
    created_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class InspectionStep(History, SCHEMA.base, table=True):
    """What was done with an inspection (APL art. 47: the whole process is recorded). Append-only."""

    __tablename__ = "inspection_step"


class InspectionOfficer(SCHEMA.base, table=True):
    """Who was drawn for an inspection, or came next in the drawn order; append-only, so that every exchange is visible."""

    __tablename__ = "inspection_officer"
    __table_args__ = (sa.Index("ix_inspection_officer_inspector_id", "inspector_id"), {"info": {"append_only": True}})

    inspection_id: UUID = Field(foreign_key="precursor.inspection.id", primary_key=True)
    inspector_id: UUID = Field(foreign_key="precursor.inspector.id", primary_key=True)
    position: int


class InspectionReplacement(SCHEMA.base, table=True):
    """Who could not go, the recorded ground, and who was next in the order that the seed gives (APL art. 43). Append-only."""

    __tablename__ = "inspection_replacement"
    __table_args__ = (
        check_words("ground", UNFIT, "ground"),
        sa.UniqueConstraint("inspection_id", "leaves"),
        {"info": {"append_only": True}},
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    inspection_id: UUID = Field(foreign_key="precursor.inspection.id")
    leaves: UUID = Field(foreign_key="precursor.inspector.id")
    enters: UUID = Field(foreign_key="precursor.inspector.id")
    ground: str = Field(sa_type=sa.Text)
    passed_over: list[dict[str, str]] = Field(default_factory=list, sa_type=JSONB)
    """Who was earlier in the order and cannot go either: inspector and ground."""
    note: str = Field(sa_type=sa.Text)
    signed_by: str | None = Field(default=None, sa_type=sa.Text)
    """The second person; null in older rows, which needed one signature."""
    recorded_by: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class InspectionPresence(SCHEMA.base, table=True):
    """Who was on the spot and which certificate was shown (APL art. 55). Append-only."""

    __tablename__ = "inspection_presence"
    __table_args__ = ({"info": {"append_only": True}},)

    inspection_id: UUID = Field(foreign_key="precursor.inspection.id", primary_key=True)
    inspector_id: UUID = Field(foreign_key="precursor.inspector.id", primary_key=True)
    certificate_no: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class InspectionOutcome(SCHEMA.base, table=True):
    """The outcome of an item. Append-only: the newest row of an item counts."""

    __tablename__ = "inspection_outcome"
    __table_args__ = (
        check_words("outcome", OUTCOMES, "outcome"),
        sa.Index("ix_inspection_outcome_inspection_id_item_no", "inspection_id", "item_no", "id"),
        {"info": {"append_only": True}},
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    inspection_id: UUID = Field(foreign_key="precursor.inspection.id")
    item_no: str = Field(sa_type=sa.Text)
    outcome: str = Field(sa_type=sa.Text)
    note: str | None = Field(default=None, sa_type=sa.Text)
    passed_to: str | None = Field(default=None, sa_type=sa.Text)
    recorded_by: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class InspectionPublication(SCHEMA.base, table=True):
    """The publication of a result and its content. Append-only."""

    __tablename__ = "inspection_publication"
    __table_args__ = ({"info": {"append_only": True}},)

    inspection_id: UUID = Field(foreign_key="precursor.inspection.id", primary_key=True)
    payload: dict[str, Any] = Field(sa_type=JSONB)
    channel: str = Field(sa_type=sa.Text)
    reference: str = Field(default="", sa_type=sa.Text)
    published_on: date
    in_time: bool
    recorded_by: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
