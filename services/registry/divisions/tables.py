"""Rows of divisions and population."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from kit.db import check_words
from services.registry.divisions.rules import LEVELS
from services.registry.schema import SCHEMA


class Division(SCHEMA.base, table=True):
    """One division with its code (GB/T 2260, GB/T 10114, or a local code) and validity."""

    __tablename__ = "division"
    __table_args__ = (check_words("level", LEVELS, "level"),)

    code: str = Field(sa_type=sa.Text, primary_key=True)
    name: str = Field(sa_type=sa.Text)
    level: str = Field(sa_type=sa.Text)
    parent_code: str = Field(sa_type=sa.Text, index=True)
    service_centre_code: str | None = Field(default=None, sa_type=sa.Text)
    statutory: bool
    aliases: list[str] = Field(sa_type=JSONB)
    lon: float | None = None
    lat: float | None = None
    valid_from: date
    valid_to: date | None = None
    note: str = Field(default="", sa_type=sa.Text)


class ResidentPopulation(SCHEMA.base, table=True):
    """Resident population at the start of a year: the denominator of the user share (domain 5, row 7)."""

    __tablename__ = "resident_population"

    division_code: str = Field(sa_type=sa.Text, primary_key=True)
    year: int = Field(primary_key=True)
    persons: int
    source: str = Field(sa_type=sa.Text)
