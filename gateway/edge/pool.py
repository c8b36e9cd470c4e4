"""Kept-alive connections to one upstream behind a port (docs/performance.md).

A request without a body, the usual one, costs one write, one read and one timer. Bodies up to 64 KiB are collected first and sent in one piece with a length
of our own counting; larger ones stream. A retry happens once, only for an idempotent request with a collected body on a connection that had grown stale.
"""

from __future__ import annotations

import asyncio
from asyncio import TimerHandle

from starlette.types import Message, Receive, Scope, Send

from gateway.edge.errors import ClientGone
from gateway.edge.link import Broken, Link
from kit.problems import TimedOut, Unavailable

COLLECT = 64 * 1024
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
_FRAMING = (b"content-length", b"transfer-encoding")
_RETRY = {"Retry-After": "2"}


class PoolUpstream:
    """An upstream at host:port. Times in seconds."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        connect_timeout: float = 1,
        timeout: float = 10,
        upload_timeout: float = 60,
        idle: float = 4,
        watch_after: float = 0.2,
        most: int = 500,
    ) -> None:
        """`timeout`: to the answer's head, then for each silence within it; `upload_timeout`: the same for bodies that stream. `idle`: shorter than the upstream's own keep-alive (uvicorn: 5 s), so
        that a request rarely meets a connection being closed. `watch_after`: from when on a client that leaves is noticed; `most`: exchanges at once.
        """
        self._host = host
        self._port = port
        self._connect_timeout = connect_timeout
        self._timeout = timeout
        self._upload_timeout = upload_timeout
        self._idle_for = idle
        self._watch_after = watch_after
        self._most = most
        self._running = 0
        self._idle: list[Link] = []
        self._links: set[Link] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Raises Unavailable, TimedOut, ClientGone."""
        if self._running >= self._most:
            raise Unavailable(headers=_RETRY)
        self._running += 1
        exchange = _Exchange(self, scope, receive, send)
        try:
            await exchange.run()
        finally:
            self._running -= 1
            exchange.over()

    async def close(self) -> None:
        """Cut every connection."""
        for link in list(self._links):
            link.abort()
        self._idle.clear()

    async def acquire(self, loop: asyncio.AbstractEventLoop, *, fresh: bool) -> Link:
        """A connection, the one used last first. Raises Unavailable."""
        oldest = loop.time() - self._idle_for
        while self._idle and not fresh:
            link = self._idle.pop()
            if not link.closed and link.idle_since > oldest:
                return link
            link.abort()
        try:
            async with asyncio.timeout(self._connect_timeout):
                _, link = await loop.create_connection(lambda: Link(loop, self._lost), self._host, self._port)
        except (OSError, TimeoutError) as error:
            raise Unavailable(headers=_RETRY) from error
        self._links.add(link)
        return link

    def release(self, link: Link, now: float) -> None:
        """Take a connection back."""
        if link.end(now):
            self._idle.append(link)

    def budget(self, *, upload: bool) -> float:
        """Seconds to the answer's head."""
        return self._upload_timeout if upload else self._timeout

    @property
    def watch_after(self) -> float:
        """Seconds after which a waiting exchange begins to watch its client."""
        return self._watch_after

    def _lost(self, link: Link) -> None:
        self._links.discard(link)
        if link in self._idle:
            self._idle.remove(link)


class _Exchange:
    """One request on its way through a pool, and its timers."""

    __slots__ = ("_budget", "_link", "_loop", "_pool", "_receive", "_scope", "_send", "_timer", "_watch")

    def __init__(self, pool: PoolUpstream, scope: Scope, receive: Receive, send: Send) -> None:
        self._pool = pool
        self._scope = scope
        self._receive = receive
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._link: Link | None = None
        self._timer: TimerHandle | None = None
        self._watch: asyncio.Task[None] | None = None
        self._budget = pool.budget(upload=False)

    async def run(self) -> None:
        body, more = b"", False
        if self._scope["method"] not in IDEMPOTENT or any(name in _FRAMING for name, _ in self._scope["headers"]):
            body, more = await self._collect()
        head = self._head(len(body) if not more else None)
        if more:
            self._budget = self._pool.budget(upload=True)
            link = await self._pool.acquire(self._loop, fresh=False)
            await self._stream_up(link, head, body)
        else:
            link = await self._ask(head + body)
        await self._pass_on(link)

    async def _ask(self, request: bytes) -> Link:
        """Send a whole request and wait for its answer, on a second connection when the first had grown stale."""
        method = self._scope["method"]
        link = await self._pool.acquire(self._loop, fresh=False)
        try:
            await self._begin(link, request)
        except Broken as error:
            if link.exchanges < 2 or link.answering or method not in IDEMPOTENT:
                raise Unavailable(headers=_RETRY) from error
            link = await self._pool.acquire(self._loop, fresh=True)
            try:
                await self._begin(link, request)
            except Broken as again:
                raise Unavailable(headers=_RETRY) from again
        return link

    async def _begin(self, link: Link, request: bytes) -> None:
        self._link = link
        link.begin(request, head_only=self._scope["method"] == "HEAD")
        if self._timer is None:
            self._timer = self._loop.call_later(self._pool.watch_after, self._look_after)
        await link.ready

    async def _collect(self) -> tuple[bytes, bool]:
        pieces: list[bytes] = []
        size, more = 0, True
        while more and size <= COLLECT:
            message = await self._next()
            piece = message.get("body", b"")
            size += len(piece)
            pieces.append(piece)
            more = message.get("more_body", False)
        return b"".join(pieces), more

    async def _next(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        return message

    async def _stream_up(self, link: Link, head: bytes, body: bytes) -> None:
        """Send a long body while listening: an upstream may refuse it before its end."""
        self._link = link
        chunked = not self._announced_length()
        link.begin(head + (_chunk(body) if chunked else body), head_only=False)
        self._set_timer(self._budget)
        pump = self._loop.create_task(self._pump(link, chunked=chunked))
        try:
            await asyncio.wait((pump, link.ready), return_when=asyncio.FIRST_COMPLETED)
            if pump.done() and not pump.cancelled():
                pump.result()
                self._watch_client()
            await link.ready
        except Broken as error:
            raise Unavailable(headers=_RETRY) from error
        finally:
            if not pump.done():
                link.reusable = False
                pump.cancel()
                await asyncio.gather(pump, return_exceptions=True)

    async def _pump(self, link: Link, *, chunked: bool) -> None:
        more = True
        while more:
            message = await self._next()
            self._set_timer(self._budget)  # a slow connection is not a failure while data arrives; `protocol` sets the least speed
            more = message.get("more_body", False)
            piece = message.get("body", b"")
            data = (_chunk(piece) + (b"" if more else b"0\r\n\r\n")) if chunked else piece
            if data:
                await link.write(data)

    def _announced_length(self) -> bool:
        return any(name == b"content-length" for name, _ in self._scope["headers"])

    def _head(self, length: int | None) -> bytes:
        """The request's head; a collected body gets a length of our counting, a streaming one keeps the framing that it came with."""
        scope = self._scope
        query: bytes = scope["query_string"]
        target: bytes = scope["raw_path"] + (b"?" + query if query else b"")
        lines = [scope["method"].encode(), b" ", target, b" HTTP/1.1\r\n"]
        for name, value in scope["headers"]:
            if length is None or name not in _FRAMING:
                lines += (name, b": ", value, b"\r\n")
        if length or (length == 0 and scope["method"] not in IDEMPOTENT):
            lines.append(b"content-length: %d\r\n" % length)
        lines.append(b"\r\n")
        return b"".join(lines)

    async def _pass_on(self, link: Link) -> None:
        start = {"type": "http.response.start", "status": link.status, "headers": link.headers}
        if not link.streams:
            body = await link.take()
            self._done(link)
            await self._send(start)
            await self._send({"type": "http.response.body", "body": body})
            return
        self._watch_client()
        await self._send(start)
        while True:
            self._set_timer(None if link.endless else self._budget)
            try:
                piece = await link.take()
            except Broken as error:
                raise Unavailable(headers=_RETRY) from error
            self._set_timer(None)
            if link.complete:
                self._done(link)
                await self._send({"type": "http.response.body", "body": piece})
                return
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    # -- timers: one handle, re-armed

    def _set_timer(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if seconds is not None:
            self._timer = self._loop.call_later(seconds, self._time_out)

    def _time_out(self) -> None:
        if self._link is not None:
            self._link.fail(TimedOut())

    def _look_after(self) -> None:
        """The answer takes long: from now on watch for a client that leaves, and for the time limit."""
        self._watch_client()
        self._set_timer(self._budget - self._pool.watch_after)

    def _watch_client(self) -> None:
        if self._watch is None:
            self._watch = self._loop.create_task(self._until_gone())

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if self._link is not None:
            self._link.fail(ClientGone())

    def _done(self, link: Link) -> None:
        self._link = None
        self._pool.release(link, self._loop.time())

    def over(self) -> None:
        """After every outcome: stop the timer and the watch, and drop a half-read connection."""
        if self._timer is not None:
            self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()
        if self._link is not None:
            self._pool.release(self._link, self._loop.time())


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""
