"""Asking a neighbour is the same in one process and over a port, and `NeighbourDown` is the one thing that can go wrong."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from kit.call import AsgiNeighbour, HttpNeighbour, Neighbour, NeighbourDown

app = FastAPI(openapi_url=None)


@app.post("/echo")
async def echo(request: Request) -> JSONResponse:
    """What arrived."""
    return JSONResponse(
        {"body": (await request.body()).decode(), "query": request.url.query, "headers": dict(request.headers)}, 201, {"X-Kind": "echo"}
    )


@app.get("/broken")
async def broken() -> Response:
    """Fails."""
    raise RuntimeError


@app.get("/never")
async def never() -> Response:
    """Does not answer."""
    await asyncio.Event().wait()
    raise AssertionError


@asynccontextmanager
async def neighbour_of(shape: str) -> AsyncIterator[Neighbour]:
    """The app as a neighbour."""
    if shape == "asgi":
        yield AsgiNeighbour(app)
        return
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    neighbour = HttpNeighbour(f"http://127.0.0.1:{listener.getsockname()[1]}")
    try:
        yield neighbour
    finally:
        await neighbour.close()
        server.should_exit = server.force_exit = True
        await running
        listener.close()


@pytest.mark.parametrize("shape", ["asgi", "http"])
async def test_a_neighbour_answers_the_same_in_both_shapes(shape: str) -> None:
    async with neighbour_of(shape) as neighbour:
        reply = await neighbour.request("POST", "/echo?after=1%20x&wait=0", headers={"Authorization": "Bearer x"}, json={"name": "王建国"})
        said = reply.json()
        assert (reply.status, reply.headers["x-kind"]) == (201, "echo")
        assert (json.loads(said["body"]), said["query"]) == ({"name": "王建国"}, "after=1%20x&wait=0")
        assert (said["headers"]["authorization"], said["headers"]["content-type"]) == ("Bearer x", "application/json")
        assert (await neighbour.request("POST", "/echo", body=b"plain")).json()["body"] == "plain"
        assert (await neighbour.request("GET", "/nowhere")).status == 404
        assert (await neighbour.request("GET", "/broken")).status == 500


@pytest.mark.parametrize("shape", ["asgi", "http"])
async def test_a_neighbour_that_does_not_answer_in_time_is_down(shape: str) -> None:
    async with neighbour_of(shape) as neighbour:
        with pytest.raises(NeighbourDown):
            await neighbour.request("GET", "/never", timeout=0.1)


async def test_a_neighbour_that_is_not_there_is_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    neighbour = HttpNeighbour(f"http://127.0.0.1:{port}")
    with pytest.raises(NeighbourDown):
        await neighbour.request("GET", "/x")
    await neighbour.close()


async def test_an_answer_that_breaks_off_is_none() -> None:
    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError

    for broken_app in (half, failing):
        with pytest.raises(NeighbourDown):
            await AsgiNeighbour(broken_app).request("GET", "/")


async def test_an_answer_that_is_no_json_is_no_answer_to_a_question_for_json() -> None:
    reply = await AsgiNeighbour(app).request("GET", "/broken")
    with pytest.raises(NeighbourDown):
        reply.json()
