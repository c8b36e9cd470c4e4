"""Chinese citizen ID numbers (公民身份号码, GB 11643-1999) as they stand in workbooks.

An ID that a spreadsheet took for a number has lost its last digits (15 are kept by Excel): it is reported, never guessed.
Old 15-digit numbers become 18 by the standard's rule: century 19 after the area, check character at the end.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from kit.sheets.id_numbers import area_exists, check_character
from kit.sheets.plain import INVISIBLE, key_of

_EIGHTEEN = re.compile(r"[0-9]{17}[0-9X]")
_WITHIN = re.compile(r"(?<![0-9A-Z])(?:[0-9]{17}[0-9X]|[0-9]{15})(?![0-9A-Z])")
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?e\+?\d{1,3}")
_MARKS = str.maketrans("", "", "'\"`‘’“”′*.,、-—_:;()[]#")


def birth_of(number: str) -> str:
    """The birth date inside an 18-digit number, ISO."""
    return f"{number[6:10]}-{number[10:12]}-{number[12:14]}"


def sex_of(number: str) -> str:
    """The 17th digit is odd for men."""
    return "male" if number[16] in "13579" else "female"


def id_reader(blank: frozenset[str], as_of: dt.date, demo: bool) -> Callable[[Any], tuple[str | None, str | None]]:
    """A function from a raw cell to (number or None, problem code or None).

    Blanks, quotes, full-width forms and a small x are repaired silently. `demo` admits the fictitious area 99xxxx.
    """
    births: dict[str, bool] = {}

    def born(digits: str) -> bool:
        known = births.get(digits)
        if known is None:
            try:
                day = dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
                known = day.year >= 1900 and day <= as_of
            except ValueError:
                known = False
            births[digits] = known
        return known

    def verdict(number: str) -> tuple[str | None, str | None]:
        if not born(number[6:14]):
            return None, "ID_BIRTH_INVALID"
        if check_character(number[:17]) != number[17]:
            return None, "ID_PRECISION_LOST" if number.endswith("000") else "ID_CHECKSUM"
        if not area_exists(number[:2], demo=demo):
            return None, "ID_AREA_UNKNOWN"
        return number, None

    def read(raw: Any) -> tuple[str | None, str | None]:
        if raw.__class__ is str and len(raw) == 18 and raw.isascii() and raw.isdigit():
            return verdict(raw)
        if isinstance(raw, float | int) and abs(raw) >= 2**53:
            return None, "ID_PRECISION_LOST"
        text = key_of(raw)
        if text in blank:
            return None, "ID_MISSING"
        if _SCIENTIFIC.fullmatch(text):
            return None, "ID_PRECISION_LOST"
        text = text.translate(INVISIBLE).translate(_MARKS).upper()
        if not text:
            return None, "ID_MISSING"
        if not text.isascii() and len(inside := _WITHIN.findall(text)) == 1:  # a label typed along with the number (身份证:…)
            text = inside[0]
        digits = text[:-1] if len(text) > 15 and text[-1] == "X" else text
        if not (digits.isascii() and digits.isdigit()):
            return None, "ID_CHARSET"
        if len(text) == 15:
            number = text[:6] + "19" + text[6:]
            number += check_character(number)
            value, code = verdict(number)
            return value, code or "ID_15_CONVERTED"
        if len(text) != 18 or not _EIGHTEEN.fullmatch(text):
            return None, "ID_LENGTH"
        return verdict(text)

    return read


_ROUNDED_ENDING, _MANY = "000", 100


class RoundedNumbers:
    """Looks whether a column of ID numbers went through a spreadsheet that keeps 15 digits: then every number that ends in 000 is doubtful.

    Three lost digits leave a right check character once in eleven times, so one number says nothing for itself. The signs stand in the column: a
    number stored as such, one in scientific notation, one that ends in 000 and fails its check, or more of them than chance gives (one in a thousand).
    """

    __slots__ = ("_count", "_ending", "_sign", "column")

    def __init__(self, column: int) -> None:
        self.column = column
        self._sign = False
        self._count = self._ending = 0

    def look(self, raw: Any) -> None:
        """One cell of the column."""
        if raw.__class__ is str and len(raw) == 18 and not raw.endswith(_ROUNDED_ENDING):
            self._count += 1
            return
        if isinstance(raw, float | int):
            self._sign = self._sign or abs(raw) >= 2**53
            return
        text = key_of(raw).translate(INVISIBLE).translate(_MARKS)
        if not text:
            return
        self._count += 1
        if _SCIENTIFIC.fullmatch(key_of(raw)):
            self._sign = True
        elif len(text) == 18 and text.endswith(_ROUNDED_ENDING) and text.isdigit():
            self._ending += 1
            self._sign = self._sign or check_character(text[:17]) != text[17]

    @property
    def doubtful(self) -> bool:
        """Whether numbers of this column that end in 000 must be looked at."""
        return self._sign or self._ending > 1 + self._count // _MANY


def may_be_rounded(number: str) -> bool:
    """Whether a number ends as rounded ones do."""
    return number.endswith(_ROUNDED_ENDING)
