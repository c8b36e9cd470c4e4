"""Rows of the projection. No name, no number, no address ever comes here."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.testing.schema import SCHEMA

PERSONAL = {"personal": True}


class Subject(SCHEMA.base, table=True):
    """A person as testing knows them: the registry's id, the town, the sex (DTP art. 8), the standing."""

    __tablename__ = "subject"

    person_id: UUID = Field(primary_key=True)
    division_code: str = Field(sa_type=sa.Text, index=True)
    """The town that executes the measure, else the responsible town."""
    sex: str | None = Field(default=None, sa_column=sa.Column(sa.Text, info=PERSONAL))
    standing: str | None = Field(default=None, sa_column=sa.Column(sa.Text, info=PERSONAL))
    standing_since: date | None = None
    heard_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    """The time of the latest event about it: an older event that is replayed changes nothing."""


class WatchedMeasure(SCHEMA.base, table=True):
    """A measure as the registry's latest event describes it."""

    __tablename__ = "watched_measure"
    __table_args__ = (
        sa.Index("ix_watched_measure_person_id", "person_id"),
        sa.Index("ix_watched_measure_unplanned", "measure_id", postgresql_where=sa.text("unplanned")),
    )

    measure_id: UUID = Field(primary_key=True)
    person_id: UUID
    kind: str = Field(sa_column=sa.Column(sa.Text, nullable=False, info=PERSONAL))
    state: str = Field(sa_column=sa.Column(sa.Text, nullable=False, info=PERSONAL))
    division_code: str = Field(sa_type=sa.Text)
    term_start: date | None = None
    term_end: date | None = None
    changed_on: date
    """The day of the latest change, as the registry tells it."""
    unplanned: bool = False
    """The due tests must be planned again: the planning job takes all such measures at once."""
    heard_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
