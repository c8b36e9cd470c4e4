"""One kept-alive connection to an upstream: writes a request, reads its answer, at most one exchange at a time (RFC 9112).

The answer is handed over whole when its length is known and small, else piece by piece with back pressure. Nothing here knows of pools or ASGI.
"""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Callable
from typing import cast

import httptools

WHOLE = 64 * 1024
"""Answers up to this many bytes are passed on in one piece."""
HIGH_WATER = 256 * 1024


class Broken(Exception):
    """The connection ended before its answer did."""


class Link(asyncio.Protocol):
    """One connection. `begin`, await `ready`, then `take` pieces until `complete`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, on_lost: Callable[[Link], None]) -> None:
        self._loop = loop
        self._on_lost = on_lost
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self.transport: asyncio.Transport = cast("asyncio.Transport", None)
        self.closed = False
        self.idle_since = 0.0
        self.exchanges = 0
        self._busy = False
        self._drained: Future[None] | None = None
        self._waiter: Future[None] | None = None
        self._reset(head_only=False)

    def _reset(self, *, head_only: bool) -> None:
        self.ready: Future[None] = self._loop.create_future()
        """Done when the answer can be passed on: whole, or its head when it streams."""
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.streams = False
        self.endless = False
        """Server-Sent Events: silence is not a failure."""
        self.complete = False
        self.reusable = False
        self.answering = False
        """Whether any byte of an answer has come: past that, no retry."""
        self._head_only = head_only
        self._length: int | None = None
        self._chunks: list[bytes] = []
        self._size = 0
        self._paused = False
        self._failure: Exception | None = None

    # -- the exchange

    def begin(self, data: bytes, *, head_only: bool) -> None:
        """Send a request (or its beginning). `head_only`: a HEAD request, whose answer has no body whatever it says."""
        self._busy = True
        self.exchanges += 1
        self._reset(head_only=head_only)
        if self.closed:
            self.fail(Broken())
        else:
            self.transport.write(data)

    async def write(self, data: bytes) -> None:
        """Send more of the request, no faster than the upstream reads."""
        if self._drained is not None:
            await self._drained
        if not self.closed:
            self.transport.write(data)

    async def take(self) -> bytes:
        """What has come since the last call; waits for at least something, or for the end (empty). Raises what the exchange failed with."""
        while not self._chunks and not self.complete:
            if self._failure is not None:
                raise self._failure
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        chunks, self._chunks, self._size = self._chunks, [], 0
        if self._paused and not self.closed:
            self._paused = False
            self.transport.resume_reading()
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def end(self, now: float) -> bool:
        """Finish the exchange; whether the connection can serve another."""
        self._busy = False
        self.idle_since = now
        if self.reusable and self.complete and not self.closed:
            return True
        self.abort()
        return False

    def abort(self) -> None:
        """Cut the connection, so that the upstream stops its work."""
        if not self.closed and self.transport is not None:
            self.transport.abort()

    def fail(self, error: Exception) -> None:
        """End the wait of whoever waits with this error."""
        if self.complete or self._failure is not None:
            return
        self._failure = error
        if not self.ready.done():
            self.ready.set_exception(error)
            self.ready.exception()  # mark as seen: a caller that left should not cause a warning
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._parser = None  # the parser holds this object: let go of each other at once
        self.resume_writing()
        if self._busy:
            self.fail(Broken())
        self._on_lost(self)

    def data_received(self, data: bytes) -> None:
        if self._parser is None or not self._busy or self.complete:  # an answer without a request must not be used
            self.reusable = False
            self.abort()
            return
        self.answering = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.fail(Broken())
            self.abort()

    def pause_writing(self) -> None:
        if self._drained is None:
            self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        if self._drained is not None:
            if not self._drained.done():
                self._drained.set_result(None)
            self._drained = None

    # -- httptools callbacks

    def on_message_begin(self) -> None:
        if self.complete:  # a second answer in the same read, without a request
            raise Broken

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        self.status = self._parser.get_status_code()
        if self.status < 200:
            return
        length: int | None = None
        chunked = False
        for name, value in self.headers:
            if name == b"content-length":
                length = int(value)
            elif name == b"content-type":
                self.endless = value.startswith(b"text/event-stream")
            elif name == b"transfer-encoding":
                chunked = True
        bodiless = self._head_only or self.status in (204, 304)
        if (
            length is None and not chunked and not bodiless
        ):  # would end with the connection: a lost connection would look like a complete answer
            raise Broken
        self.reusable = self._parser.should_keep_alive() and not self._head_only
        if self._head_only:
            self._finish()
        elif not bodiless and (length is None or length > WHOLE):
            self.streams = True
            if not self.ready.done():
                self.ready.set_result(None)

    def on_body(self, body: bytes) -> None:
        if self.complete:
            return
        self._chunks.append(body)
        self._size += len(body)
        if self._size > HIGH_WATER and not self._paused:
            self._paused = True
            self.transport.pause_reading()
        self._wake()

    def on_message_complete(self) -> None:
        if self.status < 200:  # 100 Continue, 103 Early Hints: the answer is still to come
            self.status = 0
            self.headers = []
            return
        if not self.complete:
            self._finish()

    def _finish(self) -> None:
        self.complete = True
        if not self.ready.done():
            self.ready.set_result(None)
        self._wake()
