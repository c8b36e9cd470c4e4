"""Pure rules of these ledgers: the register of a row, and its values there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from kit.intake.rules import import_machine

IMPORT = import_machine("precursor.ledger_import.state")
"""The life of an import: the same as in every service."""


Register = Literal["venue", "courier", "chemical"]
COURIER_FIELDS = ("open_check", "real_name", "xray")
FIRM_FIELDS = (
    "company_name", "uscc", "town_code", "chemicals", "categories", "activity", "legal_person", "phone", "inspection_result", *COURIER_FIELDS,
)  # fmt: skip
VENUE_FIELDS = ("company_name", "venue_type", "town_code", "inspection_result")


def register_of(columns: Mapping[str, str]) -> Register:
    """By the columns of its table (letter → field): a venue has a type, a courier its three duties, every other firm handles chemicals."""
    fields = set(columns.values())
    if "venue_type" in fields and "uscc" not in fields:
        return "venue"
    return "courier" if fields & set(COURIER_FIELDS) else "chemical"


def values_of(register: Register, record: Mapping[str, Any]) -> dict[str, Any]:
    """A row as firms.intake or venues.intake take it; a partial date becomes None."""
    fields = VENUE_FIELDS if register == "venue" else FIRM_FIELDS
    values = {name: record[name] for name in fields if record.get(name) is not None}
    day = record.get("inspected_on")
    return values | ({"inspected_on": date.fromisoformat(day)} if day and len(day) == 10 else {})
