"""What the edge counts: by route template, never by path, because a path names a person."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)
UNROUTED = "unrouted"
GONE = 499
"""The client left before its answer (nginx's number for it)."""


class EdgeMetrics:
    """Counters of one edge in a registry that was passed in."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "guikang_edge_requests", "Requests by route template and status", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram("guikang_edge_seconds", "Time to answer, streams included", ["route"], buckets=BUCKETS, registry=registry)
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._clocks: dict[str, Histogram] = {}

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request. Label look-ups are remembered: they cost more than the counting."""
        key = (method, route, status)
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = self._requests.labels(method, route, str(status))
        counter.inc()
        clock = self._clocks.get(route)
        if clock is None:
            clock = self._clocks[route] = self._seconds.labels(route)
        clock.observe(seconds)
