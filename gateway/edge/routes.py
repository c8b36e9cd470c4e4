"""The route table: every route that may be called from outside, as data (DESIGN law 3). Other routes do not exist.

A path is matched as the bytes that the client sent. Nothing of ours needs a percent sign in a path, so none is let through: a service that decodes
`/people/%73earch` to `/people/search` would otherwise serve one row under the roles of another.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from gateway.edge.errors import Unclean
from kit.problems import MethodNotAllowed, NotFound
from kit.roles import Role

PUBLIC = "public"
LOCAL = "gateway"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
COLUMNS = ["method", "path", "service", "roles", "body_limit", "rate", "purpose"]
SHIPPED = Path(__file__).with_name("routes.csv")

MAX_PATH = 1024
_PATH = re.compile(rb"/|(?:/(?!\.\.?(?:/|\Z))[A-Za-z0-9._~:@-]+)+")
_TEMPLATE = re.compile(r"/|(?:/(?:[A-Za-z0-9._~:@-]+|\{[a-z_]+\}))+")
_WORD = re.compile(r"[a-z][a-z_]*")
_OWN = ("/livez", "/readyz", "/internal")


class BadTable(ValueError):
    """The route table cannot be trusted: refuse to start."""


@dataclass(frozen=True, slots=True)
class Route:
    """One row: who may call which route of which service."""

    method: str
    path: str
    """Template; `{name}` stands for one segment."""
    service: str
    """`gateway` is served by the gateway's own app."""
    roles: frozenset[str]
    """`public` alone: nobody is asked for a token, and none is passed on."""
    body_limit: int
    """Largest request body, bytes."""
    rate: str
    """Rate class, see limits.QUOTAS."""
    purpose: bool = False
    """A read of a person: needs a Purpose header (API.md 1)."""
    public: bool = field(init=False)

    def __post_init__(self) -> None:
        _check(self)
        object.__setattr__(self, "public", PUBLIC in self.roles)


def _check(route: Route) -> None:
    known = {role.value for role in Role} - {Role.SERVICE.value}
    reasons = {
        "unknown method": route.method not in METHODS,
        "bad path template": not _TEMPLATE.fullmatch(route.path),
        "path is never routed": route.path.startswith(_OWN),
        "bad service name": not _WORD.fullmatch(route.service),
        "no role": not route.roles,
        "unknown role, or one that never comes from outside": not (route.roles == {PUBLIC} or route.roles <= known),
        "bad body limit": route.body_limit < 0,
        "bad rate class": not _WORD.fullmatch(route.rate),
    }
    wrong = [reason for reason, holds in reasons.items() if holds]
    if wrong:
        raise BadTable(f"{route.method} {route.path}: {', '.join(wrong)}")


class _Node:
    __slots__ = ("any", "methods", "next")

    def __init__(self) -> None:
        self.next: dict[bytes, _Node] = {}
        self.any: _Node | None = None
        self.methods: dict[str, Route] = {}


class RouteTable:
    """The rows as a trie of path segments. A literal segment goes before `{name}`; a dead end steps back."""

    def __init__(self, routes: Iterable[Route]) -> None:
        """Raises BadTable when empty or when two rows answer to the same requests."""
        self.routes = tuple(routes)
        self._root = _Node()
        if not self.routes:
            raise BadTable("no routes")
        for route in self.routes:
            node = self._root
            for segment in route.path[1:].encode().split(b"/"):
                if segment.startswith(b"{"):
                    node.any = node.any or _Node()
                    node = node.any
                else:
                    node = node.next.setdefault(segment, _Node())
            if route.method in node.methods:
                raise BadTable(f"{route.method} {route.path}: stands twice")
            node.methods[route.method] = route

    @property
    def services(self) -> frozenset[str]:
        """Whom the table routes to."""
        return frozenset(route.service for route in self.routes)

    @property
    def rates(self) -> frozenset[str]:
        """Which rate classes the table uses."""
        return frozenset(route.rate for route in self.routes)

    def match(self, method: str, path: bytes) -> Route:
        """The row for a request. Raises Unclean (400) for a path with tricks, NotFound, MethodNotAllowed with Allow."""
        if len(path) > MAX_PATH or not _PATH.fullmatch(path):
            if b"//" not in path and path.endswith(b"/") and len(path) <= MAX_PATH and _PATH.fullmatch(path[:-1]):
                raise NotFound
            raise Unclean
        node = _walk(self._root, path[1:].split(b"/"), 0)
        if node is None:
            raise NotFound
        route = node.methods.get(method)
        if route is None:
            raise MethodNotAllowed(headers={"Allow": ", ".join(sorted(node.methods))})
        return route


def _walk(node: _Node, segments: list[bytes], at: int) -> _Node | None:
    while at < len(segments):
        following = node.next.get(segments[at])
        at += 1
        if following is not None and node.any is not None:  # both could lead on: try the literal one first
            found = _walk(following, segments, at)
            if found is not None:
                return found
            following = node.any
        elif following is None:
            following = node.any
        if following is None:
            return None
        node = following
    return node if node.methods else None


def parse_table(text: str) -> RouteTable:
    """The table from CSV. Raises BadTable with the line number: an unknown word is never read as a permission."""
    rows = csv.reader(io.StringIO(text), strict=True)
    if next(rows, None) != COLUMNS:
        raise BadTable(f"the columns must be {','.join(COLUMNS)}")
    routes: list[Route] = []
    for row in rows:
        try:
            method, path, service, roles, body_limit, rate, purpose = row
            if purpose not in ("yes", "no") or not re.fullmatch(r"\d{1,10}", body_limit):
                raise BadTable("purpose is yes or no, body_limit a number of bytes")
            routes.append(Route(method, path, service, frozenset(roles.split("|")), int(body_limit), rate, purpose == "yes"))
        except ValueError as error:
            raise BadTable(f"line {rows.line_num}: {error}") from error
    return RouteTable(routes)


def render_table(routes: Iterable[Route]) -> str:
    """The CSV of these rows, sorted, so that a changed permission shows as one changed line."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for route in sorted(routes, key=lambda route: (route.path, route.method)):
        purpose = "yes" if route.purpose else "no"
        writer.writerow([route.method, route.path, route.service, "|".join(sorted(route.roles)), route.body_limit, route.rate, purpose])
    return out.getvalue()


def shipped_table() -> RouteTable:
    """The table beside this file. Raises BadTable."""
    return parse_table(SHIPPED.read_text(encoding="utf-8"))
