"""Rows of venues and key units: places, never guests or staff (domain 10)."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from kit.db import check_words, new_id
from services.precursor.schema import SCHEMA
from services.precursor.venues.rules import CATEGORIES, RESULTS


class Venue(SCHEMA.base, table=True):
    """A place, once by name and town: venues have no code that their ledgers carry."""

    __tablename__ = "venue"
    __table_args__ = (
        sa.UniqueConstraint("name", "division_code"),
        check_words("category", CATEGORIES, "category"),
        check_words("last_result", RESULTS, "last_result"),
        sa.Index("ix_venue_division_code_id", "division_code", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    category: str = Field(sa_type=sa.Text)
    """`venue`: 行业场所 of 娱乐场所管理条例 and the like; `key_unit`: 重点单位 whose staff are reached by prevention work."""
    venue_type: str = Field(sa_type=sa.Text)
    name: str = Field(sa_type=sa.Text)
    division_code: str = Field(sa_type=sa.Text)
    last_inspected_on: date | None = None
    last_result: str | None = Field(default=None, sa_type=sa.Text)
    created_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
