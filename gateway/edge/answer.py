"""The way back: security headers on every answer, the request id, and problems in one shape (SECURITY 4.2, RFC 9457)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable

from starlette.types import Message, Send

from gateway.edge.coding import VARY, Gzip, compressible
from gateway.edge.http import HOP_BY_HOP, Headers
from gateway.edge.limits import BoundedBody
from kit.problems import Problem

_ALWAYS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(self), microphone=(), payment=(), usb=()"),
]
_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
_NO_STORE = (b"cache-control", b"no-store")
HSTS = (b"strict-transport-security", b"max-age=63072000")
_NOT_OUTWARD = (
    HOP_BY_HOP
    | frozenset(name for name, _ in (*_ALWAYS, HSTS))
    | frozenset((b"server", b"date", b"x-powered-by", b"x-request-id", b"content-security-policy", b"cache-control"))
)
_PRIVATE_TAIL: Headers = [*_ALWAYS, _POLICY, _NO_STORE]
_END: Message = {"type": "http.response.body", "body": b""}
LOOK = 1.0
"""Seconds between two looks at the leash of an open stream: with the deny list's own moment, a revocation is felt well within two."""


def dress(headers: Iterable[tuple[bytes, bytes]], request_id: bytes, tail: Headers = _PRIVATE_TAIL, *, cacheable: bool = False) -> Headers:
    """An answer's headers as they may leave: none of one hop, ours in place of an app's. An app may set its own CSP (a page), a public read its caching."""
    dressed: Headers = []
    own: Headers = []
    for pair in headers:
        name = pair[0]
        if name not in _NOT_OUTWARD:
            dressed.append(pair)
        elif name == b"content-security-policy" or (cacheable and name == b"cache-control"):
            own.append(pair)
    dressed.append((b"x-request-id", request_id))
    if not own:
        dressed += tail
    else:
        names = {name for name, _ in own}
        dressed += own
        dressed += [pair for pair in tail if pair[0] not in names]
    return dressed


def _endless(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name == b"content-type" and value.startswith(b"text/event-stream") for name, value in headers)


class Answer:
    """`send` for one request: it notes what went out and dresses the head."""

    __slots__ = ("_coder", "_ended", "_request_id", "_send", "_tail", "account", "body", "cacheable", "gzip", "leash", "started", "status")

    def __init__(self, send: Send, request_id: str, *, https: bool) -> None:
        self._send = send
        self._request_id = request_id.encode("ascii")
        self._tail = [*_PRIVATE_TAIL, HSTS] if https else _PRIVATE_TAIL
        self.status = 0
        self.started = False
        self.account = ""
        """Who asks, once that is known: an account or a client, never a person under care."""
        self.gzip = False
        """Whether the client takes a compressed answer, and the route may give one."""
        self._coder: Gzip | None = None
        self.cacheable = False
        """A public read: the app may say how long it keeps."""
        self.leash: Callable[[], bool] | None = None
        """Whether the listener of an endless answer (Server-Sent Events) may still hear it: asked before each piece, and by `watch` in between."""
        self._ended = False
        self.body: BoundedBody | None = None
        """Set when a body is counted: once it is too large, what the app says of it no longer matters."""

    @property
    def too_large(self) -> bool:
        """Whether the client sent more than its route takes."""
        return self.body is not None and self.body.exceeded

    async def send(self, message: Message) -> None:
        """Pass a message on."""
        if message["type"] == "http.response.start":
            if self.too_large:
                return
            self.started = True
            self.status = message["status"]
            if self.leash is not None and not _endless(message.get("headers", ())):
                self.leash = None  # a refusal: whole in itself, with a length that must be kept
            headers = dress(message.get("headers", ()), self._request_id, self._tail, cacheable=self.cacheable)
            if self.gzip and self.leash is None and self.status not in (204, 304) and compressible(headers):
                self._coder = Gzip()
                headers = [pair for pair in headers if pair[0] != b"content-length"]
                headers += [(b"content-encoding", b"gzip"), VARY]
            elif self.cacheable and self.leash is None and compressible(headers):
                headers = [*headers, VARY]  # a cache that keeps these bytes must know that others get them compressed (RFC 9110 12.5.5)
            await self._send({"type": "http.response.start", "status": self.status, "headers": headers})
        elif self.started and not self._ended:
            if self._coder is not None:
                more = message.get("more_body", False)
                message = {**message, "body": self._coder.piece(message.get("body", b""), last=not more)}
            if self.leash is not None:
                if not self.leash():
                    message = _END
                self._ended = not message.get("more_body", False)
            await self._send(message)

    def add(self, headers: Headers) -> None:
        """Add a header to the answer."""
        self._tail = [*self._tail, *headers]

    async def bare(self, status: int, headers: Headers) -> None:
        """Answer without content."""
        self.started, self.status = True, status
        await self._send({"type": "http.response.start", "status": status, "headers": dress(headers, self._request_id, self._tail)})
        await self._send(_END)

    async def watch(self) -> None:
        """End the answer when its leash breaks, though the app says nothing: otherwise a silent answer would stay open for long. Until cancelled."""
        while not self._ended:
            await asyncio.sleep(LOOK)
            if self.started and not self._ended and self.leash is not None and not self.leash():
                self._ended = True
                await self._send(_END)  # the server now tells the app, in this process or behind its port, that its listener is gone

    async def problem(self, problem: Problem, language: str) -> None:
        """Answer with a problem; only when nothing has been answered yet."""
        await self.json(problem.status, problem.body(language, self._request_id.decode()), problem.headers, b"application/problem+json")

    async def json(
        self, status: int, content: object, headers: dict[str, str] | None = None, media_type: bytes = b"application/json"
    ) -> None:
        """Answer with JSON of the edge's own."""
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        fields: Headers = [(b"content-type", media_type), (b"content-length", b"%d" % len(body))]
        closing = False
        for name, value in (headers or {}).items():
            if name == "Connection":
                closing = True
            else:
                fields.append((name.lower().encode(), value.encode()))
        self.started, self.status = True, status
        dressed = dress(fields, self._request_id, self._tail)
        if closing:
            dressed.append((b"connection", b"close"))
        await self._send({"type": "http.response.start", "status": status, "headers": dressed})
        await self._send({"type": "http.response.body", "body": body})
