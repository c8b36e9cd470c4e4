"""Working days: the shipped calendar against what the notices say, a county's own rows, and the terms that are counted with them."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kit
from kit.clock import last_day, load_working_days, working_days

SHIPPED = Path(kit.__file__).with_name("working_days.csv")
CHINA = load_working_days("")


@pytest.mark.parametrize(
    ("day", "works", "why"),
    [
        (date(2021, 2, 7), True, "Spring Festival 2021: a Sunday that was worked"),
        (date(2021, 2, 11), False, "Spring Festival 2021: the eve, a Thursday"),
        (date(2021, 2, 17), False, "Spring Festival 2021: its last day, a Wednesday"),
        (date(2021, 2, 18), True, "Spring Festival 2021: the day after"),
        (date(2021, 2, 20), True, "Spring Festival 2021: a Saturday that was worked"),
        (date(2021, 2, 21), False, "an ordinary Sunday"),
        (date(2021, 9, 26), True, "National Day 2021: a Sunday that was worked"),
        (date(2021, 10, 1), False, "National Day 2021"),
        (date(2021, 10, 7), False, "National Day 2021: its last day"),
        (date(2021, 10, 9), True, "National Day 2021: a Saturday that was worked"),
        (date(2020, 1, 31), False, "Spring Festival 2020 was lengthened to 2 February"),
        (date(2020, 2, 1), False, "a Saturday that the first notice had made a working day and the second took back"),
        (date(2020, 2, 3), True, "Spring Festival 2020: work began again"),
        (date(2022, 12, 31), False, "New Year 2023 began in 2022"),
        (date(2024, 2, 9), True, "New Year's eve 2024 was left to paid leave"),
        (date(2026, 1, 4), True, "New Year 2026: a Sunday that was worked"),
        (date(2026, 2, 23), False, "Spring Festival 2026: nine days"),
        (date(2015, 10, 1), True, "a year without rows has its week and nothing else"),
    ],
)
def test_the_days_of_the_notices(day: date, works: bool, why: str) -> None:
    assert CHINA(day) is works, why


def test_every_row_names_its_source_and_moves_a_day() -> None:
    with SHIPPED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["checked"] for row in rows} <= {"verified", "unverified"}
    assert all(row["name"] and row["source"] and row["area"] == "" for row in rows)
    assert all(date.fromisoformat(row["first"]).weekday() >= 5 for row in rows if row["works"] == "yes"), (
        "only a weekend can be made up for"
    )
    assert {date.fromisoformat(row["last"]).year for row in rows if row["checked"] == "verified"} == set(range(2020, 2027))


def test_the_calendar_agrees_with_an_independent_one() -> None:
    other = holidays.country_holidays("CN", years=range(2018, 2028))
    day, differs = date(2019, 1, 1), []
    while day < date(2028, 1, 1):
        if CHINA(day) is not other.is_working_day(day):
            differs.append(day)
        day += timedelta(days=1)
    assert differs == [], "the notices of the State Council, read twice"


def test_a_countys_own_rows_win_over_the_countrys() -> None:
    rows = [
        {"area": "", "first": "2021-10-01", "last": "2021-10-07", "works": "no"},
        {"area": "610822", "first": "2021-10-06", "last": "2021-10-06", "works": "yes"},
        {"area": "6108", "first": "2021-10-06", "last": "2021-10-08", "works": "no"},
        {"area": "6109", "first": "2021-10-11", "last": "2021-10-11", "works": "no"},
    ]
    works = working_days(rows, "610822")
    assert [works(date(2021, 10, day)) for day in (5, 6, 8, 9, 11)] == [False, True, False, False, True]


def test_a_county_adds_a_file_of_its_own(tmp_path: Path) -> None:
    own = tmp_path / "working_days.csv"
    assert load_working_days("610822", own)(date(2028, 1, 26)), "no file, no rows: a Wednesday"
    own.write_text("area,first,last,works,name,source,checked\n,2028-01-25,2028-01-31,no,春节,国办发明电,verified\n", encoding="utf-8-sig")
    assert not load_working_days("610822", own)(date(2028, 1, 26))
    own.write_text("area,first,last,works,name,source,checked\n,2028-01-25,2028-01-31,vielleicht,春节,国办发明电,verified\n")
    with pytest.raises(KeyError):
        load_working_days("610822", own)


@pytest.mark.parametrize(
    ("event", "days", "last"),
    [
        (date(2021, 9, 28), 3, date(2021, 10, 8)),  # Tuesday + 3 = Friday 1 October
        (date(2021, 10, 6), 3, date(2021, 10, 9)),  # a Saturday that was worked
        (date(2021, 2, 8), 3, date(2021, 2, 18)),
        (date(2021, 2, 17), 3, date(2021, 2, 20)),
        (date(2021, 7, 7), 3, date(2021, 7, 12)),
        (date(2021, 10, 1), 0, date(2021, 10, 1)),
    ],
)
def test_a_term_leaves_its_first_day_out_and_rolls_over_rest_days(event: date, days: int, last: date) -> None:
    assert last_day(event, days, CHINA) == last


@given(st.dates(date(2010, 1, 1), date(2040, 1, 1)), st.integers(1, 30))
def test_a_term_never_ends_early_nor_on_a_rest_day(event: date, days: int) -> None:
    last = last_day(event, days, CHINA)
    assert (last - event).days >= days
    assert CHINA(last)
    assert not any(CHINA(event + timedelta(days=n)) for n in range(days, (last - event).days))
