"""Rows of kit lots."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from kit.db import check_words, new_id
from services.testing.kits.rules import KIT_SPECIMENS
from services.testing.schema import SCHEMA


class KitLot(SCHEMA.base, table=True):
    """One lot of one kit with its panel."""

    __tablename__ = "kit_lot"
    __table_args__ = (check_words("specimen_type", KIT_SPECIMENS, "specimen_type"), sa.UniqueConstraint("maker", "lot_no"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    maker: str = Field(sa_type=sa.Text)
    name: str = Field(sa_type=sa.Text)
    lot_no: str = Field(sa_type=sa.Text)
    approval_no: str = Field(sa_type=sa.Text)
    """Registration number of the approved medical device (DTP art. 5: kits approved nationally)."""
    specimen_type: str = Field(sa_type=sa.Text)
    panel: list[dict[str, Any]] = Field(sa_type=JSONB)
    """`[{"analyte": …, "cutoff_ng_ml": …}]`."""
    expires_on: date
    """Last day of use."""
    created_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
