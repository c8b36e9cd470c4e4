"""Rows of persons. Columns marked `personal` never leave in logs, events, URLs or metrics (law 8)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from kit.db import check_words, new_id
from kit.sheets.id_numbers import SEXES
from services.registry.people.rules import RECORD_STATES, STATUSES
from services.registry.schema import SCHEMA

PERSONAL = {"personal": True}


class Person(SCHEMA.base, table=True):
    """One person, once (domain glossary `person`)."""

    __tablename__ = "person"
    __table_args__ = (
        check_words("sex", SEXES, "sex"),
        check_words("state", RECORD_STATES, "state"),
        sa.Index("ix_person_division_code_id", "division_code", "id"),
        sa.Index("ix_person_status_id", "status", "id"),
        sa.Index("ix_person_name_trgm", "name", postgresql_using="gin", postgresql_ops={"name": "public.gin_trgm_ops"}),
        sa.Index("ix_person_name_initials", "name_initials"),
        sa.Index("ix_person_name_pinyin", sa.text("replace(name_pinyin, ' ', '')")),
        sa.Index("ix_person_phone_index", "phone_index"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    division_code: str = Field(sa_type=sa.Text)
    """Responsible town."""
    village_code: str | None = Field(default=None, sa_type=sa.Text)
    household_area: str = Field(sa_type=sa.Text)
    """Area code (6) of the household registration as far as known; else of the ID number."""
    name: str = Field(sa_column=sa.Column(sa.Text, nullable=False, info=PERSONAL))
    name_pinyin: str = Field(sa_column=sa.Column(sa.Text, nullable=False, info=PERSONAL))
    name_initials: str = Field(sa_column=sa.Column(sa.Text, nullable=False, info=PERSONAL))
    sex: str = Field(sa_type=sa.Text)
    birth_date: date = Field(sa_column=sa.Column(sa.Date, nullable=False, info=PERSONAL))
    id_number_sealed: bytes = Field(sa_column=sa.Column(sa.LargeBinary, nullable=False, info=PERSONAL))
    id_number_index: bytes = Field(sa_column=sa.Column(sa.LargeBinary, nullable=False, unique=True, info=PERSONAL))
    id_number_masked: str = Field(sa_column=sa.Column(sa.Text, nullable=False, info=PERSONAL))
    phone_sealed: bytes | None = Field(default=None, sa_column=sa.Column(sa.LargeBinary, info=PERSONAL))
    phone_masked: str | None = Field(default=None, sa_column=sa.Column(sa.Text, info=PERSONAL))
    phone_index: bytes | None = Field(default=None, sa_column=sa.Column(sa.LargeBinary, info=PERSONAL))
    address_sealed: bytes | None = Field(default=None, sa_column=sa.Column(sa.LargeBinary, info=PERSONAL))
    drugs: list[str] = Field(default_factory=list, sa_type=JSONB)
    registered_on: date | None = None
    status: str = Field(sa_type=sa.Text)
    """The latest standing by its date: a copy of the newest `standing` row, kept for lists."""
    status_since: date
    state: str = Field(default="open", sa_type=sa.Text)
    closed_on: date | None = None
    version: int = 1
    created_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class Standing(SCHEMA.base, table=True):
    """A registered standing from a day on. Append-only: a correction is a new row that names the old one and the reason."""

    __tablename__ = "standing"
    __table_args__ = (
        check_words("status", STATUSES, "status"),
        sa.Index("ix_standing_person_id_since", "person_id", "since"),
        sa.Index("ix_standing_corrects_id", "corrects_id", postgresql_where=sa.text("corrects_id is not null")),
        {"info": {"append_only": True}},
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(foreign_key="registry.person.id")
    status: str = Field(sa_type=sa.Text)
    since: date
    since_month_only: bool = False
    """The source gave only year and month; `since` is the first of it."""
    division_code: str = Field(sa_type=sa.Text)
    source: str = Field(sa_type=sa.Text)
    corrects_id: UUID | None = Field(default=None, foreign_key="registry.standing.id")
    reason: str = Field(default="", sa_type=sa.Text)
    recorded_by: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class PersonChange(SCHEMA.base, table=True):
    """What was changed about a person, by whom, why. Append-only; personal values stand here only masked."""

    __tablename__ = "person_change"
    __table_args__ = (sa.Index("ix_person_change_person_id", "person_id"), {"info": {"append_only": True}})

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(foreign_key="registry.person.id")
    action: str = Field(sa_type=sa.Text)
    before: dict[str, Any] = Field(sa_column=sa.Column(JSONB, nullable=False, info=PERSONAL))
    after: dict[str, Any] = Field(sa_column=sa.Column(JSONB, nullable=False, info=PERSONAL))
    legal_source: str = Field(default="", sa_column=sa.Column(sa.Text, nullable=False, server_default=""))
    """What the change rests on; empty in the rows of the first release."""
    reason: str = Field(default="", sa_type=sa.Text)
    recorded_by: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
