"""The process that parses: `python -m kit.sheets.worker`, one file, then gone.

It gets one JSON line on stdin (what to read and with which words), answers with JSON lines on stdout, and holds no secret:
its environment is empty, its memory, CPU time, open files and file size are bounded. A hostile file can only end this process.
The parent keeps stdin open for as long as it lives; when it closes, the kernel ends this process (SIGIO's default action),
also in the middle of native code that holds the interpreter.

    {"problem": code}                                   the file is refused
    {"layout": {...}}, {"block": table, "rows": [...]}, ..., {"totals": {...}}      mode "read"
    {"written": rows}, ..., {"marked": true}            mode "mark": the copy with its problems is being, has been written
"""

from __future__ import annotations

import contextlib
import datetime as dt
import gc
import json
import os
import select
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kit.sheets.shapes import FileRefused, Limits

Emit = Callable[[dict[str, Any]], None]


def _bound(limits: Limits, *, writes: bool) -> None:
    """Take away what a parser does not need. Without `resource` (Windows) only the parent's clock bounds us."""
    try:
        import fcntl
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    seconds = limits.cpu_seconds * (3 if writes else 1)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    files, written = (512, 2 * limits.unpacked_bytes) if writes else (64, 0)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    resource.setrlimit(resource.RLIMIT_FSIZE, (written, written))
    with contextlib.suppress(OSError, AttributeError):
        fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([0], [], [], 0)[0]:  # the parent sends nothing more: readable means that it has gone already
        os._exit(1)


def main() -> None:
    """Read the order, parse, answer."""
    out = sys.stdout.buffer

    def emit(message: dict[str, Any]) -> None:
        out.write(json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n")
        out.flush()

    order = json.loads(sys.stdin.buffer.readline())
    limits = Limits(**order["limits"])
    gc.disable()  # one file and gone: nothing here makes cycles, and collecting would cost as much as parsing
    _bound(limits, writes=order["mode"] == "mark")
    try:
        _obey(order, limits, emit)
    except FileRefused as refused:
        emit({"problem": refused.code})
    except MemoryError:
        emit({"problem": "PARSER_MEMORY"})
    except BrokenPipeError:
        os._exit(1)
    except Exception as error:  # whatever a parser raises about a file means: not readable; its text may quote the file
        emit({"problem": "FILE_ENCRYPTED" if type(error).__name__ == "PasswordError" else "FILE_CORRUPT", "kind": type(error).__name__})


def _obey(order: dict[str, Any], limits: Limits, emit: Emit) -> None:
    # Imported here: the limits above must already hold when parsers are loaded and the order is known.
    from kit.sheets.reader import WorkbookReader
    from kit.sheets.scan import refuse, scan
    from kit.sheets.vocabulary import Vocabulary

    with Path(order["path"]).open("rb") as file:
        data = file.read(limits.file_bytes + 1)
    scanned = scan(data, order["name"], limits)
    del data
    vocabulary = Vocabulary.from_plain(order["vocabulary"])
    try:
        as_of, own = dt.date.fromisoformat(order["as_of"]), order.get("own_as_of", False)
        reader = WorkbookReader(scanned, order["name"], vocabulary, as_of, order["demo"], own_as_of=own)
    except UnicodeError:
        raise refuse("TEXT_ENCODING") from None
    if order["mode"] == "mark":
        from kit.sheets.marked import write_marked

        write_marked(reader, order["target"], order["remarks"], lambda rows: emit({"written": rows}))
        emit({"marked": True})
        return
    emit({"layout": asdict(reader.layout)})
    for table, rows in reader.blocks():
        emit({"block": table, "rows": rows})
    emit({"totals": asdict(reader.totals)})


if __name__ == "__main__":
    main()
