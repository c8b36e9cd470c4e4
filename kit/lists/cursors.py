"""Keyset cursors, opaque and signed: nothing is skipped or shown twice while rows move. Those of lists are bound to caller, scope, list, order and filters."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from kit.lists.listing import Asked, Listing
from kit.problems import Problem
from kit.sealed import Sealer
from kit.work import Work

PAGING = frozenset({"cursor", "limit", "sort", "count", "format"})
"""Parameters that change between the pages of one question, or are bound by themselves; the path and all others are the question."""

READ: Mapping[str, Callable[[str], Any]] = {
    "uuid": UUID,
    "date": date.fromisoformat,
    "timestamptz": datetime.fromisoformat,
    "text": str,
    "bigint": int,
    "int": int,
}


_BOUND = json.JSONEncoder(ensure_ascii=False, sort_keys=True, default=str).encode


class BadCursor(Problem):
    """The cursor was not made for this caller and this filter."""

    status = 422
    slug = "bad-cursor"
    title_zh = "翻页标记无效,请从第一页重新查询"
    title_en = "This cursor is not valid here; start again from the first page"


class Cursors:
    """Makes and reads cursors of one service."""

    def __init__(self, sealer: Sealer) -> None:
        self._key = sealer.key("cursor")

    def make(self, position: Sequence[str], caller: str, filters: dict[str, Any]) -> str:
        """A cursor behind `position`, the sort values of the last row shown."""
        body = json.dumps(list(position), ensure_ascii=False, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._sign(body, caller, filters) + body).rstrip(b"=").decode()

    def read(self, cursor: str | None, caller: str, filters: dict[str, Any], *widths: int) -> list[str] | None:
        """The position, of one of these widths, or None for the first page. Raises BadCursor."""
        if cursor is None:
            return None
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            mac, body = raw[:16], raw[16:]
            if not hmac.compare_digest(mac, self._sign(body, caller, filters)):
                raise BadCursor
            position: list[str] = json.loads(body)
        except ValueError as error:
            raise BadCursor from error
        if len(position) not in widths:
            raise BadCursor
        return position

    def _sign(self, body: bytes, caller: str, filters: dict[str, Any]) -> bytes:
        bound = _BOUND([caller, filters]).encode()
        return hmac.digest(self._key, len(body).to_bytes(4, "big") + body + bound, sha256)[:16]


def _bound(work: Work, listing: Listing, asked: Asked, filters: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in filters.items() if value is not None}
    place = [listing.name, asked.path, *sorted(pair for pair in parse_qsl(asked.query, keep_blank_values=True) if pair[0] not in PAGING)]
    return {"list": place, "sort": asked.sort, "scope": [list(work.scope.prefixes), work.scope.person], "filters": given}


def position(work: Work, listing: Listing, asked: Asked, filters: Mapping[str, Any], casts: Sequence[str]) -> list[Any] | None:
    bound = _bound(work, listing, asked, filters)
    found = Cursors(work.sealer).read(asked.cursor, work.principal.subject, bound, len(casts))
    if found is None:
        return None
    try:
        return [READ[cast](value) for cast, value in zip(casts, found, strict=True)]
    except ValueError as error:
        raise BadCursor from error


def following(work: Work, listing: Listing, asked: Asked, filters: Mapping[str, Any], last: Sequence[Any]) -> str:
    shown = [value.isoformat() if isinstance(value, date) else str(value) for value in last]
    return Cursors(work.sealer).make(shown, work.principal.subject, _bound(work, listing, asked, filters))
