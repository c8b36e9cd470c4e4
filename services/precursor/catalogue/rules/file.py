"""Reading a catalogue file and CAS numbers: pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations

COLUMNS = (
    "seq",
    "name_zh",
    "name_en",
    "synonyms",
    "cas",
    "category",
    "subtype",
    "is_group",
    "control_level",
    "valid_from",
    "valid_to",
    "legal_basis",
    "pending_verification",
    "salts_controlled",
    "authority_make_sell",
    "authority_purchase",
    "authority_transport",
    "authority_trade",
    "note",
)
MAX_ROWS = 2000
MAX_CELL = 2000
_CAS = re.compile(r"(\d{2,7})-(\d{2})-(\d)")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one cell."""

    line: int
    column: str
    message_zh: str
    message_en: str


def is_cas(text: str) -> bool:
    """Whether a CAS registry number has a right check digit: the digits before it weighted 1, 2, 3 … from the right, modulo 10."""
    found = _CAS.fullmatch(text)
    if found is None:
        return False
    digits = found.group(1) + found.group(2)
    return sum(weight * int(digit) for weight, digit in enumerate(reversed(digits), start=1)) % 10 == int(found.group(3))


def _words(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _day(text: str) -> date | None:
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def read_catalogue(text: str) -> tuple[list[dict[str, object]], list[Fault]]:
    """The rows of a catalogue CSV (UTF-8, columns as COLUMNS in any order) and every fault found; with a fault the rows must not be used."""
    faults: list[Fault] = []
    rows: list[dict[str, object]] = []
    try:
        reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
        missing = set(COLUMNS).symmetric_difference(reader.fieldnames or ())
        if missing:
            return [], [Fault(1, name, "缺少该列或不认识该列", "column missing or unknown") for name in sorted(missing)]
        for cells in reader:
            if len(rows) >= MAX_ROWS:
                return [], [Fault(reader.line_num, "seq", f"超过 {MAX_ROWS} 行", f"more than {MAX_ROWS} rows")]
            rows.append(_row(reader.line_num, cells, faults))
    except csv.Error:
        return [], [Fault(1, "", "不是有效的 CSV", "no valid CSV")]
    _end_older(rows)
    keys = [(row["name_zh"], row["valid_from"]) for row in rows]
    if len(set(keys)) != len(keys):
        faults.append(Fault(1, "name_zh", "同一品种同一生效日重复", "a chemical stands twice with the same first day"))
    faults += [
        Fault(1, "synonyms", f"同一名称指向两个品种: {word}", f"one name stands for two chemicals: {word}") for word in ambiguous(rows)
    ]
    if not rows:
        faults.append(Fault(1, "", "没有数据行", "no rows"))
    return rows, faults


def _end_older(rows: list[dict[str, object]]) -> None:
    """An entry without a last day ends where the next entry of the same chemical begins."""
    for row in rows:
        later = [other["valid_from"] for other in rows if other["name_zh"] == row["name_zh"] and _begins_after(other, row)]
        if row["valid_to"] is None and later:
            row["valid_to"] = min(later, key=str)


def _begins_after(other: Mapping[str, object], row: Mapping[str, object]) -> bool:
    one, two = row.get("valid_from"), other.get("valid_from")
    return isinstance(one, date) and isinstance(two, date) and two > one


def ambiguous(rows: Iterable[Mapping[str, object]]) -> list[str]:
    """Names that would lead to two different chemicals on one day: a ledger's word must have one meaning (domain 7.1, no. 28)."""
    told: dict[str, list[Mapping[str, object]]] = {}
    for row in rows:
        synonyms = row.get("synonyms", ())
        assert isinstance(synonyms, (list, tuple))
        for word in {str(row["name_zh"]), *map(str, synonyms)}:
            told.setdefault(word, []).append(row)
    return sorted(word for word, meant in told.items() if any(_both_in_force(one, other) for one, other in combinations(meant, 2)))


def _both_in_force(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    """Whether two entries are in force on one day; entries without a first day are reported elsewhere."""

    def span(row: Mapping[str, object]) -> tuple[date, date]:
        start, end = row["valid_from"], row.get("valid_to")
        return start if isinstance(start, date) else date.max, end if isinstance(end, date) else date.max

    (first, last), (begin, end) = span(one), span(other)
    return max(first, begin) < min(last, end)


def _row(line: int, cells: dict[str, str], faults: list[Fault]) -> dict[str, object]:
    def fault(column: str, zh: str, en: str) -> None:
        faults.append(Fault(line, column, zh, en))

    if None in cells or None in cells.values():
        fault("", "列数不符", "wrong number of columns")
        return {"name_zh": "", "valid_from": None, "valid_to": None}
    if any(len(value) > MAX_CELL for value in cells.values()):
        fault("", "单元格过长", "a cell is too long")
    texts = {key: value.strip() for key, value in cells.items()}
    flags: dict[str, bool] = {}
    for column in ("is_group", "pending_verification", "salts_controlled"):
        if texts[column] not in ("Y", "N"):
            fault(column, "应为 Y 或 N", "must be Y or N")
        flags[column] = texts[column] == "Y"
    start, end = _day(texts["valid_from"]), _day(texts["valid_to"])
    if start is None:
        fault("valid_from", "日期格式应为 YYYY-MM-DD", "a day is YYYY-MM-DD")
    if texts["valid_to"] and (end is None or (start is not None and end <= start)):
        fault("valid_to", "应为晚于生效日的日期", "must be a day after valid_from")
    if texts["category"] not in ("1", "2", "3"):
        fault("category", "类别应为 1、2、3", "the class is 1, 2 or 3")
    if not texts["seq"].isascii() or not texts["seq"].isdigit() or len(texts["seq"]) > 6:
        fault("seq", "序号应为整数", "must be a whole number")
    for column in ("name_zh", "name_en", "legal_basis"):
        if not texts[column]:
            fault(column, "必填", "required")
    if texts["subtype"] not in ("", "pharmaceutical", "non_pharmaceutical"):
        fault("subtype", "不在可选项内", "not one of the allowed words")
    if texts["control_level"] not in ("national", "provincial_watch"):
        fault("control_level", "不在可选项内", "not one of the allowed words")
    numbers = _words(texts["cas"])
    if not all(is_cas(number) for number in numbers):
        fault("cas", "CAS 号校验位不符", "a CAS number has a wrong check digit")
    whole = {
        column: texts[column]
        for column in COLUMNS
        if column not in (*flags, "seq", "category", "cas", "synonyms", "valid_from", "valid_to")
    }
    number = int(texts["seq"]) if texts["seq"].isascii() and texts["seq"].isdigit() else 0
    category = int(texts["category"]) if texts["category"] in ("1", "2", "3") else 0
    dated = {"valid_from": start, "valid_to": end}
    return {**whole, **flags, **dated, "seq": number, "category": category, "cas": numbers, "synonyms": _words(texts["synonyms"])}
