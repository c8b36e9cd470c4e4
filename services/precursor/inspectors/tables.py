"""Rows of inspectors, their leave and recusals."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from kit.db import check_words, new_id
from kit.steps.taking import History
from services.precursor.inspectors.rules import AUTHORITIES, GROUNDS, STATES
from services.precursor.schema import SCHEMA

PERSONAL = {"personal": True}


class Inspector(SCHEMA.base, table=True):
    """An officer who may inspect. `staff_code` is the number that the account's token carries."""

    __tablename__ = "inspector"
    __table_args__ = (check_words("authority", AUTHORITIES, "authority"), check_words("state", STATES, "state"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    staff_code: str = Field(sa_type=sa.Text, unique=True)
    name: str = Field(sa_column=sa.Column(sa.Text, nullable=False, info=PERSONAL))
    authority: str = Field(sa_type=sa.Text)
    certificate_no: str = Field(sa_type=sa.Text, unique=True)
    """Law-enforcement certificate (行政执法证), shown to the party (APL art. 55)."""
    certificate_valid_to: date
    state: str = Field(default="active", sa_type=sa.Text)
    version: int = 1
    created_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class InspectorStep(History, SCHEMA.base, table=True):
    """One step of an officer in the directory. Officers of the first release began without one."""

    __tablename__ = "inspector_step"


class InspectorLeave(SCHEMA.base, table=True):
    """Days on which an inspector cannot be sent. The reason is not stored."""

    __tablename__ = "inspector_leave"
    __table_args__ = (sa.CheckConstraint("away_to >= away_from", name="span"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    inspector_id: UUID = Field(foreign_key="precursor.inspector.id", index=True)
    away_from: date
    away_to: date
    cancelled_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))
    recorded_by: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class Recusal(SCHEMA.base, table=True):
    """An inspector who must not inspect one firm (APL art. 43)."""

    __tablename__ = "recusal"
    __table_args__ = (
        check_words("ground", GROUNDS, "ground"),
        sa.Index("uq_recusal_running", "firm_id", "inspector_id", unique=True, postgresql_where=sa.text("ended_on is null")),
        sa.Index("ix_recusal_inspector_id", "inspector_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    firm_id: UUID = Field(foreign_key="precursor.firm.id")
    inspector_id: UUID = Field(foreign_key="precursor.inspector.id")
    ground: str = Field(sa_column=sa.Column(sa.Text, nullable=False, info=PERSONAL))
    decided_by: str = Field(sa_type=sa.Text)
    """The head of the authority decides (art. 43): a staff number of the directory; in what earlier versions took, the post."""
    since: date
    ended_on: date | None = None
    recorded_by: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
