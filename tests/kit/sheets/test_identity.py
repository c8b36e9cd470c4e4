"""Citizen ID numbers (GB 11643): every valid number survives every way of typing it, every single wrong digit is seen."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.sheets.id_numbers import check_character
from kit.sheets.identity import birth_of, id_reader, sex_of

BLANK = frozenset(("", "/", "-", "无"))
TODAY = dt.date(2021, 6, 30)
read = id_reader(BLANK, TODAY, demo=False)
read_demo = id_reader(BLANK, TODAY, demo=True)
FULL = str.maketrans("0123456789X", "0123456789X")

births = st.dates(dt.date(1900, 1, 1), TODAY)
areas = st.sampled_from(["610822", "110101", "140931", "150622", "650102", "810000", "830000"])


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """A valid 18-digit number."""
    digits = f"{draw(areas)}{draw(births):%Y%m%d}{draw(st.integers(0, 999)):03d}"
    return digits + check_character(digits)


WAYS = (
    lambda n: n, str.lower, lambda n: n.translate(FULL), lambda n: f"'{n}", lambda n: f"{n}'", lambda n: f" {n}\n", lambda n: f"\u00a0{n}\u200b", lambda n: f"{n[:6]} {n[6:14]} {n[14:]}",
    lambda n: f"{n[:6]}-{n[6:14]}-{n[14:]}", lambda n: f"\ufeff{n}\u3000", lambda n: f"‘{n}’", lambda n: "\u202a" + n + "\u202c",
)  # fmt: skip


@given(numbers(), st.sampled_from(WAYS))
def test_a_valid_number_is_read_from_every_way_of_typing_it(number: str, way: object) -> None:
    assert callable(way)
    assert read(way(number)) == (number, None)


@given(numbers(), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_seen(number: str, position: int, shift: int) -> None:
    wrong = number[:position] + str((int(number[position]) + shift) % 10) + number[position + 1 :]
    value, code = read(wrong)
    assert value is None and code in ("ID_CHECKSUM", "ID_BIRTH_INVALID", "ID_AREA_UNKNOWN", "ID_PRECISION_LOST")


@given(st.dates(dt.date(1911, 1, 1), dt.date(1999, 12, 31)), areas, st.integers(0, 999))
def test_an_old_number_becomes_the_new_one_and_says_so(birth: dt.date, area: str, sequence: int) -> None:
    digits = f"{area}{birth:%Y%m%d}{sequence:03d}"
    old = f"{area}{birth:%y%m%d}{sequence:03d}"
    assert read(old) == (digits + check_character(digits), "ID_15_CONVERTED")
    assert read(float(old)) == (digits + check_character(digits), "ID_15_CONVERTED")


@given(numbers())
def test_birth_and_sex_come_from_the_number(number: str) -> None:
    assert birth_of(number).replace("-", "") == number[6:14]
    assert sex_of(number) == ("male" if int(number[16]) % 2 else "female")


@given(numbers().filter(lambda n: n[-1] != "X" and not n.endswith("000")))
def test_a_number_that_lost_its_digits_in_a_spreadsheet_is_never_guessed(number: str) -> None:
    assert read(float(number)) == (None, "ID_PRECISION_LOST")
    assert read(f"{float(number):.5E}") == (None, "ID_PRECISION_LOST")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "ID_MISSING"), (None, "ID_MISSING"), ("无", "ID_MISSING"), ("  ", "ID_MISSING"), ("'", "ID_MISSING"),
        ("61082219800101", "ID_LENGTH"), ("6108221980010100199", "ID_LENGTH"), ("61082219800101001", "ID_LENGTH"),
        ("610822l98001010019", "ID_CHARSET"), ("护照E12345678", "ID_CHARSET"), ("61082219800101X019", "ID_CHARSET"), (True, "ID_CHARSET"), (dt.date(2020, 1, 1), "ID_LENGTH"),
        ("610822198013010011", "ID_BIRTH_INVALID"), ("610822198002300015", "ID_BIRTH_INVALID"), ("610822203001010016", "ID_BIRTH_INVALID"),
    ],
)  # fmt: skip
def test_each_defect_has_its_code(raw: object, code: str) -> None:
    assert read(raw) == (None, code)


def test_fictitious_areas_pass_only_where_demo_is_on() -> None:
    digits = "99082219800101001"
    number = digits + check_character(digits)
    assert read(number) == (None, "ID_AREA_UNKNOWN")
    assert read_demo(number) == (number, None)
    nowhere = "00082219800101001"
    assert read_demo(nowhere + check_character(nowhere)) == (None, "ID_AREA_UNKNOWN")
