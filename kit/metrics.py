"""Counters of an app, by route template, because an address could hold personal values (law 8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def route_template(scope: Any) -> str:
    """The template of the route that answered."""
    route = scope.get("route")
    return getattr(route, "path", "unrouted")


class Metrics:
    """Counters of one app, in a registry of its own so that five apps share a process."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("guikang_requests", "Answered requests", ["service", "method", "route", "status"], registry=self.registry)
        self.seconds = Histogram("guikang_request_seconds", "Time to answer", ["service", "route"], registry=self.registry)
        self._service = service
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def wrap(self, app: ASGIApp, clock: Callable[[], float]) -> ASGIApp:
        """Count around an app."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            status, begin = 500, clock()

            async def noted(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            try:
                await app(scope, receive, noted)
            finally:
                self._note(scope["method"], route_template(scope), status, clock() - begin)

        return counted

    def _note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer; the counters of a route are looked up once (labels are few: templates, not addresses)."""
        counters = self._known.get((method, route, status))
        if counters is None:
            requests = self.requests.labels(self._service, method, route, str(status))
            counters = self._known[method, route, status] = (requests, self.seconds.labels(self._service, route))
        counters[0].inc()
        counters[1].observe(seconds)
