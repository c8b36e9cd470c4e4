"""Background and periodic work on procrastinate, in each service's own schema.

A job is deferred in the transaction of the request that asked for it, so a rolled-back request leaves no job. Periodic work is idempotent per period. A job
calls one use case in a unit of work of its own. The queue's tables come from procrastinate's own SQL, run in a revision of the service.

A job of a killed worker blocks its lane until it is queued again. Each worker holds a shared advisory lock while it lives. A starting
worker that gets the lock exclusively knows that no other worker lives, and queues all such jobs again; otherwise it uses the heartbeats of
the others.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog
from procrastinate import App, PsycopgConnector, RetryDecision, RetryStrategy
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import DEFAULT_PRIORITY, DEFAULT_QUEUE, Status
from procrastinate.jobs import Job as QueuedJob
from procrastinate.manager import JobManager
from procrastinate.schema import SchemaManager
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool
from sqlalchemy.ext.asyncio import AsyncSession

from kit.db import connect_whole, driver
from kit.transient import TRANSIENT
from kit.waits import end
from kit.work import House, Work, system_work

log = structlog.get_logger()
Job = Callable[..., Awaitable[None]]
STALLED = 30.0
"""Seconds without a heartbeat (there is one every ten) after which a worker counts as dead."""
FINISH_SECONDS = 2.0
"""Seconds that a running job gets to finish when the app stops. Then it is aborted and put back: it is one unit of work, so nothing of it stays."""


class Again(RetryStrategy):
    """A job is one unit of work: after a transient failure it runs again after 2, 4, 8 … seconds.

    A stop of the app is not a failure of the job: it goes back into the queue, however often.
    """

    def get_retry_decision(self, *, exception: BaseException, job: QueuedJob) -> RetryDecision | None:
        """When to try again; None for never."""
        if isinstance(exception, asyncio.CancelledError):
            return RetryDecision()
        return super().get_retry_decision(exception=exception, job=job)


AGAIN = Again(max_attempts=10, exponential_wait=2, retry_exceptions=TRANSIENT)


_QUEUES = JobManager(PsycopgConnector())
"""Writes jobs over connections that it is given; it never opens one."""


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
        self.app = App(connector=PsycopgConnector())
        self._house: House | None = None
        self.listed: list[tuple[str, str | None, str]] = []
        """Name, period and purpose of every registered job."""
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

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """The queue with connections, given back at the end.

        Connector and pool are new each time: one whose opening failed or was cancelled stays closed for ever, and no job would run until the next start.
        """
        pool: AsyncConnectionPool[AsyncConnection[TupleRow]] = AsyncConnectionPool(
            self._conninfo, min_size=1, max_size=3, open=False, check=AsyncConnectionPool.check_connection
        )
        connector = PsycopgConnector()
        try:
            await pool.open(wait=True)
            await connector.open_async(pool)
            with self.app.replace_connector(connector):
                yield
        finally:
            await pool.close()

    async def run(self) -> None:
        """A worker, until cancelled."""
        name = f"jobs of {self._schema}"
        async with (
            self.open(),
            await connect_whole(self._conninfo, application="guikang jobs", autocommit=True) as living,
        ):
            alone = await (await living.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", (name,))).fetchone()
            if alone == (True,):
                await self.put_back(-STALLED)  # a negative age: all jobs are queued again
            await living.execute("select pg_advisory_lock_shared(hashtextextended(%s, 0))", (name,))
            if alone == (True,):
                await living.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", (name,))
            watching = asyncio.create_task(self._put_back_for_ever())
            try:
                await self.app.run_worker_async(
                    concurrency=1,
                    install_signal_handlers=False,
                    wait=True,
                    delete_jobs="successful",
                    shutdown_graceful_timeout=FINISH_SECONDS,
                )
            finally:
                await end([watching], FINISH_SECONDS)

    async def put_back(self, silent: float) -> int:
        """Queue again the unfinished jobs of workers without a heartbeat for `silent` seconds; the number of jobs. The queue must be open."""
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
            with contextlib.suppress(ConnectorException):  # the worker meets the same failure and reports it
                await self.put_back(STALLED)

    async def drain(self) -> None:
        """Run everything that is queued now, then return; tests use it as a step."""
        async with self.open():
            await self.app.run_worker_async(
                concurrency=1, install_signal_handlers=False, wait=False, listen_notify=False, delete_jobs="successful"
            )


async def defer(session: AsyncSession, name: str, **arguments: Any) -> None:
    """Queue a job in the caller's transaction. The login of the session decides the queue: its search_path is its service's schema."""
    job = QueuedJob(
        id=None, queue=DEFAULT_QUEUE, lock=name, queueing_lock=None, task_name=name, task_kwargs=arguments, priority=DEFAULT_PRIORITY
    )
    await _QUEUES.batch_defer_jobs_async([job], connection=await driver(session))


async def in_work(house: House, job: str, run: Callable[[Work], Awaitable[None]]) -> None:
    """Run a use case in a unit of work of its own and commit it."""
    async with house.database.session() as session:
        work = system_work(house, session, f"job-{job}", f"{house.schema.name}/{job}")
        await run(work)
        await session.commit()
