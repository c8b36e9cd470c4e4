"""What a specimen can show and how long it is kept: the window of hair, seals, and a laboratory's report about what is in dispute (domain 3.1, 3.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, timedelta
from unicodedata import normalize
from uuid import UUID

from services.testing.collections.rules.words import OPEN
from services.testing.kits.rules import substance_of

HAIR_MONTHS = 6
"""A positive in the 3 cm from the root shows use in the six months before collection (HAIR art. 3, 10)."""

MIN_HAIR_MG = 50
"""Each of A and B, in mg (HAIR art. 4)."""


def months_before(day: date, months: int) -> date:
    """The same day of the month, that many months earlier; the last day of the month when that month is shorter."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    for candidate in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, candidate)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def window_start(specimen_type: str, sampled_on: date) -> date | None:
    """The first day that a hair result covers; None for other specimens."""
    return months_before(sampled_on, HAIR_MONTHS) if specimen_type == "hair" else None


def reaches_before_term(window_from: date | None, term_start: date | None) -> bool:
    """Whether a hair result may reflect use before the order or before release: it cannot found a breach without more evidence (domain 3.2)."""
    return window_from is not None and term_start is not None and window_from < term_start


KEEP_NEGATIVE_DAYS = 7
KEEP_POSITIVE_MONTHS = 6


def destroy_from(state: str, sampled_on: date) -> date | None:
    """From which day the specimen may be destroyed: DEFAULT 7 days, after a positive 6 months from the collection, never while the chain is open."""
    if state in OPEN:
        return None
    if state == "final_negative":
        return sampled_on + timedelta(days=KEEP_NEGATIVE_DAYS)
    return months_before(sampled_on, -KEEP_POSITIVE_MONTHS)


def term_of(window_from: date | None, terms: Sequence[tuple[UUID, date, date | None]], day: date) -> tuple[UUID | None, bool]:
    """The measure whose term held a day (start included, end excluded), and whether a hair window reaches before it."""
    for measure_id, start, end in terms:
        if start <= day and (end is None or day < end):
            return measure_id, reaches_before_term(window_from, start)
    return None, False


STAGES_BEFORE: dict[str, tuple[str, ...]] = {
    "presumptive_positive": ("onsite", "onsite_repeat", "ledger"),
    "onsite_final": ("onsite", "onsite_repeat", "ledger"),
    "at_lab": ("onsite", "onsite_repeat", "ledger"),
    "lab_reported": ("lab",),
    "final_positive": ("lab",),
    "at_retest_lab": ("lab",),
}
"""State → the stages whose positive analytes are in dispute there."""


def seal_key(number: str) -> str:
    """What makes two seal numbers the same: no blanks, one width, capital letters."""
    return "".join(normalize("NFKC", number).split()).upper()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a laboratory's report says about what is in dispute."""

    confirmed: frozenset[str]
    """Substances whose positive result stands: disputed and found again, or positive before and never disputed."""
    refuted: frozenset[str]
    missing: frozenset[str]
    """Disputed, but not in the report: the report does not answer the objection."""
    new: frozenset[str]
    """Found now, but not before. It needs a chain of its own; this chain cannot end with it (DTP art. 13-15)."""


def judge(before: AbstractSet[str], disputed: AbstractSet[str], found: Mapping[str, str]) -> Judgement:
    """Judge a report by the disputed substances (DTP art. 12, 15).

    `before`: what the stage before found positive; empty when that stage named no substance (hair, blood, an old ledger); then every
    substance found counts. `disputed`: analytes objected to; empty means all of `before`. `found`: analyte → negative or positive. A
    metabolite counts as its substance.
    """
    positive = {substance_of(analyte) for analyte, code in found.items() if code == "positive"}
    reported = {substance_of(analyte) for analyte in found}
    earlier = {substance_of(analyte) for analyte in before}
    if not earlier:
        return Judgement(frozenset(positive), frozenset(), frozenset(), frozenset())
    asked = {substance_of(analyte) for analyte in disputed} or earlier
    return Judgement(
        frozenset((earlier - asked) | (asked & positive)),
        frozenset((asked & reported) - positive),
        frozenset(asked - reported),
        frozenset(positive - earlier),
    )
