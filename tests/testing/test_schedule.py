"""Schedules: the schemes of domain 3.4, and what holds for every scheme, term and day."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.testing.plans.rules import Phase, add_half_months, due_days, moved_window, slots, still_to_come

A = [Phase(0, 2), Phase(12, 4), Phase(24, 6)]
B = [Phase(0, 1), Phase(6, 2), Phase(12, 4), Phase(24, 6)]

days = st.dates(date(2009, 1, 1), date(2040, 12, 31))
terms = st.tuples(days, st.integers(2, 1500)).map(lambda pair: (pair[0], pair[0] + timedelta(days=pair[1])))
schemes = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 12)), min_size=1, max_size=4, unique_by=lambda pair: pair[0]).map(
    lambda pairs: [Phase(*pair) for pair in pairs]
)


@pytest.mark.parametrize(("scheme", "per_year"), [(A, (12, 6, 4)), (B, (18, 6, 4))], ids=["A", "B"])
def test_a_three_year_term_has_the_tests_of_its_scheme(scheme: list[Phase], per_year: tuple[int, int, int]) -> None:
    start, end = date(2020, 5, 1), date(2023, 5, 1)
    found = due_days(scheme, start, end)
    years = [sum(add_half_months(start, 24 * year) < day <= add_half_months(start, 24 * (year + 1)) for day in found) for year in range(3)]
    assert tuple(years) == per_year


def test_rehabilitation_is_cut_to_its_ordered_term() -> None:
    found = due_days(A, date(2021, 1, 15), date(2022, 4, 15))
    assert (len(found), found[-1]) == (13, date(2022, 3, 15))


@pytest.mark.parametrize(
    ("start", "half_months", "day"),
    [
        (date(2021, 1, 31), 2, date(2021, 2, 28)),
        (date(2020, 1, 31), 2, date(2020, 2, 29)),
        (date(2021, 1, 31), 4, date(2021, 3, 31)),
        (date(2021, 6, 8), 3, date(2021, 7, 23)),
        (date(2021, 12, 8), 2, date(2022, 1, 8)),
    ],
)
def test_months_are_counted_in_the_calendar(start: date, half_months: int, day: date) -> None:
    assert add_half_months(start, half_months) == day


@given(schemes, terms, st.integers(0, 20))
def test_windows_lie_inside_the_term_in_order_and_apart(scheme: list[Phase], term: tuple[date, date], window: int) -> None:
    start, end = term
    found = slots(scheme, start, end, window)
    for slot in found:
        assert start <= slot.window_from <= slot.due_on <= slot.window_to < end
        assert slot.due_on - slot.window_from <= timedelta(days=window)
        assert slot.window_to - slot.due_on <= timedelta(days=window)
    for one, two in pairwise(found):
        assert one.window_to < two.window_from
        assert two.number == one.number + 1


@given(terms)
def test_tests_thin_out_and_never_come_more_often_again(term: tuple[date, date]) -> None:
    found = due_days(A, *term)
    gaps = [(two - one).days for one, two in pairwise(found)]
    for place, gap in enumerate(gaps[:-1]):  # the last gap may be cut by the end of the term
        assert 28 <= gap <= 92
        if place:
            assert gap >= gaps[place - 1] - 3, "months differ by at most three days"


@given(schemes, terms, days)
def test_planning_late_makes_nobody_miss_what_was_never_announced(scheme: list[Phase], term: tuple[date, date], today: date) -> None:
    found = slots(scheme, *term, 7)
    to_come = still_to_come(found, today)
    assert all(slot.due_on >= today for slot in to_come)
    assert to_come == found[len(found) - len(to_come) :]


@given(schemes, terms)
def test_a_shorter_term_only_takes_tests_away(scheme: list[Phase], term: tuple[date, date]) -> None:
    start, end = term
    long, short = due_days(scheme, start, end), due_days(scheme, start, start + (end - start) / 2)
    assert len(short) <= len(long)
    assert short[:-1] == long[: len(short) - 1] if short else True


def test_a_moved_test_keeps_to_the_term_and_off_its_neighbours() -> None:
    term, neighbours = (date(2021, 6, 8), date(2024, 6, 8)), (date(2021, 7, 15), date(2021, 9, 1))
    assert moved_window(date(2021, 8, 20), 7, term, neighbours) == (date(2021, 8, 13), date(2021, 8, 27))
    assert moved_window(date(2021, 8, 30), 7, term, neighbours) == (date(2021, 8, 23), date(2021, 8, 31))
    with pytest.raises(ValueError, match="on_another_test"):
        moved_window(date(2021, 9, 1), 7, term, neighbours)
    with pytest.raises(ValueError, match="outside_term"):
        moved_window(date(2024, 6, 8), 7, term, neighbours)
