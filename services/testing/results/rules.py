"""Pure rules of results: when a reading is positive, and the result of a ledger row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal, get_args
from uuid import UUID

MeasuredCode = Literal["negative", "positive"]


Stage = Literal["onsite", "onsite_repeat", "lab", "retest", "ledger"]
STAGES: tuple[Stage, ...] = get_args(Stage)
Unit = Literal["ng/mg", "ng/mL"]
LEDGER_CODES = frozenset({"negative", "positive", "invalid"})


def read_hair(values: Mapping[str, Decimal], cutoffs: Mapping[str, Decimal]) -> dict[str, str]:
    """Analyte → negative or positive: positive at or above the cut-off of the day (HAIR art. 9). An analyte without a cut-off is kept, not judged."""
    return {analyte: "positive" if value >= cutoffs[analyte] else "negative" for analyte, value in values.items() if analyte in cutoffs}


def contradicts(code: str, value: Decimal | None, cutoff: Decimal | None) -> bool:
    """Whether a reading says other than its own value: positive is at or above the cut-off (HAIR art. 9; DTP art. 12)."""
    return value is not None and cutoff is not None and (value >= cutoff) is not (code == "positive")


def overall(codes: Mapping[str, str]) -> str:
    """negative, positive or invalid over all analytes."""
    found = set(codes.values())
    if "positive" in found:
        return "positive"
    return "invalid" if "invalid" in found or not found else "negative"


@dataclass(frozen=True, slots=True)
class LedgerTest:
    """One accepted row of a urine or hair ledger, its person already found by the registry."""

    person_id: UUID
    division_code: str
    record_no: str
    specimen_type: str
    sampled_on: date
    results: Mapping[str, str]
    """Analyte → negative, positive or invalid."""
    reported_on: date | None = None
    hair_cm: float | None = None
    hair_values: Mapping[str, Decimal] = field(default_factory=dict)
    """Analyte → ng/mg."""
    hair_result: str | None = None
    """negative or positive of a hair ledger that names no analyte."""


def ledger_codes(row: LedgerTest, cutoffs: Mapping[str, Decimal]) -> dict[str, str]:
    """Analyte → code of a ledger row; measured hair values are judged by the cut-offs, whatever the ledger says."""
    return {**row.results, **read_hair(row.hair_values, cutoffs)}


def ledger_state(row: LedgerTest, codes: Mapping[str, str]) -> str:
    """The state of a taken-over test.

    A positive is only presumptive: a ledger proves neither seals nor that the right to object was told (DTP art. 8-10).
    """
    stated = row.hair_result if row.hair_result in LEDGER_CODES else "invalid"
    reading = overall(codes) if codes else stated
    if row.hair_result == "positive" and reading == "negative":
        reading = "positive"  # the ledger and its own values disagree: a person must look, so it does not pass as negative
    return {"negative": "final_negative", "positive": "presumptive_positive", "invalid": "new_collection"}[reading]
