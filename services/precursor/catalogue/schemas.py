"""Messages of the catalogue."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field

from kit.citations import Cited
from kit.schemas import Answer, Day, Message, ShortText
from services.precursor.catalogue.rules import Change, ControlLevel, EntryChange, Found, Subtype
from services.precursor.catalogue.rules.organs import Authority

Class = Literal[1, 2, 3]
AskedClass = Annotated[Class, BeforeValidator(lambda value: {"1": 1, "2": 2, "3": 3}.get(value, value))]
"""A class in an address, where every value is a text."""


class Competence(Answer):
    """Who licenses, files or permits what is done with the chemical (PCR art. 8, 10, 13, 15-17, 20, 26)."""

    make_sell: Authority
    purchase: Authority
    transport: Authority
    trade: Authority


class EntryAnswer(Answer):
    """One controlled chemical."""

    id: UUID
    seq: int
    name_zh: str
    name_en: str
    synonyms: list[str]
    cas: list[str]
    category: Class
    subtype: Subtype
    is_group: bool
    control_level: ControlLevel
    salts_controlled: bool
    valid_from: date
    valid_to: date | None
    legal_basis: Cited
    pending_verification: bool
    authority_make_sell: str
    authority_purchase: str
    authority_transport: str
    authority_trade: str
    competent: Competence
    note: str


class LoadAnswer(Answer):
    """What a load changed; a list that is loaded again changes nothing."""

    rows: int
    added: int
    changed: int
    unchanged: int
    ended: int
    """Entries that a newer entry of the same chemical ends on its first day."""
    pending_verification: int


class ListChange(Message):
    """A change of the list from a day on, with the notice that orders it (PCR art. 2: the State Council adjusts the list)."""

    change: EntryChange
    from_day: Day
    category: Annotated[Class | None, Field()] = None
    """With `reclassified`: the new class."""
    subtype: Subtype | None = None
    """With `reclassified`: pharmaceutical or not, when that changes too."""
    legal_basis: ShortText


class NameQuery(Message):
    """Words of a ledger or a form, to be found in the list."""

    names: Annotated[list[ShortText], Field(min_length=1, max_length=100)]
    on: Day | None = None


class NameAnswer(Answer):
    """What a word stands for; without entries a person decides, and `suggestions` shows what might be meant."""

    name: str
    entries: list[EntryAnswer]
    found: Found | None
    delisted: bool
    """It was in the list before that day and has left it."""
    suggestions: list[EntryAnswer]


class ChangeAnswer(Answer):
    """A known change of the list."""

    entry_id: UUID
    name_zh: str
    change: Change
    from_day: date
    category_before: Class | None
    category_after: Class | None
    legal_basis: Cited
