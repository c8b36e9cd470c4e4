"""Rows of imports (kit.intake) and of what two sources say differently about one person."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from kit.db import check_words, new_id
from kit.intake import IntakeTables
from kit.steps.taking import History
from services.registry.ledgers.rules import CHOICES, COMPARED, IMPORT, STATES
from services.registry.schema import SCHEMA

TABLES = IntakeTables(SCHEMA, IMPORT)


class LedgerConflict(SCHEMA.base, table=True):
    """One field of one row that contradicts the register, or a row of the same person. `other_number` is null against the register."""

    __tablename__ = "ledger_conflict"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["import_id", "number"], ["registry.ledger_row.import_id", "registry.ledger_row.number"], ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_import_id", "other_number"], ["registry.ledger_row.import_id", "registry.ledger_row.number"], ondelete="CASCADE"
        ),
        sa.Index("ix_ledger_conflict_import_id_number", "import_id", "number"),
        sa.Index("ix_ledger_conflict_other", "other_import_id", "other_number"),
        check_words("field", COMPARED, "field"),
        check_words("state", STATES, "state"),
        check_words("choice", CHOICES, "choice"),
        check_words("suggestion", CHOICES, "suggestion"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    import_id: UUID
    number: int
    field: str = Field(sa_type=sa.Text)
    person_id: UUID | None = None
    """The registered person, when the other side is the register."""
    other_import_id: UUID | None = None
    other_number: int | None = None
    sides_sealed: bytes = Field(sa_column=sa.Column(sa.LargeBinary, nullable=False, info={"personal": True}))
    suggestion: str | None = Field(default=None, sa_type=sa.Text)
    """By rules.suggestion; a person decides (law 6)."""
    state: str = Field(default="open", sa_type=sa.Text)
    choice: str | None = Field(default=None, sa_type=sa.Text)
    reason: str = Field(default="", sa_type=sa.Text)
    decided_by: str | None = Field(default=None, sa_type=sa.Text)
    decided_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))
    version: int = 1
    created_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=sa.DateTime(timezone=True), sa_column_kwargs={"server_default": sa.func.now()})


class LedgerConflictChange(History, SCHEMA.base, table=True):
    """One step of a contradiction. It stays when the conflict is gone; it says who decided, not what stood there."""

    __tablename__ = "ledger_conflict_change"

    choice: str | None = Field(default=None, sa_type=sa.Text)
