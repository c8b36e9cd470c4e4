"""Request hygiene in ASGI: what may be a request at all, and which of its headers may pass inward (SECURITY 4.7, RFC 9110, RFC 9112 11.2).

uvicorn with httptools turns away most malformed bytes; `protocol` turns away what only the connection sees. This module does not rely on either: it
reads the headers once and keeps what a service may see. Identity is never taken from a header of the outside, so every header that could claim one is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from starlette.types import Scope

from gateway.edge.coding import takes_gzip
from gateway.edge.errors import HeadTooLarge, Unclean, UnsupportedEncoding
from gateway.edge.routes import METHODS

MAX_HEADERS = 100
MAX_HEAD = 32 * 1024
MAX_QUERY = 4096

Headers = list[tuple[bytes, bytes]]

HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
"""RFC 9110 7.6.1: they speak of one connection only."""

_NOT_INWARD = HOP_BY_HOP | frozenset(
    (
        *(
            b"expect",
            b"http2-settings",
            b"forwarded",
            b"via",
            b"x-real-ip",
            b"x-client-ip",
            b"x-cluster-client-ip",
            b"true-client-ip",
            b"cf-connecting-ip",
        ),
        *(b"x-request-id", b"x-correlation-id", b"x-remote-user", b"remote-user", b"x-original-url", b"x-rewrite-url"),
        *(b"x-http-method", b"x-http-method-override", b"x-method-override"),
    )
)
_NOT_INWARD_PREFIXES = (b"x-principal", b"x-forwarded", b"x-user", b"x-auth", b"x-internal", b"x-guikang")

_HOST = re.compile(rb"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
_BAD_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_NAME = re.compile(rb"[a-z0-9!#$%&'*+.^_`|~-]+")
_BAD_QUERY = re.compile(rb"[^\x21-\x7e]")

_METHOD = re.compile(r"[A-Z][A-Z-]{1,19}")

_KEEP, _DROP, _HOST_NAME, _LENGTH, _CODING, _AUTHORIZATION, _CONNECTION, _PURPOSE, _ENCODING, _ACCEPT, _ORIGIN = range(11)
_KNOWN: dict[bytes, int] = {
    **dict.fromkeys(_NOT_INWARD, _DROP),
    b"host": _HOST_NAME,
    b"content-length": _LENGTH,
    b"transfer-encoding": _CODING,
    b"authorization": _AUTHORIZATION,
    b"connection": _CONNECTION,
    b"purpose": _PURPOSE,
    b"content-encoding": _ENCODING,
    b"accept-encoding": _ACCEPT,
    b"origin": _ORIGIN,
}
_judged: dict[bytes, int] = dict(_KNOWN)


def _judge(name: bytes) -> int:
    """What to do with a header seen for the first time; remembered, because names repeat with every request."""
    if not _NAME.fullmatch(name):
        raise Unclean
    plain = name.replace(b"_", b"-")  # some readers take `x_principal` for `x-principal`
    kind = _DROP if plain.startswith(_NOT_INWARD_PREFIXES) or (plain != name and plain in _KNOWN) else _KEEP
    if len(_judged) < 1000:
        _judged[name] = kind
    return kind


_DECIDING = frozenset((b"host", b"authorization", b"content-length", b"purpose", b"if-match", b"idempotency-key"))
"""Headers that somebody further in decides by."""


class Head:
    """A request that may be read on."""

    __slots__ = ("authorization", "chunked", "gzip", "headers", "length", "origin", "path", "purpose", "query")

    def __init__(self, path: bytes, query: bytes) -> None:
        self.path = path
        self.query = query
        self.headers: Headers = []
        """What may pass inward: without identity, without hop-by-hop headers."""
        self.authorization: bytes | None = None
        """None when missing, empty when doubled: neither is a token."""
        self.length: int | None = None
        self.chunked = False
        self.purpose = False
        self.gzip = False
        """Whether the answer may be compressed. Services never see the question: the edge alone codes answers."""
        self.origin: bytes | None = None
        """The page that asks, as its browser says."""

    @property
    def has_body(self) -> bool:
        """Whether a body is announced."""
        return self.chunked or bool(self.length)


def read_head(scope: Scope) -> Head:
    """Judge and sort a request's headers in one pass. Raises Unclean, HeadTooLarge, UnsupportedEncoding."""
    if (scope["method"] not in METHODS and not _METHOD.fullmatch(scope["method"])) or scope["http_version"] not in ("1.1", "1.0", "2"):
        raise Unclean
    raw: Iterable[tuple[bytes, bytes]] = scope["headers"]
    query: bytes = scope["query_string"]
    path: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "replace")
    head = Head(path, query)
    if len(query) > MAX_QUERY or _BAD_QUERY.search(query):
        raise Unclean
    hosts, size, named = 0, 0, b""
    kept = head.headers
    count = 0
    for pair in raw:
        name, value = pair
        count += 1
        size += len(name) + len(value)
        if _BAD_VALUE.search(value):
            raise Unclean
        kind = _judged.get(name)
        if kind is None:
            kind = _judge(name)
        if kind == _KEEP:
            kept.append(pair)
        elif kind == _HOST_NAME:
            hosts += 1
            if not _HOST.fullmatch(value):
                raise Unclean
            kept.append(pair)
        elif kind == _AUTHORIZATION:
            head.authorization = value if head.authorization is None else b""
        elif kind == _PURPOSE:
            if head.purpose:
                raise Unclean
            head.purpose = True
            kept.append(pair)
        elif kind == _ACCEPT:
            head.gzip = takes_gzip(value)
        elif kind == _ORIGIN:
            head.origin = value
            kept.append(pair)
        elif kind == _CONNECTION:
            named += b"," + value
        elif kind != _DROP:
            _read_framing(head, kind, value)
            if kind != _ENCODING:
                kept.append(pair)  # at most one of the two: the server must know that a body comes
    if count > MAX_HEADERS or size > MAX_HEAD:
        raise HeadTooLarge
    if hosts != 1 or (head.chunked and (head.length is not None or scope["http_version"] != "1.1")):
        raise Unclean
    if named and named not in (b",keep-alive", b",close"):
        _drop_named(head, named)
    return head


def _read_framing(head: Head, kind: int, value: bytes) -> None:
    if kind == _LENGTH:
        if head.length is not None or not value.isdigit() or len(value) > 15:
            raise Unclean
        head.length = int(value)
    elif kind == _CODING:
        if head.chunked or value.strip().lower() != b"chunked":
            raise Unclean
        head.chunked = True
    elif kind == _ENCODING and value.strip().lower() != b"identity":
        raise UnsupportedEncoding


def _drop_named(head: Head, named: bytes) -> None:
    """Headers that `Connection` names end here (RFC 9110 7.6.1); naming a header that the edge decides by is an attack."""
    names = {name for name in (part.strip().lower() for part in named.split(b",")) if name}
    if not all(_NAME.fullmatch(name) for name in names) or names & _DECIDING:
        raise Unclean
    head.headers[:] = [pair for pair in head.headers if pair[0] not in names]
