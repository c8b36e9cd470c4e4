"""Rows of laboratories and of hair cut-offs."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from kit.db import check_words, new_id
from services.testing.labs.rules import QUALIFICATIONS
from services.testing.schema import SCHEMA


class Lab(SCHEMA.base, table=True):
    """A designated laboratory and the dates of its designation."""

    __tablename__ = "lab"
    __table_args__ = (check_words("qualification", QUALIFICATIONS, "qualification"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    code: str = Field(sa_type=sa.Text, unique=True)
    name: str = Field(sa_type=sa.Text)
    qualification: str = Field(sa_type=sa.Text)
    certificate_no: str = Field(sa_type=sa.Text)
    designated_by: str = Field(sa_type=sa.Text)
    """The county or higher police organ that designated it (DTP art. 4)."""
    valid_from: date
    valid_to: date | None = None
    """First day on which it may not test any more."""
    version: int = 1
    created_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class HairCutoff(SCHEMA.base, table=True):
    """From which value on a hair analysis is positive, in ng/mg, from a day on."""

    __tablename__ = "hair_cutoff"

    analyte: str = Field(sa_type=sa.Text, primary_key=True)
    valid_from: date = Field(primary_key=True)
    ng_per_mg: Decimal = Field(sa_type=sa.Numeric(8, 3))
    source: str = Field(sa_type=sa.Text)
