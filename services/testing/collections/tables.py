"""Rows of collections and their chain."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from kit.db import check_words, new_id
from services.testing.collections.rules import COLLECTION_KINDS, CONTAINERS, MODES, SOURCES, STATES
from services.testing.plans.rules import SPECIMENS
from services.testing.schema import SCHEMA

PERSONAL = {"personal": True}


class Collection(SCHEMA.base, table=True):
    """One specimen of one person and the present state of its chain."""

    __tablename__ = "collection"
    __table_args__ = (
        check_words("kind", COLLECTION_KINDS, "kind"),
        check_words("mode", MODES, "mode"),
        check_words("source", SOURCES, "source"),
        check_words("specimen_type", SPECIMENS, "specimen_type"),
        check_words("state", STATES, "state"),
        sa.Index("ix_collection_person_id", "person_id", "sampled_on"),
        sa.Index("ix_collection_division_code", "division_code", "state", "id"),
        sa.Index("ix_collection_tested_in", "tested_in", "id"),
        sa.Index("ix_collection_basis", "division_code", "id", postgresql_where=sa.text("kind = 'basis_unknown'")),
        sa.Index("ix_collection_plan_id", "plan_id"),
        sa.Index("uq_collection_ledger", "person_id", "record_no", unique=True, postgresql_where=sa.text("source = 'ledger'")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    plan_id: UUID | None = None
    person_id: UUID
    measure_id: UUID | None = None
    division_code: str = Field(sa_type=sa.Text)
    """The town that is responsible for the person today: it moves with them, so that lists and details agree."""
    tested_in: str = Field(sa_type=sa.Text)
    """The town in which the specimen was taken: figures count it there for ever, and its police decide on an objection (DTP art. 13)."""
    kind: str = Field(sa_type=sa.Text)
    mode: str = Field(sa_type=sa.Text)
    source: str = Field(default="entry", sa_type=sa.Text)
    record_no: str | None = Field(default=None, sa_type=sa.Text)
    """Number of the paper or Excel ledger that it was taken over from."""
    specimen_type: str = Field(sa_type=sa.Text)
    sampled_on: date
    collected_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))
    """None when a ledger knows only the day."""
    place: str | None = Field(default=None, sa_column=sa.Column(sa.Text, info=PERSONAL))
    collectors: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)
    """`[{"staff_code": …, "name": …, "sex": …, "organ": "police" | "town"}]`, as the register of staff had them on that day."""
    witnesses: list[dict[str, Any]] = Field(default_factory=list, sa_column=sa.Column(JSONB, nullable=False, server_default="[]"))
    kit_lot_id: UUID | None = Field(default=None, foreign_key="testing.kit_lot.id")
    hair_cm: float | None = None
    hair_mg_each: float | None = None
    window_start: date | None = None
    before_term: bool = False
    seal_a: str | None = Field(default=None, sa_type=sa.Text)
    seal_b: str | None = Field(default=None, sa_type=sa.Text)
    first_lab_id: UUID | None = Field(default=None, foreign_key="testing.lab.id")
    retest_lab_id: UUID | None = Field(default=None, foreign_key="testing.lab.id")
    state: str = Field(default="collected", sa_column=sa.Column(sa.Text, nullable=False, info=PERSONAL))
    disputed: list[str] = Field(default_factory=list, sa_column=sa.Column(JSONB, nullable=False, server_default="[]", info=PERSONAL))
    """Analytes that the person objected to; empty when it was all that were positive."""
    new_findings: list[str] = Field(default_factory=list, sa_column=sa.Column(JSONB, nullable=False, server_default="[]", info=PERSONAL))
    told_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))
    """When the person was last told a result: the time to object runs from here."""
    deadline_kind: str | None = Field(default=None, sa_type=sa.Text)
    deadline_on: date | None = None
    owed_by: str | None = Field(default=None, sa_type=sa.Text)
    version: int = 1
    created_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class ChainStep(SCHEMA.base, table=True):
    """One step of a chain with its source. Append-only: a correction is a further step."""

    __tablename__ = "chain_step"
    __table_args__ = (sa.Index("ix_chain_step_collection_id", "collection_id", "id"), {"info": {"append_only": True}})

    id: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(), primary_key=True))
    collection_id: UUID
    event: str = Field(sa_type=sa.Text)
    from_state: str = Field(sa_column=sa.Column(sa.Text, nullable=False, info=PERSONAL))
    to_state: str = Field(sa_column=sa.Column(sa.Text, nullable=False, info=PERSONAL))
    happened_on: date
    source: str = Field(sa_type=sa.Text)
    document_no: str | None = Field(default=None, sa_type=sa.Text)
    reason: str = Field(default="", sa_column=sa.Column(sa.Text, nullable=False, info=PERSONAL))
    words: str = Field(default="", sa_column=sa.Column(sa.Text, nullable=False, info=PERSONAL))
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    """Codes, ids and seals of this step: who tested, which container, which laboratory."""
    late: bool = False
    """After its deadline; a late objection is accepted while the specimen exists (domain 3.1), a late decision, dispatch or report is the office's fault."""
    recorded_by: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class Seal(SCHEMA.base, table=True):
    """A seal number that was used, in the one form in which two spellings are the same. It is used once in the whole house (DTP art. 8)."""

    __tablename__ = "seal"
    __table_args__ = (check_words("container", CONTAINERS, "container"), sa.Index("ix_seal_collection_id", "collection_id"))

    number: str = Field(sa_type=sa.Text, primary_key=True)
    collection_id: UUID = Field(foreign_key="testing.collection.id")
    container: str = Field(sa_type=sa.Text)
