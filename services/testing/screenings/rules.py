"""Pure rules of practitioner screening. Employees are not among the classes of DTP art. 2: each needs consent, or the police's suspicion (NCL art. 32)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

GROUNDS = ("consent", "suspicion")
REFERRAL_STATES = ("referred", "police_negative", "police_case", "erased")

TRANSITIONS: dict[tuple[str, str], tuple[str, str]] = {
    ("referred", "police_negative"): ("police_negative", "DTP art. 4, 9"),
    ("referred", "police_case"): ("police_case", "NCL art. 32; DTP art. 8"),
    ("police_negative", "erase"): ("erased", "PIPL art. 19, 47: the purpose is met"),
}
"""(state, event) → (state, source)."""


@dataclass(frozen=True, slots=True)
class ScreeningRow:
    """One accepted row of a practitioner table. `identity` is read only where the result is POS; for all others it must not even be passed on."""

    unit_name: str
    sampled_on: date
    result: str
    """NEG, POS or INVALID."""
    identity: str | None = None
    division_code: str | None = None
    trade: str | None = None


@dataclass(slots=True)
class Tally:
    """What one unit's screening on one day comes to."""

    division_code: str
    trade: str | None
    tested: int = 0
    negative: int = 0
    presumptive_positive: int = 0
    invalid: int = 0
    identities: list[str] = field(default_factory=list)


def tallied(rows: Iterable[ScreeningRow], county: str) -> dict[tuple[str, date], Tally]:
    """Rows as counts by unit and day; an unknown town counts for the county. Raises ValueError for another result word."""
    found: dict[tuple[str, date], Tally] = {}
    for row in rows:
        tally = found.setdefault((row.unit_name, row.sampled_on), Tally(row.division_code or county, row.trade))
        tally.tested += 1
        if row.result == "NEG":
            tally.negative += 1
        elif row.result == "POS":
            tally.presumptive_positive += 1
            tally.identities.append(row.identity or "")
        elif row.result == "INVALID":
            tally.invalid += 1
        else:
            raise ValueError(f"unknown result word: {row.result[:20]}")
    return found
