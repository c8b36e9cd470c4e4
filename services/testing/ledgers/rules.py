"""Pure rules of test ledgers: what a read row says in the words of results and screenings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from kit.intake.rules import import_machine
from services.testing.results.rules import LedgerTest
from services.testing.screenings.rules import ScreeningRow

IMPORT = import_machine("testing.ledger_import.state")
"""The life of an import: the same as in every service."""


URINE_ANALYTES = ("morphine", "methamphetamine", "ketamine", "thc", "mdma")
SPECIMEN_OF = {"urine": "urine", "hair": "hair"}
SCREENING = "practitioner"


def day_of(text: str | None) -> date | None:
    """A whole day, or None: a test without a day cannot be matched with a measure or a window."""
    return date.fromisoformat(text) if text and len(text) == 10 else None


def test_of(kind: str, record: Mapping[str, Any], person_id: UUID, division_code: str, place: str) -> LedgerTest:
    """A row of a urine or hair register. `place` stands in for a missing record number."""
    sampled_on = day_of(record.get("sampled_on"))
    assert sampled_on is not None
    hair = record.get("hair_result") or {}
    return LedgerTest(
        person_id=person_id,
        division_code=division_code,
        record_no=record.get("record_no") or place,
        specimen_type=SPECIMEN_OF[kind],
        sampled_on=sampled_on,
        results={analyte: record[analyte] for analyte in URINE_ANALYTES if record.get(analyte)} if kind == "urine" else {},
        reported_on=day_of(record.get("reported_on")),
        hair_cm=record.get("hair_cm"),
        hair_values={analyte: Decimal(str(value)) for analyte, value in (hair.get("items") or {}).items()},
        hair_result=hair.get("result") if kind == "hair" else record.get("result"),
    )


def screening_of(record: Mapping[str, Any]) -> ScreeningRow:
    """A row of a practitioner table; the identity is passed on only with a positive result (domain 10)."""
    sampled_on = day_of(record.get("sampled_on"))
    assert sampled_on is not None
    identity = record.get("id_no") if record["result"] == "positive" else None
    return ScreeningRow(unit_name=record["unit_name"], sampled_on=sampled_on, result=record["result"], identity=identity)
