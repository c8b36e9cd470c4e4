"""Rows of check-ins, each kind in a table that ends as it should (ADR 0023).

| table | holds | ends |
|---|---|---|
| `checkin_record` | who, when, a cell of some 250 square kilometres, the county | by month, dropped whole |
| `checkin_point` | the exact point, sealed | by day, dropped whole after a month; by person at the end of a measure |
| `checkin_key` | that a phone's name for a check-in is taken | by age |

`checkin` is the one table of the first release, which kept all three in clear; `take_over` empties it.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from kit.db import check_words, new_id
from services.alerts.checkins.rules import SOURCES, Source
from services.alerts.schema import SCHEMA

PERSONAL = {"personal": True}
STAMP = sa.DateTime(timezone=True)


class CheckIn(SCHEMA.base, table=True):
    """One check-in without its point."""

    __tablename__ = "checkin_record"
    __table_args__ = (
        check_words("source", SOURCES, "source"),
        sa.Index("ix_checkin_record_person_id_at", "person_id", "at"),
        sa.Index("ix_checkin_record_division_code_at", "division_code", "at"),
        sa.Index("ix_checkin_record_at", "at", postgresql_using="brin"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    at: datetime = Field(sa_type=STAMP, primary_key=True)
    person_id: UUID
    division_code: str = Field(sa_type=sa.Text)
    """The person's town."""
    county_code: str = Field(sa_type=sa.Text)
    """Where it was, six digits, by the nearest known centre."""
    cell: int = Field(sa_type=sa.BigInteger)
    """H3 cell of resolution 5, about a town: whoever reads it learns no more than that somebody was in the county's east."""
    accuracy_m: float | None = Field(default=None, sa_type=sa.REAL)
    """Radius in metres (68 %); null where the phone could not tell: then no detector takes it."""
    source: Source = Field(sa_type=sa.Text)
    skew_s: int = 0
    """Seconds by which the phone's clock ran ahead when it sent this."""
    recorded_by: str = Field(sa_type=sa.Text)
    """The account that brought it."""
    recorded_staff: str | None = Field(default=None, sa_type=sa.Text)
    """The staff number behind the account; null for the person's own phone."""
    received_at: datetime = Field(sa_type=STAMP)


class CheckInPoint(SCHEMA.base, table=True):
    """Where it was to the metre, sealed."""

    __tablename__ = "checkin_point"
    __table_args__ = (sa.Index("ix_checkin_point_person_id", "person_id"), {"postgresql_partition_by": "RANGE (at)"})

    checkin_id: UUID = Field(primary_key=True)
    at: datetime = Field(sa_type=STAMP, primary_key=True)
    person_id: UUID
    point_sealed: bytes = Field(sa_column=sa.Column(sa.LargeBinary, nullable=False, info=PERSONAL))
    """`lon,lat` in WGS-84 degrees."""


class CheckInKey(SCHEMA.base, table=True):
    """That a phone's name for a check-in of one person is taken, and by what."""

    __tablename__ = "checkin_key"
    __table_args__ = (sa.Index("ix_checkin_key_at", "at"),)

    key: UUID = Field(primary_key=True)
    """The first half of SHA-256 over person and name: the name that a phone gives is not stored."""
    at: datetime = Field(sa_type=STAMP)
    content: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    """Keyed digest of time, point and accuracy as told: the same name with another content is a conflict. Null: not known (first release)."""


class LandedCheckIn(SCHEMA.base, table=True):
    """One check-in as the first release kept it: point, history and name in one row, in clear."""

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
    at: datetime = Field(sa_type=STAMP)
    division_code: str = Field(sa_type=sa.Text)
    county_code: str = Field(sa_type=sa.Text)
    cell: int = Field(sa_type=sa.BigInteger)
    lon: float | None = Field(default=None, sa_column=sa.Column(sa.Double, info=PERSONAL))
    lat: float | None = Field(default=None, sa_column=sa.Column(sa.Double, info=PERSONAL))
    accuracy_m: float | None = Field(default=None, sa_type=sa.REAL)
    source: str = Field(sa_type=sa.Text)
    skew_s: int = 0
    recorded_by: str = Field(sa_type=sa.Text)
    received_at: datetime = Field(sa_type=STAMP)


class Unobserved(SCHEMA.base, table=True):
    """Check-ins that the detectors have not taken yet: written with the check-in, deleted with what the detectors made of it (ADR 0005)."""

    __tablename__ = "unobserved"
    __table_args__ = (sa.Index("ix_unobserved_at", "at", "checkin_id"),)

    checkin_id: UUID = Field(primary_key=True)
    at: datetime = Field(sa_type=STAMP)
