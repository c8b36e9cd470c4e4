"""Small counts stay inside, also when somebody subtracts (domain 4.3; SECURITY T6)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from sqlalchemy import RowMapping

from services.registry.indicators.rules import BY_CODE, Figure, figure, withheld_column
from services.registry.visits.service import _withheld

COUNTY = "610822000000"


def a_column(code: str, *cells: tuple[int, int | None]) -> dict[str, Figure]:
    """Towns with (numerator, denominator), and the county's line over them."""
    column = {f"6108221{n:02d}000": figure(BY_CODE[code], done, due) for n, (done, due) in enumerate(cells)}
    due = None if cells[0][1] is None else sum(due or 0 for _, due in cells)
    return column | {COUNTY: figure(BY_CODE[code], sum(done for done, _ in cells), due)}


def test_the_county_less_its_open_towns_names_nobody() -> None:
    """22 in the county and 20 in the one open town would leave one for each of the two others, since 0 is shown as 0."""
    shown = withheld_column(a_column("current_users", (1, None), (1, None), (20, None)), COUNTY)
    assert shown[COUNTY].numerator is None
    assert shown[COUNTY].value is None
    shown = withheld_column(a_column("current_users", (4, None), (4, None), (20, None)), COUNTY)
    assert shown[COUNTY].numerator == 28


def test_a_rate_of_the_county_keeps_its_counts_when_they_would_tell_the_rest() -> None:
    """18 of 20 open, 19 of 22 in the county: the two small towns did one of two."""
    shown = withheld_column(a_column("meet_rate", (1, 1), (0, 1), (10, 20), (10, 20)), COUNTY)
    assert (shown[COUNTY].numerator, shown[COUNTY].denominator) == (None, None)
    assert shown[COUNTY].value == Decimal("0.50")


def test_a_line_of_coverage_tells_by_no_difference_who_is_missing() -> None:
    """20 listed and 19 visited is one person who was not; where everybody or nobody is meant the count may stand."""
    line = {
        "division_code": "610822100000",
        "listed": 20,
        "excused": 0,
        "visited": 19,
        "met": 19,
        "met_and_tested": 10,
        "family_met": 0,
        "employed": 3,
    }
    shown = _withheld(cast("RowMapping", line))
    wanted: dict[str, Any] = {"division_code": "610822100000", "listed": 20, "excused": 0, "visited": None, "met": None}
    assert shown == wanted | {"met_and_tested": 10, "family_met": 0, "employed": None}
