"""Whether a process lives, whether it is ready, and its figures: `/livez`, `/readyz`, `/metrics`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import generate_latest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kit.metrics import Metrics
from kit.work import House


def health_router(house: House, ready: Callable[[], dict[str, Any]], metrics: Metrics) -> APIRouter:
    """`/livez`, `/readyz`, `/metrics`. The gateway routes only its own."""
    router = APIRouter(include_in_schema=False)

    @router.get("/livez")
    async def livez() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        """The database answers, the schema is migrated, the followers move."""
        report: dict[str, Any] = {"status": "ok", "service": house.schema.name, **ready()}
        try:
            async with house.database.session() as session:
                found = await session.execute(text(f"select version_num from {house.schema.name}.alembic_version"))
                report["revision"] = found.scalar_one_or_none()
        except (DBAPIError, TimeoutError, OSError):
            report["status"] = "no database"
            return JSONResponse(report, 503)
        return JSONResponse(report)

    @router.get("/metrics")
    async def prometheus() -> Response:
        """Prometheus text; reached on loopback only."""
        return Response(generate_latest(metrics.registry), media_type="text/plain; version=0.0.4")

    return router
