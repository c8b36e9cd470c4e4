"""Rows of check-ins. The exact point is personal and kept for a month; what stays is a cell of some five square kilometres and the county."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from kit.db import check_words, new_id
from services.alerts.schema import SCHEMA

SOURCES = ("app", "worker", "station", "partner")
PERSONAL = {"personal": True}
STAMP = sa.DateTime(timezone=True)


class CheckIn(SCHEMA.base, table=True):
    """One check-in, once per person and client key."""

    __tablename__ = "checkin"
    __table_args__ = (
        check_words("source", SOURCES, "source"),
        sa.UniqueConstraint("person_id", "client_key"),
        sa.Index("ix_checkin_person_id_at", "person_id", "at"),
        sa.Index("ix_checkin_at", "at", postgresql_using="brin"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID
    client_key: str = Field(sa_type=sa.Text)
    """What the phone called it: the same key again is the same check-in."""
    at: datetime = Field(sa_type=STAMP)
    division_code: str = Field(sa_type=sa.Text)
    """The person's town."""
    county_code: str = Field(sa_type=sa.Text)
    """Where it was, six digits, by the nearest known centre."""
    cell: int = Field(sa_type=sa.BigInteger)
    """H3 cell of resolution 7."""
    lon: float | None = Field(default=None, sa_column=sa.Column(sa.Double, info=PERSONAL))
    lat: float | None = Field(default=None, sa_column=sa.Column(sa.Double, info=PERSONAL))
    """WGS-84 degrees, until the sweep."""
    accuracy_m: float | None = Field(default=None, sa_type=sa.REAL)
    """Radius in metres (68 %); null where the phone could not tell: then no detector takes it."""
    source: str = Field(sa_type=sa.Text)
    skew_s: int = 0
    """Seconds by which the phone's clock ran ahead when it sent this."""
    recorded_by: str = Field(sa_type=sa.Text)
    received_at: datetime = Field(sa_type=STAMP)


class Unobserved(SCHEMA.base, table=True):
    """Check-ins that the detectors have not taken yet: written with the check-in, deleted with what the detectors made of it (ADR 0005)."""

    __tablename__ = "unobserved"
    __table_args__ = (sa.Index("ix_unobserved_at", "at", "checkin_id"),)

    checkin_id: UUID = Field(primary_key=True)
    at: datetime = Field(sa_type=STAMP)
