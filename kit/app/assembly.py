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

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from kit import audit, idempotency
from kit.app.feed import FollowedBy, internal_router, language_router
from kit.app.health import Vitals, health_router
from kit.app.problems import install_problems
from kit.audit_api import audit_router
from kit.auth import Principal, SigningKey, TokenVerifier
from kit.clock import Clock, WorkingDay
from kit.codes import Codes, Words
from kit.db import Database, Schema
from kit.doors import Door
from kit.emergencies_api import emergencies_router
from kit.follow import Follower, Readers, Refusals
from kit.jobs import Job, Jobs
from kit.metrics import Metrics
from kit.names import Names, Tell
from kit.sealed import Sealer
from kit.turns import Turns
from kit.waits import end, places
from kit.wake import Wakes
from kit.work import House

log = structlog.get_logger()

Background = Callable[[], Awaitable[None]]
LEAVE_SECONDS = 8.0
"""Seconds that the tasks of an app get to end; then they are reported, and the app ends without them."""


RECOVERED_SECONDS = 60.0
"""A task that ran so long had recovered: its next failure is a first one."""
LONGEST_PAUSE = 5.0


class DidNotEnd(Exception):
    """Tasks of an app that were cancelled and still run."""


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
    words: Words = dict
    demo: bool = False
    narrow: Callable[[House, Principal], Awaitable[Principal]] | None = None
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
    readers: Mapping[str, Readers] | None = None,
    refused: Mapping[str, Refusals] | None = None,
    work_jobs: Sequence[PeriodicJob] = (),
    background: Sequence[Callable[[House], Awaitable[None]]] = (),
    vital: Sequence[Callable[[House], Awaitable[None]]] = (),
    codes: Mapping[str, Codes] | None = None,
    audit_at: APIRouter | None = None,
    followed_by: FollowedBy | None = None,
    names: Mapping[str, Tell] | None = None,
) -> FastAPI:
    """The app of a service.

    `readers`, `refused`: by neighbour, what is read of its feed and what is not (kit.follow); `work_jobs`: (name, run, cron or None); `background`: its own endless tasks, which tests step by hand;
    `vital`: tasks that always run, because requests depend on them; `codes`: its code lists with labels, for /meta/v1/codes;
    `audit_at`: how auditors read this trail when it is not as in every service; `followed_by`: who may read which families of the feed, when not every neighbour all of it;
    `names`: whose names this app tells, by the path at which neighbours ask them.
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
        parts.words,
        parts.demo,
        parts.narrow,
        [*parts.held, Names(names or {})],
    )
    followers = [Follower(house, feed, parts.neighbours[feed], known, (refused or {}).get(feed)) for feed, known in (readers or {}).items()]
    jobs = Jobs(parts.database.conninfo, schema.name) if work_jobs else None
    if jobs is not None:
        jobs.bind(house)
        for name, run, cron in work_jobs:
            jobs.job(name, run, periodic=cron)

    tasks: dict[str, Background] = {"wakes": wakes.run, **{_name(run): partial(run, house) for run in vital}}
    loops: dict[str, Background] = {f"follower of {follower.feed}": follower.run for follower in followers}
    loops["sealer"] = partial(seal_for_ever, house)
    if jobs is not None:
        loops["jobs"] = jobs.run
    loops |= {_name(run): partial(run, house) for run in background}
    if parts.background:
        tasks |= loops

    @contextlib.asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        running = [asyncio.create_task(_forever(run), name=f"{schema.name} {name}") for name, run in tasks.items()]
        try:
            yield
        finally:
            left = await end(running, LEAVE_SECONDS)
            for task in left:
                log.error("task_did_not_end", job=task.get_name(), exception=places(task))
            await house.database.close()
            if left:
                raise DidNotEnd(", ".join(task.get_name() for task in left))

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
    app.state.loops = tasks | loops
    app.state.turns = Turns()
    install_problems(app)
    app.include_router(internal_router(house, wakes, followed_by))
    app.include_router(language_router(app, codes or {}))
    app.state.vitals = Vitals(house, followers, jobs, app.state.metrics)
    app.include_router(health_router(app.state.vitals, app.state.metrics))
    trail = [audit_at] if audit_at else [audit_router(f"/{schema.name}/v1"), emergencies_router(f"/{schema.name}/v1")]
    for router in (*routers, *trail):
        app.include_router(router)
    app.middleware_stack = app.state.metrics.wrap(app.build_middleware_stack(), time.monotonic)
    return app


def _name(run: Callable[[House], Awaitable[None]]) -> str:
    """The name of a task in a log: the class of a method, else the function."""
    owner = getattr(run, "__self__", None)
    return (type(owner).__name__ if owner is not None else getattr(run, "__name__", "task")).lower()


async def _forever(run: Background) -> None:
    """Run an endless task again when it failed.

    Repeated failures are logged at the 1st, 2nd, 4th, 8th … time, so that a long outage does not fill the log.
    """
    loop, failures = asyncio.get_running_loop(), 0
    while True:
        begun = loop.time()
        try:
            await run()
            return
        except Exception as error:
            failures = failures + 1 if loop.time() - begun < RECOVERED_SECONDS else 1
            if failures.bit_count() == 1:
                log.error("background_failed", kind=type(error).__name__, count=failures, exc_info=error)
            await asyncio.sleep(min(failures, LONGEST_PAUSE))


async def seal_for_ever(house: House) -> None:
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
