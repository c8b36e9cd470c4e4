"""Rows of stations, staff and care teams."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from kit.db import check_words, new_id
from kit.sheets.id_numbers import SEXES
from services.registry.schema import SCHEMA
from services.registry.staff.rules import POSTS


class Station(SCHEMA.base, table=True):
    """A rehabilitation station (社戒社康工作站); it may serve several towns."""

    __tablename__ = "station"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    code: str = Field(sa_type=sa.Text, unique=True)
    name: str = Field(sa_type=sa.Text)
    kind: str = Field(sa_type=sa.Text)
    division_code: str = Field(sa_type=sa.Text, index=True)
    lon: float | None = None
    lat: float | None = None
    valid_from: date
    valid_to: date | None = None


class StaffMember(SCHEMA.base, table=True):
    """A person who works for the county with supervised people. `code` is the staff number that accounts refer to."""

    __tablename__ = "staff_member"
    __table_args__ = (check_words("post", POSTS, "post"), check_words("sex", SEXES, "sex"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    code: str = Field(sa_type=sa.Text, unique=True)
    name: str = Field(sa_column=sa.Column(sa.Text, nullable=False, info={"personal": True}))
    sex: str | None = Field(default=None, sa_column=sa.Column(sa.Text, info={"personal": True}))
    """Who takes a urine specimen is of the person's sex (DTP art. 8); None when it is not known yet."""
    post: str = Field(sa_type=sa.Text)
    division_code: str = Field(sa_type=sa.Text, index=True)
    station_id: UUID | None = Field(default=None, foreign_key="registry.station.id")
    valid_from: date
    valid_to: date | None = None


class CareTeamMember(SCHEMA.base, table=True):
    """A dated membership of a person's care team (工作小组, DRR art. 17)."""

    __tablename__ = "care_team_member"
    __table_args__ = (
        check_words("post", POSTS, "post"),
        sa.Index("uq_care_team_member_running", "person_id", "staff_id", unique=True, postgresql_where=sa.text("until is null")),
        sa.Index("ix_care_team_member_staff_id", "staff_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID
    staff_id: UUID = Field(foreign_key="registry.staff_member.id")
    post: str = Field(sa_type=sa.Text)
    since: date
    until: date | None = None
