"""Smaller answers for clients that ask for it: gzip over JSON, NDJSON and problems (RFC 9110 8.4, 12.5.3).

Not compressed: streams of events (each must leave at once), answers of the sign-in (a secret beside what the caller chose would show in the length), answers
with a strong ETag (the tag names these very bytes, and If-Match compares it strongly), and what is too small to gain.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from functools import lru_cache

LEAST = 1400
"""Bytes below which an answer fits one packet anyway."""
LEVEL = 4
_TYPES = (b"application/json", b"application/problem+json", b"application/x-ndjson", b"text/html", b"text/css", b"text/javascript")
VARY = (b"vary", b"accept-encoding")


@lru_cache(maxsize=256)
def takes_gzip(value: bytes) -> bool:
    """Whether Accept-Encoding allows gzip (RFC 9110 12.5.3): named, or by `*`, with a weight above 0. Browsers say the same each time, so it is
    remembered."""
    weights: dict[bytes, float] = {}
    for part in value.lower().split(b","):
        name, _, rest = part.partition(b";")
        key, _, weight = rest.strip().partition(b"=")
        try:
            weights[name.strip()] = float(weight) if key.strip() == b"q" else 1.0
        except ValueError:
            return False
    return weights.get(b"gzip", weights.get(b"*", 0.0)) > 0


def compressible(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether an answer with these headers may be sent in another coding at all."""
    fits = False
    for name, value in headers:
        if name == b"content-type":
            fits = value.startswith(_TYPES)
        elif (
            name in (b"content-encoding", b"content-range", b"set-cookie")
            or (name == b"etag" and not value.startswith(b"W/"))
            or (name == b"content-length" and int(value) < LEAST)
            or (name == b"cache-control" and b"no-transform" in value)
        ):
            return False
    return fits


class Gzip:
    """One answer's coder."""

    def __init__(self) -> None:
        self._coder = zlib.compressobj(LEVEL, zlib.DEFLATED, 31)

    def piece(self, data: bytes, *, last: bool) -> bytes:
        """The coded bytes of a piece; each piece can be read when it arrives, so that a long NDJSON list does not wait for its end."""
        coded = self._coder.compress(data)
        return coded + self._coder.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)
