"""The edge itself: request id, hygiene, route, token, limits, then on to the app that serves (DESIGN 4).

Every step either lets the request pass or raises a problem, and one place turns problems into answers. The order is the defence: the
cheapest check comes first, and nothing from outside reaches an app before the guard has decided.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container, Mapping
from typing import Any

import structlog
import uuid_utils
from prometheus_client import CollectorRegistry
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.edge.answer import Answer
from gateway.edge.crossing import CrossOrigin
from gateway.edge.errors import CLOSE, ClientGone
from gateway.edge.guard import Guard
from gateway.edge.http import Head, Headers, read_head
from gateway.edge.limits import ANYONE, CALLER, REFUSED, STREAM, UNKNOWN, BoundedBody, Limiter, address_key
from gateway.edge.metrics import GONE, UNROUTED, EdgeMetrics
from gateway.edge.origin import Client, TrustedProxies
from gateway.edge.ready import Readiness
from gateway.edge.routes import LOCAL, METHODS, BadTable, Route, RouteTable
from gateway.edge.upstream import AsgiUpstream, Upstream
from kit.auth import SigningKey, TokenVerifier
from kit.clock import Clock
from kit.logs import AccessLog
from kit.problems import MethodNotAllowed, Problem, TooLarge, TooMany, invalid, language_of

log = structlog.get_logger()


class Edge:
    """ASGI app. Upstreams by service name; `revoked` holds session ids and is asked on every request."""

    def __init__(
        self,
        local_app: ASGIApp,
        upstreams: Mapping[str, Upstream],
        table: RouteTable,
        verifier: TokenVerifier,
        inner_key: SigningKey,
        revoked: Container[str],
        clock: Clock,
        limiter: Limiter,
        *,
        registry: CollectorRegistry | None = None,
        https: bool = False,
        access: AccessLog | None = None,
        proxies: TrustedProxies | None = None,
        crossing: CrossOrigin | None = None,
    ) -> None:
        """`https`: TLS ends before us, so say Strict-Transport-Security. Raises BadTable when a row leads nowhere or to no rate class."""
        self._upstreams: dict[str, Upstream] = {**upstreams, LOCAL: AsgiUpstream(local_app)}
        nowhere = table.services - self._upstreams.keys()
        limitless = (table.rates | {ANYONE, CALLER, REFUSED, UNKNOWN}) - limiter.quotas.keys()
        if nowhere or limitless:
            raise BadTable(f"no upstream for {sorted(nowhere)}, no quota for {sorted(limitless)}")
        self._table = table
        self._guard = Guard(verifier, inner_key, revoked, limiter)
        self._clock = clock
        self._limiter = limiter
        self._metrics = EdgeMetrics(registry or CollectorRegistry())
        self._readiness = Readiness(self._upstreams)
        self._https = https
        self._access = access
        self._proxies = proxies or TrustedProxies()
        self._crossing = crossing or CrossOrigin()

    def forget(self) -> None:
        """Verify every token anew: a signing key was withdrawn."""
        self._guard.forget()

    async def close(self) -> None:
        """Give back the upstreams' connections."""
        await asyncio.gather(*(upstream.close() for upstream in self._upstreams.values()))
        if self._access is not None:
            self._access.flush()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. The lifespan of the apps is their composer's; here it only gives connections back."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return
            await send({"type": "lifespan.startup.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        request_id = str(uuid_utils.uuid7())
        answer = Answer(send, request_id, https=self._https)
        template = UNROUTED
        problem: Problem | None = None
        client = self._proxies.client(scope)
        try:
            head = read_head(scope)
            if self._crossing and await self._cross(scope, head, answer):
                pass
            elif head.path in (b"/livez", b"/readyz"):
                template = head.path.decode()
                await self._health(scope, head, answer, client)
            else:
                route = self._table.match(scope["method"], head.path)
                template = route.path
                answer.gzip = head.gzip and route.method != "HEAD" and not route.path.startswith("/auth/")
                await self._pass(scope, receive, answer, head, route, request_id, client)
        except Problem as found:
            problem = found if answer.account else self._weighed(found, client)
        except (ClientGone, ClientDisconnect):
            if not answer.too_large:
                answer.status = answer.status or GONE
        except Exception as error:
            log.error("upstream_failed", kind=type(error).__name__, route=template, request_id=request_id)
            problem = Problem()
        await self._conclude(scope, answer, problem)
        method = scope["method"] if scope["method"] in METHODS else "other"
        seconds = loop.time() - begin
        self._metrics.note(method, template, answer.status, seconds)
        if self._access is not None and (answer.account or answer.status != TooMany.status):
            self._access.note(self._clock().isoformat(), method, template, answer.status, seconds, request_id, answer.account)

    async def _cross(self, scope: Scope, head: Head, answer: Answer) -> bool:
        """Add the headers for pages of other origins; True when the request was a preflight, which is then answered."""
        answer.add(self._crossing.tail(head.origin))
        told = self._crossing.preflight(scope, head.origin)
        if told is not None:
            await answer.bare(204, told)
        return told is not None

    def _weighed(self, problem: Problem, client: Client) -> Problem:
        """The refusal of somebody unknown, or TooMany when their address draws too many: a caller that tries random paths soon gets only
        429, and no more lines in the access log.
        """
        try:
            if not isinstance(problem, TooMany):
                self._limiter.take(REFUSED, address_key(client), self._clock().timestamp())
        except TooMany as limit:
            return limit
        return problem

    async def _conclude(self, scope: Scope, answer: Answer, problem: Problem | None) -> None:
        """Answer with what went wrong. An answer that has begun is left unfinished: the server then cuts the connection, and the client notices."""
        if answer.started or answer.status == GONE:
            return
        if answer.too_large:
            problem = TooLarge(headers=dict(CLOSE))
        await answer.problem(problem or Problem(), _language(scope))

    async def _pass(
        self, scope: Scope, receive: Receive, answer: Answer, head: Head, route: Route, request_id: str, client: Client
    ) -> None:
        now = self._clock()
        headers = head.headers
        if route.public:
            answer.cacheable = route.method in ("GET", "HEAD")
            self._limiter.take(route.rate, address_key(client), now.timestamp())
        else:
            visitor = self._guard.admit(head.authorization, address_key(client), now)
            answer.account = visitor.principal.subject
            self._guard.allow(visitor, route, now)
            headers.append((b"authorization", self._guard.inner(visitor, route.service, now)))
            if route.rate == STREAM:
                answer.leash = lambda: self._guard.still(visitor, self._clock())
        if route.purpose and not head.purpose:
            raise invalid(
                "/header/Purpose", "purpose_required", "查看个人信息须注明用途(Purpose)", "reading personal data needs a Purpose header"
            )
        if head.has_body:
            if head.length is not None and head.length > route.body_limit:
                raise TooLarge(headers=dict(CLOSE))
            receive = answer.body = BoundedBody(receive, route.body_limit)
        headers.append((b"x-request-id", request_id.encode("ascii")))
        serving = self._upstreams[route.service](_inward(scope, head, headers, route, client), receive, answer.send)
        if answer.leash is None:
            await serving
            return
        watch = asyncio.create_task(answer.watch())
        try:
            await serving
        finally:
            watch.cancel()

    async def _health(self, scope: Scope, head: Head, answer: Answer, client: Client) -> None:
        self._limiter.take(ANYONE, address_key(client), self._clock().timestamp())
        if scope["method"] not in ("GET", "HEAD"):
            raise MethodNotAllowed(headers={"Allow": "GET, HEAD"})
        if head.path == b"/livez":
            await answer.json(200, {"status": "ok"})
            return
        ready, report = await self._readiness.report()
        await answer.json(200 if ready else 503, report)


def _inward(scope: Scope, head: Head, headers: Headers, route: Route, client: Client) -> dict[str, Any]:
    """A fresh scope: path as matched, no state shared between requests or with the outer server."""
    if route.service != LOCAL:  # a session cookie is the gateway's alone
        headers = [pair for pair in headers if pair[0] != b"cookie"]
    return {
        "type": "http",
        "asgi": scope["asgi"],
        "http_version": "1.1",
        "method": route.method,
        "scheme": scope.get("scheme", "http"),
        "path": head.path.decode("ascii"),
        "raw_path": head.path,
        "query_string": head.query,
        "root_path": "",
        "headers": headers,
        "client": client,
        "server": scope.get("server"),
        "state": {},
    }


def _language(scope: Scope) -> str:
    wanted = next((value for name, value in scope["headers"] if name == b"accept-language"), b"")
    return language_of(wanted.decode("latin-1"))
