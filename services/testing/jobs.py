"""Background and periodic work of testing, each calling one use case."""

from __future__ import annotations

from typing import Any

from kit.intake import commit_job, read_job, sweep_job
from kit.intake.committing import COMMIT_JOB
from kit.intake.keeping import SWEEP_CRON, SWEEP_JOB
from kit.intake.reading import READ_JOB
from kit.jobs import Job, in_work
from kit.work import House, Work
from services.testing.ledgers.intake import INTAKE, LEDGER_JOBS
from services.testing.plans import service
from services.testing.plans.service import following


async def plan_tests(house: House, **_: Any) -> None:
    """Plan the due tests of every measure that waits for it; the follower queues this job once per batch."""

    async def run(work: Work) -> None:
        await following.plan_waiting(work)

    await in_work(house, "plan_tests", run)


async def follow_schemes(house: House, **_: Any) -> None:
    """Plan again where a scheme has begun or ended."""

    async def run(work: Work) -> None:
        await following.follow_schemes(work)

    await in_work(house, "follow_schemes", run)


async def open_windows(house: House, **_: Any) -> None:
    """Publish the due tests whose window has opened."""

    async def run(work: Work) -> None:
        await service.open_due(work)

    await in_work(house, "open_windows", run)


async def mark_missed(house: House, **_: Any) -> None:
    """Mark due tests whose window passed without a collection."""

    async def run(work: Work) -> None:
        await service.mark_missed(work)

    await in_work(house, "mark_missed", run)


JOBS: list[tuple[str, Job, str | None]] = [
    (following.PLAN_JOB, plan_tests, None),
    ("follow_schemes", follow_schemes, "20 * * * *"),
    ("open_windows", open_windows, "5 * * * *"),
    ("mark_missed", mark_missed, "10 * * * *"),
    (READ_JOB, read_job(INTAKE), None),
    (COMMIT_JOB, commit_job(INTAKE), None),
    (SWEEP_JOB, sweep_job(INTAKE), SWEEP_CRON),
    *LEDGER_JOBS,
]
