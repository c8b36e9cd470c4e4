"""The gateway's route table, derived from what the services declare (law 3): `./dev routes --write` after adding a route, and the difference is reviewed.

Roles and purpose stand in each route's guard; the limits here follow from what the path carries. A test compares the committed table with this.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from fastapi import FastAPI
from fastapi.routing import APIRoute

from deploy.compose import HouseSettings, build
from gateway.edge.routes import COLUMNS, SHIPPED, Route, RouteTable
from kit.work import AllowPublic

JSON_LIMIT = 65_536
LIMITS: tuple[tuple[str, int], ...] = (
    (r"/ledger-imports$", 67_108_864),
    (r"/checkins/import$", 33_554_432),
    (r"/load$", 4_194_304),
    (r"/checkins$", 1_048_576),
    (r"/alerts/v1/(places|occasions|ordinary-places)$", 1_048_576),
    (r"/attachments$", 16_777_216),
    (r"/auth/v1/(login|refresh)$", 4_096),
    (r"/auth/v1/token$", 16_384),
)
"""Largest body in bytes where it differs from JSON_LIMIT."""

RATES: tuple[tuple[str, str, str], ...] = (
    ("POST", r"/auth/v1/(login|password|totp/enrolment)$", "login"),
    ("POST", r"/auth/v1/refresh$", "refresh"),
    ("POST", r"/auth/v1/token$", "token"),
    ("GET", r"/stream$", "stream"),
    ("GET", r"/(pdf|xlsx|docx|export|marked)$", "export"),
    ("POST", r"/ledger-imports$|/checkins/import$", "upload"),
    ("POST", r"/checkins$", "checkin"),
    ("POST", r"/search$", "search"),
)


@runtime_checkable
class Guard(Protocol):
    """What a guard declares; a stream has its own guard, because it is not a unit of work."""

    roles: frozenset[str]
    personal: bool


def guards_of(route: APIRoute) -> list[Guard]:
    """The guards in a route's dependencies: there must be exactly one."""
    found: list[Guard] = []

    def walk(dependant: Any) -> None:
        for child in dependant.dependencies:
            if isinstance(child.call, Guard):
                found.append(child.call)
            walk(child)

    walk(route.dependant)
    return found


def api_routes(app: FastAPI) -> Iterator[APIRoute]:
    """Every API route of an app, also inside included routers."""

    def walk(routes: Any) -> Iterator[APIRoute]:
        for route in routes:
            if isinstance(route, APIRoute):
                yield route
            elif hasattr(route, "original_router"):  # FastAPI's record of include_router; our routers carry their whole path
                yield from walk(route.original_router.routes)

    yield from walk(app.routes)


def rows() -> list[list[str]]:
    """The table as the apps declare it, sorted by path and method."""
    found: list[list[str]] = []
    with tempfile.TemporaryDirectory() as folder:
        bare = RouteTable([Route("GET", "/docs", "gateway", frozenset({"public"}), 0, "public")])
        house = build(HouseSettings(Path(folder), "host=127.0.0.1 port=1 dbname=none", background=False), table=bare)
        for service, app in house.apps.items():
            for route in api_routes(app):
                if route.path.startswith("/internal") or route.path in ("/livez", "/readyz", "/metrics"):
                    continue
                found += [_row(service, method, route) for method in sorted(route.methods or ())]
    return sorted(found, key=lambda row: (row[1], row[0]))


def _row(service: str, method: str, route: APIRoute) -> list[str]:
    guards = guards_of(route)
    if len(guards) != 1:
        raise ValueError(f"{method} {route.path} has {len(guards)} guards")
    guard, public = guards[0], isinstance(guards[0], AllowPublic)
    limit = next((size for pattern, size in LIMITS if re.search(pattern, route.path)), JSON_LIMIT)
    if method in ("GET", "HEAD", "DELETE"):
        limit = 0
    plain = "public" if public else "read" if method == "GET" else "write"
    rate = next((name for verb, pattern, name in RATES if verb == method and re.search(pattern, route.path)), plain)
    return [method, route.path, service, "|".join(sorted(guard.roles)), str(limit), rate, "yes" if guard.personal else "no"]


def as_csv(table: list[list[str]]) -> str:
    """The table as the file that the gateway ships."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(table)
    return out.getvalue()


def write() -> None:
    """Write the shipped table."""
    SHIPPED.write_text(as_csv(rows()), encoding="utf-8")
