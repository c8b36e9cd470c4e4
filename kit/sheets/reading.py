"""The parent's side: start the parsing process, read its lines, and turn its crash into a typed problem.

The parent never parses a workbook: it sees JSON lines that our own code wrote. The clock only runs while it waits, so a
slow consumer of rows is not a timeout.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kit.sheets.messages import file_message
from kit.sheets.shapes import (
    Block,
    CellProblem,
    FileRefused,
    IgnoredSheet,
    Layout,
    Limits,
    NonDataRow,
    Remark,
    Row,
    Table,
    Totals,
    UnknownHeader,
    Unrecognised,
)
from kit.sheets.vocabulary import Vocabulary

_ROOT = str(Path(__file__).resolve().parents[2])
_PIECE = 1 << 18
_MALLOC = {"MALLOC_MMAP_THRESHOLD_": "1048576", "MALLOC_TRIM_THRESHOLD_": "1048576"}
"""glibc gives the unpacked file back before the rows are read, in place of keeping it for a next time that does not come (mallopt(3))."""


class Parser:
    """One run of the parsing process; a context manager that always ends it."""

    def __init__(
        self, source: Path | bytes, name: str | None, vocabulary: Vocabulary, as_of: dt.date, demo: bool, limits: Limits, **order: Any
    ) -> None:
        if isinstance(source, bytes) and name is None:
            raise ValueError("bytes need a file name: its extension says how to read them")
        if isinstance(source, Path):
            source.stat()  # a missing path is the caller's mistake, not a bad file
        self._limits = limits
        self._spool = tempfile.TemporaryFile() if isinstance(source, bytes) else None  # noqa: SIM115  # closed in __exit__; nameless from the start
        if self._spool is not None and isinstance(source, bytes):
            self._spool.write(source[: limits.file_bytes + 1])
            self._spool.flush()
            self._spool.seek(0)
        path = f"/dev/fd/{self._spool.fileno()}" if self._spool is not None else str(source)
        self._order = {
            "mode": "read", "path": path, "name": name or Path(str(source)).name, "as_of": as_of.isoformat(), "demo": demo,
            "limits": asdict(limits), "vocabulary": vocabulary.to_plain(), **order,
        }  # fmt: skip
        self._buffer = bytearray()

    def __enter__(self) -> Parser:
        keep = (self._spool.fileno(),) if self._spool is not None else ()
        environment = {"PYTHONPATH": _ROOT, "PATH": os.defpath, "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", **_MALLOC}
        self._process = subprocess.Popen(
            [sys.executable, "-s", "-m", "kit.sheets.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, pass_fds=keep, close_fds=True,
        )  # fmt: skip
        with contextlib.suppress(BrokenPipeError):
            stdin = self._process.stdin
            assert stdin is not None
            stdin.write(json.dumps(self._order, ensure_ascii=False).encode() + b"\n")
            stdin.flush()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout, self._spool):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.wait()

    def messages(self) -> Iterator[dict[str, Any]]:
        """The child's messages. Raises FileRefused for its problems, its death and its silence."""
        while True:
            line = self._line()
            if line is None:
                raise _refused(self._cause())
            message = json.loads(line)
            if "problem" in message:
                raise _refused(message["problem"])
            yield message
            if "totals" in message or "marked" in message:
                return

    def _line(self) -> bytes | None:
        out = self._process.stdout
        assert out is not None
        start = 0
        deadline = time.monotonic() + self._limits.wait_seconds
        while (end := self._buffer.find(b"\n", start)) < 0:
            start = len(self._buffer)
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([out], [], [], left)[0]:
                self._process.kill()
                raise _refused("PARSER_TIMEOUT")
            piece = os.read(out.fileno(), _PIECE)
            if not piece:
                return None
            self._buffer += piece
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def _cause(self) -> str:
        status = self._process.wait()
        return "PARSER_TIMEOUT" if status in (-24, -9) else "PARSER_STOPPED"  # 24 = SIGXCPU, then SIGKILL at the hard limit


def _refused(code: str) -> FileRefused:
    return FileRefused(code, *file_message(code))


def read_blocks(
    source: Path | bytes,
    vocabulary: Vocabulary,
    *,
    as_of: dt.date,
    demo: bool = False,
    name: str | None = None,
    limits: Limits | None = None,
    own_as_of: bool = False,
) -> Generator[Layout | Block | Totals, None, None]:
    """See `kit.sheets.read`; this is the blocking form, for jobs and commands.

    `own_as_of`: a day that the workbook itself names (截至…) takes the place of a later `as_of`.
    """
    with Parser(source, name, vocabulary, as_of, demo, limits or Limits(), own_as_of=own_as_of) as parser:
        source = b""  # the parser has its own copy on disk; this copy would stay in memory until the last row
        layout: Layout | None = None
        fields: dict[int, tuple[list[str], list[str]]] = {}
        for message in parser.messages():
            if "layout" in message:
                layout = _layout(message["layout"])
                for table in layout.tables:
                    names = [*table.context, *table.columns.values(), *table.derived]
                    fields[table.index] = (names, [*[""] * len(table.context), *table.columns, *[""] * len(table.derived)])
                yield layout
            elif "block" in message and layout is not None:
                table = layout.tables[message["block"]]
                yield Block(table, _rows(table, *fields[table.index], message["rows"]))
            elif "totals" in message:
                totals = message["totals"]
                yield Totals(totals["dispositions"], totals["problems"], tuple(totals["rows"]))


def mark(
    source: Path | bytes,
    target: Path,
    vocabulary: Vocabulary,
    *,
    as_of: dt.date,
    demo: bool = False,
    name: str | None = None,
    remarks: Sequence[Remark] = (),
    limits: Limits | None = None,
    own_as_of: bool = False,
) -> None:
    """Write the workbook back as xlsx with its problems marked (see kit.sheets.marked). Raises FileRefused; blocking."""
    extra = [asdict(remark) for remark in remarks]
    try:
        with Parser(
            source, name, vocabulary, as_of, demo, limits or Limits(), own_as_of=own_as_of, mode="mark", target=str(target), remarks=extra
        ) as parser:
            for _ in parser.messages():
                pass
    except FileRefused:
        target.unlink(missing_ok=True)
        raise


def _rows(table: Table, names: list[str], letters: list[str], rows: list[list[Any]]) -> list[Row]:
    none: tuple[CellProblem, ...] = ()
    sheet, index, kind = table.sheet, table.index, table.kind
    return [
        Row(sheet, number, index, kind, disposition, dict(zip(names, values, strict=True)), tuple(
            CellProblem(code, f"{letters[at]}{number}" if letters[at] else "", names[at], args or {}, raw) for code, at, args, raw in problems
        ) if problems else none)
        for number, disposition, values, problems in rows
    ]  # fmt: skip


def _unknown(headers: list[dict[str, Any]]) -> tuple[UnknownHeader, ...]:
    return tuple(UnknownHeader(**{**h, "samples": tuple(h["samples"]), "suggestions": tuple(h["suggestions"])}) for h in headers)


def _layout(plain: dict[str, Any]) -> Layout:
    return Layout(
        tuple(
            Table(
                **{
                    **t,
                    "header_rows": tuple(t["header_rows"]),
                    "unknown_headers": _unknown(t["unknown_headers"]),
                    "derived": tuple(t["derived"]),
                }
            )
            for t in plain["tables"]
        ),
        tuple(
            Unrecognised(**{**u, "header_rows": tuple(u["header_rows"]), "headers": _unknown(u["headers"])}) for u in plain["unrecognised"]
        ),
        tuple(NonDataRow(**n) for n in plain["non_data_rows"]),
        tuple(IgnoredSheet(**s) for s in plain["ignored_sheets"]),
        plain["as_of"],
        plain["encoding"],
        tuple(plain["warnings"]),
    )
