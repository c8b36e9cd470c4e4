"""The arithmetic of statutory terms: days over public holidays, months over short months."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.clock import load_working_days
from services.registry.measures.rules import terms

days = st.dates(date(2015, 1, 1), date(2030, 12, 31))


@pytest.mark.parametrize(
    ("received", "due"),
    [
        (date(2021, 9, 15), date(2021, 9, 30)),  # the day before the holiday
        (date(2021, 9, 16), date(2021, 10, 8)),  # 1-7 October 2021 were holidays
        (date(2021, 9, 22), date(2021, 10, 8)),
        (date(2021, 9, 24), date(2021, 10, 9)),  # a Saturday that was worked
        (date(2021, 9, 25), date(2021, 10, 11)),  # a Sunday
        (date(2021, 1, 26), date(2021, 2, 10)),  # the day before the Spring Festival
        (date(2021, 1, 27), date(2021, 2, 18)),  # 11-17 February 2021
        (date(2021, 2, 5), date(2021, 2, 20)),  # a Saturday that was worked
        (date(2021, 6, 1), date(2021, 6, 16)),
    ],
)
def test_the_fifteen_days_of_article_14_roll_over_public_holidays(received: date, due: date) -> None:
    assert terms.report_in_due(received, load_working_days("610822")) == due


def test_a_term_from_the_29th_of_february_ends_on_the_28th() -> None:
    assert terms.term_end(date(2024, 2, 29), 36) == date(2027, 2, 28)
    assert terms.term_end(date(2021, 8, 31), 30) == date(2024, 2, 29)


@given(days, st.sets(days, max_size=40))
def test_a_due_day_is_a_working_day_and_never_earlier_than_the_fifteenth(received: date, rest: set[date]) -> None:
    due = terms.report_in_due(received, lambda day: day not in rest)
    assert due not in rest
    assert due >= received + timedelta(days=15)
    assert all(day in rest for day in (received + timedelta(days=n) for n in range(15, (due - received).days)))
