"""First pass over a sheet: where its tables are, and what every row is that carries no record.

A row is looked at closely only when it could be something else than data: few filled cells, a header word, a total's word.
That keeps the pass to two C calls for each ordinary row. A file's name decides nothing, but it may give context.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from kit.sheets.grid import Sheet
from kit.sheets.headers import MAX_HEADER_ROWS, HeaderFinder, Match
from kit.sheets.identity import RoundedNumbers
from kit.sheets.plain import compact, key_of, text_of, tidy
from kit.sheets.vocabulary import Kind, Vocabulary

TOP_ROWS = 40
FEWEST_COLUMNS = 2
SAMPLES = 3
_TEXT_KEYS = ("title", "note", "section")


@dataclass(slots=True)
class FoundTable:
    """A table while it is being found. Rows are 1-based, columns 0-based."""

    kind: Kind
    header_rows: list[int]
    columns: dict[int, str]
    unknown: dict[int, str]
    header: tuple[str, ...]
    titles: list[str]
    names: dict[int, str]
    other: dict[int, str]  # its own view of the rows that are not data: beside another table it sees only its columns
    first: int = 0
    last: int = 0
    count: int = 0
    filled: dict[int, int] = field(default_factory=dict)
    samples: dict[int, list[str]] = field(default_factory=dict)
    sections: list[tuple[int, str]] = field(default_factory=list)
    rivals: dict[int, str] = field(default_factory=dict)
    dropped: dict[int, str] = field(default_factory=dict)
    numbers: RoundedNumbers | None = None

    @property
    def derived(self) -> tuple[str, ...]:
        """Fields without a column of their own whose value other columns give."""
        mapped = set(self.columns.values())
        return tuple(
            name
            for name, field in self.kind.fields.items()
            if name not in mapped
            and "by" in field.options
            and field.options["by"]["field"] in mapped
            and mapped & set(field.options["by"].values()) - {field.options["by"]["field"]}
        )


@dataclass(slots=True)
class Loose:
    """Rows that belong to no recognised table."""

    header_row: int | None
    header: list[Any]
    first: int
    last: int
    rows: list[int] = field(default_factory=list)
    figures: bool = True
    samples: dict[int, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class SheetPlan:
    """What one sheet holds."""

    sheet: Sheet
    tables: list[FoundTable] = field(default_factory=list)
    loose: list[Loose] = field(default_factory=list)
    other: dict[int, str] = field(default_factory=dict)  # row -> why it is not data
    texts: dict[int, str] = field(default_factory=dict)  # row -> what titles, notes and sections say
    beside: bool = False  # its tables stand beside each other


class Lookahead:
    """Rows with a view of the next two, for headers of several rows."""

    def __init__(self, rows: Iterator[list[Any]]) -> None:
        self._rows = rows
        self.buffer: list[list[Any]] = []

    def __iter__(self) -> Iterator[list[Any]]:
        while True:
            if self.buffer:
                yield self.buffer.pop(0)
                continue
            row = next(self._rows, None)
            if row is None:
                return
            yield row

    def ahead(self, count: int) -> list[list[Any]]:
        """Up to `count` following rows, not consumed."""
        while len(self.buffer) < count and (row := next(self._rows, None)) is not None:
            self.buffer.append(row)
        return self.buffer[:count]


class Planner:
    """Plans sheets with one vocabulary."""

    def __init__(self, vocabulary: Vocabulary, finder: HeaderFinder) -> None:
        office = vocabulary.office
        self.finder = finder
        self._totals = frozenset(map(compact, office["totals"]))
        self._total_count = re.compile(
            rf"(?:{'|'.join(sorted(map(re.escape, self._totals), key=len, reverse=True))}|共|共有)[::]?\d*[{office['total_units']}]?(?:次)?[。.]?"
        )
        self._footer = re.compile(
            rf"(?:{'|'.join(sorted((re.escape(compact(w)) for w in office['footers']), key=len, reverse=True))})(?:\([^()]*\))?[::].*|第\d+页.*|共\d+页.*"
        )
        self._note = re.compile(
            rf"(?:{'|'.join(sorted((re.escape(compact(w)) for w in office['notes']), key=len, reverse=True))})(?:\([^()]*\))?[::].*|(?:截止|截至).*|\(单位.*|.*年度\)?|\(?续表?\)?"
        )
        self._lead = {word[0] for word in (*self._totals, *map(compact, office["footers"]), "共", "(")} | {
            word[0].upper() for word in self._totals
        }

    def plan(self, sheet: Sheet) -> SheetPlan:
        """Classify the sheet's rows: read once, or once for each table that stands beside another."""
        windows = self._windows(sheet)
        if not windows:
            return self._plan(sheet)
        parts = [self._plan(replace(sheet, window=window)) for window in windows]
        whole = SheetPlan(
            sheet, [table for part in parts for table in part.tables], [loose for part in parts for loose in part.loose], beside=True
        )
        data = {row for part in parts for row in _data_rows(part)}
        for part in parts:
            for row, why in part.other.items():
                if row not in data and whole.other.get(row, "blank") == "blank":
                    whole.other[row] = why
            whole.texts |= {row: text for row, text in part.texts.items() if row not in data}
        return whole

    def _windows(self, sheet: Sheet) -> list[tuple[int, int, int]]:
        rows = Lookahead(sheet.rows())
        above: list[str] = []
        for number, row in enumerate(rows, 1):
            if number > TOP_ROWS:
                break
            if self.finder.looks_like_header(row) and self.finder.hits(row) >= 2 * FEWEST_COLUMNS:
                merges = [(r1 - number + 1, c1, r2 - number + 1, c2) for r1, c1, r2, c2 in sheet.merges if number - 1 <= r1 <= number + 1]
                found = self.finder.beside([row, *rows.ahead(MAX_HEADER_ROWS - 1)], merges, f"{sheet.named} {' '.join(above)}")
                if found:
                    return [(number, first, last) for first, last in found]
            above += [cell for cell in row if isinstance(cell, str) and cell]
        return []

    def _plan(self, sheet: Sheet) -> SheetPlan:
        plan = SheetPlan(sheet)
        pending: list[int] = []
        held: list[int] = []  # what was pending when `above` began
        table: FoundTable | None = None
        above: list[list[Any]] = []  # unassigned rows right above: perhaps a header's upper rows
        rows = Lookahead(sheet.rows())
        skip = 0
        for number, row in enumerate(rows, 1):
            if skip:
                skip -= 1
                continue
            filled = sheet.width - row.count("")
            if table is not None and not pending and filled > 3 and self.finder.raw.isdisjoint(row) and not self._suspicious(row):
                self._data(table, number, row)
                continue
            said = " ".join((sheet.named, *(plan.texts[n] for n in (*held, *pending) if n in plan.texts)))
            found = self._header(
                sheet, number, [*above, row, *rows.ahead(MAX_HEADER_ROWS - 1)], len(above), said, fresh=bool(pending) or table is None
            )
            if found:
                match, start, header = found
                if start < number:
                    pending = held
                self._forget(plan, start)
                table = self._new_table(plan, table, match, start, header, pending)
                skip = start + match.height - 1 - number
                pending.clear()
                above.clear()
                continue
            why, text = self._what(table, row, gap=bool(pending))
            if why:
                plan.other[number] = why
                if text:
                    plan.texts[number] = text
                pending.append(number)
                above.clear()
                continue
            if table is not None and not (pending and self._other_header(table, row, filled)):
                self._data(table, number, row)
                for passed in pending:
                    if plan.other.get(passed) == "section":
                        table.sections.append((passed, plan.texts[passed]))
                pending.clear()
                continue
            table = None
            held = held if above else list(pending)
            self._loose(plan, number, row, fresh=bool(self._titles_above(plan, pending)))
            above = [*above, row][1 - MAX_HEADER_ROWS :]
            pending.clear()
        self._finish(plan)
        return plan

    # what a row is -------------------------------------------------------------------------------------------------

    def _suspicious(self, row: list[Any]) -> bool:
        for cell in row:
            if cell != "":
                return isinstance(cell, str) and cell.lstrip()[:1] in self._lead and self._label(cell) is not None
        return True

    def _label(self, cell: str) -> str | None:
        text = key_of(cell)
        if text in self._totals or self._total_count.fullmatch(text):
            return "total"
        return "footer" if self._footer.fullmatch(text) else None

    def _what(self, table: FoundTable | None, row: list[Any], *, gap: bool = True) -> tuple[str | None, str | None]:
        cells = [(i, cell) for i, cell in enumerate(row) if cell != "" and not (isinstance(cell, str) and not tidy(cell))]
        if not cells:
            return "blank", None
        first = cells[0][1]
        if isinstance(first, str) and (label := self._label(first)):
            return label, tidy(first)
        texts = [cell for _, cell in cells if isinstance(cell, str)]
        if table is None:
            if len(cells) == 1 and texts:
                text = tidy(texts[0])
                return ("note" if self._note.fullmatch(key_of(text)) else "title"), text
            if self._is_note(cells, texts):
                return "note", " ".join(map(tidy, texts))
            return None, None
        mapped = [i for i, _ in cells if i in table.columns]
        if len(cells) <= 3 and len(texts) == len(cells) and any(self._footer.fullmatch(key_of(t)) for t in texts):
            return "footer", " ".join(map(tidy, texts))
        if gap and self._is_note(cells, texts):  # between two tables: the lines over the second one
            return "note", " ".join(map(tidy, texts))
        if len(cells) == 1 and texts:
            return "section", tidy(texts[0])
        if not mapped:
            return ("blank", None) if len(texts) < len(cells) else ("section", " ".join(map(tidy, texts)))
        return None, None

    def _is_note(self, cells: list[tuple[int, Any]], texts: list[str]) -> bool:
        return 1 < len(texts) == len(cells) <= 3 and any(self._note.fullmatch(key_of(text)) for text in texts)

    def _other_header(self, table: FoundTable, row: list[Any], filled: int) -> bool:
        """After a title or a total: texts without digits where numbers and dates belong are another table's header."""
        if filled < 3 or not self.finder.looks_like_header(row):
            return False
        columns = [i for i, name in table.columns.items() if table.kind.fields[name].type in ("id_number", "date", "birth_date", "phone")]
        values = [row[i] for i in columns if row[i] != ""]
        return bool(values) and not any(c.isdigit() for value in values for c in value)

    # headers -------------------------------------------------------------------------------------------------------

    def _header(
        self, sheet: Sheet, number: int, window: list[list[Any]], above: int, said: str, *, fresh: bool
    ) -> tuple[Match, int, list[list[Any]]] | None:
        """A header that starts with the row at `window[above]`, or up to `above` rows earlier: (match, first row, its rows).

        `fresh`: nothing stands right above, so that a row of group names may begin a header although no word of it is known.
        """
        row = window[above]
        if not self.finder.looks_like_header(row):
            return None
        if (number > TOP_ROWS and self.finder.raw.isdisjoint(row)) or self.finder.hits(row) < FEWEST_COLUMNS:
            below = window[above + 1 :]
            lone = len(row) - row.count("") < FEWEST_COLUMNS or self._what(None, row)[0] is not None  # a title, a line of notes
            if (
                not fresh
                or lone
                or not any(self.finder.looks_like_header(one) and self.finder.hits(one) >= FEWEST_COLUMNS for one in below)
            ):
                return None
        best: tuple[Match, int, list[list[Any]]] | None = None
        for back in range(above + 1):
            start = number - back
            rows = window[above - back : above - back + MAX_HEADER_ROWS]
            merges = [(r1 - start + 1, c1, r2 - start + 1, c2) for r1, c1, r2, c2 in sheet.merges if start - 1 <= r1 <= start + 1]
            match = self.finder.match(rows, merges, said, sheet.hidden)
            if match and match.height > back and (best is None or match.score > best[0].score + 0.05):
                best = match, start, rows[: match.height]
        return best

    @staticmethod
    def _forget(plan: SheetPlan, start: int) -> None:
        """Rows from `start` on, taken for loose ones, turned out to be a header's upper rows."""
        while plan.loose and plan.loose[-1].last >= start:
            loose = plan.loose[-1]
            loose.rows = [row for row in loose.rows if row < start]
            if loose.first >= start or not loose.rows:
                plan.loose.pop()
            else:
                loose.last = loose.rows[-1]

    def _new_table(
        self, plan: SheetPlan, table: FoundTable | None, match: Match, start: int, rows: list[Any], pending: list[int]
    ) -> FoundTable:
        header = tuple(compact(text_of(cell)) for row in rows[: match.height] for cell in row)
        numbers = list(range(start, start + match.height))
        titled = any(plan.other.get(n) in _TEXT_KEYS and n < start for n in pending)
        if table is not None and header == table.header and not titled:
            plan.other.update(dict.fromkeys(numbers, "repeated_header"))
            return table
        titles = self._titles_above(plan, pending)
        names = {column: tidy(text_of(row[column])) for row in rows[: match.height] for column in match.columns if row[column] != ""}
        found = FoundTable(match.kind, numbers, match.columns, match.unknown, header, titles, names, plan.other)
        found.rivals, found.dropped = match.rivals, match.dropped
        identity = next((column for column, name in match.columns.items() if match.kind.fields[name].type == "id_number"), None)
        found.numbers = RoundedNumbers(identity) if identity is not None else None
        found.filled = {column: 0 for column, name in match.columns.items() if match.kind.fields[name].options.get("fill_down")}
        plan.tables.append(found)
        self.finder.spellings(rows[: match.height])
        return found

    def _titles_above(self, plan: SheetPlan, pending: list[int]) -> list[str]:
        """Texts right above a header are its title and notes, also where they were taken for a section of the table before."""
        titles: list[str] = []
        for number in pending:
            why = plan.other.get(number)
            if why == "section" or (why == "footer" and number == pending[0] and not plan.tables):
                note = self._note.fullmatch(key_of(plan.texts[number]))
                plan.other[number] = "note" if note else "title"
            if plan.other.get(number) in ("title", "note"):
                titles.append(plan.texts[number])
        return titles

    # rows ----------------------------------------------------------------------------------------------------------

    @staticmethod
    def _data(table: FoundTable, number: int, row: list[Any]) -> None:
        if not table.count:
            table.first = number
        table.last = number
        table.count += 1
        if table.numbers is not None:
            table.numbers.look(row[table.numbers.column])
        for column in table.filled:
            if row[column] != "":
                table.filled[column] += 1
        if table.count <= 200:
            for column in table.unknown:
                _sample(table.samples.setdefault(column, []), row[column])

    def _loose(self, plan: SheetPlan, number: int, row: list[Any], *, fresh: bool) -> None:
        loose = plan.loose[-1] if plan.loose else None
        header = self.finder.looks_like_header(row) and sum(cell != "" for cell in row) > 1
        after_table = bool(plan.tables) and (loose is None or loose.first < plan.tables[-1].last)
        if loose is None or after_table or fresh:
            loose = Loose(number if header else None, row if header else [], number, number)
            plan.loose.append(loose)
            if header:
                return
        loose.last = number
        cells = [cell for cell in row if cell != ""]
        loose.figures = (
            loose.figures and len(cells) > 1 and isinstance(cells[0], str) and all(isinstance(c, int | float) for c in cells[1:])
        )
        loose.rows.append(number)
        if len(loose.rows) <= 200:
            for column in range(len(loose.header)):
                _sample(loose.samples.setdefault(column, []), row[column])

    def _finish(self, plan: SheetPlan) -> None:
        numbers = sorted(plan.other)
        while numbers and plan.other[numbers[-1]] == "blank" and numbers[-1] > max((t.last for t in plan.tables), default=0):
            later = [loose.last for loose in plan.loose if loose.last > numbers[-1]]
            if later:
                break
            plan.other.pop(numbers.pop())
        plan.tables = [table for table in plan.tables if table.count]
        for loose in plan.loose:
            if loose.header_row and loose.rows and loose.figures:
                plan.other.update(dict.fromkeys(loose.rows, "summary"))


def _data_rows(plan: SheetPlan) -> Iterator[int]:
    for table in plan.tables:
        yield from (row for row in range(table.first, table.last + 1) if row not in plan.other)


def _sample(samples: list[str], cell: Any) -> None:
    if len(samples) < SAMPLES and cell != "" and (text := tidy(text_of(cell))[:40]) and text not in samples:
        samples.append(text)
