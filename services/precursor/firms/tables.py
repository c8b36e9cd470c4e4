"""Rows of firms. Columns marked `personal` never leave in logs, events, URLs or metrics (law 8)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from kit.db import check_words, new_id
from kit.steps.taking import History
from services.precursor.firms.rules import KINDS, RESULTS, RISK_CLASSES, STATES
from services.precursor.schema import SCHEMA

PERSONAL = {"personal": True}


class Firm(SCHEMA.base, table=True):
    """A firm, once, by unified social credit code (统一社会信用代码, GB 32100-2015)."""

    __tablename__ = "firm"
    __table_args__ = (
        check_words("kind", KINDS, "kind"),
        check_words("risk_class", RISK_CLASSES, "risk_class"),
        check_words("state", STATES, "state"),
        check_words("last_result", RESULTS, "last_result"),
        sa.Index("ix_firm_division_code_id", "division_code", "id"),
        sa.Index("ix_firm_chemicals", "chemicals", postgresql_using="gin"),
        sa.Index("ix_firm_lines", "lines", postgresql_using="gin"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: str = Field(sa_type=sa.Text)
    """What it was first entered as."""
    lines: list[str] = Field(default_factory=list, sa_column=sa.Column(JSONB, nullable=False, server_default="[]"))
    """Everything that it is inspected as, `kind` among it: a courier may also carry precursors (PCR art. 20)."""
    uscc: str = Field(sa_type=sa.Text, unique=True)
    name: str = Field(sa_type=sa.Text)
    division_code: str = Field(sa_type=sa.Text)
    chemicals: list[str] = Field(default_factory=list, sa_type=JSONB)
    """Names as in the catalogue where they stand there."""
    stated_chemicals: list[str] = Field(default_factory=list, sa_column=sa.Column(JSONB, nullable=False, server_default="[]"))
    """The words of the form or ledger: 盐酸麻黄碱 stays readable beside the entry that controls it."""
    categories: list[int] = Field(default_factory=list, sa_type=JSONB)
    """Classes 1-3 that the firm handles as last evaluated: what the catalogue says of its chemicals, and what its ledger says."""
    stated_categories: list[int] = Field(default_factory=list, sa_column=sa.Column(JSONB, nullable=False, server_default="[]"))
    """Classes that the firm's ledger states and that none of its chemicals explains."""
    competent: list[str] | None = Field(default=None, sa_type=JSONB)
    """Competent authorities as last evaluated; none before the first evaluation."""
    activities: list[str] = Field(default_factory=list, sa_type=JSONB)
    open_check: bool | None = None
    """Courier: items opened and inspected on acceptance (收寄验视)."""
    real_name: bool | None = None
    """Courier: real-name acceptance (实名收寄)."""
    xray: bool | None = None
    """Courier: machine screening (过机安检)."""
    legal_person_sealed: bytes | None = Field(default=None, sa_column=sa.Column(sa.LargeBinary, info=PERSONAL))
    legal_person_masked: str | None = Field(default=None, sa_column=sa.Column(sa.Text, info=PERSONAL))
    phone_sealed: bytes | None = Field(default=None, sa_column=sa.Column(sa.LargeBinary, info=PERSONAL))
    phone_masked: str | None = Field(default=None, sa_column=sa.Column(sa.Text, info=PERSONAL))
    licence_no: str | None = Field(default=None, sa_type=sa.Text)
    licence_valid_to: date | None = None
    licence_warned_for: date | None = None
    """The expiry date of which `licence.expiring` was sent, so that it is sent once."""
    risk_class: str = Field(default="B", sa_type=sa.Text)
    """Credit risk class (国市监信发〔2022〕6号); B until the market regulator has said otherwise."""
    last_inspected_on: date | None = None
    last_result: str | None = Field(default=None, sa_type=sa.Text)
    state: str = Field(default="active", sa_type=sa.Text)
    version: int = 1
    created_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class FirmChange(SCHEMA.base, table=True):
    """What was changed about a firm, by whom, from which source. Append-only; personal values stand here only masked."""

    __tablename__ = "firm_change"
    __table_args__ = (sa.Index("ix_firm_change_firm_id", "firm_id"), {"info": {"append_only": True}})

    id: UUID = Field(default_factory=new_id, primary_key=True)
    firm_id: UUID = Field(foreign_key="precursor.firm.id")
    source: str = Field(sa_type=sa.Text)
    before: dict[str, Any] = Field(sa_column=sa.Column(JSONB, nullable=False, info=PERSONAL))
    after: dict[str, Any] = Field(sa_column=sa.Column(JSONB, nullable=False, info=PERSONAL))
    reason: str = Field(default="", sa_type=sa.Text)
    recorded_by: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class FirmStep(History, SCHEMA.base, table=True):
    """When a firm came into the directory and left it. Append-only."""

    __tablename__ = "firm_step"
