"""Periodic work of the registry, each calling one use case."""

from __future__ import annotations

from kit.intake import commit_job, read_job, sweep_job
from kit.intake.committing import COMMIT_JOB
from kit.intake.keeping import SWEEP_CRON, SWEEP_JOB
from kit.intake.reading import READ_JOB
from kit.jobs import Job, in_work
from kit.work import House, Work
from services.registry.ledgers.intake import INTAKE
from services.registry.measures.service import end_due
from services.registry.measures.service.comparing import compare


async def end_due_measures(house: House) -> None:
    """Discharge what reached its last day (DRR art. 23, 40). Reads do not wait for it: validity is checked on read as well."""

    async def run(work: Work) -> None:
        await end_due(work)

    await in_work(house, "end_due_measures", run)


async def compare_measures(house: House) -> None:
    """Tell in the log of measures whose row does not repeat their history."""
    await in_work(house, "compare_measures", compare)


JOBS: list[tuple[str, Job, str | None]] = [
    ("end_due_measures", end_due_measures, "5 * * * *"),
    ("compare_measures", compare_measures, "35 3 * * *"),
    (READ_JOB, read_job(INTAKE), None),
    (COMMIT_JOB, commit_job(INTAKE), None),
    (SWEEP_JOB, sweep_job(INTAKE), SWEEP_CRON),
]
