"""Pure rules of practitioner screening. Employees are not among the classes of DTP art. 2: each needs consent, or the police's suspicion (NCL art. 32)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, get_args

from kit.steps.machine import START, Machine, step
from services.testing.periods.rules import is_small

Ground = Literal["consent", "suspicion"]
GROUNDS: tuple[Ground, ...] = get_args(Ground)
ShownGround = Ground | Literal["ledger"]
SHOWN_GROUNDS = (*GROUNDS, "ledger")
ReferralState = Literal["referred", "police_negative", "police_case", "erased"]
REFERRAL_STATES: tuple[ReferralState, ...] = get_args(ReferralState)
OutcomeWord = Literal["police_negative", "police_case"]

_POLICE = ("police_officer",)
REFERRAL = Machine(
    "testing.screening_referral.state",
    REFERRAL_STATES,
    (
        step("refer", START, "referred", "DTP art. 4", "移交公安机关", "refer to the police"),
        step(
            "police_negative",
            "referred",
            "police_negative",
            "DTP art. 4, 9",
            "公安检测阴性",
            "negative by the police",
            roles=_POLICE,
            needs="outcome outcome_on",
            duty=True,
        ),
        step(
            "police_case",
            "referred",
            "police_case",
            "NCL art. 32; DTP art. 8",
            "公安立案",
            "police case",
            roles=_POLICE,
            needs="outcome outcome_on police_case_no",
            duty=True,
        ),
        step("erase", "police_negative", "erased", "PIPL art. 19, 47: the purpose is met", "删除身份", "erase the identity"),
    ),
)


@dataclass(frozen=True, slots=True)
class ScreeningRow:
    """One accepted row of a practitioner table.

    `identity` is read only where the result is positive; the caller must not even pass it for other results.
    """

    unit_name: str
    sampled_on: date
    result: str
    """negative, positive or invalid."""
    identity: str | None = None
    division_code: str | None = None
    trade: str | None = None


@dataclass(slots=True)
class Tally:
    """The counts of one unit's screening on one day."""

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
        if row.result == "negative":
            tally.negative += 1
        elif row.result == "positive":
            tally.presumptive_positive += 1
            tally.identities.append(row.identity or "")
        elif row.result == "invalid":
            tally.invalid += 1
        else:
            raise ValueError(f"unknown result word: {row.result[:20]}")
    return found


@dataclass(frozen=True, slots=True)
class ScreeningCount:
    """Counts of one town: of one half month, or of a whole period. None stands for a withheld count."""

    division_code: str
    units: int
    tested: int | None
    negative: int | None
    presumptive_positive: int | None
    invalid: int | None


_PARTS = ("negative", "presumptive_positive", "invalid")


def added(half_months: Iterable[ScreeningCount]) -> list[ScreeningCount]:
    """The counts of each town over all its half months."""
    towns: dict[str, list[ScreeningCount]] = {}
    for row in half_months:
        towns.setdefault(row.division_code, []).append(row)
    return [
        ScreeningCount(
            town, sum(row.units for row in rows), *(sum(getattr(row, name) or 0 for row in rows) for name in ("tested", *_PARTS))
        )
        for town, rows in sorted(towns.items())
    ]


def withheld(half_months: Sequence[ScreeningCount]) -> list[ScreeningCount]:
    """The counts of each town without those that could identify somebody (domain 4.3).

    A count is shown only when none of its half months is small: then no two periods differ by a small number. The parts of a total are
    shown together or not at all; otherwise a reader could compute the missing part by subtraction.
    """
    small = {(row.division_code, name) for row in half_months for name in ("tested", *_PARTS) if is_small(getattr(row, name) or 0)}
    found = []
    for row in added(half_months):
        whole = (row.division_code, "tested") not in small
        parts = whole and not any((row.division_code, name) in small for name in _PARTS)
        shown = {name: getattr(row, name) if parts else None for name in _PARTS}
        found.append(replace(row, tested=row.tested if whole else None, **shown))
    return found
