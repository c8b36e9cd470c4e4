"""The indicators of domain 5: what each is, how it is rounded, and how small counts are withheld. Pure.

A figure is a count of persons (or of orders, visits, assessments) as of a day; a rate is numerator over denominator, null when nothing was due. Never weighed or
ranked by positives found or people isolated (domain 4.3, 11.4).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from kit.clock import WorkingDay, last_day
from services.registry.measures.rules.duties import NOTICE_DAYS
from services.registry.visits.rules import SMALL

IndicatorKind = Literal["stock", "flow", "rate"]
PlaceKind = Literal["town", "station"]


Withheld = Literal["nothing", "counts", "all"]


IndicatorCode = Literal[
    "managed_total",
    "current_users",
    "three_years_clean",
    "transferred_out",
    "report_in_rate",
    "execution_rate",
    "meet_and_test_rate",
    "meet_rate",
    "registration_rate",
    "family_contact_rate",
    "employment_rate",
    "user_share",
    "staffing_ratio",
    "risk_assessments",
    "visit_completion",
    "handover_acknowledgement",
    "lawful_end_punctuality",
    "unsigned_over_30",
    "ended_late",
]


PER_WORKER = 30
"""One full-time worker for each 30 users in the community, at least one (domain 5, row 9)."""

LONGEST_REST = 14
"""No run of rest days in the published calendars is longer: how far a last day can roll."""

WORKING_AGE = (16, 59)
"""Working age, both included (domain 5, row 6)."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator. `kind`: `stock` counts on a day, `flow` counts in a period, `rate` is numerator over denominator."""

    code: IndicatorCode
    row: str
    kind: IndicatorKind
    zh: str
    en: str
    source: str


INDICATORS: tuple[Indicator, ...] = (
    Indicator("managed_total", "2.5", "stock", "管控总数", "persons under management", "DRR art. 4, 7"),
    Indicator("current_users", "7", "stock", "现有吸毒人员", "current users", "domain 5, fixture"),
    Indicator("three_years_clean", "8", "stock", "戒断三年未复吸人数", "three years clean", "DRR art. 7"),
    Indicator("transferred_out", "5.1", "stock", "移交外地人数", "handed over to other counties", "DRR art. 22"),
    Indicator("report_in_rate", "1", "rate", "报到率", "report-in rate", "DRR art. 14, 38"),
    Indicator("execution_rate", "2", "rate", "执行率", "execution rate", "DRR art. 15-20"),
    Indicator("meet_and_test_rate", "3", "rate", "见面检测率", "meet-and-test rate", "DRR art. 18; DTP art. 2"),
    Indicator("meet_rate", "3b", "rate", "见面率", "meet rate", "DRR art. 18"),
    # Many ledgers have no column for the day of registration: a person taken over from them stands in the register; only a later day counts against.
    Indicator("registration_rate", "4", "rate", "登记入库率", "registration rate", "NCL art. 32"),
    Indicator("family_contact_rate", "5", "rate", "家属见面率", "family contact rate", "DRR art. 18"),
    Indicator("employment_rate", "6", "rate", "就业率", "employment rate", "NCL art. 34; DRR art. 18"),
    Indicator("user_share", "7", "rate", "吸毒占比", "user share of residents", "domain 5, row 7"),
    Indicator("staffing_ratio", "9", "rate", "专职人员配比", "users per full-time worker", "DRR art. 15"),
    Indicator("risk_assessments", "10", "flow", "风险评估数", "risk assessments signed", "domain 4.2"),
    Indicator("visit_completion", "13", "rate", "走访完成率", "visit completion", "DRR art. 18"),
    Indicator("handover_acknowledgement", "4.3", "rate", "出所衔接确认率", "handover acknowledgement", "DRR art. 34, 38; domain 2.6"),
    Indicator("lawful_end_punctuality", "15", "rate", "依法解除及时率", "lawful-end punctuality", "DRR art. 23, 40"),
    Indicator("unsigned_over_30", "4.3", "stock", "报到超30日未签协议", "agreement unsigned over 30 days", "DRR art. 16, 44"),
    Indicator("ended_late", "4.3", "stock", "解除登记逾期", "ends written down late", "DRR art. 23, 40"),
)
OUTSIDE = {"report_in": "reported_in_unserved", "closure": "ended_before_taken_over"}
"""What happened but is not in a denominator, by the bulletin's word: people whom a ledger shows as reported in without saying when the order
was served, and terms that had ended before the ledger was taken over. A rate over them would have no basis."""
BY_CODE = {indicator.code: indicator for indicator in INDICATORS}
WITHOUT_PERSONS = frozenset({"user_share", "staffing_ratio"})
"""Their persons are those of `current_users`."""


def terms_noticed(since: date, until: date, works: WorkingDay) -> tuple[list[date], list[date]]:
    """Ends of terms whose notice of discharge falls due in a period, and for each the last day of its notice (DRR art. 23, 40)."""
    longest = timedelta(days=NOTICE_DAYS + LONGEST_REST)
    days = [since - longest + timedelta(days=n) for n in range((until - since + longest).days + 1)]
    due = {day: last_day(day, NOTICE_DAYS, works) for day in days}
    found = [(day, last) for day, last in due.items() if since <= last <= until]
    return [day for day, _ in found], [last for _, last in found]


def half_year(day: date) -> date:
    """The first day of the half year that holds a day."""
    return date(day.year, 1 if day.month < 7 else 7, 1)


def moved_a_little(now: Mapping[str, Figure], before: Mapping[str, Figure]) -> set[str]:
    """The places whose count differs by a small number from that of the reporting day before: the difference could identify a person."""

    def small(one: int | None, other: int | None) -> bool:
        return one is not None and other is not None and 0 < abs(one - other) < SMALL

    return {
        code
        for code, found in now.items()
        if code in before and (small(found.numerator, before[code].numerator) or small(found.denominator, before[code].denominator))
    }


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell. `withheld`: the counts (the rate stays in whole per cent), or everything."""

    numerator: int | None
    denominator: int | None
    value: Decimal | None
    withheld: str = "nothing"


def figure(indicator: Indicator, numerator: int, denominator: int | None) -> Figure:
    """A figure with its value: stocks and flows are their count, rates to four decimals, half up; null when nothing was due."""
    if indicator.kind != "rate":
        return Figure(numerator, None, Decimal(numerator))
    if not denominator:
        return Figure(numerator, denominator, None)
    return Figure(numerator, denominator, (Decimal(numerator) / denominator).quantize(Decimal("0.0001"), ROUND_HALF_UP))


def workers_needed(users: int) -> int:
    """Full-time workers that a place needs: one for each 30, at least one where anybody is (domain 5, row 9)."""
    return max(1, math.ceil(users / PER_WORKER)) if users else 0


def withheld(found: Figure) -> Figure:
    """A figure for readers who may not see small counts."""
    if found.denominator is None:
        return (
            replace(found, numerator=None, value=None, withheld="all")
            if found.numerator is not None and 0 < found.numerator < SMALL
            else found
        )
    if 0 < found.denominator < SMALL:
        return Figure(None, None, None, "all")
    assert found.numerator is not None
    if 0 < found.numerator < SMALL or 0 < found.denominator - found.numerator < SMALL:
        value = None if found.value is None else found.value.quantize(Decimal("0.01"), ROUND_HALF_UP)
        return Figure(None, None, value, "counts")
    return found


def withheld_column(column: Mapping[str, Figure], county: str, also: Collection[str] = ()) -> dict[str, Figure]:
    """One indicator over all lines: a single withheld town would follow from the county's figure, so the next smallest is withheld with it; and what all
    withheld towns have together must not be small either, or the county's figure is withheld (two towns of one each: 0 is shown as 0).
    """
    shown = {code: withheld(found) for code, found in column.items()}
    for code in also:  # towns whose difference to the reporting day before is small; the county's own figures are published (domain 11.1)
        if code != county and shown[code].withheld == "nothing":
            shown[code] = Figure(None, None, None, "all")
    towns: Sequence[str] = [code for code in shown if code != county]
    hidden = [code for code in towns if shown[code].withheld != "nothing"]
    if len(hidden) == 1 and county in shown:
        others = [code for code in towns if code not in hidden and _size(column[code])]
        if others:
            smallest = min(others, key=lambda code: (_size(column[code]), code))
            shown[smallest] = Figure(None, None, None, "all")
        else:
            shown[county] = Figure(None, None, None, "all")
    rest = [column[code] for code in towns if shown[code].withheld != "nothing"]
    if county in shown and shown[county].withheld == "nothing" and _tells(rest):
        value = shown[county].value
        known = None if shown[county].denominator is None or value is None else value.quantize(Decimal("0.01"), ROUND_HALF_UP)
        shown[county] = Figure(None, None, known, "all" if known is None else "counts")
    return shown


def _tells(rest: Sequence[Figure]) -> bool:
    done, due = sum(found.numerator or 0 for found in rest), sum(found.denominator or 0 for found in rest)
    missing = due - done if due else 0
    return any(0 < number < SMALL for number in (done, due, missing))


def _size(found: Figure) -> int:
    return found.denominator if found.denominator is not None else found.numerator or 0
