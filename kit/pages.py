"""Keyset pages: nothing is skipped or shown twice while rows move. Cursors are opaque, signed, and bound to the caller and the filter."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Generic, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict

from kit.problems import Problem
from kit.sealed import Sealer

T = TypeVar("T")
LIMIT = 50
MAX_LIMIT = 200


_BOUND = json.JSONEncoder(ensure_ascii=False, sort_keys=True, default=str).encode


class BadCursor(Problem):
    """The cursor was not made for this caller and this filter."""

    status = 422
    slug = "bad-cursor"
    title_zh = "翻页标记无效,请从第一页重新查询"
    title_en = "This cursor is not valid here; start again from the first page"


class Page(BaseModel, Generic[T]):
    """One page of a list; `next` is null on the last."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    items: list[T]
    next: str | None = None


def next_link(request: Request, following: str | None) -> dict[str, str]:
    """The Link header of a page that is not the last (RFC 8288): the same question, its filters with it, from the next cursor on.

    A search by POST has none, since a link is followed with GET.
    """
    if following is None or request.method != "GET":
        return {}
    url = request.url.include_query_params(cursor=following)
    return {"Link": f'<{url.path}?{url.query}>; rel="next"'}


def json_page(request: Request, items: bytes, following: str | None) -> Response:
    """A page whose items are JSON already, as Postgres made them; the same bytes that `Page` would give."""
    after = b"null" if following is None else b'"%b"' % following.encode()
    return Response(b'{"items":%b,"next":%b}' % (items, after), media_type="application/json", headers=next_link(request, following))


class Cursors:
    """Makes and reads cursors of one service."""

    def __init__(self, sealer: Sealer) -> None:
        self._key = sealer.key("cursor")

    def make(self, position: Sequence[str], caller: str, filters: dict[str, Any]) -> str:
        """A cursor behind `position`, the sort values of the last row shown."""
        body = json.dumps(list(position), ensure_ascii=False, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._sign(body, caller, filters) + body).rstrip(b"=").decode()

    def read(self, cursor: str | None, caller: str, filters: dict[str, Any], width: int) -> list[str] | None:
        """The position, or None for the first page. Raises BadCursor."""
        position = self.read_any(cursor, caller, filters)
        if position is not None and len(position) != width:
            raise BadCursor
        return position

    def read_any(self, cursor: str | None, caller: str, filters: dict[str, Any]) -> list[str] | None:
        """`read` for a list whose positions have had more than one width. Raises BadCursor."""
        if cursor is None:
            return None
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            mac, body = raw[:16], raw[16:]
            if not hmac.compare_digest(mac, self._sign(body, caller, filters)):
                raise BadCursor
            position = json.loads(body)
        except ValueError as error:
            raise BadCursor from error
        if not isinstance(position, list) or not all(isinstance(item, str) for item in position):
            raise BadCursor
        return position

    def _sign(self, body: bytes, caller: str, filters: dict[str, Any]) -> bytes:
        bound = _BOUND([caller, filters]).encode()
        return hmac.digest(self._key, len(body).to_bytes(4, "big") + body + bound, sha256)[:16]
