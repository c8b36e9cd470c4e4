"""From a measure to the event that neighbours read."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from kit.outbox import Origin, event_row
from services.registry.events import MeasureEvent


def measure_event(kind: type[MeasureEvent], values: dict[str, Any], on: date, reason: str | None) -> MeasureEvent:
    """The event about a measure's row as it stands after the change."""
    return kind(
        measure_id=values["id"],
        kind=values["kind"],
        state=values["state"],
        division_code=values["division_code"],
        on=on,
        term_start=values["term_start"],
        term_end=values["term_end"],
        report_in_due=values["report_in_due"],
        reason=reason,
    )


def outbox_row(kind: type[MeasureEvent], values: dict[str, Any], on: date, reason: str | None, origin: Origin) -> dict[str, Any]:
    """The same as an outbox row, for many at once."""
    person_id: UUID = values["person_id"]
    return event_row(measure_event(kind, values, on, reason), person_id, values["division_code"], origin)
