"""Rows of hand-overs."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from kit.db import new_id
from services.registry.schema import SCHEMA


class HandOver(SCHEMA.base, table=True):
    """A person accepted in writing by another county (移交): only this moves the count (domain 6)."""

    __tablename__ = "hand_over"
    __table_args__ = (sa.UniqueConstraint("person_id", "handed_over_on"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(foreign_key="registry.person.id")
    from_division: str = Field(sa_type=sa.Text)
    receiving_area: str = Field(sa_type=sa.Text, index=True)
    document_no: str = Field(sa_type=sa.Text)
    handed_over_on: date
    source: str = Field(sa_type=sa.Text)
    recorded_by: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
