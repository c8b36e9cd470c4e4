"""Rows of draws. What was frozen, committed and revealed is in append-only tables: the service's own login cannot change it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from kit.db import check_words, new_id
from kit.steps.taking import History
from services.precursor.draws.rules.steps import REPLACEMENT_KINDS, REPLACEMENT_STATES, SET_ASIDE_REASONS, STATES
from services.precursor.firms.rules import KINDS
from services.precursor.schema import SCHEMA


class Draw(SCHEMA.base, table=True):
    """One attempt at a draw."""

    __tablename__ = "draw"
    __table_args__ = (
        check_words("state", STATES, "state"),
        check_words("object_kind", KINDS, "object_kind"),
        check_words("set_aside_reason", SET_ASIDE_REASONS, "set_aside_reason"),
        sa.Index("ix_draw_object_kind_authority", "object_kind", "authority", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    title: str = Field(sa_type=sa.Text)
    object_kind: str = Field(sa_type=sa.Text)
    authority: str = Field(sa_type=sa.Text)
    division_code: str = Field(sa_type=sa.Text)
    inspect_from: date
    inspect_to: date
    redraw_of: UUID | None = Field(default=None, foreign_key="precursor.draw.id", unique=True)
    state: str = Field(default="planned", sa_type=sa.Text)
    set_aside_reason: str | None = Field(default=None, sa_type=sa.Text)
    set_aside_note: str | None = Field(default=None, sa_type=sa.Text)
    set_aside_document: str | None = Field(default=None, sa_type=sa.Text)
    """Number of the written decision to set the attempt aside; older rows, which did not need one, have none."""
    attempt: int = Field(default=1, sa_column=sa.Column(sa.Integer, nullable=False, server_default="1"))
    """Which attempt at this draw it is, counted from 1."""
    version: int = 1
    created_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class DrawDirectory(SCHEMA.base, table=True):
    """The frozen documents of a draw as canonical JSON, and their digests. Append-only."""

    __tablename__ = "draw_directory"
    __table_args__ = ({"info": {"append_only": True}},)

    draw_id: UUID = Field(foreign_key="precursor.draw.id", primary_key=True)
    objects: str = Field(sa_type=sa.Text)
    inspectors: str = Field(sa_type=sa.Text)
    parameters: str = Field(sa_type=sa.Text)
    objects_digest: str = Field(sa_type=sa.Text)
    inspectors_digest: str = Field(sa_type=sa.Text)
    parameters_digest: str = Field(sa_type=sa.Text)
    directory_digest: str = Field(sa_type=sa.Text)
    public_values_known_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class DrawCommitment(SCHEMA.base, table=True):
    """The commitment: SHA-256 of the secret half of the seed, published before the public half exists. Append-only.

    Commitments are numbered within their pool (kind, authority, year), without a gap, so that nobody can hide one.
    """

    __tablename__ = "draw_commitment"
    __table_args__ = (sa.UniqueConstraint("pool", "number"), {"info": {"append_only": True}})

    draw_id: UUID = Field(foreign_key="precursor.draw.id", primary_key=True)
    pool: str = Field(sa_type=sa.Text)
    """`chemical/emergency_management/2021`: the kind, the authority and the year."""
    number: int
    commitment: str = Field(sa_type=sa.Text)
    secret_sealed: bytes
    committed_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    recorded_by: str = Field(sa_type=sa.Text)


class DrawValue(SCHEMA.base, table=True):
    """The public values as one person entered them; a second person enters them again to reveal. Append-only: the newest entry counts."""

    __tablename__ = "draw_value"
    __table_args__ = (sa.Index("ix_draw_value_draw_id", "draw_id", "id"), {"info": {"append_only": True}})

    id: UUID = Field(default_factory=new_id, primary_key=True)
    draw_id: UUID = Field(foreign_key="precursor.draw.id")
    public_values: list[list[int]] = Field(sa_type=JSONB)
    public_reference: str = Field(sa_type=sa.Text)
    recorded_by: str = Field(sa_type=sa.Text)
    staff_code: str | None = Field(default=None, sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class DrawReveal(SCHEMA.base, table=True):
    """Both halves of the seed and the result. Append-only."""

    __tablename__ = "draw_reveal"
    __table_args__ = ({"info": {"append_only": True}},)

    draw_id: UUID = Field(foreign_key="precursor.draw.id", primary_key=True)
    secret: str = Field(sa_type=sa.Text)
    public_values: list[list[int]] = Field(sa_type=JSONB)
    public_text: str = Field(sa_type=sa.Text)
    public_reference: str = Field(sa_type=sa.Text)
    seed: str = Field(sa_type=sa.Text)
    result: list[dict[str, Any]] = Field(sa_type=JSONB)
    revealed_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    entered_by: str | None = Field(default=None, sa_type=sa.Text)
    """Who entered the values first; in older rows, which needed one person, it was `recorded_by`."""
    recorded_by: str = Field(sa_type=sa.Text)


class DrawStep(SCHEMA.base, table=True):
    """What was done with a draw, by whom. Append-only."""

    __tablename__ = "draw_step"
    __table_args__ = (sa.Index("ix_draw_step_draw_id", "draw_id"), {"info": {"append_only": True}})

    id: UUID = Field(default_factory=new_id, primary_key=True)
    draw_id: UUID = Field(foreign_key="precursor.draw.id")
    action: str = Field(sa_type=sa.Text)
    from_state: str = Field(sa_type=sa.Text)
    state: str = Field(sa_type=sa.Text)
    happened_on: date
    source: str = Field(sa_type=sa.Text)
    """The legal source of the step as it was declared when it was taken."""
    reason: str = Field(default="", sa_column=sa.Column(sa.Text, nullable=False, server_default=""))
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    recorded_by: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class DrawReplacement(SCHEMA.base, table=True):
    """A drawn firm or officer that cannot come after all: proposed by one person with the ground on record, made by the signature of a second."""

    __tablename__ = "draw_replacement"
    __table_args__ = (
        check_words("kind", REPLACEMENT_KINDS, "kind"),
        check_words("state", REPLACEMENT_STATES, "state"),
        sa.Index("ix_draw_replacement_draw_id", "draw_id", "id"),
        sa.Index("uq_draw_replacement_open", "draw_id", "leaves", "firm_id", unique=True, postgresql_where=sa.text("state = 'proposed'")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    draw_id: UUID = Field(foreign_key="precursor.draw.id")
    kind: str = Field(sa_type=sa.Text)
    firm_id: UUID = Field(foreign_key="precursor.firm.id")
    leaves: UUID
    """The officer, or the firm itself."""
    state: str = Field(default="proposed", sa_type=sa.Text)
    ground: str = Field(sa_type=sa.Text)
    """The ground on record, as of the proposal and then as of the signature."""
    note: str = Field(sa_type=sa.Text)
    enters: UUID | None = None
    passed_over: list[dict[str, str]] = Field(default_factory=list, sa_column=sa.Column(JSONB, nullable=False, server_default="[]"))
    officers: list[str] = Field(default_factory=list, sa_column=sa.Column(JSONB, nullable=False, server_default="[]"))
    """Of a firm that enters: the officers drawn for it."""
    proposed_by: str = Field(sa_type=sa.Text)
    proposed_staff: str | None = Field(default=None, sa_type=sa.Text)
    proposed_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    signed_by: str | None = Field(default=None, sa_type=sa.Text)
    signed_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))
    version: int = 1
    updated_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class DrawReplacementStep(History, SCHEMA.base, table=True):
    """What was done with a replacement. Append-only."""

    __tablename__ = "draw_replacement_step"
