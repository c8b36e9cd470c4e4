"""Rows of results per analyte."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from kit.db import check_words, new_id
from services.testing.kits.rules import CODES
from services.testing.results.rules import STAGES
from services.testing.schema import SCHEMA

PERSONAL = {"personal": True}


class AnalyteResult(SCHEMA.base, table=True):
    """What one stage read for one analyte. Append-only: a corrected report is further rows of a later day."""

    __tablename__ = "analyte_result"
    __table_args__ = (
        check_words("stage", STAGES, "stage"),
        check_words("code", CODES, "code"),
        sa.Index("ix_analyte_result_collection_id", "collection_id"),
        {"info": {"append_only": True}},
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    collection_id: UUID = Field(foreign_key="testing.collection.id")
    stage: str = Field(sa_type=sa.Text)
    analyte: str = Field(sa_column=sa.Column(sa.Text, nullable=False, info=PERSONAL))
    code: str = Field(sa_column=sa.Column(sa.Text, nullable=False, info=PERSONAL))
    value: Decimal | None = Field(default=None, sa_column=sa.Column(sa.Numeric(12, 4), info=PERSONAL))
    unit: str | None = Field(default=None, sa_type=sa.Text)
    cutoff: Decimal | None = Field(default=None, sa_type=sa.Numeric(12, 4))
    kit_lot_id: UUID | None = None
    lab_id: UUID | None = None
    reported_on: date
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
