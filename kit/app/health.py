"""Whether a process lives, whether it is ready, and its figures: `/livez`, `/readyz`, `/metrics`.

One typed report, whatever asks: a balancer reads the status, a person the findings, Prometheus the same numbers as gauges. A process is not
ready (503) when its answers are useless: no database, no disk space, or it is about to end. A delay is only a finding: removing a whole
service because a neighbour is slow would not help.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import psycopg
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import Gauge, generate_latest
from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from kit.follow import Follower
from kit.jobs import Jobs
from kit.metrics import Metrics
from kit.work import House

PATIENCE = 2.0
"""Seconds that the database may take to answer."""
SLOW_FEED = 60.0
"""Seconds without a step after which a feed counts as standing still: an idle one steps every five."""
SLOW_JOBS = 300.0
"""Seconds that the oldest due job may wait: the longest job of a county takes under a minute."""
SLOW_SEAL = 10_000
"""Unsealed audit rows; the count stops there. The sealer takes as many in a few seconds."""
SLOW_TRANSACTION = 120.0
"""Seconds: one long transaction holds every reader of the feeds back (ADR 0003)."""
NO_ROOM_MB = 64
"""Free disk below which the house does not accept writes as safe: Postgres needs its next segment of the log (16 MB) and more."""

Status = Literal["ok", "degraded", "leaving", "no_database", "no_room"]
READY: frozenset[Status] = frozenset({"ok", "degraded"})


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True)


class FeedHealth(_Said):
    """One followed feed."""

    lag_seconds: float | None
    """Since the last step; None before the first."""
    parked: int
    """Events that were refused and wait for a person (`./dev parked`)."""


class PoolHealth(_Said):
    """Connections for units of work."""

    in_use: int
    most: int


class JobsHealth(_Said):
    """The queue."""

    waiting: int
    """Jobs that are due."""
    oldest_seconds: float
    failed: int
    """Jobs that were given up."""


class Health(_Said):
    """The report of a part of the house about itself."""

    status: Status
    service: str
    revision: str | None = None
    """The newest revision of its schema."""
    findings: list[str] = []
    """The findings, as codes; empty when all is well."""
    feeds: dict[str, FeedHealth] = {}
    pool: PoolHealth
    jobs: JobsHealth | None = None
    unsealed_rows: int = 0
    oldest_transaction_seconds: float = 0
    disk_free_mb: int


class Vitals:
    """Takes the report of one app."""

    def __init__(self, house: House, followers: Sequence[Follower], jobs: Jobs | None, metrics: Metrics) -> None:
        self._house = house
        self._followers = followers
        self._jobs = jobs
        self._gauges = {
            name: Gauge(f"guikang_{name}", about, ["service", *labels], registry=metrics.registry)
            for name, about, *labels in (
                ("ready", "1 when the part is ready"),
                ("pool_connections_in_use", "Connections in use by units of work"),
                ("pool_connections_most", "Connections that units of work may use"),
                ("feed_lag_seconds", "Seconds since the last step of a followed feed", "feed"),
                ("feed_parked_events", "Events that were refused and wait for a person", "feed"),
                ("jobs_waiting", "Due jobs in the queue"),
                ("jobs_oldest_seconds", "Age of the oldest due job"),
                ("jobs_failed", "Jobs that were given up"),
                ("audit_unsealed_rows", "Audit rows that are not chained yet"),
                ("oldest_transaction_seconds", "Age of the oldest transaction of this part"),
                ("disk_free_bytes", "Free room on the disk of the data folder"),
            )
        }

    async def report(self) -> Health:
        """Ask the database and collect the findings."""
        house = self._house
        pool = PoolHealth(in_use=house.database.in_use, most=house.database.most)
        free = shutil.disk_usage(_existing(house.files)).free // 1_000_000
        try:
            async with asyncio.timeout(PATIENCE), house.database.session() as session:
                found = (await session.execute(text(_asked(house.schema.name, queue=self._jobs is not None)))).mappings().one()
        except (SQLAlchemyError, psycopg.Error, OSError):  # TimeoutError is an OSError
            return Health(status="no_database", service=house.schema.name, pool=pool, disk_free_mb=free, findings=["no_database"])
        now = house.clock()
        feeds = {
            follower.feed: FeedHealth(
                lag_seconds=round((now - follower.last_step).total_seconds(), 1) if follower.last_step else None,
                parked=found["parked"].get(follower.feed, 0),
            )
            for follower in self._followers
        }
        jobs = None
        if self._jobs is not None:
            jobs = JobsHealth(waiting=found["waiting"], oldest_seconds=round(found["oldest_job"], 1), failed=found["failed"])
        report = Health(
            status="ok",
            service=house.schema.name,
            revision=found["revision"],
            feeds=feeds,
            pool=pool,
            jobs=jobs,
            unsealed_rows=found["unsealed"],
            oldest_transaction_seconds=round(found["oldest_transaction"], 1),
            disk_free_mb=free,
        )
        findings = _findings(report)
        status: Status = "degraded" if findings else "ok"
        if free < NO_ROOM_MB:
            status = "no_room"
        if house.wakes.leaving:
            status = "leaving"
        return report.model_copy(update={"status": status, "findings": findings})

    async def set_gauges(self) -> None:
        """Set the gauges from a report."""
        report = await self.report()
        one = {"service": report.service}
        values: dict[str, float] = {
            "ready": report.status in READY,
            "pool_connections_in_use": report.pool.in_use,
            "pool_connections_most": report.pool.most,
            "disk_free_bytes": report.disk_free_mb * 1_000_000,
        }
        if report.status != "no_database":  # else the last known numbers stay, and `ready` says that they are old
            values |= {"audit_unsealed_rows": report.unsealed_rows, "oldest_transaction_seconds": report.oldest_transaction_seconds}
            if report.jobs is not None:
                jobs = report.jobs
                values |= {"jobs_waiting": jobs.waiting, "jobs_oldest_seconds": jobs.oldest_seconds, "jobs_failed": jobs.failed}
        for name, value in values.items():
            self._gauges[name].labels(**one).set(value)
        for feed, health in report.feeds.items():
            self._gauges["feed_parked_events"].labels(**one, feed=feed).set(health.parked)
            if health.lag_seconds is not None:
                self._gauges["feed_lag_seconds"].labels(**one, feed=feed).set(health.lag_seconds)


def _findings(report: Health) -> list[str]:
    found = [f"feed_stands_still:{feed}" for feed, health in report.feeds.items() if (health.lag_seconds or 0) > SLOW_FEED]
    found += [f"events_parked:{feed}" for feed, health in report.feeds.items() if health.parked]
    if report.jobs is not None and report.jobs.oldest_seconds > SLOW_JOBS:
        found.append("jobs_wait")
    if report.unsealed_rows >= SLOW_SEAL:
        found.append("audit_unsealed")
    if report.oldest_transaction_seconds > SLOW_TRANSACTION:
        found.append("long_transaction")
    if report.disk_free_mb < NO_ROOM_MB:
        found.append("no_room")
    return found


def _asked(schema: str, *, queue: bool) -> str:
    """Everything that the database knows, in one statement."""
    due = f"from {schema}.procrastinate_jobs j where j.status = 'todo' and (j.scheduled_at is null or j.scheduled_at <= now())"
    deferred = f"(select min(e.at) from {schema}.procrastinate_events e where e.job_id = j.id and e.type = 'deferred')"
    jobs = f"""(select count(*) {due}) as waiting,
               coalesce((select extract(epoch from now() - min(coalesce(j.scheduled_at, {deferred})))::float {due}), 0) as oldest_job,
               (select count(*) from {schema}.procrastinate_jobs where status = 'failed') as failed,"""
    return f"""
        with sealed as (select upto_xid::xid8 as xid, upto_id as id from {schema}.audit_seal order by number desc limit 1)
        select (select version_num from {schema}.alembic_version) as revision, {jobs if queue else ""}
               coalesce((select jsonb_object_agg(feed, many) from
                 (select feed, count(*) as many from {schema}.inbox_parked where replayed_at is null group by feed) p), '{{}}') as parked,
               (select count(*) from (select 1 from {schema}.audit a
                 where (a.xid, a.id) > (coalesce((select xid from sealed), '0'::xid8), coalesce((select id from sealed), 0))
                 limit {SLOW_SEAL}) u) as unsealed,
               coalesce((select extract(epoch from clock_timestamp() - min(xact_start))::float from pg_stat_activity
                 where usename = current_user), 0) as oldest_transaction"""


def _existing(path: Path) -> Path:
    """The nearest folder that is there: an app makes its own when it first keeps a file."""
    while not path.exists():
        path = path.parent
    return path


def health_router(vitals: Vitals, metrics: Metrics) -> APIRouter:
    """`/livez`, `/readyz`, `/metrics`. The gateway routes only its own."""
    router = APIRouter(include_in_schema=False)

    @router.get("/livez")
    async def livez() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @router.get("/readyz")
    async def readyz() -> JSONResponse:
        """The report; 503 when this part is not ready."""
        report = await vitals.report()
        return JSONResponse(report.model_dump(mode="json"), 200 if report.status in READY else 503)

    @router.get("/metrics")
    async def prometheus() -> Response:
        """Prometheus text; reached on loopback only."""
        await vitals.set_gauges()
        return Response(generate_latest(metrics.registry), media_type="text/plain; version=0.0.4")

    return router
