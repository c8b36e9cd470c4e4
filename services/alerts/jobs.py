"""Periodic work; each job calls one use case. Cron lines are UTC; the comments are Shanghai time."""

from __future__ import annotations

from typing import Any

from kit.app import PeriodicJob
from kit.jobs import in_work
from kit.work import House, Work
from services.alerts.alerts import service as alerts
from services.alerts.bulletins import service as bulletins
from services.alerts.checkins import service as checkins
from services.alerts.deadlines import retention
from services.alerts.deadlines import service as deadlines
from services.alerts.detection.worker import Detection


async def seal_landed(house: House, **_: Any) -> None:
    """Every five minutes: seal what the first release kept in clear, until nothing is left."""

    async def run(work: Work) -> None:
        await alerts.seal_landed_texts(work)
        while await checkins.take_over_landed(work):
            pass

    await in_work(house, "alerts_seal_landed", run)


async def prepare_days(house: House, **_: Any) -> None:
    """Hourly: the partitions of the days to come."""

    async def run(work: Work) -> None:
        await checkins.prepare_days(work)

    await in_work(house, "alerts_partitions", run)


async def review_alerts(house: House, **_: Any) -> None:
    """Hourly: endings, escalations, expiries."""

    async def run(work: Work) -> None:
        await deadlines.review_deadlines(work)

    await in_work(house, "alerts_review", run)


async def remind_of_endings(house: House, **_: Any) -> None:
    """Each morning: measures about to end."""

    async def run(work: Work) -> None:
        await deadlines.remind_of_endings(work)

    await in_work(house, "alerts_remind", run)


async def sweep(house: House, **_: Any) -> None:
    """Each night: drop what may no longer be kept (PIPL art. 19, 47)."""

    async def run(work: Work) -> None:
        await retention.drop_what_is_over(work)

    await in_work(house, "alerts_sweep", run)


async def detect(house: House, **_: Any) -> None:
    """After two at night and after half past nine: what no check-in sets off."""
    detection = house.part(Detection)
    assert isinstance(detection, Detection)
    await detection.advance()


async def draft_bulletin(house: House, **_: Any) -> None:
    """The draft of the half-month that has just closed; asked daily, so that a neighbour that was down delays a bulletin by a day."""

    async def run(work: Work) -> None:
        await bulletins.draft_closed_period(work)

    await in_work(house, "alerts_bulletin", run)


JOBS: tuple[PeriodicJob, ...] = (
    ("alerts_seal_landed", seal_landed, "*/5 * * * *"),
    ("alerts_partitions", prepare_days, "50 * * * *"),
    ("alerts_review", review_alerts, "5 * * * *"),
    ("alerts_remind", remind_of_endings, "0 0 * * *"),  # 08:00
    ("alerts_sweep", sweep, "30 17 * * *"),  # 01:30
    ("alerts_bulletin", draft_bulletin, "30 16 * * *"),  # 00:30
    ("alerts_detect", detect, "1 18 * * *"),  # 02:01
    ("alerts_detect_morning", detect, "31 1 * * *"),  # 09:31
)
