"""Typed cells: for each field a function from a raw cell to (value, problem code or None).

Every parser is total: it returns a result for every possible cell. Values are JSON-ready (text, bool, number, list, dict).
Repeating texts are answered from a cache, which is what makes 100,000 rows cheap.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from stdnum.cn import uscc

from kit.sheets.dates import date_reader
from kit.sheets.identity import id_reader
from kit.sheets.plain import LONGEST_WORD, compact, key_of, text_of, tidy, without_brackets
from kit.sheets.vocabulary import Field, Vocabulary
from kit.text import Refused
from kit.text import tidy as one_line

ERRORS = frozenset({"#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#CALC!", "#SPILL!", "#GETTING_DATA"})
"""The texts of failed formulas (ECMA-376 18.18.11); #N/A is a blank, as lookups leave it."""
Read = tuple[Any, str | None]
Parser = Callable[[Any], Read]
_CACHE = 50_000
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_SHORT = re.compile(f"(?:{_HAN.pattern}){{2,4}}")
_DOTS = re.compile(r"\s*[·••・‧∙⋅.。]\s*")
_NOT_DIGIT = re.compile(r"[^0-9]+")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_LAND = re.compile(r"0\d{2,3}[2-9]?\d{6,7}")
_SPACED = re.compile(r"[\s、,,;;/]+")
RESULTS = ("positive", "negative", "invalid")
"""What a measured value comes out as; the words of each stand in the field's options under its name."""
_NUMBER = re.compile(r"([-+]?\d+(?:,\d{3})*(?:\.\d+)?|[-+]?\.\d+)\s*(.*)")
_LIST = re.compile(r"[、,,;;/\\|++&\s\n]+|和|及|与|以及")


@dataclass(frozen=True, slots=True)
class Setting:
    """What parsing depends on besides the words: the day of the ledger, demo numbers, the workbook's date system."""

    as_of: dt.date
    demo: bool
    date1904: bool


def parser_for(field: Field, vocabulary: Vocabulary, setting: Setting) -> Parser:
    """The parser of a field. `place` fields are resolved with their row (kit.sheets.rows); here they are tidy text."""
    blank = frozenset(compact(word) for word in vocabulary.office["blank"]) | {""}
    options = field.options
    if field.type == "id_number":
        return id_reader(blank, setting.as_of, setting.demo)
    if field.type in ("date", "birth_date"):
        office = vocabulary.office
        last = setting.as_of + dt.timedelta(days=options.get("ahead_days", 0))
        ranges = bool(options.get("ranges"))
        return date_reader(blank, last, setting.date1904, office["months"], office["date_tails"], office["date_heads"], ranges=ranges)
    if field.type == "person_name":
        return _required(_person_name(blank), options.get("missing"))
    if field.type == "phone":
        return _phone(blank)
    if field.type == "yes_no":
        words = {compact(w): True for w in vocabulary.office["yes"]} | {compact(w): False for w in vocabulary.office["no"]}
        words |= {compact(w): True for w in options.get("yes", [])} | {compact(w): False for w in options.get("no", [])}
        return _cached(_choice(Choices.of_words(words), blank, options))
    if field.type in ("choice", "sex"):
        return _cached(_choice(Choices.of_field(field, vocabulary), blank, options))
    if field.type == "choices":
        return _cached(_choices(Choices.of_field(field, vocabulary), blank, options))
    if field.type == "company_code":
        return _company_code(blank)
    if field.type == "measured":
        return _cached(_measured(field, blank))
    if field.type == "number":
        return _cached(_number(blank, options))
    return _text(blank) if field.type == "place" else _required(_text(blank), options.get("missing"))


def _cached(fresh: Parser) -> Parser:
    cache: dict[Any, Read] = {}

    def read(raw: Any) -> Read:
        known = cache.get(raw)
        if known is None:
            if len(cache) > _CACHE:
                cache.clear()
            known = cache[raw] = fresh(raw)
        return known

    return read


def _required(parse: Parser, missing: str | None) -> Parser:
    if missing is None:
        return parse

    def read(raw: Any) -> Read:
        value, code = parse(raw)
        return (None, missing) if value is None and code in (None, "CELL_ERROR") else (value, code)

    return read


def _text(blank: frozenset[str]) -> Parser:
    # A lone sign is an empty cell, a word ("无") may be an answer and is kept.
    signs = frozenset(word for word in blank if not any(c.isalpha() for c in word)) | {"null", "none", "n/a", "#n/a", "nan", ""}

    def read(raw: Any) -> Read:
        if raw == "" or raw is None:
            return None, None
        text = tidy(text_of(raw))
        if text[:1] == "#" and text.upper() in ERRORS:
            return None, "CELL_ERROR"
        return (None, None) if text.casefold() in signs else (text, None)

    return read


def _person_name(blank: frozenset[str]) -> Parser:
    def read(raw: Any) -> Read:
        text = raw if isinstance(raw, str) else text_of(raw)
        if _SHORT.fullmatch(text) and text not in blank:
            return text, None
        try:
            text = tidy(one_line(text))
        except Refused:
            return None, "NAME_CHARSET"
        if compact(text) in blank or text.upper() in ERRORS:
            return None, None
        if _HAN.search(text):
            text = _DOTS.sub("·", text.replace(" ", "")).strip("·'*")
        return text or None, None

    return read


def _phone(blank: frozenset[str]) -> Parser:
    def one(text: str) -> str | None:
        digits = _NOT_DIGIT.sub("", text)
        for prefix in ("0086", "86"):
            if digits.startswith(prefix) and len(digits) > 11:
                digits = digits[len(prefix) :]
        if len(digits) == 12 and digits[0] == "0" and _MOBILE.fullmatch(digits[1:]):
            digits = digits[1:]
        return digits if _MOBILE.fullmatch(digits) or _LAND.fullmatch(digits) else None

    def read(raw: Any) -> Read:
        if raw.__class__ is str and len(raw) == 11 and _MOBILE.fullmatch(raw) and raw.isascii():
            return raw, None
        text = key_of(raw)
        if text in blank:
            return None, None
        whole = one(text)
        if whole:
            return whole, None
        for part in re.split(r"[/、,;|或]", text):  # several numbers in one cell: the first valid one
            if found := one(part):
                return found, None
        for part in _SPACED.split(text_of(raw)[:LONGEST_WORD]):
            if found := one(unicodedata.normalize("NFKC", part)):
                return found, None
        return None, "PHONE_INVALID"

    return read


class Choices:
    """Words to values: exact (compact) words first, then patterns (`*整改*`) in the table's order."""

    def __init__(
        self, exact: dict[str, Any], patterns: list[tuple[re.Pattern[str], Any]], fronts: Sequence[str] = (), backs: Sequence[str] = ()
    ) -> None:
        self.exact = exact
        self.patterns = patterns
        self._fronts, self._backs = tuple(map(compact, fronts)), tuple(map(compact, backs))

    @classmethod
    def of_words(cls, words: dict[str, Any]) -> Choices:
        """Exact words only."""
        return cls(words, [])

    @classmethod
    def of_field(cls, field: Field, vocabulary: Vocabulary) -> Choices:
        """From `values = [{value, words}]` and, if named, a catalogue."""
        exact: dict[str, Any] = {}
        patterns: list[tuple[re.Pattern[str], Any]] = []
        for entry in field.options.get("values", []):
            for word in entry["words"]:
                if "*" in word.strip("*") or (len(word) > 2 and (word[0] == "*" or word[-1] == "*")):
                    patterns.append((re.compile(".*".join(map(re.escape, compact(word).split("*")))), entry["value"]))
                else:
                    exact.setdefault(compact(word), entry["value"])
            for word in (entry["value"], entry.get("was", entry["value"])):
                exact.setdefault(compact(str(word)), entry["value"])
        for name, others in vocabulary.catalogue(field.options["catalogue"]).items() if "catalogue" in field.options else ():
            for word in (name, *others):
                exact.setdefault(compact(word), name)
        return cls(exact, patterns, field.options.get("fronts", ()), field.options.get("backs", ()))

    def find(self, text: str) -> tuple[Any, bool]:
        """(value, True) when the compact text is known, also without its brackets."""
        for form in (text, without_brackets(text), text.strip(".。,;:、*'\"")):
            if form in self.exact:
                return self.exact[form], True
        for pattern, value in self.patterns:
            if pattern.fullmatch(text):
                return value, True
        return self._bare(text)

    def _bare(self, text: str) -> tuple[Any, bool]:
        """Without what may stand before or behind a word and says nothing of its own (正在…, …人员)."""
        rests = [text]
        for _ in range(3):
            rests = [one[len(front) :] for one in rests for front in self._fronts if one.startswith(front)] + [
                one[: -len(back)] for one in rests for back in self._backs if one.endswith(back)
            ]
            for rest in rests:
                if rest in self.exact:
                    return self.exact[rest], True
        return None, False


def _choice(choices: Choices, blank: frozenset[str], options: dict[str, Any]) -> Parser:
    unknown, missing, is_open = options.get("unknown", "CHOICE_UNKNOWN"), options.get("missing"), options.get("open", False)

    def read(raw: Any) -> Read:
        text = key_of(raw)
        value, found = choices.find(text)
        if found and text:
            return value, None
        if text in blank:
            return None, missing
        return (tidy(text_of(raw)), None) if is_open and text.upper() not in ERRORS else (None, unknown)

    return read


def _choices(choices: Choices, blank: frozenset[str], options: dict[str, Any]) -> Parser:
    unknown = options.get("unknown", "CHOICE_UNKNOWN")
    empty = blank | frozenset(compact(word) for word in options.get("blank", []))

    def read(raw: Any) -> Read:
        text = tidy(text_of(raw)[:LONGEST_WORD])
        whole = compact(text)
        if whole in empty:
            return [], None
        value, found = choices.find(whole)
        if found:
            return [value], None
        values: list[Any] = []
        code = None
        for part in _LIST.split(text):
            word = compact(part)
            value, found = choices.find(word)
            if found:
                if value not in values:
                    values.append(value)
            elif word not in empty:
                code = unknown
        return sorted(values), code

    return read


def _company_code(blank: frozenset[str]) -> Parser:
    def read(raw: Any) -> Read:
        text = key_of(raw)
        if text in blank:
            return None, None
        number = re.sub(r"[^0-9A-Z]", "", text.upper())
        return (number, None) if uscc.is_valid(number) else (None, "USCC_CHECKSUM")

    return read


def _number(blank: frozenset[str], options: dict[str, Any]) -> Parser:
    units = {compact(unit): factor for unit, factor in options.get("units", {}).items()}

    def read(raw: Any) -> Read:
        if isinstance(raw, float | int) and not isinstance(raw, bool) and math.isfinite(raw):
            return (int(raw) if isinstance(raw, float) and raw.is_integer() else raw), None
        text = key_of(raw)
        if text in blank:
            return None, None
        match = _NUMBER.fullmatch(text.lstrip("约>≥≤<="))
        if not match or (match[2] and match[2] not in units):
            return None, options.get("unknown", "NUMBER_UNPARSABLE")
        value = float(match[1].replace(",", "")) * units.get(match[2], 1)
        return (int(value) if value.is_integer() else round(value, 6)), None

    return read


def _measured(field: Field, blank: frozenset[str]) -> Parser:
    """`甲基苯丙胺 0.52ng/mg(阳性)、…` -> {"result", "items", "unit"}; a word alone (未检出) gives the result without items."""
    options = field.options
    unit = options["unit"]
    units = {compact(u): factor for u, factor in options.get("units", {}).items()} | {compact(unit): 1}
    words = {compact(w): v for v in RESULTS for w in options.get(v, [])}
    items = {compact(w): entry["value"] for entry in options["values"] for w in entry["words"]}
    names = "|".join(re.escape(word) for word in sorted(items, key=len, reverse=True))
    scale = "|".join(re.escape(u) for u in sorted(units, key=len, reverse=True))
    pattern = re.compile(rf"({names})[::=为]?(\d+(?:\.\d+)?)({scale})?(?:[((]([^()()]*)[))])?")

    def read(raw: Any) -> Read:
        text = key_of(raw)
        if text in blank - set(words):
            return None, None
        found = pattern.findall(text)
        if found:
            values = {
                items[name]: round(float(amount) * units.get(given, 1), 6)
                for name, amount, given, mark in found
                if words.get(mark) != "negative"
            }
            if not pattern.sub("", text).strip("、,;。.及和"):
                return {"result": "positive" if values else "negative", "items": values, "unit": unit}, None
        word = words.get(text) or words.get(without_brackets(text))
        if word:
            return {"result": word, "items": {}, "unit": unit}, None
        return None, options.get("unknown", "NUMBER_UNPARSABLE")

    return read
