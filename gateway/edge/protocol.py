"""uvicorn's HTTP protocol, made stricter where ASGI can no longer see: framing, targets, slow or endless requests (SECURITY 4.7, 6; RFC 9112).

httptools refuses most malformed bytes. What it lets through was found with raw sockets and is closed here: both Content-Length and Transfer-Encoding, a
chunked HTTP/1.0 request, absolute-form and `*` targets, odd methods, heads without an end, heads and bodies that never come. Each is answered once and the
connection closed, so that no second reading of the same bytes is possible. `SERVER` are the uvicorn options without which these promises do not hold.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import httptools
import uuid_utils
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gateway.edge.answer import dress
from gateway.edge.errors import CLOSE, HeadTooLarge, TooSlow, Unclean
from gateway.edge.http import MAX_HEAD, MAX_HEADERS
from kit.problems import MethodNotAllowed, Problem, language_of

LEAST_SPEED = 16 * 1024
READ = 256 * 1024
"""Bytes of one read: they may belong to a body before the head that is counted."""
_METHODS = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"))
_REQUEST_LINE = re.compile(rb"([A-Z][A-Z-]{1,19}) /[!-~]* HTTP/1\.[01]\r\n")
_IDLE, _HEAD, _BODY = range(3)


def _method_refused() -> Problem:
    return MethodNotAllowed(headers={"Allow": ", ".join(sorted(method.decode() for method in _METHODS)), **CLOSE})


class EdgeProtocol(HttpToolsProtocol):
    """Pass to uvicorn as `http=EdgeProtocol`.

    Requests are not pipelined: bytes that follow a request before its answer are not read, and the connection ends with that answer (RFC 9112 9.3.2 has
    the client ask again). So whatever was smuggled in behind a request is never a request.
    """

    head_time = 10.0
    """Seconds for a whole head, from its first byte or from the connection's start."""
    body_time = 30.0
    """Seconds for a body, and one more for each LEAST_SPEED bytes that did come."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._state = _IDLE
        self._head_size = 0
        self._body_size = 0
        self._patience: asyncio.TimerHandle | None = None
        self._refusal: Problem | None = None
        self._deaf = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._patience = self.loop.call_later(self.head_time, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._at_ease()
        self._deaf = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Like uvicorn's own, but a refusal is ours and is not logged: a flood of bad requests must not become a flood of log lines."""
        if self._deaf:
            return
        self._unset_keepalive_if_required()
        assert self.parser is not None
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._deaf = True
        except httptools.HttpParserError:
            self._refuse(self._refusal or self._unparsed(data))
        if self._deaf or (self._patience is not None and self._state != _HEAD):
            return
        if self._state == _BODY:
            self._patience = self.loop.call_later(self.body_time, self._body_slow, self.body_time)
        elif self._state == _HEAD or not self._serving():
            self._head_size += len(data)
            if self._head_size > MAX_HEAD + READ:
                self._refuse(HeadTooLarge())
            elif self._patience is None:
                self._patience = self.loop.call_later(self.head_time, self._too_slow)

    def on_message_begin(self) -> None:
        if self._serving():
            raise ValueError("pipelined")
        self._state = _HEAD
        self._head_size = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        assert self.parser is not None
        self._refusal = self._fault(self.parser.get_http_version(), self.parser.get_method())
        if self._refusal is not None:
            raise ValueError("refused")  # the parser stops here and reports an error
        self._at_ease()
        upgrade = self.parser.should_upgrade()
        super().on_headers_complete()
        self._state = _BODY
        self._body_size = 0
        if upgrade:
            self.cycle.keep_alive = False  # served as plain HTTP/1.1; what follows could be another protocol

    def on_body(self, body: bytes) -> None:
        self._body_size += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._at_ease()
        self._state = _IDLE
        self._head_size = 0
        super().on_message_complete()

    def _serving(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _fault(self, version: str, method: bytes) -> Problem | None:
        lengths = codings = hosts = 0
        for name, _ in self.headers:
            if name == b"content-length":
                lengths += 1
            elif name == b"transfer-encoding":
                codings += 1
            elif name == b"host":
                hosts += 1
        if len(self.headers) > MAX_HEADERS:
            return HeadTooLarge()
        framing = lengths + codings > 1 or (codings and version != "1.1")
        target = self.url[:1] != b"/" or b"#" in self.url
        if framing or target or hosts != 1 or version not in ("1.1", "1.0"):
            return Unclean()
        return None if method in _METHODS else _method_refused()

    def _unparsed(self, data: bytes) -> Problem:
        """The problem for bytes that the parser refused: when they begin a request with a method that it does not know, that is all that is wrong."""
        strange = self._state != _BODY and self._head_size == 0 and not self._serving() and _REQUEST_LINE.match(data)
        return _method_refused() if strange and strange[1] not in _METHODS else Unclean()

    def _refuse(self, problem: Problem) -> None:
        """Answer and close. A whole request before these bytes that is still being served gets its own answer, and then the connection ends."""
        self._deaf = True
        self._at_ease()
        cycle = self.cycle
        if not self._serving():
            if self._state != _BODY:  # else it was answered before its body had come, and has no second answer
                self.transport.write(self._rendered(problem))
        elif not cycle.more_body:
            cycle.keep_alive = False
            return
        else:
            if not cycle.response_started:
                self.transport.write(self._rendered(problem))
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.close()

    def _rendered(self, problem: Problem) -> bytes:
        request_id = str(uuid_utils.uuid7())
        wanted = next((value for name, value in self.headers or () if name == b"accept-language"), b"")
        body = json.dumps(
            problem.body(language_of(wanted.decode("latin-1")), request_id), ensure_ascii=False, separators=(",", ":")
        ).encode()
        fields = [(b"content-type", b"application/problem+json"), (b"content-length", b"%d" % len(body))]
        lines = [STATUS_LINE[problem.status]]
        fields += [(name.lower().encode(), value.encode()) for name, value in problem.headers.items() if name != "Connection"]
        for name, value in (*dress(fields, request_id.encode()), (b"connection", b"close")):
            lines += (name, b": ", value, b"\r\n")
        return b"".join((*lines, b"\r\n", body))

    def _at_ease(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _too_slow(self) -> None:
        self._patience = None
        if self._state == _HEAD:
            self._refuse(TooSlow())
        else:
            self.transport.close()

    def _body_slow(self, allowed: float) -> None:
        due = self.body_time + self._body_size / LEAST_SPEED
        if due > allowed:
            self._patience = self.loop.call_later(due - allowed, self._body_slow, due)
        else:
            self._patience = None
            self._refuse(TooSlow())


SERVER: dict[str, Any] = {
    "http": EdgeProtocol,
    "ws": "none",
    "proxy_headers": False,
    "server_header": False,
    "access_log": False,
    "timeout_keep_alive": 15,
    "lifespan": "on",
}
"""uvicorn options of the gateway. Without `proxy_headers=False` anyone on loopback could choose the address that limits count by."""
