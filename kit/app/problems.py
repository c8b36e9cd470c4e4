"""Every error in the one shape of kit.problems: ours, FastAPI's, the database's, and what nobody expected."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.exceptions import HTTPException

from kit.metrics import route_template
from kit.problems import (
    Conflict,
    FieldError,
    Invalid,
    Malformed,
    MethodNotAllowed,
    NotFound,
    Problem,
    TooLarge,
    Unauthenticated,
    Unavailable,
    language_of,
)
from kit.turns import being_changed

log = structlog.get_logger()

with (Path(__file__).parents[1] / "faults.csv").open(encoding="utf-8", newline="") as _file:
    MESSAGES: dict[str, tuple[str, str]] = {row["code"]: (row["zh"], row["en"]) for row in csv.DictReader(_file)}
"""What the library finds wrong with a field, by its own words."""
OUT_OF_RANGE = "日期或数值超出范围"
AWAY = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError, NoConnection, TimeoutError)
"""What passes by itself: the server is away or sheds load, a pool has no connection to give (SQLAlchemy's own TimeoutError is not the builtin one)."""
READ_ONLY = "25006"
"""The server that answers is a standby: another was promoted a moment ago."""


def problem_response(problem: Problem, request_id: str, language: str) -> JSONResponse:
    """The answer for a problem."""
    return JSONResponse(problem.body(language, request_id), problem.status, problem.headers, "application/problem+json")


def _pointer(location: Sequence[Any]) -> str:
    parts = list(location)
    if parts and parts[0] == "body":
        parts = [part for part in parts[1:] if part != "[key]"]
    elif parts and parts[0] in ("query", "path", "header", "cookie"):
        parts = parts[:2]  # what follows names a branch of a choice, not a place
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1")[:80] for part in parts)


def validation_problem(error: RequestValidationError) -> Problem:
    """FastAPI's findings as our shape, without the refused input (it may hold what cannot be sent back)."""
    found: list[FieldError] = []
    for item in error.errors()[:50]:
        code = str(item["type"])
        told = item.get("ctx", {}).get("error")
        zh, en = MESSAGES.get(code, ("", ""))
        if code == "value_error" and isinstance(told, ValueError) and len(told.args) == 3:
            code, zh, en = told.args
        elif not zh:  # a fault that no list names
            code, zh, en = "not_valid", "不符合要求", str(item.get("msg", "not valid"))[:200]
        found.append(FieldError(_pointer(item["loc"]), code, zh, en))
    return Invalid(errors=found)


def database_problem(error: Exception) -> Problem:
    """What a failure of the database means to whoever asked: as SQLAlchemy, psycopg or a pool raises it."""
    orig = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(orig, "sqlstate", None) or ""
    if state in ("40001", "40P01", "55P03"):
        return being_changed()
    if state.startswith("23"):
        return Conflict("与已有记录冲突", "conflicts with an existing record")
    if state in ("22003", "22008", "22021", "22P05"):  # a number, a date or a sign that no column holds
        return Invalid(OUT_OF_RANGE, "a value is out of range")
    if isinstance(error, AWAY) or state.startswith(("08", "53", "57")) or state == READ_ONLY:
        return Unavailable(headers={"Retry-After": "2"})
    return Problem()


def install_problems(app: FastAPI) -> None:
    """Give an app the one shape of errors."""

    def answer(request: Request, problem: Problem) -> JSONResponse:
        return problem_response(problem, request.headers.get("x-request-id", ""), language_of(request.headers.get("accept-language")))

    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return answer(request, error)

    async def on_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return answer(request, validation_problem(error))

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        kinds: dict[int, type[Problem]] = {401: Unauthenticated, 404: NotFound, 413: TooLarge, 422: Invalid}
        if error.status_code == 405:
            return answer(request, MethodNotAllowed(headers=dict(error.headers or {})))
        if error.status_code == 401:
            return answer(request, Unauthenticated())
        return answer(request, kinds.get(error.status_code, Malformed)())

    async def on_database(request: Request, error: Exception) -> Response:
        problem = database_problem(error)
        if problem.status == 500:
            orig = error.orig if isinstance(error, DBAPIError) else error
            log.error(
                "database_error",
                sqlstate=getattr(orig, "sqlstate", ""),
                kind=type(orig).__name__,
                route=route_template(request.scope),
                request_id=request.headers.get("x-request-id", ""),
            )
        return answer(request, problem)

    async def on_anything(request: Request, error: Exception) -> Response:
        log.error(
            "unexpected_error",
            kind=type(error).__name__,
            route=route_template(request.scope),
            request_id=request.headers.get("x-request-id", ""),
            exc_info=error,
        )
        return answer(request, Problem())

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    for kind in (SQLAlchemyError, psycopg.Error, TimeoutError):
        app.add_exception_handler(kind, on_database)
    app.add_exception_handler(OverflowError, lambda request, _: answer(request, Invalid(OUT_OF_RANGE, "a value is out of range")))
    app.add_exception_handler(Exception, on_anything)
