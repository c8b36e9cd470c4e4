"""Periodic work of the precursor service; each job calls one use case and may run again at any time."""

from __future__ import annotations

from typing import Any

from kit.app import PeriodicJob
from kit.intake import commit_job, read_job, sweep_job
from kit.intake.committing import COMMIT_JOB
from kit.intake.keeping import SWEEP_CRON, SWEEP_JOB
from kit.intake.reading import READ_JOB
from kit.jobs import in_work
from kit.work import House, Work
from services.precursor.catalogue.service import IN_EFFECT_JOB
from services.precursor.firms.service import follow_catalogue, warn_of_licences
from services.precursor.ledgers.intake import INTAKE
from services.precursor.rectifications.service import publish_overdue


async def rectifications_overdue(house: House, **_: Any) -> None:
    """Publish the orders whose deadline passed unanswered."""
    await in_work(house, "rectifications_overdue", publish_overdue)


async def licences_expiring(house: House, **_: Any) -> None:
    """Publish the licences that end soon."""
    await in_work(house, "licences_expiring", warn_of_licences)


async def catalogue_in_effect(house: House, **_: Any) -> None:
    """Bring the firms to the list of precursors of the day that has begun."""

    async def run(work: Work) -> None:
        await follow_catalogue(work)

    await in_work(house, IN_EFFECT_JOB, run)


JOBS: tuple[PeriodicJob, ...] = (
    # 16:10 UTC is ten past midnight in Shanghai: the day whose deadline passed has just ended.
    ("rectifications_overdue", rectifications_overdue, "10 16 * * *"),
    (IN_EFFECT_JOB, catalogue_in_effect, "2 16 * * *"),
    ("licences_expiring", licences_expiring, "20 16 * * *"),
    (READ_JOB, read_job(INTAKE), None),
    (COMMIT_JOB, commit_job(INTAKE), None),
    (SWEEP_JOB, sweep_job(INTAKE), SWEEP_CRON),
)
