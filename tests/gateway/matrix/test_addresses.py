"""What stands in an address: ids, days, limits, cursors, unknown parameters. And what is announced to be too large."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.edge.routes import Route
from tests.gateway.matrix.bodies import resolved
from tests.gateway.matrix.front import Front, asks_for_staff, needed_headers, pointers

pytestmark = pytest.mark.anyio

STREAM = "stream"
BAD: dict[str, tuple[str, ...]] = {
    "date": ("2021-02-30", "20210701", "yesterday", "2021-07-01T08:00:00Z", "0000-01-01", "10000-01-01"),
    "date-time": ("2021-07-01T08:00:00", "2021-02-30T08:00:00Z", "yesterday", "20210701", "1625097600"),
    "day or instant": ("2021-02-30", "20210701", "yesterday", "2021-07-01T08:00:00", "0000-01-01"),
    "uuid": ("no-id", "018f0000-0000-7000-8000-00000000000", "%00"),
    "integer": ("x", "1.5", "1e3", "9" * 30, "NaN"),
    "boolean": ("perhaps", "2"),
    "enum": ("no_such_word", "%00"),
}
"""Never accepted, whatever the parameter means."""
ODD: dict[str, tuple[str, ...]] = {
    "date": ("0001-01-01", "9999-12-31"),
    "date-time": ("0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"),
    "day or instant": ("0001-01-01", "9999-12-31", "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"),
    "integer": ("0", "-1", "2147483648", "9223372036854775807", "9223372036854775808"),
    "string": ("%00", "%ff", "%ED%A0%80", "%F0%9F%98%80", "a%0Ab", "%25", "_", "%5C", "x" * 3000, "%E6%B8%B8%E6%A0%87", ""),
}
"""Accepted or refused, as the parameter means, and never a crash."""


def parameters(front: Front, row: Route) -> Iterator[tuple[str, str, str]]:
    """(name, kind, query of the parameters that are needed besides) of each query parameter."""
    listed: list[dict[str, Any]] = [p for p in front.operation(row).get("parameters", []) if p["in"] == "query"]
    for parameter in listed:
        schema = resolved(parameter["schema"], front.document)
        branches = [branch for branch in parameter["schema"].get("anyOf", []) if branch.get("type") != "null"]
        kind = (
            "day or instant" if len(branches) > 1 else "enum" if "enum" in schema else schema.get("format") or schema.get("type", "string")
        )
        needed = front.path(row).partition("?")[2].split("&")
        others = "&".join(pair for pair in needed if pair and pair.partition("=")[0] != parameter["name"])
        yield parameter["name"], kind, others


async def ask(front: Front, row: Route, query: str) -> Any:
    """A careful request of this row with a query."""
    body, kind = front.a_body(row)
    token = None if row.public else front.somebody(row)
    path = front.path(row).partition("?")[0]
    return await front.ask(row.method, f"{path}?{query}", token, body, {**needed_headers(row), **kind})


async def test_an_unknown_query_parameter_is_named(front: Front) -> None:
    """422 with its pointer on every row, the public ones too: a filter that is misspelt must not show everything."""
    wrong: list[str] = []
    for row in front.table.routes:
        name = "divison_code"
        needed = front.path(row).partition("?")[2]
        reply = await ask(front, row, f"{needed}&{name}=1".lstrip("&"))
        front.checks["unknown parameters"] += 1
        if reply.status != 422 or pointers(reply) != {f"/query/{name}"}:
            wrong.append(f"{row.method} {row.path}: {reply.status} {reply.body[:200]!r}")
    assert not wrong, "\n".join(wrong)


async def test_a_query_parameter_that_is_given_twice_is_named(front: Front) -> None:
    """422 with its pointer on every row: of two values, any choice would ignore the other."""
    wrong: list[str] = []
    for row in front.table.routes:
        for name, kind, needed in parameters(front, row):
            for pair in (("1", "2"), ("7", "7")):
                twice = "&".join(f"{name}={value}" for value in pair)
                reply = await ask(front, row, f"{needed}&{twice}".lstrip("&"))
                front.checks["repeated parameters"] += 1
                if reply.status != 422 or pointers(reply) != {f"/query/{name}"}:
                    wrong.append(f"{row.method} {row.path}?{twice} ({kind}): {reply.status} {reply.body[:200]!r}")
    assert not wrong, "\n".join(wrong)


async def test_an_impossible_query_value_is_named(front: Front) -> None:
    """422 with the pointer of the parameter."""
    wrong: list[str] = []
    for row in front.table.routes:
        for name, kind, needed in parameters(front, row):
            for value in BAD.get(kind, ()):
                reply = await ask(front, row, f"{needed}&{name}={value}".lstrip("&"))
                front.checks["impossible query values"] += 1
                if reply.status != 422 or f"/query/{name}" not in pointers(reply):
                    wrong.append(f"{row.method} {row.path}?{name}={value[:40]}: {reply.status} {reply.body[:200]!r}")
    assert not wrong, "\n".join(wrong)


async def test_an_odd_query_value_breaks_nothing(front: Front) -> None:
    """The ends of the calendar, numbers at the edge of a type, NUL, half a character, a cursor that is none."""
    crashed: list[str] = []
    for row in front.table.routes:
        for name, kind, needed in parameters(front, row):
            for value in ODD.get(kind, ()):
                reply = await ask(front, row, f"{needed}&{name}={value}".lstrip("&"))
                front.checks["odd query values"] += 1
                if reply.status >= 500:
                    crashed.append(f"{row.method} {row.path}?{name}={value[:40]}: {reply.status}")
                if name == "cursor" and value and reply.status not in (404, 422):
                    crashed.append(f"{row.method} {row.path}?cursor={value[:40]}: {reply.status}")
                if name == "limit" and reply.status not in (404, 422):
                    crashed.append(f"{row.method} {row.path}?limit={value}: {reply.status}")
    assert not crashed, "\n".join(crashed)


async def test_an_impossible_id_in_a_path_is_refused(front: Front) -> None:
    """A 4xx problem, for letters in place of an id, and for numbers that no type holds."""
    wrong: list[str] = []
    for row in front.rows():
        names = [p["name"] for p in front.operation(row).get("parameters", []) if p["in"] == "path"]
        for name in names:
            for value in ("no-id", "9" * 30, "-1", "00000000-0000-0000-0000-000000000000", "x" * 300, "~"):
                body, kind = front.a_body(row)
                path = front.path(row, **{name: value})
                reply = await front.ask(row.method, path, front.somebody(row), body, {**needed_headers(row), **kind})
                front.checks["impossible ids"] += 1
                if not 400 <= reply.status < 500 or reply.status in (401, 403):
                    wrong.append(f"{row.method} {path[:120]}: {reply.status}")
    assert not wrong, "\n".join(wrong)


async def test_what_does_not_exist_is_not_found(front: Front) -> None:
    """404 on every row about one object, with a body that would do and the version that it asks for."""
    wrong: list[str] = []
    for row in front.rows():
        if "_id}" not in row.path:
            continue
        body, kind = front.a_body(row)
        reply = await front.ask(row.method, front.path(row), front.somebody(row), body, {**needed_headers(row), **kind})
        front.checks["things that do not exist"] += 1
        if reply.status != 404 and not asks_for_staff(reply):
            wrong.append(f"{row.method} {row.path}: {reply.status} {reply.body[:300].decode()}")
    assert not wrong, "\n".join(wrong)


async def test_a_body_beyond_the_limit_is_refused_before_it_is_read(front: Front) -> None:
    """413 by its announced length, also where no body is expected at all."""
    wrong: list[str] = []
    for row in front.table.routes:
        token = None if row.public else front.somebody(row)
        headers = {**needed_headers(row), "content-type": "application/json", "content-length": str(row.body_limit + 1)}
        reply = await front.ask(row.method, front.path(row), token, headers=headers)
        front.checks["bodies announced too large"] += 1
        if reply.status != 413:
            wrong.append(f"{row.method} {row.path}: {reply.status}")
    assert not wrong, "\n".join(wrong)


async def test_a_body_at_the_limit_is_read(front: Front) -> None:
    """The limit itself is not beyond it: a body of exactly this size is refused for what it says, not for its size."""
    wrong: list[str] = []
    for row in front.rows("POST", "PATCH", "PUT"):
        if row.body_limit <= 65_536:
            body = b'{"a":"' + b"x" * (row.body_limit - 8) + b'"}'
            reply = await front.ask(
                row.method, front.path(row), front.somebody(row), body, {**needed_headers(row), "content-type": "application/json"}
            )
            front.checks["bodies at the limit"] += 1
            if reply.status == 413:
                wrong.append(f"{row.method} {row.path}")
    assert not wrong, "\n".join(wrong)
