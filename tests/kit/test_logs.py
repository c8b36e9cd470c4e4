"""What the logs may hold: types, places, ids and words of our own; never what somebody typed (law 8)."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog
from pydantic import BaseModel, ValidationError

from kit.logs import AccessLog, configure

NAME = "折机密"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Everything that is logged."""
    written = io.StringIO()
    configure("test", "INFO", written)
    yield written
    configure("test", "WARNING")


class Asked(BaseModel):
    """A message."""

    age: int


def a_refused_value() -> Exception:
    """What pydantic says of a value that does not fit."""
    try:
        Asked.model_validate({"age": NAME})
    except ValidationError as error:
        return error
    raise AssertionError


def test_an_exception_is_logged_by_type_and_place_and_never_by_what_it_says(lines: io.StringIO) -> None:
    """Postgres and pydantic put the row and the value into their messages; a chain of exceptions carries them on."""
    row = psycopg.errors.CheckViolation(f"DETAIL:  Failing row contains ({NAME}, 610822198005061236).")
    for cause in (row, a_refused_value(), KeyError(NAME)):
        try:
            raise RuntimeError(f"about {NAME}") from cause
        except RuntimeError as error:
            structlog.get_logger().error("unexpected_error", exc_info=error)
    told = lines.getvalue()
    assert NAME not in told
    assert [json.loads(line)["exception"].count(" at ") for line in told.splitlines()] == [2, 2, 2]
    assert "builtins.RuntimeError at tests/kit/test_logs.py" in told
    assert "psycopg.errors.CheckViolation" in told


def test_what_a_library_logs_passes_without_its_arguments(lines: io.StringIO) -> None:
    """uvicorn logs a traceback, a queue the arguments of its jobs, asyncio the error of a forgotten task."""
    library = logging.getLogger("some.library")
    try:
        raise ValueError(NAME)
    except ValueError:
        library.exception("Exception in %s", NAME)
    library.error("Task exception was never retrieved\nfuture: <Task exception=ValueError('%s')>", NAME)
    said = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert NAME not in lines.getvalue()
    assert [(line["event"], line["kind"]) for line in said] == [
        ("Exception in %s", "some.library"),
        ("Task exception was never retrieved", "some.library"),
    ]
    assert "builtins.ValueError" in said[0]["exception"]


async def test_an_access_line_is_json_whatever_an_account_is_called(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "access.log"
    log = AccessLog(path)
    log.note("2021-07-01T08:00:00+08:00", "GET", "/registry/v1/people/{person_id}", 200, 0.00123, "r-1", 'a"\n\u2028b')
    log.note("2021-07-01T08:00:01+08:00", "POST", "/auth/v1/login", 401, 0.2, "r-2", "")
    log.flush()
    said: list[dict[str, Any]] = [json.loads(line) for line in path.read_text().split("\n") if line]
    assert [(line["route"], line["status"], line["ms"], line["account"]) for line in said] == [
        ("/registry/v1/people/{person_id}", 200, 1.2, 'a"\n\u2028b'),
        ("/auth/v1/login", 401, 200.0, None),
    ]
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_disk_that_takes_nothing_stops_nobody(tmp_path: Path, lines: io.StringIO) -> None:
    (tmp_path / "logs").write_text("no folder")
    log = AccessLog(tmp_path / "logs" / "access.log")
    for number in range(AccessLog.MANY):
        log.note("t", "GET", "/", 200, 0, str(number), "officer-1")
    assert json.loads(lines.getvalue())["event"] == "access_log_failed"
