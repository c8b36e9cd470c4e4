"""The columns that a step replaced, as the history keeps them: written as JSON, put back by a correction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.registry.measures.tables import Measure

_DAYS = frozenset(
    {
        "served_on",
        "report_in_due",
        "reported_in_on",
        "agreement_on",
        "term_start",
        "term_end",
        "suspended_on",
        "transfer_due",
        "ended_on",
    }
)


def plain(value: Any) -> Any:
    """A column's value as JSON holds it."""
    return value.isoformat() if isinstance(value, date) else value


def put_back(measure: Measure, replaced: Mapping[str, Any]) -> None:
    """Give the measure the values that it had before a step."""
    for column, value in replaced.items():
        setattr(measure, column, date.fromisoformat(value) if column in _DAYS and value is not None else value)
