"""Messages of kits."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from kit.schemas import Answer, Day, Message, ShortText
from services.testing.kits.rules import Analyte, KitSpecimen


class Strip(Message):
    """What one strip of a kit shows, and from which value on (ng/mL)."""

    analyte: Analyte
    cutoff_ng_ml: Annotated[float, Field(gt=0, le=100_000)]


class NewKitLot(Message):
    """A lot as it came in."""

    maker: ShortText
    name: ShortText
    lot_no: ShortText
    approval_no: ShortText
    specimen_type: KitSpecimen
    panel: Annotated[list[Strip], Field(min_length=1, max_length=20)]
    expires_on: Day


class KitLotAnswer(Answer):
    """A lot of kits."""

    id: UUID
    maker: str
    name: str
    lot_no: str
    approval_no: str
    specimen_type: KitSpecimen
    panel: list[Strip]
    expires_on: date
