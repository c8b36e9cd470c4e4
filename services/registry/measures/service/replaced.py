"""The columns that a step replaced, as the history keeps them: written as JSON, put back by a correction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from kit.steps.taking import take
from kit.work import Work
from services.registry.measures.rules.transitions import MACHINE
from services.registry.measures.tables import Measure, MeasureEvent

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


async def correct(work: Work, measure: Measure, mistaken: MeasureEvent, replaced: Mapping[str, Any], reason: str) -> None:
    """Give the measure the values that it had before a mistaken step, in a row that names it: the declared step `correct` (PIPL art. 46)."""
    for column, value in replaced.items():
        if column != "state":
            setattr(measure, column, date.fromisoformat(value) if column in _DAYS and value is not None else value)
    more = {"measure_id": measure.id, "corrects_id": mistaken.id, "recorded_by": work.principal.subject}
    noted = ("measure", measure.id, "measure")
    await take(
        work,
        MACHINE,
        measure,
        "correct",
        MeasureEvent,
        noted=noted,
        on=mistaken.happened_on,
        reason=reason,
        more=more,
        details={"event": mistaken.event},
        kind=measure.kind,
        to=str(replaced["state"]),
    )
