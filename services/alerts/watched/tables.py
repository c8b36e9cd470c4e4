"""Rows of the projection."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.alerts.schema import SCHEMA


class Watched(SCHEMA.base, table=True):
    """One measure as the registry's latest event describes it. Whether it runs is decided by date at each read, never stored (law 7)."""

    __tablename__ = "watched"
    __table_args__ = (sa.Index("ix_watched_person_id", "person_id"),)

    measure_id: UUID = Field(primary_key=True)
    person_id: UUID
    kind: str = Field(sa_type=sa.Text)
    state: str = Field(sa_type=sa.Text)
    division_code: str = Field(sa_type=sa.Text)
    """Town of execution."""
    since: date | None = None
    """First day of the term."""
    until: date | None = None
    """First day on which nothing is owed any more."""
    ended_on: date | None = None
    told_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    """`occurred_at` of the event, so that an older one replayed later changes nothing."""
