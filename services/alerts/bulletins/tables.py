"""Rows of bulletins: a draft may be collected again, an issue is never changed (append-only by the login's rights)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from kit.db import check_words, new_id
from services.alerts.schema import SCHEMA

RHYTHMS = ("day", "week", "half_month", "month")
STAMP = sa.DateTime(timezone=True)


class BulletinDraft(SCHEMA.base, table=True):
    """One bulletin of one period and revision: the frozen inputs that it is computed from."""

    __tablename__ = "bulletin"
    __table_args__ = (
        check_words("rhythm", RHYTHMS, "rhythm"),
        check_words("state", ("draft", "published"), "state"),
        sa.UniqueConstraint("rhythm", "first_day", "revision"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    rhythm: str = Field(sa_type=sa.Text)
    first_day: date
    last_day: date
    revision: int
    state: str = Field(sa_type=sa.Text)
    number: str = Field(sa_type=sa.Text)
    inputs: dict[str, Any] = Field(sa_type=JSONB)
    """Counts, names, earlier ratings, heading and formula: `computed.bulletin_of` makes the bulletin from these alone."""
    collected_at: datetime = Field(sa_type=STAMP)
    collected_by: str = Field(sa_type=sa.Text)
    version: int = 1
    updated_at: datetime = Field(sa_type=STAMP)


class BulletinIssue(SCHEMA.base, table=True):
    """A published bulletin: its inputs as they were, its canonical JSON (RFC 8785) and digest."""

    __tablename__ = "bulletin_issue"
    __table_args__ = (sa.UniqueConstraint("rhythm", "first_day", "revision"), {"info": {"append_only": True}})

    id: UUID = Field(primary_key=True)
    """The draft's id."""
    rhythm: str = Field(sa_type=sa.Text)
    first_day: date
    revision: int
    inputs: dict[str, Any] = Field(sa_type=JSONB)
    canonical: bytes = Field(sa_type=sa.LargeBinary)
    digest: str = Field(sa_type=sa.Text)
    published_at: datetime = Field(sa_type=STAMP)
    published_by: str = Field(sa_type=sa.Text)
