"""`/metrics` of a house that runs in one process: all its apps' figures on one loopback port (GUIKANG_METRICS_PORT).

In several processes each app answers on its own port. In one process only the gateway has a port, and strangers can reach it, so the
figures get a port of their own.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from deploy.problems import BadOption
from deploy.serving import listen, server_for


def metrics_port() -> int | None:
    """The port that the operator gave; None for none. Raises BadOption."""
    given = os.environ.get("GUIKANG_METRICS_PORT", "")
    if given and not (given.isascii() and given.isdigit() and 0 < int(given) < 65536):
        raise BadOption(option="GUIKANG_METRICS_PORT", reason="give a port number", reason_zh="请给出端口号")
    return int(given) if given else None


def serve_figures(apps: Mapping[str, FastAPI]) -> asyncio.Task[None] | None:
    """Serve `/metrics` on the operator's port until cancelled; None when none was given. Raises BadOption, PortTaken."""
    port = metrics_port()
    if port is None:
        return None
    server = server_for(figures_app(apps), edge=False)
    return asyncio.create_task(server.serve(sockets=[listen(port)]), name="figures")


class _Merged:
    """Several registries as one: a metric of all apps becomes one family with all their samples."""

    def __init__(self, registries: Mapping[str, CollectorRegistry]) -> None:
        self._registries = registries

    def collect(self) -> Iterator[Metric]:
        """Every family once."""
        families: dict[str, Metric] = {}
        for registry in self._registries.values():
            for family in registry.collect():
                known = families.setdefault(family.name, Metric(family.name, family.documentation, family.type, family.unit))
                known.samples += family.samples
        yield from families.values()


def figures_app(apps: Mapping[str, FastAPI]) -> FastAPI:
    """An app that serves `/metrics` alone."""
    together = CollectorRegistry()
    together.register(_Merged({name: app.state.metrics.registry for name, app in apps.items()}))

    async def metrics(_: object) -> Response:
        for app in apps.values():
            await app.state.vitals.set_gauges()
        return PlainTextResponse(generate_latest(together), media_type="text/plain; version=0.0.4")

    return FastAPI(openapi_url=None, routes=[Route("/metrics", metrics)])
