"""Rows of bulletins: a draft may be collected again, an issue is never changed (append-only by the login's rights)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from kit.db import check_words, new_id
from kit.steps.taking import History
from services.alerts.bulletins.figures import Audience
from services.alerts.bulletins.periods import Rhythm
from services.alerts.bulletins.rules import BULLETIN_STATES, Indicator
from services.alerts.schema import SCHEMA

RHYTHMS = tuple(rhythm.value for rhythm in Rhythm)
AUDIENCES = tuple(audience.value for audience in Audience)
INDICATORS = tuple(indicator.value for indicator in Indicator)
STAMP = sa.DateTime(timezone=True)


class BulletinDraft(SCHEMA.base, table=True):
    """One bulletin of one period and revision: the frozen inputs that it is computed from."""

    __tablename__ = "bulletin"
    __table_args__ = (
        check_words("rhythm", RHYTHMS, "rhythm"),
        check_words("state", BULLETIN_STATES, "state"),
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


class BulletinChange(History, SCHEMA.base, table=True):
    """One step of a bulletin. Bulletins of the first release began without one."""

    __tablename__ = "bulletin_change"


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


class BulletinEdition(SCHEMA.base, table=True):
    """One edition of a published bulletin, byte for byte as it was published. Nothing makes it again: a new template changes no old paper."""

    __tablename__ = "bulletin_edition"
    __table_args__ = (check_words("audience", AUDIENCES, "audience"), {"info": {"append_only": True}})

    issue_id: UUID = Field(foreign_key="alerts.bulletin_issue.id", primary_key=True)
    audience: str = Field(sa_type=sa.Text, primary_key=True)
    canonical: bytes = Field(sa_type=sa.LargeBinary)
    """The edition's canonical JSON (RFC 8785)."""
    digest: str = Field(sa_type=sa.Text)
    """`sha256:` over it."""
    pdf: bytes = Field(sa_type=sa.LargeBinary)
    pdf_digest: str = Field(sa_type=sa.Text)
    xlsx: bytes = Field(sa_type=sa.LargeBinary)
    xlsx_digest: str = Field(sa_type=sa.Text)
    made_at: datetime = Field(sa_type=STAMP)


class BulletinItems(SCHEMA.base, table=True):
    """What stood behind one cell of a published bulletin: ids of persons, due tests or alerts, as their owner named them."""

    __tablename__ = "bulletin_items"
    __table_args__ = (check_words("indicator", INDICATORS, "indicator"), {"info": {"append_only": True}})

    issue_id: UUID = Field(foreign_key="alerts.bulletin_issue.id", primary_key=True)
    division_code: str = Field(sa_type=sa.Text, primary_key=True)
    indicator: str = Field(sa_type=sa.Text, primary_key=True)
    done: list[UUID] = Field(sa_type=ARRAY(sa.Uuid))
    open: list[UUID] = Field(sa_type=ARRAY(sa.Uuid))
