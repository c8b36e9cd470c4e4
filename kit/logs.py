"""JSON logs with an allow-list of keys: a name, a number or a body has no key to arrive under (law 8).

What an exception says is not logged, only its type and the places it came through: Postgres puts the row into its message, pydantic the refused value. The
logs of libraries pass the same processors, and of what they say only the text that stands in their code.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import structlog

ALLOWED = frozenset(
    {
        "event", "level", "timestamp", "service", "kind", "route", "request_id", "sqlstate", "feed", "type", "event_id", "state", "rows", "seconds",
        "port", "pid", "count", "number", "revision", "exception", "code", "job",
    }
)  # fmt: skip
_LOOKS_PERSONAL = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)|(?<!\d)1\d{10}(?!\d)")


def _allow(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: value for key, value in event.items() if key in ALLOWED}


def _last_net(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: _LOOKS_PERSONAL.sub("[removed]", value) if isinstance(value, str) else value for key, value in event.items()}


FRAMES = 15
"""Places named per exception, the innermost ones."""


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _places(trace: TracebackType | None) -> str:
    frames = [f"{'/'.join(Path(f.f_code.co_filename).parts[-3:])}:{line} {f.f_code.co_name}" for f, line in traceback.walk_tb(trace)]
    return " > ".join(frames[-FRAMES:])


def _without_words(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    error = event.pop("exc_info", None)
    error = sys.exc_info()[1] if error is True else error
    if isinstance(error, BaseException):
        event["exception"] = " | from ".join(
            f"{type(one).__module__}.{type(one).__qualname__} at {_places(one.__traceback__)}" for one in _chain(error)
        )
    return event


class _Libraries(logging.Handler):
    """The standard library's logging, which servers and queues use, into the same lines."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log the text without its arguments: they may hold anything."""
        said = str(record.msg).partition("\n")[0][:200]
        error = record.exc_info[1] if record.exc_info else None
        structlog.get_logger().log(record.levelno, said, kind=record.name, exc_info=error)


class AccessLog:
    """One JSON line per request: who, through which door, with what outcome and in what time; never an address, which names persons (law 8).

    Lines are collected and written once a second, or earlier when there are many: a write per request would cost more than the rest of the line. A process
    that is killed loses the last second; the audit trail is not a log and loses nothing.
    """

    EVERY = 1.0
    """Seconds."""
    MANY = 500
    STRANGERS = 100
    """Lines a second for requests without an account; the rest is only counted. A stranger must not be able to fill the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._strangers = 0
        self._last = ""

    def note(self, at: str, method: str, route: str, status: int, seconds: float, request_id: str, account: str) -> None:
        """Collect a line. Everything but `account` is the product's own text, so only that is escaped."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self.EVERY, self.flush)
        if not account:
            self._strangers += 1
            if self._strangers > self.STRANGERS:
                self._last = at
                return
        who = json.dumps(account) if account else "null"
        self._lines.append(
            f'{{"at":"{at}","method":"{method}","route":"{route}","status":{status},"ms":{seconds * 1000:.1f},'
            f'"request_id":"{request_id}","account":{who}}}\n'
        )
        if len(self._lines) >= self.MANY:
            self._write()

    def flush(self) -> None:
        """Append what was collected: a second is over, or the door closes."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        left_out, self._strangers = self._strangers - self.STRANGERS, 0
        if left_out > 0:
            self._lines.append(f'{{"at":"{self._last}","left_out":{left_out},"account":null}}\n')
        self._write()

    def _write(self) -> None:
        """The file is opened for each write, so that it can be rotated; a full disk must not stop a request."""
        lines, self._lines = self._lines, []
        if lines:
            try:
                self._path.parent.mkdir(mode=0o700, exist_ok=True)
                file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
                try:
                    os.write(file, "".join(lines).encode())
                finally:
                    os.close(file)
            except OSError as error:
                structlog.get_logger().error("access_log_failed", kind=type(error).__name__, count=len(lines))


def configure(service: str, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send this process's logs to stderr (or `stream`) as JSON lines."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_words,
            _allow,
            _last_net,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=lambda *_: structlog.PrintLogger(stream or sys.stderr),  # the stderr of that moment
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Libraries)]:
        root.removeHandler(handler)
    root.addHandler(_Libraries(logging.WARNING))
