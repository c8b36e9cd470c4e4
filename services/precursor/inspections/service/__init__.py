"""Use cases of inspections: how they are opened, what is recorded, and the publication of their results."""

from services.precursor.inspections.service.opening import (
    Commission,
    Drawn,
    Exchange,
    all_over,
    exchange_object,
    exchange_officer,
    open_directly,
    open_from_draw,
    planned_of_draw,
)
from services.precursor.inspections.service.publication import read_publication, record_publication
from services.precursor.inspections.service.reading import (
    answer,
    checklist_of,
    checklist_on,
    decide_by,
    findings_of,
    list_inspections,
    read_inspection,
    steps_of,
)
from services.precursor.inspections.service.recording import complete, end, record_outcomes, start

__all__ = [
    "Commission",
    "Drawn",
    "Exchange",
    "all_over",
    "answer",
    "checklist_of",
    "checklist_on",
    "complete",
    "decide_by",
    "end",
    "exchange_object",
    "exchange_officer",
    "findings_of",
    "list_inspections",
    "open_directly",
    "open_from_draw",
    "planned_of_draw",
    "read_inspection",
    "read_publication",
    "record_outcomes",
    "record_publication",
    "start",
    "steps_of",
]
