"""Rows of places. A person's home point is as telling as an address and is sealed (law 8)."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from kit.db import check_words, new_id
from services.alerts.places.rules import KINDS, OCCASIONS
from services.alerts.schema import SCHEMA

CENTRES = ("seat", "station")
"""Kinds by which counties are told apart."""
PUBLIC_KINDS = tuple(kind for kind in KINDS if kind not in ("seat", "work"))

PERSONAL = {"personal": True}
STAMP = sa.DateTime(timezone=True)


class Place(SCHEMA.base, table=True):
    """A point that many people go to."""

    __tablename__ = "place"
    __table_args__ = (check_words("kind", KINDS, "kind"),)

    code: str = Field(sa_type=sa.Text, primary_key=True)
    kind: str = Field(sa_type=sa.Text)
    division_code: str = Field(sa_type=sa.Text)
    lon: float
    lat: float
    radius_m: float | None = None
    """Metres; None = the detector's parameter."""
    updated_at: datetime = Field(sa_type=STAMP)


class Occasion(SCHEMA.base, table=True):
    """An announced event or a station activity: attendance is not a gathering."""

    __tablename__ = "occasion"
    __table_args__ = (check_words("kind", OCCASIONS, "kind"),)

    code: str = Field(sa_type=sa.Text, primary_key=True)
    kind: str = Field(sa_type=sa.Text)
    division_code: str = Field(sa_type=sa.Text)
    starts_at: datetime = Field(sa_type=STAMP)
    ends_at: datetime = Field(sa_type=STAMP)
    lon: float
    lat: float
    radius_m: float | None = None
    updated_at: datetime = Field(sa_type=STAMP)


class OrdinaryPlaces(SCHEMA.base, table=True):
    """What is registered of one person: household and workplace as opaque keys, the home point sealed."""

    __tablename__ = "ordinary_places"

    person_id: UUID = Field(primary_key=True)
    household_key: str | None = Field(default=None, sa_type=sa.Text)
    workplace_code: str | None = Field(default=None, sa_type=sa.Text)
    home_sealed: bytes | None = Field(default=None, sa_column=sa.Column(sa.LargeBinary, info=PERSONAL))
    """`lon,lat` in WGS-84."""
    updated_at: datetime = Field(sa_type=STAMP)


class AnnouncedAbsence(SCHEMA.base, table=True):
    """A written report of absence (外出书面报告, DRR art. 19): a report, no permission. First to last day inclusive."""

    __tablename__ = "announced_absence"
    __table_args__ = (sa.Index("ix_announced_absence_person_id", "person_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID
    first_day: date
    last_day: date
    county_code: str | None = Field(default=None, sa_type=sa.Text)
    """Destination, six digits; None = anywhere."""
    recorded_by: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=STAMP)


class Knowledge(SCHEMA.base, table=True):
    """One row: rises with every change of what the detectors know, so that they take it up at once."""

    __tablename__ = "knowledge"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    version: int = Field(sa_type=sa.BigInteger)
