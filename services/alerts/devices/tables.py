"""Rows of registered devices: who, since when, and a digest of the device's key. Nothing that tells of the phone itself."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from kit.db import check_words, new_id
from services.alerts.devices.rules import WITHDRAWALS, Withdrawal
from services.alerts.schema import SCHEMA

STAMP = sa.DateTime(timezone=True)


class Device(SCHEMA.base, table=True):
    """A phone that a member of staff saw in the person's hand and registered; at most one of a person is in use."""

    __tablename__ = "device"
    __table_args__ = (
        check_words("withdrawal", WITHDRAWALS, "withdrawal"),
        sa.CheckConstraint("(withdrawn_at is null) = (withdrawal is null)", name="withdrawn"),
        sa.Index("uq_device_in_use", "person_id", unique=True, postgresql_where=sa.text("withdrawn_at is null")),
        sa.Index("ix_device_person_id", "person_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID
    key_digest: bytes
    """SHA-256 of the key that the phone made for itself."""
    registered_by: str = Field(sa_type=sa.Text)
    registered_staff: str | None = Field(default=None, sa_type=sa.Text)
    registered_at: datetime = Field(sa_type=STAMP)
    withdrawn_by: str | None = Field(default=None, sa_type=sa.Text)
    withdrawn_at: datetime | None = Field(default=None, sa_type=STAMP)
    withdrawal: Withdrawal | None = Field(default=None, sa_type=sa.Text)
    version: int = 1
