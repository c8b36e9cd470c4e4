"""Second pass: the rows of the tables that the first pass found, parsed, cross-checked and judged.

A row is accepted (warnings allowed), held (a code of the vocabulary's `hold` list) or a duplicate (its unique value stood
earlier in this file). Where sex or birth contradict a good ID number, the ID number's value is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kit.sheets.cells import ERRORS, Parser, Setting, parser_for
from kit.sheets.grid import Sheet
from kit.sheets.identity import birth_of, may_be_rounded, sex_of
from kit.sheets.places import Gazetteer
from kit.sheets.plain import text_of, tidy
from kit.sheets.shapes import ACCEPT, DUPLICATE, HOLD, column_letter
from kit.sheets.tables import FoundTable
from kit.sheets.vocabulary import Field, Vocabulary

RowOut = list[Any]  # [row number, disposition, values, [[code, position, args, raw text], ...]]


@dataclass(frozen=True, slots=True)
class PlaceColumn:
    """How one place field of a row is resolved."""

    position: int
    levels: frozenset[str]
    within: int | None
    digits: int | None
    unknown: str
    missing: str | None
    fill: bool
    hint: int | None
    known: dict[tuple[str, str | None], str] = field(default_factory=dict)  # texts that were found without a doubt


class RowReader:
    """Reads the rows of one table. `fields` names the values' positions: context fields first, then columns."""

    def __init__(
        self,
        table: FoundTable,
        context: dict[str, str],
        backdrop: dict[str, str],
        vocabulary: Vocabulary,
        gazetteer: Gazetteer,
        setting: Setting,
        parsers: dict[str, Parser],
        seen: dict[str, tuple[str, int]],
    ) -> None:
        self.table, self.seen, self.hold = table, seen, vocabulary.hold
        self.context = list(context.values())
        self.fields = [*context, *table.columns.values(), *table.derived]
        shift = len(context)
        at = {name: i for i, name in enumerate(self.fields)}
        kind = table.kind
        self._parsers: list[tuple[int, int, Parser]] = []
        for position, (column, name) in enumerate(table.columns.items(), shift):
            key = f"{kind.name}.{name}"
            if key not in parsers:
                parsers[key] = parser_for(kind.fields[name], vocabulary, setting)
            self._parsers.append((column, position, parsers[key]))
        self._rivals: list[tuple[int, int, Parser]] = []
        for column, name in table.rivals.items():
            key = f"{kind.name}.{name}"
            if key not in parsers:
                parsers[key] = parser_for(kind.fields[name], vocabulary, setting)
            self._rivals.append((column, at[name], parsers[key]))
        typed = {kind.fields[name].type: i for name, i in at.items() if name in table.columns.values()}
        self._id, self._sex, self._birth = typed.get("id_number"), typed.get("sex"), typed.get("birth_date")
        self._unique = at.get(kind.unique) if kind.unique else None
        self._chosen = [
            (at[name], at[by["field"]], {value: at[source] for value, source in by.items() if value != "field" and source in at})
            for name in at
            if (by := kind.fields[name].options.get("by")) and by["field"] in at
        ]
        self._gazetteer, self._backdrop = gazetteer, backdrop
        self._places = self._place_columns(kind.fields, at, shift)
        self._sections = self._section_contexts()

    def _place_columns(self, fields: dict[str, Field], at: dict[str, int], shift: int) -> list[PlaceColumn]:
        found = []
        for column, name in self.table.columns.items():
            if fields[name].type != "place":
                continue
            options = fields[name].options
            filled = self.table.filled.get(column)
            sparse = filled is not None and 0 < filled <= self.table.count / 2
            within = at.get(options["within"]) if "within" in options else None
            hint = at.get(options["hint"]) if "hint" in options else None  # a column that may tell two places of one name apart
            found.append(
                PlaceColumn(
                    at[name],
                    frozenset(options["levels"]),
                    within,
                    options.get("code_digits"),
                    options.get("unknown", "PLACE_UNKNOWN"),
                    options.get("missing"),
                    sparse,
                    hint,
                )
            )
        return sorted(found, key=lambda place: place.within is not None)

    def _section_contexts(self) -> list[tuple[int, int, str]]:
        """(row, position, code) where a section's heading names another place than the title does."""
        found = []
        for row, text in self.table.sections:
            for position, name in enumerate(self.fields[: len(self.context)]):
                codes = self._gazetteer.mentioned(text, frozenset(self.table.kind.fields[name].options["levels"]))
                if len(codes) == 1:
                    found.append((row, position, codes[0]))
        return found

    def rows(self, numbered: Iterator[tuple[int, list[Any]]], skip: set[int], sheet: Sheet) -> Iterator[RowOut]:
        """Parse rows up to the table's last one; `numbered` starts at or before its first."""
        table, hold, sections = self.table, self.hold, list(self._sections)
        context, parsers, identity, chosen = list(self.context), self._parsers, self._id is not None, self._chosen
        rivals, swallowed = bool(self._rivals), sheet.swallowed
        rounded = table.numbers is not None and table.numbers.doubtful and identity
        merged = self._vertical_merges(sheet)
        open_merges: dict[int, tuple[int, Any]] = {}
        last_place: dict[int, Any] = {}
        for number, row in numbered:
            if number > table.last:
                return
            if number < table.first or number in skip:
                continue
            while sections and sections[0][0] < number:
                _, position, code = sections.pop(0)
                context[position] = code
            if merged:
                self._fill_merged(number, row, merged, open_merges)
            values: list[Any] = context[:]
            problems: list[list[Any]] = []
            for column, position, parse in parsers:
                raw = row[column]
                value, code = parse(raw)
                values.append(value)
                if code is not None:
                    if raw in ERRORS and code not in hold:
                        code = "CELL_ERROR"
                    problems.append([code, position, None, tidy(text_of(raw))[:80]])
            if number in swallowed:
                first, last = swallowed[number]
                problems.append(["RECORD_SWALLOWED", 0, {"first_line": first, "last_line": last}, ""])
            if rounded and (found := values[self._id]) is not None and may_be_rounded(found):  # type: ignore[index]
                values[self._id] = None  # type: ignore[index]
                problems.append(["ID_PRECISION_LOST", self._id, None, found])
            if rivals:
                self._ask(row, values, problems)
            if identity:
                self._agree(values, problems)
            if chosen:
                self._choose(values)
            for place in self._places:
                text = values[place.position]
                known = (
                    place.known.get((text, values[place.within] if place.within is not None else None))
                    if text is not None and not place.fill
                    else None
                )
                if known is not None:
                    values[place.position] = known
                else:
                    self._resolve(place, values, problems, last_place)
            disposition = HOLD if problems and any(p[0] in hold for p in problems) else ACCEPT
            unique = values[self._unique] if self._unique is not None else None
            if unique is not None:
                first = self.seen.setdefault(unique, (sheet.name, number))
                if first != (sheet.name, number):
                    args = {"first_row": first[1]} | ({"first_sheet": first[0]} if first[0] != sheet.name else {})
                    problems.append(["DUP_IN_FILE", self._unique, args, unique])
                    disposition = DUPLICATE
            yield [number, disposition, values, problems]

    def _ask(self, row: list[Any], values: list[Any], problems: list[list[Any]]) -> None:
        """Where two columns name one field, an empty cell takes the other's value, and two different values are for a person to decide."""
        for column, position, parse in self._rivals:
            value, code = parse(row[column])
            if value is None or value == []:
                if code is not None and values[position] is not None and row[column] != "":
                    problems.append(["COLUMNS_DIFFER", position, {"column": column_letter(column)}, tidy(text_of(row[column]))[:80]])
            elif values[position] is None or values[position] == []:
                values[position] = value
                problems[:] = [problem for problem in problems if problem[1] != position]
                if code is not None:
                    problems.append([code, position, None, tidy(text_of(row[column]))[:80]])
            elif value != values[position]:
                problems.append(["COLUMNS_DIFFER", position, {"column": column_letter(column)}, tidy(text_of(row[column]))[:80]])

    def _agree(self, values: list[Any], problems: list[list[Any]]) -> None:
        """Sex and birth against the ID number; an empty or partial one is completed from it."""
        number = values[self._id]  # type: ignore[index]  # only called when the table has an ID column
        if number is None:
            return
        if self._sex is not None and values[self._sex] != (sex := sex_of(number)):
            if values[self._sex] is not None:
                problems.append(["ID_SEX_MISMATCH", self._sex, None, str(values[self._sex])])
            values[self._sex] = sex
        if self._birth is not None and values[self._birth] != (birth := birth_of(number)):
            given = values[self._birth]
            if given is not None:
                problems[:] = [p for p in problems if not (p[1] == self._birth and p[0].startswith("DATE_"))]
                if not (len(given) < 10 and birth.startswith(given)):
                    problems.append(["ID_BIRTH_MISMATCH", self._birth, None, given])
            values[self._birth] = birth

    def _choose(self, values: list[Any]) -> None:
        """An empty value comes from the column that another field's value names."""
        values += [None] * (len(self.fields) - len(values))
        for position, by, sources in self._chosen:
            source = sources.get(values[by])
            if values[position] is None and source is not None:
                values[position] = values[source]

    def _resolve(self, place: PlaceColumn, values: list[Any], problems: list[list[Any]], last: dict[int, Any]) -> None:
        text = values[place.position]
        if text is None and place.fill:
            text = last.get(place.position)
        if text is None:
            values[place.position] = self._backdrop.get(self.fields[place.position])
            if values[place.position] is None and place.missing:
                problems.append([place.missing, place.position, None, ""])
            return
        if place.fill:
            last[place.position] = text
        within = values[place.within] if place.within is not None else None
        codes, near = self._gazetteer.find(text, place.levels, within)
        if len(codes) > 1 and place.hint is not None and values[place.hint]:
            named = self._gazetteer.mentioned(values[place.hint], place.levels)
            codes = [code for code in codes if code in named] or codes
        elif len(codes) == 1 and near:
            place.known[text, within] = codes[0][: place.digits]
        problem = place.unknown if not codes else "PLACE_AMBIGUOUS" if len(codes) > 1 else None if near else "PLACE_ELSEWHERE"
        values[place.position] = codes[0][: place.digits] if len(codes) == 1 else None
        if problem is not None:
            problems.append([problem, place.position, None, text[:80]])

    def _vertical_merges(self, sheet: Sheet) -> dict[int, list[tuple[int, int]]]:
        """First row (1-based) -> (column, last row) of cells merged downwards over this table's columns."""
        starts: dict[int, list[tuple[int, int]]] = {}
        for r1, c1, r2, _ in sheet.merges:
            if r2 > r1 and c1 in self.table.columns and self.table.first <= r1 + 1 <= self.table.last:
                starts.setdefault(r1 + 1, []).append((c1, min(r2 + 1, self.table.last)))
        return starts

    @staticmethod
    def _fill_merged(
        number: int, row: list[Any], starts: dict[int, list[tuple[int, int]]], open_merges: dict[int, tuple[int, Any]]
    ) -> None:
        for column, (until, value) in list(open_merges.items()):
            if number > until:
                del open_merges[column]
            elif row[column] == "":
                row[column] = value
        for column, until in starts.get(number, ()):
            open_merges[column] = (until, row[column])
