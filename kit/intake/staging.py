"""From read rows to lines for COPY: every record sealed and bound to its place, its key as a blind index. Pure CPU: runs in a thread."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from kit.intake.intake import DUPLICATE_CODE, OUT_OF_SCOPE, Intake
from kit.sealed import Sealer
from kit.sheets import Block, Layout, Row, UnknownHeader

TABLE = "ledger_row"


def place_of(import_id: UUID | str, number: int) -> str:
    """What a sealed record is bound to."""
    return f"{import_id}/{number}"


def seal_record(sealer: Sealer, import_id: UUID, number: int, record: dict[str, Any], raw: dict[str, str]) -> bytes:
    """A record, with the texts of cells that could not be read."""
    plain = {"record": {name: value for name, value in record.items() if value is not None}, "raw": raw}
    return sealer.seal(json.dumps(plain, ensure_ascii=False, separators=(",", ":")), TABLE, "record", place_of(import_id, number))


def open_record(sealer: Sealer, import_id: UUID, number: int, sealed: bytes) -> tuple[dict[str, Any], dict[str, str]]:
    """(record, raw texts). Raises CannotOpen."""
    plain = json.loads(sealer.open(bytes(sealed), TABLE, "record", place_of(import_id, number)))
    return plain["record"], plain["raw"]


class Stager:
    """Makes the lines of one import; `number` counts through the whole file."""

    def __init__(self, intake: Intake, sealer: Sealer, import_id: UUID, scope: Sequence[str]) -> None:
        self._intake, self._sealer, self._import = intake, sealer, import_id
        self._scope, self._hold = tuple(scope), frozenset(intake.hold_codes)
        self._inside: dict[str, bool] = {}
        self.number = 0

    def lines(self, block: Block) -> bytes:
        """A block in COPY's text format (store.COPY_COLUMNS)."""
        head = str(self._import)
        sheet = block.table.sheet.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
        key_field = next((name for name in self._intake.key_fields if block.rows and name in block.rows[0].record), None)
        return "".join([self._line(head, sheet, key_field, row) for row in block.rows]).encode()

    def _line(self, head: str, sheet: str, key_field: str | None, row: Row) -> str:
        self.number += 1
        record, disposition, codes, problems = row.record, row.disposition, "{}", "\\N"
        division = record.get(self._intake.division_field)
        found = row.problems
        if found or (division is not None and not self._covers(division)):
            listed = [problem.code for problem in found]
            told = [{"code": p.code, "field": p.field, "cell": p.cell, "args": p.args} for p in found]
            if division is not None and not self._covers(division):
                listed.append(OUT_OF_SCOPE)
                told.append({"code": OUT_OF_SCOPE, "field": self._intake.division_field, "cell": "", "args": {}})
                disposition = disposition if DUPLICATE_CODE in listed else "hold"
            codes = "{" + ",".join(dict.fromkeys(listed)) + "}"
            problems = json.dumps(told, ensure_ascii=False, separators=(",", ":")).replace("\\", "\\\\")
        raw = {problem.field: problem.raw for problem in found if problem.raw} if found else {}
        sealed = seal_record(self._sealer, self._import, self.number, record, raw).hex()
        value = record.get(key_field) if key_field else None
        index = "\\\\x" + self._sealer.index(self._intake.key_purpose, value).hex() if value else "\\N"
        return (
            f"{head}\t{self.number}\t{sheet}\t{row.row}\t{row.kind}\t{disposition}\t{codes}\t{problems}\t{division or chr(92) + 'N'}\t{index}\t"
            f"\\\\x{sealed}\n"
        )

    def _covers(self, division: str) -> bool:
        known = self._inside.get(division)
        if known is None:
            known = self._inside[division] = division.startswith(self._scope)
        return known


def masked_text(text: str) -> str:
    """A sample that shows the kind of value and nothing of a person: the first character, digits' length."""
    return text[:1] + "*" * min(max(len(text) - 1, 0), 17)


def layout_plain(layout: Layout) -> dict[str, Any]:
    """The layout as it is kept and shown: samples masked."""

    def headers(found: Sequence[UnknownHeader]) -> list[dict[str, Any]]:
        return [
            {"column": h.column, "header": h.header, "samples": [masked_text(s) for s in h.samples], "suggestions": list(h.suggestions)}
            for h in found
        ]

    return {
        "tables": [
            {
                "sheet": table.sheet,
                "kind": table.kind,
                "header_rows": list(table.header_rows),
                "first_data_row": table.first_data_row,
                "last_data_row": table.last_data_row,
                "columns": table.columns,
                "context": table.context,
                "unknown_headers": headers(table.unknown_headers),
            }
            for table in layout.tables
        ],
        "unrecognised": [
            {
                "sheet": part.sheet,
                "header_rows": list(part.header_rows),
                "first_row": part.first_row,
                "last_row": part.last_row,
                "summary": part.summary,
                "headers": headers(part.headers),
            }
            for part in layout.unrecognised
        ],
        "ignored_sheets": [{"sheet": sheet.sheet, "why": sheet.why} for sheet in layout.ignored_sheets],
        "non_data_rows": len(layout.non_data_rows),
        "as_of": layout.as_of,
        "encoding": layout.encoding,
    }
