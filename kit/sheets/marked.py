"""The same workbook back as xlsx, with every doubtful cell in red, a note on it, and a list of all problems in front.

Cells are written as what was read (texts always as strings, so that nothing becomes a formula or a link), row by row with
constant memory. Runs in the parsing process; the problems are found anew while writing, and the caller's own are added.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from kit.sheets.messages import CELL_MESSAGES, cell_message, file_message
from kit.sheets.plain import text_of
from kit.sheets.reader import WorkbookReader
from kit.sheets.shapes import column_letter
from kit.sheets.tables import SheetPlan

LIST_NAME = "问题清单"
MOST_NOTES = 20_000  # a note costs about 2 KB of memory; cells beyond are still red and listed
TELL_ROWS = 5_000
_LONGEST_TEXT = 32_767
_HEAD = ("序号", "工作表", "行", "单元格", "表头", "原值", "代码", "说明", "处理")
_WIDTHS = (6, 18, 7, 8, 16, 26, 22, 58, 12)
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\", "_"))
Mark = tuple[int, str, str]  # column (0-based; -1 = none), code, Chinese message


class _Formats:
    def __init__(self, book: xlsxwriter.Workbook) -> None:
        red = {"bg_color": "#FFC7CE", "font_color": "#9C0006"}
        self.plain: dict[str, Format | None] = {
            "text": None,
            "number": None,
            "long": book.add_format({"num_format": "0"}),
            "date": book.add_format({"num_format": "yyyy/m/d"}),
        }
        self.red: dict[str, Format | None] = {
            "text": book.add_format(red),
            "number": book.add_format(red),
            "long": book.add_format({**red, "num_format": "0"}),
            "date": book.add_format({**red, "num_format": "yyyy/m/d"}),
        }
        self.head = book.add_format({"bold": True, "bg_color": "#D9E1F2", "border": 1})


class _List:
    """The sheet of all problems, written while the others are."""

    def __init__(self, sheet: Worksheet, formats: _Formats) -> None:
        self.sheet, self.count = sheet, 0
        for column, (title, width) in enumerate(zip(_HEAD, _WIDTHS, strict=True)):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, title, formats.head)
        sheet.freeze_panes(1, 0)

    def add(self, name: str, row: int, column: int, header: str, raw: str, code: str, message: str, *, hold: bool) -> None:
        self.count += 1
        cell = f"{column_letter(column)}{row}" if column >= 0 else ""
        self.sheet.write_number(self.count, 0, self.count)
        if row:
            self.sheet.write_number(self.count, 2, row)
        for at, text in ((1, name), (3, cell), (4, header), (5, raw), (6, code), (7, message), (8, "须人工核查" if hold else "提示")):
            self.sheet.write_string(self.count, at, text[:_LONGEST_TEXT])


def write_marked(reader: WorkbookReader, target: str, remarks: list[dict[str, Any]], tell: Callable[[int], None]) -> None:
    """Write the marked copy to `target`. `remarks` are the caller's: sheet, cell, zh, code. `tell` hears how far it is."""
    book = xlsxwriter.Workbook(
        target, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "tmpdir": str(Path(target).parent)}
    )
    formats = _Formats(book)
    names: set[str] = set()
    list_name = _free_name(LIST_NAME, {plan.sheet.name for plan in reader.plans})
    list_sheet = book.add_worksheet(list_name)
    names.add(list_name)
    listing = _List(list_sheet, formats)
    added = _by_cell(remarks)
    for code in reader.layout.warnings:
        listing.add("", 0, -1, "", "", code, file_message(code)[0], hold=False)
    notes = 0
    for plan in reader.plans:
        name = _free_name(plan.sheet.name, names)
        sheet = book.add_worksheet(name)
        names.add(name)
        if plan.sheet.why_ignored == "hidden":
            sheet.hide()
        sheet.set_column(0, max(plan.sheet.width - 1, 0), 14)
        notes = _write_sheet(reader, plan, sheet, formats, listing, added.get(plan.sheet.name, {}), notes, tell)
    if not listing.count:
        list_sheet.write_string(1, 1, "未发现问题")
    list_sheet.activate()
    book.close()


def _write_sheet(
    reader: WorkbookReader,
    plan: SheetPlan,
    sheet: Worksheet,
    formats: _Formats,
    listing: _List,
    added: dict[int, list[Mark]],
    notes: int,
    tell: Callable[[int], None],
) -> int:
    headers = {row for table in plan.tables for row in table.header_rows}
    problems = _problems(reader, plan)
    upcoming = next(problems, None)
    for number, row in enumerate(plan.sheet.rows(), 1):
        found: list[tuple[int, str, str, str, str]] = []
        while upcoming is not None and upcoming[0] == number:
            found += upcoming[1]
            upcoming = next(problems, None)
        found += [(at, "", text_of(row[at]) if 0 <= at < len(row) else "", code, message) for at, code, message in added.get(number, ())]
        marks: dict[int, list[str]] = defaultdict(list)
        for column, header, raw, code, message in found:
            known = code in CELL_MESSAGES or code in reader.vocabulary.messages
            hold = code in reader.vocabulary.hold or not known or code == "DUP_IN_FILE"
            listing.add(plan.sheet.name, number, column, header, raw, code, message, hold=hold)
            marks[column].append(f"{code}\n{message}".strip())
        for column, cell in enumerate(row):
            if cell != "" or column in marks:
                kind = "text" if isinstance(cell, str) else _kind(cell)
                style = formats.red[kind] if column in marks else formats.head if number in headers else formats.plain[kind]
                _write(sheet, number - 1, column, cell, kind, style)
        for column, texts in marks.items():
            if column >= 0 and notes < MOST_NOTES:
                notes += 1
                sheet.write_comment(number - 1, column, "\n".join(texts), {"x_scale": 1.6, "author": "归康"})
        if number % TELL_ROWS == 0:
            tell(number)
    return notes


def _problems(reader: WorkbookReader, plan: SheetPlan) -> Iterator[tuple[int, list[tuple[int, str, str, str, str]]]]:
    """(row number, [(column, header, raw text, code, message)]) of rows that have any, in order."""
    rows = reader.rows_of(plan)
    if plan.beside:  # read table by table, written row by row
        rows = iter(sorted((one for one in rows if one[1][3]), key=lambda one: one[1][0]))
    for index, (number, _, _, problems) in rows:
        if problems:
            columns = reader.columns(index)
            yield (
                number,
                [
                    (*columns[at], raw or "", code, cell_message(code, args, reader.vocabulary.messages)[0])
                    for code, at, args, raw in problems
                ],
            )


def _kind(cell: Any) -> str:
    if isinstance(cell, bool) or (isinstance(cell, float) and not math.isfinite(cell)):
        return "text"
    if isinstance(cell, int | float):
        return "long" if abs(cell) >= 1e11 else "number"
    return "date" if isinstance(cell, dt.date) else "text"


def _write(sheet: Worksheet, row: int, column: int, cell: Any, kind: str, style: Format | None) -> None:
    if cell == "":
        sheet.write_blank(row, column, None, style)
    elif kind in ("number", "long"):
        sheet.write_number(row, column, cell, style)
    elif kind == "date" and cell.year >= 1900:
        sheet.write_datetime(row, column, cell, style)
    elif isinstance(cell, bool):
        sheet.write_boolean(row, column, cell, style)
    else:
        sheet.write_string(row, column, text_of(cell)[:_LONGEST_TEXT], style)


def _by_cell(remarks: list[dict[str, Any]]) -> dict[str, dict[int, list[Mark]]]:
    found: dict[str, dict[int, list[Mark]]] = {}
    for remark in remarks:
        letters = remark["cell"].rstrip("0123456789")
        number = int(remark["cell"][len(letters) :] or 0)
        column = 0
        for letter in letters.upper():
            column = column * 26 + ord(letter) - 64
        found.setdefault(remark["sheet"], {}).setdefault(number, []).append((column - 1, remark["code"], remark["zh"]))
    return found


def _free_name(wanted: str, taken: set[str]) -> str:
    """A valid, unused sheet name (at most 31 characters, ECMA-376 18.2.19)."""
    base = (wanted.translate(_FORBIDDEN).strip("'") or "表")[:31]
    name, number = base, 1
    lower = {one.lower() for one in taken}
    while name.lower() in lower or name.lower() == "history":
        number += 1
        name = f"{base[:26]}({number})"
    return name
