"""What the detectors remember between runs. Learned places are sealed like homes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from kit.db import new_id
from services.alerts.schema import SCHEMA

PERSONAL = {"personal": True}
STAMP = sa.DateTime(timezone=True)


class LearnedPlace(SCHEMA.base, table=True):
    """A place that became a person's own by habit: a job, a new home. It only explains a presence; it is never held against the person."""

    __tablename__ = "learned_place"
    __table_args__ = (sa.Index("ix_learned_place_person_id", "person_id"), sa.Index("ix_learned_place_until", "until"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID
    spot_sealed: bytes = Field(sa_column=sa.Column(sa.LargeBinary, nullable=False, info=PERSONAL))
    """`lon,lat` in WGS-84."""
    since: datetime = Field(sa_type=STAMP)
    until: datetime = Field(sa_type=STAMP)


class FirstSighting(SCHEMA.base, table=True):
    """Since when a person checks in: nobody's ordinary places are known in the first week."""

    __tablename__ = "first_sighting"

    person_id: UUID = Field(primary_key=True)
    at: datetime = Field(sa_type=STAMP)


class DetectionState(SCHEMA.base, table=True):
    """How far detection has come. `counter` tells a process whether its memory still is the newest."""

    __tablename__ = "detection_state"

    name: str = Field(sa_type=sa.Text, primary_key=True)
    counter: int = Field(sa_type=sa.BigInteger)
    newest: datetime | None = Field(default=None, sa_type=STAMP)
    replay_from: datetime | None = Field(default=None, sa_type=STAMP)
    learned_until: datetime | None = Field(default=None, sa_type=STAMP)
    morning_until: datetime | None = Field(default=None, sa_type=STAMP)
    moved_at: datetime = Field(sa_type=STAMP)
