"""How a service becomes an ASGI app from its parts (API.md section 1)."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from kit import audit, idempotency
from kit.app.feed import internal_router, language_router
from kit.app.health import health_router
from kit.app.problems import install_problems
from kit.audit_api import audit_router
from kit.auth import SigningKey, TokenVerifier
from kit.clock import Clock, WorkingDay
from kit.codes import Codes
from kit.db import Database, Schema
from kit.doors import Door
from kit.follow import Follower, Reader
from kit.jobs import Job, Jobs
from kit.metrics import Metrics
from kit.sealed import Sealer
from kit.wake import Wakes
from kit.work import House

log = structlog.get_logger()

Background = Callable[[], Awaitable[None]]
SWEEP_EVERY = timedelta(hours=1)
"""How often answers of old Idempotency-Keys are forgotten."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What `create_app` of a service is given: everything that differs between a laptop, a test and a cluster."""

    database: Database
    clock: Clock
    sealer: Sealer
    verifier: TokenVerifier
    neighbour_verifier: TokenVerifier
    neighbours: Mapping[str, Door]
    signing_key: SigningKey
    county: str
    works: WorkingDay
    files: Path
    demo: bool = False
    background: bool = True
    """Run followers, jobs and the audit sealer by themselves; tests step them by hand instead."""
    held: Sequence[object] = ()
    """What only this one service holds: settings, keys, logs; `House.part` reads them by class."""


PeriodicJob = tuple[str, Job, str | None]


def assemble(
    parts: Parts,
    schema: Schema,
    *,
    title: str,
    routers: Sequence[APIRouter],
    readers: Mapping[str, Mapping[str, Reader]] | None = None,
    work_jobs: Sequence[PeriodicJob] = (),
    background: Sequence[Callable[[House], Awaitable[None]]] = (),
    vital: Sequence[Callable[[House], Awaitable[None]]] = (),
    codes: Mapping[str, Codes] | None = None,
    audit_at: APIRouter | None = None,
    followed_by: Sequence[str] = (),
) -> FastAPI:
    """The app of a service.

    `readers`: neighbour → event type → reader; `work_jobs`: (name, run, cron or None); `background`: its own endless tasks, which tests step by hand;
    `vital`: tasks that always run, because requests depend on them; `codes`: its code lists with labels, for /meta/v1/codes;
    `audit_at`: how auditors read this trail when it is not as in every service; `followed_by`: who may read the feed, when not every neighbour.
    """
    wakes = Wakes(parts.database.conninfo, f"{schema.name}_outbox")
    house = House(
        schema,
        parts.database,
        parts.clock,
        parts.sealer,
        parts.verifier,
        parts.neighbour_verifier,
        parts.signing_key,
        parts.neighbours,
        parts.county,
        parts.works,
        parts.files,
        wakes,
        parts.demo,
        list(parts.held),
    )
    followers = [Follower(house, feed, parts.neighbours[feed], known) for feed, known in (readers or {}).items()]
    jobs = Jobs(parts.database.conninfo, schema.name) if work_jobs else None
    if jobs is not None:
        jobs.bind(house)
        for name, run, cron in work_jobs:
            jobs.job(name, run, periodic=cron)

    def ready() -> dict[str, Any]:
        now = parts.clock()
        lags = {
            follower.feed: round((now - follower.last_step).total_seconds(), 1) if follower.last_step else None for follower in followers
        }
        return {"followers_lag_seconds": lags}

    tasks: list[Background] = [wakes.run, *(partial(run, house) for run in vital)]
    if parts.background:
        tasks += [follower.run for follower in followers]
        tasks.append(lambda: _seal_for_ever(house))
        if jobs is not None:
            tasks.append(jobs.run)
        tasks += [partial(run, house) for run in background]

    @contextlib.asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        running = [asyncio.create_task(_forever(run)) for run in tasks]
        try:
            yield
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await house.database.close()

    def operation_id(route: APIRoute) -> str:
        """What a generated client calls it, e.g. `registry_people_list_people`; it does not change with the path."""
        return "_".join((schema.name, *map(str, route.tags[:1]), route.name)).replace("-", "_")

    app = FastAPI(
        title=title, version="1", lifespan=life, openapi_url=None, redirect_slashes=False, generate_unique_id_function=operation_id
    )
    app.state.house = house
    app.state.codes = codes or {}
    app.state.metrics = Metrics(schema.name)
    app.state.wakes = wakes
    app.state.followers = followers
    app.state.jobs = jobs
    install_problems(app)
    app.include_router(internal_router(house, wakes, followed_by))
    app.include_router(language_router(app, codes or {}))
    app.include_router(health_router(house, ready, app.state.metrics))
    for router in (*routers, audit_at or audit_router(f"/{schema.name}/v1")):
        app.include_router(router)
    app.middleware_stack = app.state.metrics.wrap(app.build_middleware_stack(), time.monotonic)
    return app


async def _forever(run: Background) -> None:
    while True:
        try:
            await run()
            return
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.error("background_failed", kind=type(error).__name__, exc_info=error)
            await asyncio.sleep(1)


async def _seal_for_ever(house: House) -> None:
    """Chain committed audit rows; the pause is the longest unsealed window."""
    swept = None
    while True:
        async with house.database.session() as session:
            now = house.clock()
            sealed = await audit.seal(session, house.schema, now)
            if swept is None or now - swept > SWEEP_EVERY:
                await idempotency.forget_old(session, house.schema, now)
                swept = now
            await session.commit()
        await asyncio.sleep(0.2 if sealed == audit.SEAL_BATCH else 2)
