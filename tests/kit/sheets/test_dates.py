"""Dates: every day survives every way of writing it; what is incomplete, ahead, impossible or ambiguous says so."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.sheets import Vocabulary
from kit.sheets.dates import date_reader, han_number
from tests.kit.sheets.factory import date_forms, han

OFFICE = Vocabulary(()).office
TODAY = dt.date(2021, 6, 30)
BLANK = frozenset(OFFICE["blank"]) | {""}
read = date_reader(BLANK, TODAY, False, OFFICE["months"], OFFICE["date_tails"])
read_1904 = date_reader(BLANK, TODAY, True, OFFICE["months"], OFFICE["date_tails"])
days = st.dates(dt.date(1930, 1, 1), TODAY)


@given(days, st.integers(0, len(date_forms(TODAY)) - 1))
def test_a_day_is_read_from_every_form(day: dt.date, form: int) -> None:
    assert read(date_forms(day)[form]) == (day.isoformat(), None)


@given(days)
def test_a_day_is_read_from_cells_numbers_and_serials_of_both_systems(day: dt.date) -> None:
    iso = (day.isoformat(), None)
    assert read(day) == read(dt.datetime.combine(day, dt.time(13, 5))) == iso
    assert read(int(f"{day:%Y%m%d}")) == read(float(f"{day:%Y%m%d}")) == iso
    serial = (day - dt.date(1899, 12, 30)).days
    assert read(serial) == read(float(serial)) == read(serial + 0.75) == read(str(serial)) == iso
    assert read_1904(float((day - dt.date(1904, 1, 1)).days)) == iso if (day - dt.date(1904, 1, 1)).days > 9_999 else True


@given(st.dates(dt.date(1990, 1, 1), TODAY))
def test_a_two_digit_year_takes_the_century_that_is_not_ahead(day: dt.date) -> None:
    assert read(f"{day:%y}.{day.month}.{day.day}") == (day.isoformat(), "DATE_TWO_DIGIT_YEAR")


@given(st.integers(1, 31))
def test_han_days_are_numbers(number: int) -> None:
    assert han_number(han(number)) == number


@pytest.mark.parametrize(
    ("raw", "value", "code"),
    [
        ("2018年3月", "2018-03", "DATE_PARTIAL"), ("2018.03", "2018-03", "DATE_PARTIAL"), ("2018-3", "2018-03", "DATE_PARTIAL"), ("201803", "2018-03", "DATE_PARTIAL"), (201803.0, "2018-03", "DATE_PARTIAL"),
        ("二〇一八年三月", "2018-03", "DATE_PARTIAL"), ("2018年", "2018", "DATE_PARTIAL"), (2018, "2018", "DATE_PARTIAL"), (2018.1, "2018", "DATE_PARTIAL"),
        ("2018.2.30", None, "DATE_IMPOSSIBLE"), ("2018.13.1", None, "DATE_IMPOSSIBLE"), ("20180230", None, "DATE_IMPOSSIBLE"), ("0018.2.3", None, "DATE_IMPOSSIBLE"), ("2018年13月", None, "DATE_IMPOSSIBLE"),
        ("2118.2.3", None, "DATE_FUTURE"), ("2021.7.1", None, "DATE_FUTURE"), ("2021年7月", None, "DATE_FUTURE"), (dt.date(2030, 1, 1), None, "DATE_FUTURE"), ("2021.6.30", "2021-06-30", None),
        ("年底", None, "DATE_UNPARSABLE"), ("不详", None, "DATE_UNPARSABLE"), ("3/5/2018", None, "DATE_UNPARSABLE"), ("2018.3.5-2019.3.5", None, "DATE_UNPARSABLE"), (dt.time(3), None, "DATE_UNPARSABLE"),
        (-5, None, "DATE_UNPARSABLE"), (1e15, None, "DATE_UNPARSABLE"), (0.5, None, "DATE_UNPARSABLE"), (True, None, "DATE_UNPARSABLE"), (float("inf"), None, "DATE_UNPARSABLE"), (float("nan"), None, "DATE_UNPARSABLE"),
        ("25/12/2018", "2018-12-25", None), ("12/25/2018", "2018-12-25", None), ("5/5/2018", "2018-05-05", None),
        ("", None, None), ("/", None, None), ("-", None, None), ("无", None, None), (None, None, None), ("廿", None, "DATE_UNPARSABLE"), ("二〇一八年十二月卅一日", "2018-12-31", None),
    ],
)  # fmt: skip
def test_each_doubt_has_its_code(raw: object, value: str | None, code: str | None) -> None:
    assert read(raw) == (value, code)


@given(st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.datetimes(), st.none(), st.timedeltas()))
def test_whatever_stands_in_the_cell_the_reader_answers(raw: object) -> None:
    value, code = read(raw)
    assert value is None or code in (None, "DATE_PARTIAL", "DATE_TWO_DIGIT_YEAR")
