"""From found tables to the `Layout`: the context that titles, sheet names and the file's name give, unknown headers, dates."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from kit.sheets.headers import HeaderFinder
from kit.sheets.places import Gazetteer
from kit.sheets.plain import compact
from kit.sheets.shapes import IgnoredSheet, Layout, NonDataRow, Table, UnknownHeader, Unrecognised, column_letter
from kit.sheets.tables import FoundTable, Loose, SheetPlan

_DAY = re.compile(r"(\d{4}(?:[-./]\d{1,2}[-./]\d{1,2}|年\d{1,2}月\d{1,2}[日号]?|\d{4}))")


def table_context(table: FoundTable, sheet: str, file: str, gazetteer: Gazetteer) -> tuple[dict[str, str], dict[str, str]]:
    """(context, backdrop): places for the kind's context fields, named by the nearest title, the sheet or the file.

    A text that names several places names none. Where the table has a column of its own the place is only a backdrop
    for its empty cells.
    """
    context: dict[str, str] = {}
    backdrop: dict[str, str] = {}
    for name in table.kind.context:
        levels = frozenset(table.kind.fields[name].options["levels"])
        found: str | None = None
        for text in (*reversed(table.titles), sheet, file.rsplit(".", 1)[0]):
            codes = gazetteer.mentioned(text, levels)
            if codes:
                found = codes[0] if len(codes) == 1 else None
                break
        if found:
            (backdrop if name in table.columns.values() else context)[name] = found
    return context, backdrop


def found_as_of(plans: list[SheetPlan], words: list[str], read: Callable[[Any], tuple[str | None, str | None]]) -> str | None:
    """A date behind a word such as 截止 in a title, note or footer."""
    keys = [compact(word) for word in words]
    for plan in plans:
        for text in plan.texts.values():
            folded = compact(text)
            for key in keys:
                rest = folded.partition(key)[2]
                match = _DAY.search(rest[:24])
                if match and (value := read(match[1])[0]):
                    return value
    return None


def layout_of(
    plans: list[SheetPlan],
    tables: list[tuple[SheetPlan, FoundTable, dict[str, str]]],
    finder: HeaderFinder,
    as_of: str | None,
    encoding: str | None,
    warnings: tuple[str, ...],
) -> Layout:
    """The layout of a whole workbook, in the order of its sheets."""
    listed = []
    for index, (plan, table, context) in enumerate(tables):
        taken = set(table.columns.values())
        unknown = tuple(
            UnknownHeader(
                column_letter(column),
                header,
                tuple(table.samples.get(column, ())),
                finder.suggestions(table.kind, header, taken),
                finder.is_word(header),
                table.dropped.get(column),
            )
            for column, header in table.unknown.items()
        )
        columns = {column_letter(column): name for column, name in table.columns.items()}
        listed.append(
            Table(
                index,
                plan.sheet.name,
                table.kind.name,
                tuple(table.header_rows),
                table.first,
                table.last,
                columns,
                context,
                unknown,
                table.derived,
            )
        )
    unrecognised = [_unrecognised(plan, loose, finder) for plan in plans for loose in plan.loose if loose.rows]
    other = tuple(NonDataRow(plan.sheet.name, number, plan.other[number]) for plan in plans for number in sorted(plan.other))
    ignored = [IgnoredSheet(plan.sheet.name, plan.sheet.why_ignored) for plan in plans if plan.sheet.why_ignored]
    ignored += [
        IgnoredSheet(plan.sheet.name, "no_table" if plan.other or plan.loose else "empty")
        for plan in plans
        if not plan.sheet.why_ignored and not plan.tables and not any(loose.rows for loose in plan.loose)
    ]
    return Layout(tuple(listed), tuple(unrecognised), other, tuple(ignored), as_of, encoding, warnings)


def _unrecognised(plan: SheetPlan, loose: Loose, finder: HeaderFinder) -> Unrecognised:
    headers = tuple(
        UnknownHeader(
            column_letter(column),
            str(text),
            tuple(loose.samples.get(column, ())),
            finder.suggestions(None, str(text), set()),
            finder.is_word(str(text)),
        )
        for column, text in enumerate(loose.header)
        if text != ""
    )
    rows = (loose.header_row,) if loose.header_row else ()
    return Unrecognised(plan.sheet.name, rows, loose.rows[0], loose.last, bool(rows) and loose.figures, headers)
