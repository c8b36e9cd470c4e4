"""From read rows to rows for COPY: every record sealed and bound to its place, its key as a blind index. Pure CPU: runs in a thread."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from kit.intake.intake import DUPLICATE_CODE, OUT_OF_SCOPE, Intake
from kit.scope import Scope
from kit.sealed import Sealer
from kit.sheets import Block, Layout, Row, UnknownHeader, file_message

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


HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER = b"\xff\xff"
"""Begin and end of COPY's binary format (PostgreSQL documentation, COPY, file formats)."""

_LENGTH = struct.Struct(">i").pack
_INTEGER = struct.Struct(">ii").pack
_NULL = _LENGTH(-1)
_FIELDS = struct.pack(">h", 11)
_TEXT_OID = 25


def _field(value: bytes) -> bytes:
    return _LENGTH(len(value)) + value


def _texts(words: Sequence[str]) -> bytes:
    """A text[] in binary form."""
    if not words:
        return _field(struct.pack(">iii", 0, 0, _TEXT_OID))
    return _field(struct.pack(">iiiii", 1, 0, _TEXT_OID, len(words), 1) + b"".join(_field(word.encode()) for word in words))


_NO_TEXTS = _texts(())


class Stager:
    """Makes COPY rows (store.COPY_COLUMNS, binary) of one import; `number` counts through the whole file."""

    def __init__(self, intake: Intake, sealer: Sealer, import_id: UUID, scope: Sequence[str]) -> None:
        self._intake, self._sealer, self._import = intake, sealer, import_id
        self._scope = Scope.of(tuple(scope))
        self._inside: dict[str, bool] = {}
        self._head = _FIELDS + _field(import_id.bytes)
        self.number = 0

    def lines(self, block: Block) -> bytes:
        """The rows of a block."""
        sheet, kind = _field(block.table.sheet.encode()), _field(block.table.kind.encode())
        key_field = next((name for name in self._intake.key_fields if block.rows and name in block.rows[0].record), None)
        return b"".join([self._line(sheet, kind, key_field, row) for row in block.rows])

    def _line(self, sheet: bytes, kind: bytes, key_field: str | None, row: Row) -> bytes:
        self.number += 1
        record, disposition, codes, problems, raw = row.record, row.disposition, _NO_TEXTS, _NULL, {}
        division, found = record.get(self._intake.division_field), row.problems
        outside = division is not None and not self._covers(division)
        if found or outside:
            listed = [problem.code for problem in found]
            told = [{"code": p.code, "field": p.field, "cell": p.cell, "args": p.args} for p in found]
            raw = {problem.field: problem.raw for problem in found if problem.raw}
            if outside:
                listed.append(OUT_OF_SCOPE)
                told.append({"code": OUT_OF_SCOPE, "field": self._intake.division_field, "cell": "", "args": {}})
                disposition = disposition if DUPLICATE_CODE in listed else "hold"
            codes = _texts(list(dict.fromkeys(listed)))
            problems = _field(b"\x01" + json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode())
        value = record.get(key_field) if key_field else None
        return b"".join((
            self._head, _INTEGER(4, self.number), sheet, _INTEGER(4, row.row), kind, _field(disposition.encode()), codes, problems,
            _field(division.encode()) if division is not None else _NULL,
            _field(self._sealer.index(self._intake.key_purpose, value)) if value else _NULL,
            _field(seal_record(self._sealer, self._import, self.number, record, raw)),
        ))  # fmt: skip

    def _covers(self, division: str) -> bool:
        known = self._inside.get(division)
        if known is None:
            known = self._inside[division] = self._scope.reaches(division)
        return known


def seal_headers(sealer: Sealer, import_id: UUID, headers: list[dict[str, str]]) -> bytes:
    """The headers of unread columns as they stand in the workbook."""
    return sealer.seal(json.dumps(headers, ensure_ascii=False, separators=(",", ":")), "ledger_import", "headers", str(import_id))


def open_headers(sealer: Sealer, import_id: UUID, sealed: bytes) -> list[dict[str, str]]:
    """`sheet`, `column` and `header` of each unread column. Raises CannotOpen."""
    found: list[dict[str, str]] = json.loads(sealer.open(bytes(sealed), "ledger_import", "headers", str(import_id)))
    return found


def masked_text(text: str) -> str:
    """A sample that shows the kind of value and nothing of a person: the first character, digits' length."""
    return text[:1] + "*" * min(max(len(text) - 1, 0), 17)


def layout_plain(layout: Layout) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """(the layout as it is kept and shown, the unread headers to be sealed): samples are masked, and headers that are not words of ours."""
    clear: list[dict[str, str]] = []

    def headers(sheet: str, found: Sequence[UnknownHeader]) -> list[dict[str, Any]]:
        clear.extend({"sheet": sheet, "column": h.column, "header": h.header} for h in found)
        return [
            {
                "column": h.column,
                "header": h.header if h.word else masked_text(h.header),
                "samples": [masked_text(s) for s in h.samples],
                "suggestions": list(h.suggestions),
                "claims": h.claims,
            }
            for h in found
        ]

    plain = {
        "tables": [
            {
                "sheet": table.sheet,
                "kind": table.kind,
                "header_rows": list(table.header_rows),
                "first_data_row": table.first_data_row,
                "last_data_row": table.last_data_row,
                "columns": table.columns,
                "context": table.context,
                "unknown_headers": headers(table.sheet, table.unknown_headers),
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
                "headers": headers(part.sheet, part.headers),
            }
            for part in layout.unrecognised
        ],
        "ignored_sheets": [{"sheet": sheet.sheet, "why": sheet.why} for sheet in layout.ignored_sheets],
        "non_data_rows": len(layout.non_data_rows),
        "as_of": layout.as_of,
        "encoding": layout.encoding,
        "warnings": [dict(zip(("code", "message_zh", "message_en"), (code, *file_message(code)), strict=True)) for code in layout.warnings],
    }
    return plain, clear
