"""The fields of a person's record: how each is stored (folded, sealed, masked, indexed) and what the history may show of it (law 8)."""

from __future__ import annotations

from datetime import date
from typing import Any

from kit.sealed import masked
from kit.work import Work
from services.registry.people.names import pinyin_of
from services.registry.people.rules import folded_name
from services.registry.people.tables import Person


def set_name(person: Person, name: str) -> None:
    """Write a name with what it is searched by."""
    person.name = folded_name(name)
    person.name_pinyin, person.name_initials = pinyin_of(person.name)


def set_phone(work: Work, person: Person, phone: str | None) -> None:
    """Seal a phone number; None clears it."""
    person.phone_sealed = work.sealer.seal(phone, "person", "phone", str(person.id)) if phone else None
    person.phone_masked = masked(phone, 3, 2) if phone else None
    person.phone_index = work.sealer.index("phone", phone) if phone else None


def set_address(work: Work, person: Person, address: str | None) -> None:
    """Seal an address; None clears it."""
    person.address_sealed = work.sealer.seal(address, "person", "address", str(person.id)) if address else None


def shown(person: Person, field: str) -> Any:
    """A field as JSON for the history: masked where it is sealed."""
    if field == "phone":
        return person.phone_masked
    if field == "address":
        return "sealed" if person.address_sealed else None
    value = getattr(person, field)
    return value.isoformat() if isinstance(value, date) else value
