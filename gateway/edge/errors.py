"""What the edge itself may answer; all else is in kit.problems.

    Problem
    ├── Malformed ── Unclean 400    not to be read on: the connection is closed
    ├── UnsupportedEncoding 415     a compressed request body
    ├── HeadTooLarge 431            headers beyond any honest client
    └── TooSlow 408                 head or body did not come in time
ClientGone is not an answer: the client has left.
"""

from __future__ import annotations

from kit.problems import Malformed, Problem

CLOSE = {"Connection": "close"}


class ClientGone(Exception):
    """The client left before its answer."""


class Unclean(Malformed):
    """Two parsers could read this request differently (RFC 9112 11.2), so nothing more is read from its connection."""

    def __init__(self) -> None:
        super().__init__(headers=dict(CLOSE))


class UnsupportedEncoding(Problem):
    """Request bodies come as they are: a compressed one could unpack to anything."""

    status = 415
    slug = "unsupported-encoding"
    title_zh = "不支持压缩的请求内容"
    title_en = "A compressed request body is not supported"

    def __init__(self) -> None:
        super().__init__(headers=dict(CLOSE))


class HeadTooLarge(Problem):
    """Request line and headers are larger than any honest client's (RFC 6585 5)."""

    status = 431
    slug = "headers-too-large"
    title_zh = "请求头过大"
    title_en = "The request's headers are too large"

    def __init__(self) -> None:
        super().__init__(headers=dict(CLOSE))


class TooSlow(Problem):
    """The request did not arrive in time (RFC 9110 15.5.9)."""

    status = 408
    slug = "request-too-slow"
    title_zh = "请求接收超时"
    title_en = "The request did not arrive in time"

    def __init__(self) -> None:
        super().__init__(headers=dict(CLOSE))
