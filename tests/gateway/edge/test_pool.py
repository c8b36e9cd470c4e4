"""The pool against upstreams that misbehave on the wire: stale, silent, broken off, talking too much, not there at all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from gateway.edge.errors import ClientGone
from gateway.edge.pool import PoolUpstream
from gateway.edge.upstream import AsgiUpstream
from tests.gateway.edge.toys import Told, Toy, ask, door, served, street

Script = Callable[["Line"], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Line:
    """One connection as a scripted upstream sees it."""

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: list[bytes]) -> None:
        self.number = number
        self._reader = reader
        self._writer = writer
        self._seen = seen

    async def request(self) -> bytes:
        """The next head; b"" when the gateway closed."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""
        self._seen.append(head)
        return head

    async def say(self, data: bytes) -> None:
        """Write."""
        self._writer.write(data)
        await self._writer.drain()

    async def gone(self) -> None:
        """Wait until the gateway closes."""
        try:
            while await self._reader.read(65536):
                pass
        except ConnectionError:
            return


@asynccontextmanager
async def upstream(script: Script, port: int = 0) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A raw server that follows a script on each connection; its port and the heads it saw."""
    seen: list[bytes] = []
    running: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.append(task)
        try:
            await script(Line(len(running), reader, writer, seen))
        except asyncio.CancelledError:
            return  # the test is over
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        async with asyncio.timeout(20):
            yield server.sockets[0].getsockname()[1], seen
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def a_pool(port: int, **times: float) -> PoolUpstream:
    """A pool that waits longer than a machine which is busy with other tests may stand still, unless a test says otherwise."""
    return PoolUpstream("127.0.0.1", port, **{"connect_timeout": 15, "timeout": 15, "idle": 60, **times})


async def through(pool: PoolUpstream, method: str = "GET", path: str = "/registry/v1/people") -> Told:
    """Ask an edge whose registry is behind this pool."""
    whole = street({"registry": pool, "alerts": AsgiUpstream(Toy("alerts").app)})
    return await ask(whole.edge, method, path, token=whole.keys.token("county_officer"))


def kind(told: Told) -> str:
    """The problem's type."""
    return json.loads(told.body)["type"]


async def polite(line: Line) -> None:
    while await line.request():
        await line.say(OK)


async def test_a_connection_is_used_again_and_again() -> None:
    async with upstream(polite) as (port, seen):
        pool = a_pool(port)
        assert [(await through(pool)).body for _ in range(5)] == [b"ok"] * 5
        assert (len(seen), len(pool._links)) == (5, 1)
        await pool.close()


async def test_an_upstream_that_is_not_there_is_503_for_its_routes_only() -> None:
    async with upstream(polite) as (port, _):
        pass
    whole = street({"registry": a_pool(port), "alerts": AsgiUpstream(Toy("alerts").app)})
    token = whole.keys.token("county_officer")
    told = await ask(whole.edge, token=token)
    assert (told.status, kind(told), told.header("retry-after")) == (503, "/problems/unavailable", "2")
    assert (await ask(whole.edge, path="/alerts/v1/alerts", token=token)).status == 200
    ready = await ask(whole.edge, path="/readyz")
    assert (ready.status, json.loads(ready.body)["parts"]["registry"]) == (503, "down")


async def test_an_upstream_that_comes_back_serves_at_once() -> None:
    toy = Toy("registry")
    async with served(toy.app) as port:
        pool = a_pool(port)
        assert (await through(pool)).status == 200
    assert (await through(pool)).status == 503
    async with upstream(polite, port):
        assert (await through(pool)).status == 200
    await pool.close()


@pytest.mark.parametrize(("method", "status", "requests"), [("GET", 200, 3), ("HEAD", 200, 3), ("DELETE", 200, 3), ("POST", 503, 2)])
async def test_on_a_stale_connection_only_what_can_be_repeated_is_repeated_and_only_once(method: str, status: int, requests: int) -> None:
    async def script(line: Line) -> None:
        await line.request()
        if line.number > 1:
            await line.say(OK if method != "HEAD" else OK[:-2])
            return
        await line.say(OK)
        await line.request()  # and now it hangs up

    path = "/registry/v1/people/7" if method == "DELETE" else "/registry/v1/people"
    async with upstream(script) as (port, seen):
        pool = a_pool(port)
        assert (await through(pool)).status == 200
        assert (await through(pool, method, path)).status == status
        assert len(seen) == requests


async def test_a_fresh_connection_that_breaks_is_not_tried_again() -> None:
    async def script(line: Line) -> None:
        await line.request()

    async with upstream(script) as (port, seen):
        assert (await through(a_pool(port))).status == 503
        assert len(seen) == 1


async def test_an_answer_that_began_is_never_asked_for_again() -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.say(OK)
        await line.request()
        await line.say(OK[:20])

    async with upstream(script) as (port, seen):
        pool = a_pool(port)
        assert [(await through(pool)).status for _ in range(2)] == [200, 503]
        assert len(seen) == 2


async def test_an_upstream_that_is_silent_is_504_and_its_connection_is_cut() -> None:
    cut = asyncio.Event()

    async def script(line: Line) -> None:
        await line.request()
        await line.gone()
        cut.set()

    async with upstream(script) as (port, _):
        told = await through(a_pool(port, timeout=0.1, watch_after=0.02))
        assert (told.status, kind(told)) == (504, "/problems/timed-out")
        await cut.wait()


async def test_silence_in_the_middle_of_an_answer_breaks_it_off_but_not_in_an_event_stream() -> None:
    async def script(line: Line) -> None:
        request = await line.request()
        events = b"stream" in request
        await line.say(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: %b\r\nTransfer-Encoding: chunked\r\n\r\n"
            % (b"text/event-stream" if events else b"text/plain")
        )
        await line.say(b"5\r\nfirst\r\n")
        if events:
            loop = asyncio.get_running_loop()
            quiet = loop.create_future()
            loop.call_later(0.3, quiet.set_result, None)
            await quiet
            await line.say(b"6\r\nsecond\r\n0\r\n\r\n")
        await line.gone()

    async with upstream(script) as (port, _):
        pool = a_pool(port, timeout=0.1, watch_after=0.02)
        whole = street({"registry": pool, "alerts": pool})
        token = whole.keys.token("county_officer")
        assert (await ask(whole.edge, path="/alerts/v1/stream", token=token)).body == b"firstsecond"
        async with door(whole.edge) as edge:
            reader, writer = await asyncio.open_connection("127.0.0.1", edge)
            writer.write(f"GET /registry/v1/export HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
            answer = await reader.read()
            writer.close()
        assert b"first" in answer
        assert not answer.endswith(b"0\r\n\r\n")
        await pool.close()


@pytest.mark.parametrize("framing", [b"Content-Length: 900000", b"Transfer-Encoding: chunked"])
async def test_an_upstream_killed_in_the_middle_leaves_an_answer_that_the_client_can_tell_is_cut(framing: bytes) -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.say(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n" + b"3e8\r\n" + b"x" * 1000 + b"\r\n")

    async with upstream(script) as (port, _):
        whole = street({"registry": a_pool(port), "alerts": AsgiUpstream(Toy("alerts").app)})
        async with door(whole.edge) as edge:
            reader, writer = await asyncio.open_connection("127.0.0.1", edge)
            writer.write(
                f"GET /registry/v1/export HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {whole.keys.token('county_officer')}\r\n\r\n".encode()
            )
            answer = await reader.read()
            writer.close()
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"x" * 1000 in answer
        assert not answer.endswith(b"0\r\n\r\n")
        assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nno length",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-A: 1\nX-B: 2\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-A: \x00\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_an_answer_that_is_none_is_503(answer: bytes) -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.say(answer)
        await line.gone()

    async with upstream(script) as (port, _):
        assert (await through(a_pool(port))).status == 503


async def test_interim_answers_are_passed_over() -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.say(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK)

    async with upstream(script) as (port, _):
        told = await through(a_pool(port))
        assert (told.status, told.body, told.header("link")) == (200, b"ok", None)


@pytest.mark.parametrize("surplus", [OK, OK.replace(b"200", b"418"), b"x", b"\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Evil: 1\r\n"])
async def test_what_an_upstream_says_unasked_is_given_to_nobody(surplus: bytes) -> None:
    async def script(line: Line) -> None:
        while await line.request():
            await line.say(OK + surplus)

    async with upstream(script) as (port, seen):
        pool = a_pool(port)
        told = [await through(pool) for _ in range(3)]
        assert [(answer.status, answer.body, answer.header("x-evil")) for answer in told] == [(200, b"ok", None)] * 3
        assert len(seen) == 3


async def test_a_connection_that_says_close_or_is_idle_too_long_is_not_used_again() -> None:
    async def closing(line: Line) -> None:
        await line.request()
        await line.say(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        await line.gone()

    async with upstream(closing) as (port, seen):
        pool = a_pool(port)
        assert [(await through(pool, "POST")).status for _ in range(3)] == [200] * 3
        assert (len(seen), pool._idle) == (3, [])
    async with upstream(polite) as (port, seen):
        pool = a_pool(port, idle=-1)
        assert [(await through(pool, "POST")).status for _ in range(3)] == [200] * 3


async def test_no_more_than_so_many_at_once_and_the_rest_is_told_to_come_again() -> None:
    go_on, arrived = asyncio.Event(), asyncio.Event()

    async def script(line: Line) -> None:
        await line.request()
        if line.number == 2:
            arrived.set()
        await go_on.wait()
        await line.say(OK)

    async with upstream(script) as (port, _):
        pool = a_pool(port, most=2)
        waiting = [asyncio.create_task(through(pool)) for _ in range(2)]
        await arrived.wait()
        assert (await through(pool)).status == 503
        go_on.set()
        assert [(await task).status for task in waiting] == [200, 200]
        assert (await through(pool)).status == 200


async def test_an_upload_that_is_refused_early_gets_that_answer() -> None:
    async def script(line: Line) -> None:
        await line.request()
        await line.say(b"HTTP/1.1 422 Unprocessable\r\nContent-Length: 3\r\n\r\nno!")
        await line.gone()

    async with upstream(script) as (port, _):
        pool = a_pool(port)
        whole = street({"registry": pool, "alerts": pool})
        pieces = [b"x" * 60_000] * 100
        headers = [(b"content-length", b"%d" % sum(map(len, pieces)))]
        told = await ask(
            whole.edge, "POST", "/registry/v1/ledger-imports", token=whole.keys.token("county_officer"), headers=headers, pieces=pieces
        )
        assert (told.status, told.body) == (422, b"no!")
        assert pool._idle == []


async def test_a_client_that_leaves_in_the_middle_of_an_upload_cuts_it_off_upstream() -> None:
    cut = asyncio.Event()

    async def script(line: Line) -> None:
        await line.request()
        await line.gone()
        cut.set()

    async with upstream(script) as (port, _):
        pool = a_pool(port)
        pieces = iter([{"type": "http.request", "body": b"x" * 70_000, "more_body": True}, {"type": "http.disconnect"}])

        async def receive() -> dict[str, object]:
            return next(pieces)

        async def send(message: object) -> None:
            raise AssertionError(message)

        scope = {"method": "POST", "raw_path": b"/x", "query_string": b"", "headers": [(b"host", b"a"), (b"content-length", b"900000")]}
        with pytest.raises(ClientGone):
            await pool(scope, receive, send)
        await cut.wait()


async def test_a_request_leaves_with_one_framing_of_our_own() -> None:
    async with upstream(polite) as (port, seen):
        pool = a_pool(port)
        whole = street({"registry": pool, "alerts": pool})
        token = whole.keys.token("county_officer")
        chunked = [(b"transfer-encoding", b"chunked")]
        await ask(whole.edge, "POST", "/registry/v1/people", token=token, headers=chunked, pieces=[b""])
        await ask(whole.edge, "GET", token=token)
        heads = [head.lower() for head in seen]
        assert [(head.count(b"content-length"), head.count(b"transfer-encoding")) for head in heads] == [(1, 0), (0, 0)]
        assert b"content-length: 0\r\n" in heads[0]
        await pool.close()
