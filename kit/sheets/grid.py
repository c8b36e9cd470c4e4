"""A workbook as sheets of rows, whatever its format. Runs in the parsing process only (see kit.sheets.worker).

Rows count from 1 at the sheet's top; every row has the sheet's width; an empty cell is "". Formula cells give their cached value.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from kit.sheets.package import Errors, without_macro_sheets
from kit.sheets.scan import Scanned

Merge = tuple[int, int, int, int]  # first row, first column, last row, last column; 0-based, inclusive


@dataclass(slots=True)
class Sheet:
    """One sheet; `why_ignored` is set for sheets that are not read (their rows are still there for the marked copy)."""

    name: str
    why_ignored: str | None
    width: int
    merges: Sequence[Merge]
    source: CalamineSheet | None = None
    text: Scanned | None = None
    failed: Errors = field(default_factory=dict)
    hidden: frozenset[int] = frozenset()
    """0-based columns that nobody sees."""
    named: str = ""
    """The name that a person gave the sheet; a delimited text has its file's."""
    swallowed: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Record → (first, last line): records of a delimited text that look as if a stray quote made one of several."""
    window: tuple[int, int, int] | None = None
    """(row, first column, last column): from this row on (1-based) only these columns are seen. For tables beside each other."""

    def rows(self) -> Iterator[list[Any]]:
        """All rows from the top; may be called again."""
        if self.window is None:
            yield from self._with_failed_formulas() if self.failed else self._rows()
            return
        start, first, last = self.window
        before, behind = [""] * first, [""] * max(self.width - last - 1, 0)
        for number, row in enumerate(self._with_failed_formulas(), 1):
            yield row if number < start else before + row[first : last + 1] + behind

    def _with_failed_formulas(self) -> Iterator[list[Any]]:
        """Rows with what failed formulas show, which the parser leaves empty."""
        failed: dict[int, list[tuple[int, str]]] = {}
        for (row, column), text in self.failed.items():
            failed.setdefault(row, []).append((column - 1, text))
        for number, cells in enumerate(self._rows(), 1):
            for column, text in failed.get(number, ()):
                if column < len(cells) and cells[column] == "":
                    cells[column] = text
            yield cells

    def _rows(self) -> Iterator[list[Any]]:
        if self.source is not None:
            left = self.source.start[1] if self.source.start else 0
            pad: list[Any] = [""] * left
            yield from ((pad + row for row in self.source.iter_rows()) if left else self.source.iter_rows())
        elif self.text is not None:
            width = self.width
            for row in csv_rows(self.text):
                yield row if len(row) == width else row + [""] * (width - len(row))


def csv_rows(scanned: Scanned) -> Iterator[list[str]]:
    """Records of a delimited text, decoded on the way (RFC 4180, with the delimiter and encoding that were found)."""
    csv.field_size_limit(scanned.limits.line_characters)
    with io.TextIOWrapper(io.BytesIO(scanned.data), encoding=scanned.encoding, newline="") as text:
        yield from csv.reader(text, delimiter=scanned.delimiter)


_UNSEEN = dict.fromkeys([*range(32), 127])
"""Controls in a sheet's name: no spreadsheet shows them and no database takes them all."""


def open_sheets(scanned: Scanned, name: str = "") -> list[Sheet]:
    """The sheets of a file that passed the scan. Raises what calamine raises when it is damaged."""
    if scanned.format == "csv":
        return [Sheet("csv", None, scanned.columns, (), text=scanned, named=name.rpartition(".")[0], swallowed=scanned.swallowed)]
    data = without_macro_sheets(scanned.data) if scanned.format == "xlsx" else scanned.data
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    sheets = []
    for position, meta in enumerate(book.sheets_metadata):
        shown = meta.name.translate(_UNSEEN)
        if meta.typ is not SheetTypeEnum.WorkSheet:
            sheets.append(Sheet(shown, "not_a_worksheet", 0, ()))
            continue
        source = book.get_sheet_by_name(meta.name)
        merges = [(r1, c1, r2, c2) for (r1, c1), (r2, c2) in source.merged_cell_ranges or ()]
        width = source.end[1] + 1 if source.end else 0
        hidden = None if meta.visible is SheetVisibleEnum.Visible else "hidden"
        unseen = frozenset(scanned.hidden.get(meta.name, ()) or scanned.hidden.get(str(position), ()))
        failed = scanned.failed.get(meta.name, {})
        sheets.append(Sheet(shown, hidden, width, merges, source=source, failed=failed, hidden=unseen, named=shown))
    return sheets
