"""Rows of rounds and visits."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from kit.db import check_words, new_id
from services.registry.schema import SCHEMA
from services.registry.visits.rules import EXCUSES


class Round(SCHEMA.base, table=True):
    """One round of visits with its window."""

    __tablename__ = "round"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    code: str = Field(sa_type=sa.Text, unique=True)
    name: str = Field(sa_type=sa.Text)
    starts_on: date
    ends_on: date
    source: str = Field(default="entry", sa_type=sa.Text)
    created_by: str = Field(default="", sa_type=sa.Text)
    created_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class Visit(SCHEMA.base, table=True):
    """One visit to one person in a round: due when `visited_on` is null."""

    __tablename__ = "visit"
    __table_args__ = (
        sa.UniqueConstraint("round_id", "person_id"),
        check_words("excused", EXCUSES, "excused"),
        sa.Index("ix_visit_person_id", "person_id"),
        sa.Index("ix_visit_division_code_due_on", "division_code", "due_on"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    round_id: UUID = Field(foreign_key="registry.round.id")
    person_id: UUID = Field(foreign_key="registry.person.id")
    division_code: str = Field(sa_type=sa.Text)
    due_on: date
    meeting_place: str | None = Field(default=None, sa_column=sa.Column(sa.Text, info={"personal": True}))
    """Agreed with the person; all that a grid worker's task shows besides the name."""
    assigned_to: str | None = Field(default=None, sa_type=sa.Text)
    """Staff number of whoever is asked to go."""
    visited_on: date | None = None
    met: bool | None = None
    tested: bool | None = None
    family_met: bool | None = None
    employed: bool | None = None
    """Self-declared: employed, self-employed, farming, in school or training (domain 5, row 6)."""
    excused: str | None = Field(default=None, sa_type=sa.Text)
    """Why the person leaves the denominator (domain 5, row 3)."""
    not_met_reason: str | None = Field(default=None, sa_type=sa.Text)
    visited_by: str = Field(default="", sa_type=sa.Text)
    source: str = Field(sa_type=sa.Text)
    version: int = 1
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
