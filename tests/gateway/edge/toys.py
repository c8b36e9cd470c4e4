"""Toy services behind a real edge: small FastAPI apps that tell what reached them, real keys and tokens, real uvicorn on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from gateway.edge.edge import Edge
from gateway.edge.guard import INNER_ISSUER
from gateway.edge.limits import QUOTAS, Limiter, Quota
from gateway.edge.pool import PoolUpstream
from gateway.edge.protocol import SERVER
from gateway.edge.routes import RouteTable, parse_table
from gateway.edge.upstream import AsgiUpstream, Upstream
from kit.auth import ACCESS, SigningKey, TokenVerifier, mint
from kit.clock import SteppedClock

START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
ISSUER = "https://guikang.example"

TABLE = """method,path,service,roles,body_limit,rate,purpose
GET,/.well-known/jwks.json,gateway,public,0,public,no
GET,/auth/v1/me,gateway,county_officer|social_worker,0,read,no
POST,/auth/v1/login,gateway,public,4096,login,no
GET,/registry/v1/people,registry,county_officer|social_worker,0,read,no
HEAD,/registry/v1/people,registry,county_officer,0,read,no
POST,/registry/v1/people,registry,county_officer,65536,write,no
POST,/registry/v1/people/search,registry,county_officer,65536,search,no
GET,/registry/v1/people/{id},registry,county_officer|social_worker,0,read,yes
PUT,/registry/v1/people/{id},registry,county_officer,65536,write,no
DELETE,/registry/v1/people/{id},registry,county_officer,0,write,no
POST,/registry/v1/ledger-imports,registry,county_officer,8388608,upload,no
GET,/registry/v1/export,registry,county_officer,0,export,no
GET,/registry/v1/broken,registry,county_officer,0,read,no
GET,/registry/v1/slow,registry,county_officer,0,read,no
GET,/alerts/v1/stream,alerts,county_officer,0,stream,no
GET,/alerts/v1/alerts,alerts,county_officer,0,read,no
"""


@dataclass
class Keys:
    """One county's keys."""

    outer: SigningKey = field(default_factory=SigningKey.generate)
    inner: SigningKey = field(default_factory=SigningKey.generate)

    def outer_verifier(self) -> TokenVerifier:
        """What the gateway's door accepts."""
        return TokenVerifier({ISSUER: {self.outer.kid: self.outer.private.public_key()}}, typ=ACCESS, audience="guikang", max_life=900)

    def inner_verifier(self, service: str) -> TokenVerifier:
        """What a service accepts."""
        return TokenVerifier(
            {INNER_ISSUER: {self.inner.kid: self.inner.private.public_key()}}, typ="inner+jwt", audience=service, max_life=60
        )

    def token(self, *roles: str, subject: str = "a-1", session: str = "s-1", now: datetime = START, life: int = 600, **claims: Any) -> str:
        """An outer token as identity mints it."""
        body = {"sub": subject, "sid": session, "roles": list(roles), "scope": ["610822"], "jti": "toy-0001", **claims}
        return mint(self.outer, typ=ACCESS, issuer=ISSUER, audience="guikang", claims=body, now=now, life=life)


class Toy:
    """A service that records every request that reached it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.left = asyncio.Event()
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()
        self.ready = True
        self.app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
        app = self.app

        async def echo(request: Request) -> JSONResponse:
            self.note(request)
            body = await request.body()
            digest = hashlib.sha256(body).hexdigest()
            return JSONResponse(
                {"service": name, "path": request.url.path, "query": request.url.query, "size": len(body), "sha256": digest},
                headers={
                    "server": "toy",
                    "x-powered-by": "toy",
                    "keep-alive": "timeout=9",
                    "etag": '"7"',
                    "cache-control": "public, max-age=60",
                },
            )

        for method, path in (
            ("GET", "/.well-known/jwks.json"),
            ("GET", "/auth/v1/me"),
            ("POST", "/auth/v1/login"),
            ("GET", "/registry/v1/people"),
            ("HEAD", "/registry/v1/people"),
            ("POST", "/registry/v1/people"),
            ("POST", "/registry/v1/people/search"),
            ("GET", "/registry/v1/people/{id}"),
            ("PUT", "/registry/v1/people/{id}"),
            ("GET", "/alerts/v1/alerts"),
        ):
            app.add_api_route(path, echo, methods=[method])

        @app.delete("/registry/v1/people/{id}", status_code=204)
        async def delete(request: Request) -> Response:
            self.note(request)
            return Response(status_code=204)

        @app.post("/registry/v1/ledger-imports")
        async def upload(request: Request) -> JSONResponse:
            self.note(request)
            size, pieces, digest = 0, 0, hashlib.sha256()
            async for piece in request.stream():
                size += len(piece)
                pieces += 1
                digest.update(piece)
            return JSONResponse({"size": size, "pieces": pieces, "sha256": digest.hexdigest()}, 202)

        @app.get("/registry/v1/export")
        async def export(request: Request, size: int = 1_000_000, counted: bool = True) -> Response:
            self.note(request)
            data = bytes(range(256)) * (size // 256)

            async def pieces() -> AsyncIterator[bytes]:
                for start in range(0, len(data), 10_000):
                    yield data[start : start + 10_000]

            if counted:
                return Response(data, media_type="application/octet-stream")
            return StreamingResponse(pieces(), media_type="application/x-ndjson")

        @app.get("/registry/v1/broken")
        async def broken() -> Response:
            raise RuntimeError("王建国 610822199001011234")

        @app.get("/registry/v1/slow")
        async def slow(request: Request) -> Response:
            self.note(request)
            self.asked.set()
            watch = asyncio.create_task(self._until_gone(request))
            await self.go_on.wait()
            watch.cancel()
            return JSONResponse({"late": True})

        @app.get("/alerts/v1/stream")
        async def stream(request: Request) -> StreamingResponse:
            self.note(request)

            async def events() -> AsyncIterator[bytes]:
                try:
                    number = 0
                    while True:
                        number += 1
                        yield b"id: %d\ndata: alert\n\n" % number
                        self.go_on.clear()
                        await self.go_on.wait()
                finally:
                    self.left.set()

            return StreamingResponse(events(), media_type="text/event-stream")

        @app.get("/readyz")
        async def readyz() -> JSONResponse:
            return JSONResponse({}, 200 if self.ready else 503)

    async def _until_gone(self, request: Request) -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        self.left.set()

    def note(self, request: Request) -> None:
        """Remember what arrived."""
        self.seen.append((request.method, request.url.path, dict(request.headers)))


@dataclass
class Street:
    """A whole street with its edge."""

    keys: Keys
    clock: SteppedClock
    revoked: set[str]
    limiter: Limiter
    registry: CollectorRegistry
    gateway: Toy
    services: dict[str, Toy]
    edge: Edge

    @property
    def reached(self) -> list[tuple[str, str, dict[str, str]]]:
        """Everything that got past the edge."""
        return self.gateway.seen + [request for toy in self.services.values() for request in toy.seen]


def generous() -> Limiter:
    """Limits that no test meets by accident."""
    return Limiter({name: Quota(1_000_000, 1, 1_000_000) for name in QUOTAS})


def street(
    upstreams: Mapping[str, Upstream] | None = None,
    *,
    toys: dict[str, Toy] | None = None,
    limiter: Limiter | None = None,
    table: RouteTable | None = None,
    keys: Keys | None = None,
    https: bool = False,
) -> Street:
    """Toys in this process, unless upstreams are given."""
    toys = toys or {name: Toy(name) for name in ("registry", "alerts")}
    keys, limiter = keys or Keys(), limiter or generous()
    clock, revoked, registry, local = SteppedClock(START), set[str](), CollectorRegistry(), Toy("gateway")
    ways = upstreams or {name: AsgiUpstream(toy.app) for name, toy in toys.items()}
    table = table or parse_table(TABLE)
    edge = Edge(local.app, ways, table, keys.outer_verifier(), keys.inner, revoked, clock, limiter, registry=registry, https=https)
    return Street(keys, clock, revoked, limiter, registry, local, toys, edge)


@asynccontextmanager
async def served(app: ASGIApp, **options: Any) -> AsyncIterator[int]:
    """A real uvicorn in this loop; the port. Connections wait in the backlog until it serves."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, **{"log_config": None, "lifespan": "off", "timeout_graceful_shutdown": 1, "access_log": False, **options})
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # the test runner keeps its own
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        server.force_exit = True
        await running
        listener.close()


@asynccontextmanager
async def door(app: ASGIApp) -> AsyncIterator[int]:
    """The edge behind the server that the product uses."""
    async with served(app, **{**SERVER, "lifespan": "off"}) as port:
        yield port


@asynccontextmanager
async def street_of_processes(**pool: Any) -> AsyncIterator[tuple[Street, int, dict[str, int]]]:
    """Each toy behind its own uvicorn, the edge before them with pools; the street, its port and theirs."""
    toys = {name: Toy(name) for name in ("registry", "alerts")}
    async with served(toys["registry"].app) as first, served(toys["alerts"].app) as second:
        ports = {"registry": first, "alerts": second}
        whole = street({name: PoolUpstream("127.0.0.1", port, **pool) for name, port in ports.items()}, toys=toys)
        async with door(whole.edge) as port:
            try:
                yield whole, port, ports
            finally:
                await whole.edge.close()


@dataclass
class Told:
    """What an ASGI app answered."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: str) -> str | None:
        """One header's value."""
        return next((value.decode("latin-1") for key, value in self.headers if key == name.encode()), None)


async def ask(
    app: ASGIApp,
    method: str = "GET",
    path: str = "/registry/v1/people",
    *,
    token: str | None = None,
    headers: list[tuple[bytes, bytes]] | None = None,
    pieces: list[bytes] | None = None,
    query: bytes = b"",
    host: bool = True,
    client: tuple[str, int] | None = ("192.0.2.7", 5),
    **scope: Any,
) -> Told:
    """Ask an ASGI app with exactly these headers and body pieces; a client that stays until it is answered."""
    fields = [(b"host", b"guikang.example")] if host else []
    if token is not None:
        fields.append((b"authorization", f"Bearer {token}".encode("latin-1", "replace")))
    waiting = list(pieces or [b""])
    answered = asyncio.Event()
    told = Told(0, [], b"")

    async def receive() -> dict[str, Any]:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            told.status, told.headers = message["status"], list(message["headers"])
        else:
            told.body += message.get("body", b"")
            if not message.get("more_body", False):
                answered.set()

    whole = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("latin-1", "replace"),
        "query_string": query,
        "headers": fields + (headers or []),
        "client": client,
        "server": ("127.0.0.1", 80),
        **scope,
    }
    await app(whole, receive, send)
    return told
