"""Rows of draws. What was frozen, promised and revealed stands in append-only tables: the service's own login cannot change it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from kit.db import check_words, new_id
from services.precursor.draws.rules import SET_ASIDE_REASONS, TRANSITIONS
from services.precursor.schema import SCHEMA


class Draw(SCHEMA.base, table=True):
    """One attempt at a draw."""

    __tablename__ = "draw"
    __table_args__ = (
        check_words("state", tuple(TRANSITIONS), "state"),
        check_words("object_kind", ("chemical", "courier"), "object_kind"),
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
    """The promise: SHA-256 of the secret half of the seed, given before the public half exists. Append-only."""

    __tablename__ = "draw_commitment"
    __table_args__ = ({"info": {"append_only": True}},)

    draw_id: UUID = Field(foreign_key="precursor.draw.id", primary_key=True)
    commitment: str = Field(sa_type=sa.Text)
    secret_sealed: bytes
    committed_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    recorded_by: str = Field(sa_type=sa.Text)


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
    recorded_by: str = Field(sa_type=sa.Text)


class DrawStep(SCHEMA.base, table=True):
    """What was done with a draw, by whom. Append-only."""

    __tablename__ = "draw_step"
    __table_args__ = (sa.Index("ix_draw_step_draw_id", "draw_id"), {"info": {"append_only": True}})

    id: UUID = Field(default_factory=new_id, primary_key=True)
    draw_id: UUID = Field(foreign_key="precursor.draw.id")
    action: str = Field(sa_type=sa.Text)
    state: str = Field(sa_type=sa.Text)
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    recorded_by: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
