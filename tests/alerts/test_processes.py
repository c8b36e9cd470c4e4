"""Two processes of the service, and one of them dies: no alert twice, none lost."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from tests.alerts.neighbours import an_id, watch
from tests.alerts.scenes import THREE, alerts_of, checkin, crowd, send
from tests.houses import START, Template, TestHouse, open_house

ROOT = Path(__file__).parents[2]
FOURTH = an_id("丁")


@contextlib.asynccontextmanager
async def another_process(template: Template, house: TestHouse) -> AsyncIterator[Process]:
    """A process that watches the queue of this house's database; killed at the end."""
    arguments = [sys.executable, "-W", "ignore", "-m", "tests.alerts.serving", str(template.data_dir), house.owner, START.isoformat()]
    process = await asyncio.create_subprocess_exec(*arguments, cwd=ROOT, stdout=PIPE)
    assert process.stdout is not None
    try:
        assert await asyncio.wait_for(process.stdout.readline(), 60) == b"ready\n"
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def until(house: TestHouse, question: str, answer: int) -> None:
    """Wait until a count is as expected, at most half a minute."""
    async with asyncio.timeout(30), await psycopg.AsyncConnection.connect(house.owner, autocommit=True) as connection:
        await connection.execute("listen alerts_outbox")
        while True:
            row = await (await connection.execute(question.encode())).fetchone()
            if row == (answer,):
                return
            async for _ in connection.notifies(timeout=0.1, stop_after=1):
                pass


@pytest.mark.slow
async def test_a_process_killed_in_the_middle_of_a_gathering_neither_loses_nor_doubles_it(template: Template) -> None:
    async with open_house(template, only="alerts") as house:
        people = [*THREE, FOURTH]
        await watch(house, *people)
        worker = crowd(house, [*THREE, FOURTH])
        first = house.clock() - timedelta(days=9)
        begin = house.clock() - timedelta(minutes=50)
        queued, raised = "select count(*) from alerts.unobserved", "select count(*) from alerts.outbox where type = 'alert.raised'"
        async with another_process(template, house) as leader, another_process(template, house):
            await send(
                worker, *[checkin(p, first + timedelta(minutes=n), f"home-{n}", (111.0 + n / 50, 39.1)) for n, p in enumerate(people)]
            )
            for n, person in enumerate(people[:2]):
                await send(worker, checkin(person, begin + timedelta(minutes=10 * n), f"meet-{n}"))
            await until(house, queued, 0)
            leader.send_signal(signal.SIGKILL)
            await leader.wait()
            for n, person in enumerate(people[2:], 2):
                await send(worker, checkin(person, begin + timedelta(minutes=10 * n), f"meet-{n}"))
            await until(house, raised, 1)
            await until(house, queued, 0)
        assert [(a["kind"], a["persons"], a["state"]) for a in await alerts_of(house)] == [("gathering", 4, "raised")]


@pytest.mark.slow
async def test_a_process_killed_inside_a_run_gives_back_what_it_had_taken(template: Template) -> None:
    async with open_house(template, only="alerts") as house:
        await watch(house, *THREE)
        worker = crowd(house, [*THREE, FOURTH])
        first, begin = house.clock() - timedelta(days=9), house.clock() - timedelta(minutes=50)
        queued, raised = "select count(*) from alerts.unobserved", "select count(*) from alerts.outbox where type = 'alert.raised'"
        homes = [checkin(p, first + timedelta(minutes=n), f"home-{n}", (111.0 + n / 50, 39.1)) for n, p in enumerate(THREE)]
        async with another_process(template, house) as leader:
            meeting = [checkin(p, begin + timedelta(minutes=10 * n), "meet") for n, p in enumerate(THREE)]
            await send(worker, *homes, *meeting[:2])  # two are no gathering
            await until(house, queued, 0)
            async with await psycopg.AsyncConnection.connect(house.owner) as other:
                await other.execute("lock table alerts.alert in exclusive mode")  # the run stops where it would write its alert
                await send(worker, meeting[2])
                waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query ilike '%alerts.alert%'"
                await until(house, waiting, 1)
                leader.send_signal(signal.SIGKILL)
                await leader.wait()
        await until(house, queued, 1)
        assert await alerts_of(house) == []
        async with another_process(template, house):
            await until(house, raised, 1)
            await until(house, queued, 0)
        assert [(a["kind"], a["persons"], a["state"]) for a in await alerts_of(house)] == [("gathering", 3, "raised")]
