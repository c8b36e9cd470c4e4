"""Pages of other origins that may call the API (CORS, Fetch standard 3.2): none by default, else those that the county lists.

A bearer token is sent by the page itself, so no credentials are allowed along: the refresh cookie stays with the product's own pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from starlette.types import Scope

from gateway.edge.http import Headers

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(:\d{1,5})?|https?://\[[0-9A-Fa-f:]{2,45}\](:\d{1,5})?")
_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"
_HEADERS = b"Accept-Language, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Purpose"
_SHOWN = b"Content-Disposition, ETag, Idempotent-Replayed, Link, Location, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"


class CrossOrigin:
    """The listed origins. Raises ValueError for what is not an origin; `*` is refused, because it would allow every page."""

    def __init__(self, origins: Iterable[str] = ()) -> None:
        listed = [text.strip() for text in origins if text.strip()]
        wrong = [text for text in listed if not _ORIGIN.fullmatch(text)]
        if wrong:
            raise ValueError(f"not an origin: {', '.join(wrong)}")
        self._origins = frozenset(text.encode() for text in listed)

    def __bool__(self) -> bool:
        return bool(self._origins)

    def tail(self, origin: bytes | None) -> Headers:
        """The headers of every answer for the asking page: that it may read, or only that the answer depends on the origin."""
        if origin not in self._origins:
            return [(b"vary", b"origin")]
        assert origin is not None
        return [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", _SHOWN), (b"vary", b"origin")]

    def preflight(self, scope: Scope, origin: bytes | None) -> Headers | None:
        """The answer to a preflight request; None when the request is not one, or not from a listed page."""
        if scope["method"] != "OPTIONS" or origin not in self._origins:
            return None
        if not any(name == b"access-control-request-method" for name, _ in scope["headers"]):
            return None
        return [
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-allow-headers", _HEADERS),
            (b"access-control-max-age", b"600"),
            (b"content-length", b"0"),
        ]
