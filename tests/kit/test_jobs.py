"""A killed worker holds up nothing: what it left half-done runs again, and what may pass by itself is tried again."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest

from kit.jobs import STALLED, Jobs, defer
from kit.waits import end
from kit.work import House
from tests.houses import TestHouse

LEFT = "select status::text from registry.procrastinate_jobs where task_name = %s order by id"


def jobs_of(house: TestHouse) -> tuple[Jobs, House]:
    """A queue over the registry's tables."""
    inside = house.house.apps["registry"].state.house
    jobs = Jobs(inside.database.conninfo, "registry")
    jobs.bind(inside)
    return jobs, inside


async def queue(inside: House, name: str, **arguments: Any) -> None:
    """Queue one job."""
    async with inside.database.session() as session:
        await defer(session, name, **arguments)
        await session.commit()


def begin_and_die(house: TestHouse) -> None:
    """A worker takes a job and is killed: the job stays `doing`, its worker's heartbeat is fresh."""
    with psycopg.connect(house.owner) as owner:
        owner.execute("set search_path = registry")
        worker = owner.execute("select worker_id from procrastinate_register_worker_v1()").fetchone()
        owner.execute("select procrastinate_fetch_job_v2(null, %s)", worker)


def left(house: TestHouse, name: str) -> list[str]:
    """States of the jobs of a name; those that succeeded are gone."""
    with psycopg.connect(house.owner) as owner:
        return [row[0] for row in owner.execute(LEFT, (name,)).fetchall()]


async def test_what_a_killed_worker_left_runs_again_at_once_and_its_lane_is_free(house: TestHouse) -> None:
    jobs, inside = jobs_of(house)
    ran: list[int] = []
    both = asyncio.Event()

    async def run(_: House, number: int) -> None:
        ran.append(number)
        if len(ran) == 2:
            both.set()

    jobs.job("half_done", run)
    await queue(inside, "half_done", number=1)
    begin_and_die(house)
    await queue(inside, "half_done", number=2)
    assert left(house, "half_done") == ["doing", "todo"]
    working = asyncio.create_task(jobs.run())
    await asyncio.wait_for(both.wait(), 10)
    assert await end([working], 10) == []
    assert ran == [1, 2]
    assert left(house, "half_done") == []


async def test_a_worker_beside_a_living_one_leaves_its_work_alone(house: TestHouse) -> None:
    jobs, inside = jobs_of(house)
    other, _ = jobs_of(house)
    begun, go_on, ran = asyncio.Event(), asyncio.Event(), list[int]()

    async def run(_: House, number: int) -> None:
        ran.append(number)
        begun.set()
        await go_on.wait()

    for one in (jobs, other):
        one.job("long", run)
    await queue(inside, "long", number=1)
    working = asyncio.create_task(jobs.run())
    await asyncio.wait_for(begun.wait(), 10)
    beside = asyncio.create_task(other.run())
    registered = "select count(*) from registry.procrastinate_workers"
    with psycopg.connect(house.owner, autocommit=True) as owner:
        async with asyncio.timeout(10):
            while owner.execute(registered).fetchone() != (2,):  # noqa: ASYNC110 - the database has no event here
                await asyncio.sleep(0.02)
    assert left(house, "long") == ["doing"]
    go_on.set()
    assert await end([working, beside], 10) == []
    assert ran == [1]
    assert left(house, "long") == []


async def test_a_job_that_failed_for_a_passing_reason_waits_for_its_next_try(house: TestHouse) -> None:
    jobs, inside = jobs_of(house)

    async def run(_: House, error: str) -> None:
        raise TimeoutError if error == "passing" else ValueError

    jobs.job("fails", run)
    await queue(inside, "fails", error="lasting")
    await queue(inside, "fails", error="passing")
    await jobs.drain()
    assert left(house, "fails") == ["failed", "todo"]


async def test_a_periodic_job_that_waits_already_is_not_put_back_twice(house: TestHouse) -> None:
    jobs, _ = jobs_of(house)
    with psycopg.connect(house.owner, autocommit=True) as owner:
        owner.execute("set search_path = registry")
        for state in ("doing", "todo"):
            values = "('default', 'hourly', 0, 'hourly', 'hourly', '{}', %s::procrastinate_job_status)"
            owner.execute(
                f"insert into procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args, status) values {values}",
                (state,),
            )
    async with jobs.open():
        assert await jobs.put_back(30) == 1
    assert left(house, "hourly") == ["todo"]


async def test_a_worker_whose_heart_beats_is_not_robbed(house: TestHouse) -> None:
    jobs, inside = jobs_of(house)
    await queue(inside, "long", number=1)
    begin_and_die(house)
    async with jobs.open():
        assert await jobs.put_back(STALLED) == 0
    with psycopg.connect(house.owner) as owner:
        owner.execute("update registry.procrastinate_workers set last_heartbeat = now() - interval '31 seconds'")
    async with jobs.open():
        assert await jobs.put_back(STALLED) == 1


async def test_a_queue_that_could_not_be_opened_is_opened_later(house: TestHouse) -> None:
    """A database that is away at the start, or a start that is cancelled half-way, must not leave a queue that never runs again."""
    jobs, inside = jobs_of(house)
    ran: list[int] = []

    async def run(_: House, number: int) -> None:
        ran.append(number)

    jobs.job("once", run)
    await queue(inside, "once", number=1)
    for turns in range(1, 12):
        opening = asyncio.create_task(jobs.run())
        for _ in range(turns):
            await asyncio.sleep(0)
        assert await end([opening], 10) == []
    await jobs.drain()
    assert ran == [1]


async def test_a_job_that_a_stop_breaks_off_runs_again(house: TestHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit.jobs.FINISH_SECONDS", 0.05)
    jobs, inside = jobs_of(house)
    begun, ended = asyncio.Event(), list[int]()

    async def run(_: House, number: int) -> None:
        begun.set()
        if not ended:
            ended.append(0)
            await asyncio.sleep(60)
        ended.append(number)

    jobs.job("long", run)
    await queue(inside, "long", number=7)
    working = asyncio.create_task(jobs.run())
    await begun.wait()
    assert await end([working], 10) == []
    assert left(house, "long") == ["todo"]
    await jobs.drain()
    assert (ended, left(house, "long")) == ([0, 7], [])
