"""Messages of the catalogue."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from kit.schemas import Answer


class EntryAnswer(Answer):
    """One controlled chemical."""

    id: UUID
    seq: int
    name_zh: str
    name_en: str
    synonyms: list[str]
    cas: list[str]
    category: int
    subtype: str
    is_group: bool
    control_level: str
    salts_controlled: bool
    valid_from: date
    valid_to: date | None
    legal_basis: str
    pending_verification: bool
    authority_make_sell: str
    authority_purchase: str
    authority_transport: str
    authority_trade: str
    note: str


class LoadAnswer(Answer):
    """What a load changed; a list that is loaded again changes nothing."""

    rows: int
    added: int
    changed: int
    unchanged: int
    pending_verification: int
