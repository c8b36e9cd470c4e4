"""Background and periodic work on procrastinate, in each service's own schema.

A job is deferred in the transaction of the request that asked for it, so a rolled-back request leaves no job. Periodic work is idempotent per period. A job
calls one use case in a unit of work of its own. The queue's tables come from procrastinate's own SQL, run in a revision of the service.

A job that a killed worker left half-done holds its lane for ever unless somebody puts it back. Each worker holds a shared advisory lock while it lives: a
worker that starts and can have the lock alone knows that no other lives, and puts back all; beside others it goes by their heartbeats.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog
from procrastinate import App, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Status
from procrastinate.schema import SchemaManager
from psycopg import AsyncConnection
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kit.transient import TRANSIENT
from kit.work import House, Work, system_work

log = structlog.get_logger()
Job = Callable[..., Awaitable[None]]
STALLED = 30.0
"""Seconds without a heartbeat (there is one every ten) after which a worker counts as dead."""
AGAIN = RetryStrategy(max_attempts=10, exponential_wait=2, retry_exceptions=TRANSIENT)
"""A job is one unit of work: when what failed may pass by itself, it runs again after 2, 4, 8 … seconds."""


def install_queue(connection: sa.Connection, schema: str) -> None:
    """Install the queue's tables and functions into a schema: called by a service's first revision."""
    raw = connection.connection.cursor()  # many statements in one string, which only the simple protocol takes
    raw.execute(f'set local search_path to "{schema}"')
    raw.execute(SchemaManager.get_schema())
    raw.execute("set local search_path to default")


class Jobs:
    """The queue of one service: register jobs, defer them, run a worker."""

    def __init__(self, conninfo: str, schema: str) -> None:
        self._schema = schema
        self._conninfo = conninfo
        self._connector = PsycopgConnector(conninfo=conninfo, min_size=1, max_size=3)
        self.app = App(connector=self._connector)
        self._house: House | None = None
        self.listed: list[tuple[str, str | None, str]] = []
        """Name, period and what it does of every registered job."""
        self.last_run: datetime | None = None

    def bind(self, house: House) -> None:
        """Give the jobs the house they work in."""
        self._house = house

    def job(self, name: str, run: Job, *, periodic: str | None = None) -> None:
        """Register `run(house, **arguments)`. `periodic`: a cron line (UTC); the same job never runs twice at once."""

        async def task(**arguments: Any) -> None:
            assert self._house is not None
            arguments.pop("timestamp", None)
            await run(self._house, **arguments)
            self.last_run = self._house.clock()

        self.listed.append((name, periodic, (run.__doc__ or "").strip().split("\n")[0]))
        registered = self.app.task(name=name, queueing_lock=name if periodic else None, lock=name, retry=AGAIN)(task)
        if periodic:
            self.app.periodic(cron=periodic, periodic_id=name)(registered)  # pyright: ignore[reportArgumentType] - the timestamp comes as a keyword

    async def run(self) -> None:
        """A worker, until cancelled."""
        name = f"jobs of {self._schema}"
        async with (
            self.app.open_async(),
            await AsyncConnection.connect(self._conninfo, autocommit=True, application_name="guikang jobs") as living,
        ):
            alone = await (await living.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", (name,))).fetchone()
            if alone == (True,):
                await self.put_back(-STALLED)  # every heartbeat is older than in half a minute
            await living.execute("select pg_advisory_lock_shared(hashtextextended(%s, 0))", (name,))
            if alone == (True,):
                await living.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", (name,))
            watching = asyncio.create_task(self._put_back_for_ever())
            try:
                await self.app.run_worker_async(concurrency=1, install_signal_handlers=False, wait=True, delete_jobs="successful")
            finally:
                await stop(watching)

    async def put_back(self, silent: float) -> int:
        """Queue again what workers without a heartbeat for `silent` seconds left half-done; the number of jobs. The queue must be open."""
        manager, jobs = self.app.job_manager, list(await self.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=silent))
        for job in jobs:
            log.warning("job_put_back", service=self._schema, job=job.task_name)
            try:
                await manager.retry_job(job)
            except UniqueViolation:  # the same periodic job waits already
                await manager.finish_job(job, Status.FAILED, delete_job=True)
        return len(jobs)

    async def _put_back_for_ever(self) -> None:
        while True:
            await asyncio.sleep(STALLED / 2)
            with contextlib.suppress(ConnectorException):  # the worker meets the same and tells it
                await self.put_back(STALLED)

    async def drain(self) -> None:
        """Run everything that is queued now, then return: what tests step with."""
        async with self.app.open_async():
            await self.app.run_worker_async(
                concurrency=1, install_signal_handlers=False, wait=False, listen_notify=False, delete_jobs="successful"
            )


async def defer(session: AsyncSession, schema: str, name: str, **arguments: Any) -> None:
    """Queue a job in the caller's transaction, through the queue's own SQL function."""
    statement = text(
        f"""select {schema}.procrastinate_defer_jobs_v1(
              array[row('default', :name, 0, :lock, null, cast(:arguments as jsonb), null)::{schema}.procrastinate_job_to_defer_v1])"""
    )
    await session.execute(statement, {"name": name, "lock": name, "arguments": json.dumps(arguments)})


async def in_work(house: House, job: str, run: Callable[[Work], Awaitable[None]]) -> None:
    """Run a use case in a unit of work of its own and commit it."""
    async with house.database.session() as session:
        work = system_work(house, session, f"job-{job}", f"{house.schema.name}/{job}")
        await run(work)
        await session.commit()


async def stop(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait for it."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
