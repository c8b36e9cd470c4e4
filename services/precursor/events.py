"""What the precursor service publishes: its published language. Identifiers and codes only."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from kit.outbox import Event

_FIRM = "018f0000-0000-7000-8000-000000000101"
_INSPECTION = "018f0000-0000-7000-8000-000000000102"


class CatalogueChanged(Event):
    """The list of precursors changes for one chemical from a day on; `subject_id` is the entry (PCR art. 2)."""

    type: ClassVar[str] = "catalogue.changed"
    sample: ClassVar[dict[str, Any]] = {"change": "reclassified", "from_day": "2021-09-20", "category_before": 3, "category_after": 2}

    change: str
    """`listed`, `delisted` or `reclassified`."""
    from_day: date
    category_before: int | None
    category_after: int | None


class FirmReclassified(Event):
    """A change of the list changed a firm's classes or competent authorities; `subject_id` is the firm (PCR art. 2, 8-17)."""

    type: ClassVar[str] = "firm.reclassified"
    sample: ClassVar[dict[str, Any]] = {
        "division_code": "110101100000",
        "on_day": "2021-09-20",
        "categories": [2],
        "competent": ["emergency_management", "police"],
    }

    division_code: str
    on_day: date
    categories: list[int]
    competent: list[str]


class DrawPublished(Event):
    """A draw's result can be read and recomputed; `subject_id` is the draw (国办发〔2015〕58号)."""

    type: ClassVar[str] = "draw.published"
    sample: ClassVar[dict[str, Any]] = {
        "object_kind": "chemical",
        "authority": "emergency_management",
        "drawn": 12,
        "directory_digest": "00" * 32,
        "inspect_from": "2021-07-10",
        "inspect_to": "2021-08-31",
    }

    object_kind: str
    authority: str
    drawn: int
    directory_digest: str
    inspect_from: date
    inspect_to: date


class InspectionCompleted(Event):
    """An inspection was recorded to its end; `subject_id` is the inspection (APL art. 47)."""

    type: ClassVar[str] = "inspection.completed"
    sample: ClassVar[dict[str, Any]] = {
        "firm_id": _FIRM,
        "object_kind": "chemical",
        "authority": "emergency_management",
        "division_code": "110101100000",
        "inspected_on": "2021-07-20",
        "result_category": "ordered_to_correct",
        "findings": 2,
    }

    firm_id: UUID
    object_kind: str
    authority: str
    division_code: str
    inspected_on: date
    result_category: str
    findings: int


class RectificationOverdue(Event):
    """An order to correct was not answered in time; `subject_id` is the rectification (APL art. 28)."""

    type: ClassVar[str] = "rectification.overdue"
    sample: ClassVar[dict[str, Any]] = {
        "inspection_id": _INSPECTION,
        "division_code": "110101100000",
        "deadline": "2021-08-05",
        "item_no": "P12",
    }

    inspection_id: UUID
    division_code: str
    deadline: date
    item_no: str


class RectificationClosed(Event):
    """An order to correct came to its end; `subject_id` is the rectification."""

    type: ClassVar[str] = "rectification.closed"
    sample: ClassVar[dict[str, Any]] = {
        "inspection_id": _INSPECTION,
        "division_code": "110101100000",
        "closed_on": "2021-08-01",
        "in_time": True,
        "outcome": "corrected",
    }

    inspection_id: UUID
    division_code: str
    closed_on: date
    in_time: bool
    outcome: str
    """`corrected` or `passed_on` to the competent organ."""


class LicenceExpiring(Event):
    """A firm's licence or filing ends soon; `subject_id` is the firm (PCR art. 8-13)."""

    type: ClassVar[str] = "licence.expiring"
    sample: ClassVar[dict[str, Any]] = {"division_code": "110101100000", "valid_to": "2021-08-01"}

    division_code: str
    valid_to: date


EVENTS: tuple[type[Event], ...] = (
    CatalogueChanged,
    FirmReclassified,
    DrawPublished,
    InspectionCompleted,
    RectificationOverdue,
    RectificationClosed,
    LicenceExpiring,
)
