"""JSON logs with an allow-list of keys: a name, a number or a body has no key to arrive under (law 8)."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
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


def configure(service: str, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send this process's logs to stderr (or `stream`) as JSON lines."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _allow,
            _last_net,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=lambda *_: structlog.PrintLogger(stream or sys.stderr),  # whatever stderr is at that moment
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)
