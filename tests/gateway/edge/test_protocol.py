"""Malformed, doubled, slow and endless HTTP on raw sockets against the real server: one refusal, then the connection is closed, and nothing gets through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from gateway.edge.protocol import SERVER, EdgeProtocol
from tests.gateway.edge.toys import Street, served, street, street_of_processes

PATH = b"/registry/v1/people"


async def speak(port: int, *pieces: bytes) -> bytes:
    """Everything that is answered until the connection closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(20):
            return await reader.read()
    except ConnectionResetError:  # closed with bytes of ours unread
        return b""
    finally:
        writer.close()


@pytest.fixture(scope="module")
async def processes() -> AsyncIterator[tuple[Street, int]]:
    """Edge and services, each behind its own server."""
    async with street_of_processes() as (whole, port, _):
        yield whole, port


def bearer(whole: Street) -> bytes:
    """A header that opens the door."""
    return b"Authorization: Bearer " + whole.keys.token("county_officer").encode() + b"\r\n"


def malformed() -> Iterator[tuple[str, bytes]]:
    """(kind, request); `@` stands for a good Authorization line. Behind each body lies a smuggled request."""
    smuggled = b"GET " + PATH + b"?smuggled=1 HTTP/1.1\r\nHost: a\r\n@\r\n"
    start, get = b"POST " + PATH + b" HTTP/1.1\r\nHost: a\r\n@", b"GET " + PATH + b" HTTP/1.1\r\nHost: a\r\n@"
    chunked, length = b"Transfer-Encoding: chunked\r\n", b"Content-Length: 4\r\n"
    for kind, framing in {
        "length then chunks": length + chunked,
        "chunks then length": chunked + length,
        "length zero and chunks": b"Content-Length: 0\r\n" + chunked,
        "chunks with odd case and length": b"tRANSFER-eNCODING: ChUnKeD\r\n" + length,
        "two lengths": length + b"Content-Length: 0\r\n",
        "the same length twice": length + length,
        "a list of lengths": b"Content-Length: 4, 4\r\n",
        "a length with a sign": b"Content-Length: +4\r\n",
        "a negative length": b"Content-Length: -4\r\n",
        "a length in hex": b"Content-Length: 0x4\r\n",
        "a length with a space inside": b"Content-Length: 4 4\r\n",
        "an empty length": b"Content-Length:\r\n",
        "a length beyond 64 bits": b"Content-Length: 18446744073709551620\r\n",
        "a length with a point": b"Content-Length: 4.0\r\n",
        "chunks twice": chunked + chunked,
        "chunked twice in one line": b"Transfer-Encoding: chunked, chunked\r\n",
        "gzip under chunks": b"Transfer-Encoding: gzip, chunked\r\n",
        "chunks under identity": b"Transfer-Encoding: chunked, identity\r\n",
        "identity": b"Transfer-Encoding: identity\r\n",
        "an unknown coding": b"Transfer-Encoding: xchunked\r\n",
        "a quoted coding": b'Transfer-Encoding: "chunked"\r\n',
        "a coding behind a vertical tab": b"Transfer-Encoding:\x0bchunked\r\n",
        "a coding with NUL": b"Transfer-Encoding: chunked\x00\r\n",
        "a coding with a parameter": b"Transfer-Encoding: chunked;x=1\r\n",
        "chunks, then another coding": chunked + b"Transfer-Encoding: cow\r\n",
        "a space before the colon": b"Transfer-Encoding : chunked\r\n",
        "a length with a space before the colon": b"Content-Length : 4\r\n",
        "a folded coding": b"Transfer-Encoding:\r\n chunked\r\n",
        "a folded header": b"X-A: 1\r\n\tTransfer-Encoding: chunked\r\n",
        "a line break by LF alone": b"X-A: 1\nTransfer-Encoding: chunked\r\n",
        "a line break by CR alone": b"X-A: 1\rTransfer-Encoding: chunked\r\n",
        "NUL in a value": b"X-A: \x00\r\n",
        "BEL in a value": b"X-A: \x07\r\n",
        "DEL in a value": b"X-A: \x7f\r\n",
        "a space in a name": b"X A: 1\r\n",
        "a name that is no token": b"X(A): 1\r\n",
        "a name with non-ASCII": b"X-\xc3\xa4: 1\r\n",
        "a line without a colon": b"XA\r\n",
        "an empty name": b": 1\r\n",
        "a second Host": b"Host: b\r\n",
        "the same Host again": b"Host: a\r\n",
        "a Host in another case": b"hOST: a\r\n",
    }.items():
        yield kind, start + framing + b"\r\n0\r\n\r\n" + smuggled
    for kind, request in {
        "no Host": b"GET " + PATH + b" HTTP/1.1\r\n@\r\n",
        "no Host in HTTP/1.0": b"GET " + PATH + b" HTTP/1.0\r\n@\r\n",
        "an empty Host": b"GET " + PATH + b" HTTP/1.1\r\nHost:\r\n@\r\n",
        "a Host with a path": b"GET " + PATH + b" HTTP/1.1\r\nHost: a/b\r\n@\r\n",
        "a Host with a user": b"GET " + PATH + b" HTTP/1.1\r\nHost: u@a\r\n@\r\n",
        "two hosts in one": b"GET " + PATH + b" HTTP/1.1\r\nHost: a, b\r\n@\r\n",
        "chunks in HTTP/1.0": b"POST " + PATH + b" HTTP/1.0\r\nHost: a\r\n@" + chunked + b"\r\n0\r\n\r\n",
        "HTTP/0.9": b"GET " + PATH + b"\r\n",
        "HTTP/1.2": get.replace(b"1.1", b"1.2") + b"\r\n",
        "HTTP/2.0": get.replace(b"1.1", b"2.0") + b"\r\n",
        "HTTP/9.9": get.replace(b"1.1", b"9.9") + b"\r\n",
        "HTTP/1.10": get.replace(b"1.1", b"1.10") + b"\r\n",
        "a lower-case version": get.replace(b"HTTP/", b"http/") + b"\r\n",
        "no version number": get.replace(b"HTTP/1.1", b"HTTP/") + b"\r\n",
        "the HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
        "an absolute target": get.replace(PATH, b"http://evil.example" + PATH) + b"\r\n",
        "an asterisk": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n@\r\n",
        "an authority": b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n@\r\n",
        "a target without a slash": get.replace(PATH, PATH[1:]) + b"\r\n",
        "a target with a space": get.replace(PATH, PATH + b" x") + b"\r\n",
        "a target with a tab": get.replace(PATH, PATH + b"\tx") + b"\r\n",
        "a target with non-ASCII": get.replace(PATH, PATH + b"/\xe5\xbc\xa0") + b"\r\n",
        "a target with NUL": get.replace(PATH, PATH + b"\x00") + b"\r\n",
        "a target with a fragment": get.replace(PATH, PATH + b"#x") + b"\r\n",
        "dots in the target": get.replace(PATH, b"/registry/../registry/v1/people") + b"\r\n",
        "TRACE": get.replace(b"GET", b"TRACE") + b"\r\n",
        "PROPFIND": get.replace(b"GET", b"PROPFIND") + b"\r\n",
        "PURGE": get.replace(b"GET", b"PURGE") + b"\r\n",
        "a lower-case method": get.replace(b"GET", b"get") + b"\r\n",
        "an unknown method": get.replace(b"GET", b"FETCH") + b"\r\n",
        "a method with NUL": get.replace(b"GET", b"GE\x00T") + b"\r\n",
        "a space before the method": b" " + get + b"\r\n",
        "a header before the request line": b"Host: a\r\n" + get + b"\r\n",
        "a space before the first header": b"GET " + PATH + b" HTTP/1.1\r\n Host: a\r\n@\r\n",
    }.items():
        yield kind, request + smuggled
    for size in (b"", b"x", b"0x4", b"-4", b"+4", b" 4", b"4 4", b"4\n", b"4;\x00", b"FFFFFFFFFFFFFFFFF", b"4,4", b"\xd9\xa4"):
        yield f"a chunk of size {size!r}", start + chunked + b"\r\n" + size + b"\r\nabcd\r\n0\r\n\r\n" + smuggled
    yield "a chunk longer than it says", start + chunked + b"\r\n4\r\nabcdef\r\n0\r\n\r\n" + smuggled
    yield "a chunk shorter than it says", start + chunked + b"\r\n6\r\nabcd\r\n0\r\n\r\n" + smuggled
    yield "a chunk ended by LF alone", start + chunked + b"\r\n4\r\nabcd\n0\r\n\r\n" + smuggled


CASES = list(malformed())
UNKNOWN_METHODS = frozenset({"TRACE", "PROPFIND", "PURGE", "an unknown method"})
"""Well-formed requests but for their method: 405, and as little is read behind them."""


def test_there_are_many_kinds_of_malformed_requests() -> None:
    assert len({kind for kind, _ in CASES}) == len(CASES) >= 90


@pytest.mark.parametrize(("kind", "request_bytes"), CASES, ids=[kind for kind, _ in CASES])
async def test_a_malformed_request_is_refused_once_and_nothing_behind_it_is_read(
    processes: tuple[Street, int], kind: str, request_bytes: bytes
) -> None:
    whole, port = processes
    for toy in whole.services.values():
        toy.seen.clear()
    answer = await speak(port, request_bytes.replace(b"@", bearer(whole)))
    status = b"405" if kind in UNKNOWN_METHODS else b"400"
    assert answer.startswith(b"HTTP/1.1 " + status), answer[:200]
    assert (b"\r\nallow: " in answer) == (status == b"405")
    assert answer.count(b"HTTP/1.1 ") == 1
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert b"connection: close" in head
    assert b"content-type: application/problem+json" in head
    assert b"x-content-type-options: nosniff" in head
    assert whole.reached == []


async def test_a_good_request_after_the_malformed_ones_still_works(processes: tuple[Street, int]) -> None:
    whole, port = processes
    answer = await speak(port, b"GET " + PATH + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + bearer(whole) + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_a_request_smuggled_behind_a_good_one_is_never_read(processes: tuple[Street, int]) -> None:
    whole, port = processes
    toy = whole.services["registry"]
    toy.seen.clear()
    first = b"POST " + PATH + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n" + bearer(whole) + b"\r\nabcd"
    second = b"GET " + PATH + b"?smuggled=1 HTTP/1.1\r\nHost: a\r\n" + bearer(whole) + b"\r\n"
    for behind in (second, second * 3, b"garbage\r\n\r\n", b"\x00" * 100, b"0\r\n\r\n" + second):
        answer = await speak(port, first + behind)
        assert (answer.count(b"HTTP/1.1 "), answer[:12]) == (1, b"HTTP/1.1 200"), behind
    assert [method for method, *_ in toy.seen] == ["POST"] * 5


async def test_requests_one_after_the_other_share_a_connection(processes: tuple[Street, int]) -> None:
    whole, port = processes
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(3):
        writer.write(b"\r\nGET " + PATH + b" HTTP/1.1\r\nHost: a\r\n" + bearer(whole) + b"\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
    writer.close()


async def test_a_request_in_single_bytes_is_read_like_any_other(processes: tuple[Street, int]) -> None:
    whole, port = processes
    request = (
        b"POST "
        + PATH
        + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        + bearer(whole)
        + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2;x=1\r\ncd\r\n0\r\n\r\n"
    )
    answer = await speak(port, *(bytes([byte]) for byte in request))
    assert (answer[:12], b'"size":4' in answer) == (b"HTTP/1.1 200", True)


async def test_a_cousin_of_http_is_read_as_http_1_0_once_and_closed(processes: tuple[Street, int]) -> None:
    whole, port = processes
    request = b"GET " + PATH + b" RTSP/1.0\r\nHost: a\r\n" + bearer(whole) + b"\r\n"  # the parser knows it and does not tell
    answer = await speak(port, request + request)
    assert (answer.count(b"HTTP/1.1 "), answer[:12]) == (1, b"HTTP/1.1 200")


async def test_an_upgrade_is_ignored_and_what_follows_is_never_read(processes: tuple[Street, int]) -> None:
    whole, port = processes
    toy = whole.services["registry"]
    for offer in (b"h2c", b"websocket", b"anything"):
        toy.seen.clear()
        request = b"GET " + PATH + b" HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: " + offer + b"\r\n" + bearer(whole) + b"\r\n"
        answer = await speak(port, request + b"GET " + PATH + b"?smuggled=1 HTTP/1.1\r\nHost: a\r\n" + bearer(whole) + b"\r\n")
        assert (answer.count(b"HTTP/1.1 "), answer[:12], len(toy.seen)) == (1, b"HTTP/1.1 200", 1), offer


@pytest.mark.parametrize(
    "head",
    [
        b"GET " + PATH + b" HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: 1\r\n" % number for number in range(150)) + b"\r\n",
        b"GET " + PATH + b" HTTP/1.1\r\nHost: a\r\nX-Long: " + b"a" * 60_000 + b"\r\n\r\n",
        b"GET " + PATH + b" HTTP/1.1\r\nHost: a\r\nX-Endless: " + b"a" * 2_000_000,
        b"GET /" + b"a" * 2_000_000,
        b"GET " + PATH + b" HTTP/1.1\r\nHost: a\r\n" + b"X-Many: 1\r\n" * 200_000,
    ],
    ids=["many headers", "a long header", "an endless header", "an endless target", "endlessly many headers"],
)
async def test_an_endless_head_is_cut_off(processes: tuple[Street, int], head: bytes) -> None:
    _, port = processes
    answer = await speak(port, head)
    assert answer[:12] in (b"HTTP/1.1 431", b"HTTP/1.1 400", b"")  # closed with bytes unread, the refusal may be lost on the way


async def test_a_refusal_speaks_the_language_that_was_asked_for(processes: tuple[Street, int]) -> None:
    _, port = processes
    answer = await speak(port, b"GET " + PATH + b" HTTP/1.1\r\nAccept-Language: en\r\n\r\n")
    assert b"The request cannot be read" in answer
    assert "请求格式无法识别".encode() in await speak(port, b"GET " + PATH + b" HTTP/1.1\r\n\r\n")


class Hasty(EdgeProtocol):
    """Waits less, so that the test does too."""

    head_time = 0.15
    body_time = 0.15


async def test_slow_heads_and_bodies_are_not_waited_for() -> None:
    whole = street()
    async with served(whole.edge, **{**SERVER, "http": Hasty, "lifespan": "off"}) as port:
        good = b"POST " + PATH + b" HTTP/1.1\r\nHost: a\r\n" + bearer(whole)
        assert await speak(port) == b""
        assert await speak(port, b"\r\n") == b""
        assert (await speak(port, b"GET /reg"))[:12] == b"HTTP/1.1 408"
        assert (await speak(port, good))[:12] == b"HTTP/1.1 408"
        assert (await speak(port, good + b"Content-Length: 9\r\n\r\nabc"))[:12] == b"HTTP/1.1 408"
        assert (await speak(port, good + b"Transfer-Encoding: chunked\r\n\r\n4\r\nab"))[:12] == b"HTTP/1.1 408"


async def test_a_slow_body_behind_a_refusal_is_not_answered_twice() -> None:
    whole = street()
    async with served(whole.edge, **{**SERVER, "http": Hasty, "lifespan": "off"}) as port:
        answer = await speak(port, b"POST " + PATH + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
        assert (answer[:12], answer.count(b"HTTP/1.1 ")) == (b"HTTP/1.1 401", 1)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST " + PATH + b" HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n")
        assert (await reader.readuntil(b"\r\n\r\n"))[:12] == b"HTTP/1.1 401"
        writer.write(b"nonsense\r\n")
        assert b"HTTP/1.1 " not in await reader.read()
        writer.close()


async def test_a_body_that_keeps_coming_may_take_longer() -> None:
    class Patient(EdgeProtocol):
        body_time = 0.5

    whole = street()
    async with served(whole.edge, **{**SERVER, "http": Patient, "lifespan": "off"}) as port:
        good = b"POST /registry/v1/ledger-imports HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + bearer(whole)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(good + b"Content-Length: 400000\r\n\r\n")
        for _ in range(7):
            writer.write(b"x" * 50_000)
            with pytest.raises(TimeoutError):  # the pace of a village line: the server has nothing to say yet
                async with asyncio.timeout(0.1):
                    await reader.readexactly(1)
        writer.write(b"x" * 50_000)
        async with asyncio.timeout(20):
            answer = await reader.read()
        writer.close()
    assert (answer[:12], b'"size":400000' in answer) == (b"HTTP/1.1 202", True)


async def test_an_address_from_a_header_of_the_outside_never_counts() -> None:
    whole = street()
    seen: list[object] = []
    plain = whole.edge

    async def noting(scope: dict[str, object], receive: object, send: object) -> None:
        seen.append(scope["client"])
        await plain(scope, receive, send)  # pyright: ignore

    async with served(noting, **{**SERVER, "lifespan": "off"}) as port:
        await speak(port, b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n")
    assert seen
    assert isinstance(seen[0], tuple)
    assert seen[0][0] == "127.0.0.1"
