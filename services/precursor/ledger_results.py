"""The results of inspections that ledgers report, in the words of this service: shared by firms and venues. Pure, standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

RESULTS: Mapping[str, str] = {"PASS": "pass", "RECTIFY": "rectify"}
"""A ledger's word for the outcome of the last inspection → ours."""


def result_of(word: str) -> str | None:
    """Our word for a ledger's inspection result; None when unknown."""
    ours = RESULTS.get(word.upper(), word.lower())
    return ours if ours in RESULTS.values() else None


def newer(known: date | None, told: date | None) -> bool:
    """Whether a reported inspection is later than the known one: an old ledger never replaces a newer result."""
    return told is not None and (known is None or told > known)
