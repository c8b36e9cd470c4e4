"""Both ways on, in one process and over a port, carry the same: bodies, streams, events without end, and the news that somebody left."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from tests.gateway.edge.toys import Street, door, street, street_of_processes

PATIENCE = 20
Via = tuple[Street, httpx.AsyncClient, int]


@pytest.fixture(params=["embedded", "processes"])
async def via(request: pytest.FixtureRequest) -> AsyncIterator[Via]:
    """A street in one run shape, a client that is signed in, the edge's port."""
    async with asyncio.timeout(30):
        if request.param == "embedded":
            whole = street()
            async with door(whole.edge) as port, client_of(whole, port) as client:
                yield whole, client, port
        else:
            async with street_of_processes(watch_after=0.02) as (whole, port, _), client_of(whole, port) as client:
                yield whole, client, port


def client_of(whole: Street, port: int) -> httpx.AsyncClient:
    """An officer's client."""
    headers = {"authorization": f"Bearer {whole.keys.token('county_officer')}"}
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False, timeout=PATIENCE)


async def test_requests_arrive_as_they_were_sent(via: Via) -> None:
    whole, client, _ = via
    told = await client.get("/registry/v1/people?limit=5&cursor=a%2Fb")
    assert (told.json()["query"], told.headers["etag"]) == ("limit=5&cursor=a%2Fb", '"7"')
    body = "王建国 👮".encode() * 100
    told = await client.post("/registry/v1/people", content=body)
    assert (told.json()["size"], told.json()["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
    assert (await client.post("/registry/v1/people")).json()["size"] == 0
    assert (await client.put("/registry/v1/people/7", content=b"x")).json()["size"] == 1
    head = await client.head("/registry/v1/people")
    assert (head.status_code, head.content, int(head.headers["content-length"]) > 100) == (200, b"", True)
    gone = await client.delete("/registry/v1/people/7")
    assert (gone.status_code, gone.content) == (204, b"")
    assert [method for method, *_ in whole.reached] == ["GET", "POST", "POST", "PUT", "HEAD", "DELETE"]
    assert {headers["x-request-id"] for *_, headers in whole.reached} != {told.headers["x-request-id"]}


async def test_a_chunked_body_arrives_whole_whatever_the_method(via: Via) -> None:
    _, client, _ = via

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"abc"

    for method, path in (("POST", "/registry/v1/people"), ("PUT", "/registry/v1/people/7")):
        told = await client.request(method, path, content=pieces())
        assert told.json()["size"] == 9, method


async def test_a_long_answer_streams_through_whole(via: Via) -> None:
    _, client, _ = via
    expected = hashlib.sha256(bytes(range(256)) * (5_000_000 // 256)).hexdigest()
    for counted in (True, False):
        told = await client.get(f"/registry/v1/export?size=5000000&counted={counted}")
        assert (told.status_code, hashlib.sha256(told.content).hexdigest()) == (200, expected)


async def test_a_long_upload_streams_through_in_pieces(via: Via) -> None:
    _, client, _ = via
    body = bytes(range(256)) * 20_000

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 100_000):
            yield body[start : start + 100_000]

    for content in (body, pieces()):
        told = await client.post("/registry/v1/ledger-imports", content=content)
        assert (told.status_code, told.json()["sha256"]) == (202, hashlib.sha256(body).hexdigest())
        assert told.json()["pieces"] > 10


async def test_an_upload_beyond_its_limit_is_cut_off_even_when_it_tells_no_length(via: Via) -> None:
    _, client, _ = via

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 100_000

    for path in ("/registry/v1/people", "/registry/v1/ledger-imports"):
        try:
            told = await client.post(path, content=endless())
        except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
            continue  # the connection was closed while the body still came
        assert told.status_code == 413
    told = await client.post("/registry/v1/people", content=b"x" * 65_537)
    assert (told.status_code, told.json()["type"]) == (413, "/problems/too-large")


async def test_events_arrive_one_by_one_and_the_stream_ends_when_the_listener_leaves(via: Via) -> None:
    whole, client, _ = via
    toy = whole.services["alerts"]
    async with client.stream("GET", "/alerts/v1/stream") as told:
        assert (told.status_code, told.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        lines = told.aiter_lines()
        for number in range(1, 4):
            assert await anext(lines) == f"id: {number}"
            assert await anext(lines) == "data: alert"
            assert await anext(lines) == ""
            toy.go_on.set()
    async with asyncio.timeout(PATIENCE):
        await toy.left.wait()


@pytest.mark.parametrize("why", ["revoked", "expired"])
async def test_an_open_stream_ends_with_its_session_and_nothing_more_is_said_on_it(via: Via, why: str) -> None:
    whole, client, _ = via
    toy = whole.services["alerts"]
    async with client.stream("GET", "/alerts/v1/stream") as told:
        lines = told.aiter_lines()
        assert [await anext(lines) for _ in range(3)] == ["id: 1", "data: alert", ""]
        if why == "revoked":
            whole.revoked.add("s-1")
        else:
            whole.clock.advance(timedelta(minutes=10))
        toy.go_on.set()
        assert [line async for line in lines] == []
    async with asyncio.timeout(PATIENCE):
        await toy.left.wait()
    assert (await client.get("/alerts/v1/stream")).status_code == 401


@pytest.mark.parametrize("why", ["revoked", "expired"])
async def test_a_silent_stream_ends_with_its_session_too_and_that_of_another_session_goes_on(via: Via, why: str) -> None:
    whole, client, port = via
    toy = whole.services["alerts"]
    other = {"authorization": f"Bearer {whole.keys.token('county_officer', session='s-2', life=900)}"}
    async with (
        client.stream("GET", "/alerts/v1/stream") as told,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=other, trust_env=False, timeout=PATIENCE) as second,
        second.stream("GET", "/alerts/v1/stream") as heard,
    ):
        lines, others = told.aiter_lines(), heard.aiter_lines()
        for opened in (lines, others):
            assert [await anext(opened) for _ in range(3)] == ["id: 1", "data: alert", ""]
        if why == "revoked":
            whole.revoked.add("s-1")
        else:
            whole.clock.advance(timedelta(minutes=10))
        async with asyncio.timeout(PATIENCE):
            assert [line async for line in lines] == []
            await toy.left.wait()
        toy.go_on.set()
        assert [await anext(others) for _ in range(3)] == ["id: 2", "data: alert", ""]


async def test_a_client_that_leaves_before_its_answer_stops_the_work(via: Via) -> None:
    whole, client, _ = via
    toy = whole.services["registry"]
    asking = asyncio.create_task(client.get("/registry/v1/slow"))
    await toy.asked.wait()
    asking.cancel()
    async with asyncio.timeout(PATIENCE):
        await toy.left.wait()
    toy.go_on.set()
    assert (await client.get("/registry/v1/people")).status_code == 200


async def test_a_slow_answer_is_waited_for(via: Via) -> None:
    whole, client, _ = via
    toy = whole.services["registry"]
    asking = asyncio.create_task(client.get("/registry/v1/slow"))
    await toy.asked.wait()
    assert (await client.get("/registry/v1/people")).status_code == 200  # the others are not held up
    toy.go_on.set()
    assert (await asking).json() == {"late": True}


async def test_many_at_once_get_their_own_answers(via: Via) -> None:
    _, client, _ = via
    bodies = [json.dumps({"number": number}).encode() * (number + 1) for number in range(60)]
    told = await asyncio.gather(*(client.post("/registry/v1/people", content=body) for body in bodies))
    assert [answer.json()["sha256"] for answer in told] == [hashlib.sha256(body).hexdigest() for body in bodies]
    assert len({answer.headers["x-request-id"] for answer in told}) == 60


async def test_a_failure_inside_a_service_is_answered_and_the_next_request_served(via: Via) -> None:
    _, client, _ = via
    assert (await client.get("/registry/v1/broken")).status_code == 500
    assert (await client.get("/registry/v1/people")).status_code == 200
