"""Rows of requests that two people decide."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from gateway.approvals.rules import KINDS, STATES
from gateway.schema import SCHEMA
from kit.db import check_words, new_id
from kit.steps.taking import History

_STAMP = sa.DateTime(timezone=True)


class Approval(SCHEMA.base, table=True):
    """One request; it stays in the record when it is decided."""

    __tablename__ = "approval"
    __table_args__ = (
        check_words("kind", KINDS, "kind"),
        check_words("state", STATES, "state"),
        sa.Index("ix_approval_state", "state", "requested_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: str = Field(sa_type=sa.Text)
    object_id: str = Field(sa_type=sa.Text)
    """The account or client that it is about; of one to be opened its name."""
    summary: dict[str, Any] = Field(sa_type=JSONB)
    """What the second administrator decides on; nothing secret and no personal value."""
    payload: bytes
    """All that is needed to do it, sealed: it holds password hashes."""
    state: str = Field(default="pending", sa_type=sa.Text)
    requested_by: UUID = Field(foreign_key="gateway.account.id")
    requested_at: datetime = Field(sa_type=_STAMP)
    expires_at: datetime = Field(sa_type=_STAMP)
    decided_by: UUID | None = Field(default=None, foreign_key="gateway.account.id")
    decided_at: datetime | None = Field(default=None, sa_type=_STAMP)
    reason: str | None = Field(default=None, sa_type=sa.Text)
    result_id: str | None = Field(default=None, sa_type=sa.Text)
    version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    updated_at: datetime = Field(sa_type=_STAMP, sa_column_kwargs={"server_default": sa.func.now()})


class ApprovalChange(History, SCHEMA.base, table=True):
    """One step of a request. Requests that were asked before this table began without one."""

    __tablename__ = "approval_change"
