"""Rows of the catalogue."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from kit.db import check_words, new_id
from services.precursor.catalogue.rules import CONTROL_LEVELS, SUBTYPES
from services.precursor.schema import SCHEMA


class CatalogueEntry(SCHEMA.base, table=True):
    """One controlled chemical or group from a day on (易制毒化学品管理条例, annex and additions)."""

    __tablename__ = "catalogue_entry"
    __table_args__ = (
        sa.UniqueConstraint("name_zh", "valid_from"),
        sa.CheckConstraint("category in (1, 2, 3)", name="category"),
        check_words("control_level", CONTROL_LEVELS, "control_level"),
        check_words("subtype", SUBTYPES, "subtype"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    seq: int
    name_zh: str = Field(sa_type=sa.Text)
    name_en: str = Field(sa_type=sa.Text)
    synonyms: list[str] = Field(sa_type=JSONB)
    cas: list[str] = Field(sa_type=JSONB)
    category: int = Field(sa_type=sa.SmallInteger)
    subtype: str = Field(default="", sa_type=sa.Text)
    is_group: bool = False
    """A group is matched by name, never by CAS alone: the numbers are examples."""
    control_level: str = Field(default="national", sa_type=sa.Text)
    salts_controlled: bool
    valid_from: date
    valid_to: date | None = None
    legal_basis: str = Field(sa_type=sa.Text)
    pending_verification: bool
    """The official text was not available: warn, do not block (domain 13 no. 15)."""
    authority_make_sell: str = Field(default="", sa_type=sa.Text)
    authority_purchase: str = Field(default="", sa_type=sa.Text)
    authority_transport: str = Field(default="", sa_type=sa.Text)
    authority_trade: str = Field(default="", sa_type=sa.Text)
    note: str = Field(default="", sa_type=sa.Text)
    loaded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
