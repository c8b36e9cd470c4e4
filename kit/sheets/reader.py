"""The two passes over an opened workbook, inside the parsing process: plan every sheet, then stream its rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from kit.sheets.cells import Parser, Setting
from kit.sheets.dates import date_reader
from kit.sheets.grid import open_sheets
from kit.sheets.headers import HeaderFinder
from kit.sheets.layout import found_as_of, layout_of, table_context
from kit.sheets.places import Gazetteer
from kit.sheets.rows import RowOut, RowReader
from kit.sheets.scan import Scanned
from kit.sheets.shapes import Totals
from kit.sheets.tables import Planner, SheetPlan
from kit.sheets.vocabulary import Vocabulary


class WorkbookReader:
    """Plans on construction (`layout`, `fields` of each table); `blocks` streams rows; `totals` is right after the last block.

    `own_as_of`: the day that the workbook itself names is the last one allowed, when it is earlier than `as_of`.
    """

    def __init__(self, scanned: Scanned, name: str, vocabulary: Vocabulary, as_of: dt.date, demo: bool, *, own_as_of: bool = False) -> None:
        self.vocabulary, self._block_rows = vocabulary, scanned.limits.block_rows
        self.sheets = open_sheets(scanned, name)
        office = vocabulary.office
        gazetteer = Gazetteer(vocabulary.all_places, office["provinces"], office["place_tails"])
        finder = HeaderFinder(vocabulary)
        planner = Planner(vocabulary, finder)
        self.plans = [SheetPlan(sheet) if sheet.why_ignored else planner.plan(sheet) for sheet in self.sheets]
        day = date_reader(frozenset(), dt.date.max, scanned.date1904, office["months"], office["date_tails"])
        found = found_as_of(self.plans, office["as_of"], day)
        if own_as_of and found is not None and len(found) == 10:
            as_of = min(as_of, dt.date.fromisoformat(found))
        setting = Setting(as_of, demo, scanned.date1904)
        parsers: dict[str, Parser] = {}
        seen: dict[str, dict[str, tuple[str, int]]] = {}
        self._readers: list[tuple[int, SheetPlan, RowReader]] = []
        listed = []
        for plan in self.plans:
            for table in plan.tables:
                context, backdrop = table_context(table, plan.sheet.name, name, gazetteer)
                of_kind = seen.setdefault(table.kind.name, {})
                self._readers.append(
                    (len(listed), plan, RowReader(table, context, backdrop, vocabulary, gazetteer, setting, parsers, of_kind))
                )
                listed.append((plan, table, context))
        self.layout = layout_of(
            self.plans, listed, finder, found, scanned.encoding or None, ("FORMULA_WITHOUT_VALUE",) if scanned.uncalculated else ()
        )
        self._dispositions: dict[str, int] = {}
        self._problems: dict[str, int] = {}
        self._counts = [0] * len(listed)

    @property
    def totals(self) -> Totals:
        """What has been counted so far."""
        return Totals(self._dispositions, self._problems, tuple(self._counts))

    def fields(self, table: int) -> list[str]:
        """The names of a table's values by position: context first, then columns."""
        return self._readers[table][2].fields

    def columns(self, table: int) -> list[tuple[int, str]]:
        """(0-based column, its header's text) of a table's values by position; (-1, "") for context."""
        found = self._readers[table][2].table
        derived = [(-1, "")] * len(found.derived)
        context = [(-1, "")] * (len(self.fields(table)) - len(found.columns) - len(derived))
        return [*context, *((column, found.names.get(column, "")) for column in found.columns), *derived]

    def rows_of(self, plan: SheetPlan) -> Iterator[tuple[int, RowOut]]:
        """(table index, row) for all tables of one sheet: in one pass, or table by table where they stand beside each other."""
        numbered = enumerate(plan.sheet.rows(), 1)
        skip: set[int] = set()
        for index, owner, reader in self._readers:
            if owner is plan:
                if plan.beside:
                    numbered, skip = enumerate(plan.sheet.rows(), 1), set()
                skip.update(reader.table.other, reader.table.header_rows)
                for row in reader.rows(numbered, skip, plan.sheet):
                    self._count(index, row)
                    yield index, row

    def _count(self, index: int, row: RowOut) -> None:
        self._counts[index] += 1
        self._dispositions[row[1]] = self._dispositions.get(row[1], 0) + 1
        for problem in row[3]:
            self._problems[problem[0]] = self._problems.get(problem[0], 0) + 1

    def blocks(self) -> Iterator[tuple[int, list[RowOut]]]:
        """(table index, up to `block_rows` rows), sheet by sheet."""
        for plan in self.plans:
            table, block = -1, []
            for index, row in self.rows_of(plan):
                if block and (index != table or len(block) >= self._block_rows):
                    yield table, block
                    block = []
                table = index
                block.append(row)
            if block:
                yield table, block
