"""Dates in every form that people type into a ledger.

Read: 2018.3.5, 2018年3月5日, 20180305 (text or number), 2018/3/5, 2018-03-05, 2018、3、5, full-width digits, 二〇一八年三月五日,
5-Mar-2018, with a time behind, a spreadsheet's date or its serial number (1900 or 1904 system, ECMA-376 18.17.4.1).
Incomplete (2018年3月) gives `2018-03` and DATE_PARTIAL; a two-digit year gets the latest century that is not in the future. A date with two
readings (3/5/2018) is not decided: DATE_UNPARSABLE. Blanks between digits separate (2020 1 2). An instant with a zone (…Z, …+00:00) gives
its day in Shanghai and DATE_ZONE. Where a field takes the begin of a range (2019.5.6-2022.5.5, 2019年5月6日至2022年5月5日) it gives that
day and DATE_RANGE.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from typing import Any

from kit.sheets.plain import INVISIBLE, LONGEST_WORD, compact

Read = tuple[str | None, str | None]
_SEP = r"[-./年、,·_。\\]"
_FULL = re.compile(rf"(\d{{4}}){_SEP}(\d{{1,2}})[-./月、,·_。\\](\d{{1,2}})[日号]?")
_SHORT = re.compile(rf"(\d{{2}}){_SEP}(\d{{1,2}})[-./月、,·_。\\](\d{{1,2}})[日号]?")
_MONTH = re.compile(rf"(\d{{4}}){_SEP}(\d{{1,2}})月?份?")
_YEAR = re.compile(r"(\d{4})年?")
_LAST_YEAR = re.compile(r"(\d{1,2})[-./](\d{1,2})[-./](\d{4})")
_NAMED = re.compile(r"(\d{1,2})[-./]?([a-z]{3})[a-z]*[-./,]?(\d{4}|\d{2})")
_NAMED_FIRST = re.compile(r"([a-z]{3})[a-z]*[-./]?(\d{1,2}),?[-./]?(\d{4})")
_HAN = re.compile(r"([〇○零一二三四五六七八九0-9]{4})年([一二三四五六七八九十元]{1,3})月(?:份|([一二三四五六七八九十廿卅]{1,4})[日号]?)?")
_TIME = re.compile(r"(?:[t\s]+|(?<=[日号]))\d{1,2}[:时点]\d{1,2}.*$")
_BETWEEN = re.compile(r"(?<=\d)\s+(?=\d)")
_INSTANT = re.compile(
    r"(\d{4}[-./年]\d{1,2}[-./月]\d{1,2})日?[t\s]+(\d{1,2}:\d{2}(?::\d{2})?)(?:[.,]\d+)?\s*(z|utc|gmt|(?:utc|gmt)?[+-]\d{1,2}(?::?\d{2})?)"
    r"(?:\s*[+-]0{1,2}:?0{0,2}|\s*(?:z|utc|gmt|cst)|\[[a-z/]+\])?"
)
_ZONED = re.compile(r"\d\s*(?:z|utc|gmt|[+-]\s*\d)|\[[a-z/]+\]")
"""A time of day with a zone behind it: whatever cannot be read of it may move the day."""
_TO = re.compile(r"至|到|—+|–|~+|-+")
_HERE = dt.timezone(dt.timedelta(hours=8))
_AROUND = ".,;:。、()"
_SERIAL_HIGH = 80_000  # the year 2119
_LIFETIME = 100
"""Nobody wrote a ledger of longer ago: 190506 is a day of 2019."""
_DIGIT = {
    **{str(digit): digit for digit in range(10)},
    "〇": 0,
    "○": 0,
    "零": 0,
    "一": 1,
    "二": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "元": 1,
}


def han_number(text: str) -> int:
    """一 to 九十九, with 廿 and 卅; 0 when it is not such a number."""
    text = text.replace("廿", "二十").replace("卅", "三十")
    tens, ten, ones = text.partition("十")
    if not ten:
        return _DIGIT.get(text, 0) if len(text) == 1 else 0
    if (tens and tens not in _DIGIT) or (ones and ones not in _DIGIT):
        return 0
    return (_DIGIT[tens] if tens else 1) * 10 + (_DIGIT[ones] if ones else 0)


def date_reader(
    blank: frozenset[str],
    as_of: dt.date,
    date1904: bool,
    months: list[str],
    tails: list[str],
    heads: list[str] | None = None,
    *,
    ranges: bool = False,
) -> Callable[[Any], Read]:
    """A cached function from a raw cell to (ISO date, `YYYY-MM`, or None; problem code or None). `ranges`: of begin and end the begin is meant."""
    tail = re.compile("(?:" + "|".join(map(re.escape, sorted(tails, key=len, reverse=True))) + ")+$") if tails else re.compile(r"(?!)")
    head = re.compile("(?:" + "|".join(map(re.escape, heads)) + r")+(?=\d)") if heads else re.compile(r"(?!)")
    epoch = dt.date(1904, 1, 1) if date1904 else dt.date(1899, 12, 30)
    limit = as_of.isoformat()
    cache: dict[Any, Read] = {}

    def day(year: int, month: int, date: int, code: str | None = None) -> Read:
        try:
            iso = dt.date(year, month, date).isoformat()
        except ValueError:
            return None, "DATE_IMPOSSIBLE"
        if year < 1900:
            return None, "DATE_IMPOSSIBLE"
        return (iso, code) if iso <= limit else (None, "DATE_FUTURE")

    def month_of(year: int, month: int) -> Read:
        if not 1 <= month <= 12 or year < 1900:
            return None, "DATE_IMPOSSIBLE"
        text = f"{year}-{month:02d}"
        return (text, "DATE_PARTIAL") if text <= limit[:7] else (None, "DATE_FUTURE")

    def year_of(year: int) -> Read:
        if not 1900 <= year <= 2100:
            return None, "DATE_UNPARSABLE"
        return (str(year), "DATE_PARTIAL") if year <= as_of.year else (None, "DATE_FUTURE")

    def century(short: int) -> int:
        return 2000 + short if 2000 + short <= as_of.year else 1900 + short

    def short_year(year: int, month: int, date: int) -> Read:
        return day(century(year), month, date, "DATE_TWO_DIGIT_YEAR")

    def number(value: float) -> Read:
        if not -1e15 < value < 1e15:  # also infinite, or not a number
            return None, "DATE_UNPARSABLE"
        whole = int(value)
        if value == whole:
            return digits(str(whole)) if whole > 0 else (None, "DATE_UNPARSABLE")
        if 1900 <= whole <= 2100:  # 2018.1 typed as a number may have been 2018.10: only the year is certain
            return year_of(whole)
        return digits(str(whole)) if 10_000 <= whole < _SERIAL_HIGH else (None, "DATE_UNPARSABLE")

    def digits(text: str) -> Read:
        size = len(text)
        if size in (8, 14):
            return day(int(text[:4]), int(text[4:6]), int(text[6:8]))
        if size == 6:
            month, short = month_of(int(text[:4]), int(text[4:])), short_year(int(text[:2]), int(text[2:4]), int(text[4:]))
            if text[:2] not in ("19", "20") or month[0] is None or int(text[:4]) < as_of.year - _LIFETIME:
                return short
            return month if short[0] is None else (None, "DATE_UNPARSABLE")  # 200506 is a month of 2005 or a day of 2020
        if size == 4:
            return year_of(int(text))
        serial = int(text)
        if size <= 5 and serial < _SERIAL_HIGH and (size == 5 or date1904):
            found = epoch + dt.timedelta(days=serial)
            return day(found.year, found.month, found.day)
        return None, "DATE_UNPARSABLE"

    def written(text: str) -> Read:
        if match := _FULL.fullmatch(text):
            year, month, date = map(int, match.groups())
            return day(year, month, date)
        if text.isdigit():
            return digits(text)
        if match := _MONTH.fullmatch(text):
            return month_of(int(match[1]), int(match[2]))
        if match := _SHORT.fullmatch(text):
            return short_year(int(match[1]), int(match[2]), int(match[3]))
        if match := _YEAR.fullmatch(text):
            return year_of(int(match[1]))
        if match := _HAN.fullmatch(text):
            year = int("".join(str(_DIGIT[c]) for c in match[1]))
            return day(year, han_number(match[2]), han_number(match[3])) if match[3] else month_of(year, han_number(match[2]))
        if match := _LAST_YEAR.fullmatch(text):
            one, two, year = map(int, match.groups())
            if one > 12 or one == two:
                return day(year, two, one)
            return day(year, one, two) if two > 12 else (None, "DATE_UNPARSABLE")
        if match := _NAMED.fullmatch(text) or _NAMED_FIRST.fullmatch(text):
            name, date = (match[2], match[1]) if match[2].isalpha() else (match[1], match[2])
            if name not in months:
                return None, "DATE_UNPARSABLE"
            year = int(match[3])
            return (
                short_year(year, months.index(name) + 1, int(date)) if len(match[3]) == 2 else day(year, months.index(name) + 1, int(date))
            )
        return None, "DATE_UNPARSABLE"

    def instant(match: re.Match[str]) -> Read:
        zone = match[3].lstrip("zutcgm") or "+0"
        ahead = zone[1:].replace(":", "")
        sign, hours, minutes = (-1 if zone[0] == "-" else 1), int(ahead[:2]), int(ahead[2:] or 0)
        try:
            clock = [int(part) for part in match[2].split(":")]
            here = dt.timezone(sign * dt.timedelta(hours=hours, minutes=minutes))
            there = dt.datetime(*map(int, re.split(r"\D", match[1])), *clock, tzinfo=here).astimezone(_HERE)
        except (ValueError, OverflowError):
            return None, "DATE_IMPOSSIBLE"
        return day(there.year, there.month, there.day, None if here.utcoffset(None) == _HERE.utcoffset(None) else "DATE_ZONE")

    def begin_of(text: str) -> Read | None:
        """The begin, when both sides of some sign are whole days; an end may lie ahead of the ledger. None for anything else."""
        for sign in _TO.finditer(text):
            begin, end = (tail.sub("", head.sub("", side).strip(_AROUND)) for side in (text[: sign.start()], text[sign.end() :]))
            if _FULL.fullmatch(end) or ((last := _HAN.fullmatch(end)) and last[3]):
                value, code = written(begin)
                if code in ("DATE_FUTURE", "DATE_IMPOSSIBLE"):
                    return None, code
                if value is not None and len(value) == 10 and code is None:
                    until, why = written(end)
                    return (value, "DATE_RANGE") if why == "DATE_FUTURE" or (until or "") >= value else (None, "DATE_UNPARSABLE")
        return None

    def fresh(raw: Any) -> Read:
        if isinstance(raw, dt.datetime | dt.date):
            there = raw.astimezone(_HERE) if isinstance(raw, dt.datetime) and raw.tzinfo else raw
            return day(there.year, there.month, there.day, None if there is raw else "DATE_ZONE")
        if isinstance(raw, bool) or not isinstance(raw, str | int | float):
            return None, None if raw is None else "DATE_UNPARSABLE"
        if not isinstance(raw, str):
            return number(float(raw))
        if match := _FULL.fullmatch(raw):  # nine of ten; int() knows full-width digits too
            return day(int(match[1]), int(match[2]), int(match[3]))
        text = unicodedata.normalize("NFKC", raw[:LONGEST_WORD]).translate(INVISIBLE).strip().strip("'\"`").casefold()
        if match := _INSTANT.fullmatch(text):
            return instant(match)
        if (time := _TIME.search(text)) and _ZONED.search(time[0]):
            return None, "DATE_UNPARSABLE"
        text = compact(_BETWEEN.sub(".", _TIME.sub("", text)))
        if text in blank:
            return None, None
        value, code = written(text)
        if ranges and code == "DATE_UNPARSABLE" and (found := begin_of(text)) is not None:
            return found
        if code == "DATE_UNPARSABLE" and (shorter := tail.sub("", head.sub("", text).strip(_AROUND))) not in ("", text):
            return written(shorter)
        if code == "DATE_UNPARSABLE" and text.replace(".", "", 1).isdigit() and text.count(".") == 1:
            return number(float(text))
        return value, code

    def read(raw: Any) -> Read:
        known = cache.get(raw)
        if known is None:
            if len(cache) > 50_000:
                cache.clear()
            known = cache[raw] = fresh(raw)
        return known

    return read
