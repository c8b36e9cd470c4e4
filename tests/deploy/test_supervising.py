"""The embedded Postgres is looked after: killed or unable to start, it comes back by itself, with everything that was answered, and fills no log."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from deploy.folder import DataFolder
from deploy.postgres import Postgres
from deploy.supervising import PostgresWatch
from kit.waits import end

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Postgres]:
    """A durable server of its own, as a county runs it."""
    folder = DataFolder(tmp_path / "data")
    folder.take()
    postgres = Postgres(folder)
    postgres.start()
    try:
        yield postgres
    finally:
        postgres.stop()
        folder.release()


async def until(true: Callable[[], object], seconds: float = 60) -> None:
    """Wait for a condition that the world outside this process makes true."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - a process has no event
            await asyncio.sleep(0.05)


async def test_a_killed_postmaster_comes_back_with_all_that_was_answered(server: Postgres) -> None:
    told: list[str] = []
    watching = asyncio.create_task(PostgresWatch(server, told.append).run())
    written = 0
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("create table kept (number int primary key)")
    for _ in range(2):
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            for _ in range(200):
                written += 1
                connection.execute("insert into kept values (%s)", (written,))
            killed = server.pid
            os.kill(killed, signal.SIGKILL)
        begun = asyncio.get_running_loop().time()
        await until(lambda killed=killed: server.pid not in (0, killed) and server.answers())
        assert asyncio.get_running_loop().time() - begun < 30, "seconds, also on a busy machine"
        with psycopg.connect(server.dsn()) as connection:
            assert connection.execute("select count(*), max(number) from kept").fetchone() == (written, written)
    await until(lambda: "answers again" in told[-1])
    assert "is started again" in told[0]
    assert await end([watching], 10) == []


async def test_a_server_that_cannot_start_is_tried_with_growing_pauses_and_writes_little(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.supervising.FIRST_PAUSE", 0.05)
    watch = PostgresWatch(server)
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute("create table kept as select 1 as number")
    control, aside = server.data / "global" / "pg_control", server.folder.path / "pg_control"
    size = server.log.stat().st_size
    os.kill(server.pid, signal.SIGKILL)
    control.rename(aside)  # no server starts without it: a PANIC at each try
    watching = asyncio.create_task(watch.run())
    await until(lambda: watch.starts >= 4)
    grown = server.log.stat().st_size - size
    assert grown < 4_000 * watch.starts, "a try writes a few lines"
    assert watch._pause >= 0.05 * 2**4
    aside.rename(control)
    await until(lambda: server.pid and server.answers(), 120)
    with psycopg.connect(server.dsn()) as connection:
        assert connection.execute("select number from kept").fetchone() == (1,)
    assert await end([watching], 10) == []


async def test_a_watch_that_is_ended_starts_nothing_any_more(server: Postgres) -> None:
    watching = asyncio.create_task(PostgresWatch(server).run())
    await asyncio.sleep(0)
    assert await end([watching], 10) == []
    server.stop()
    assert server.pid == 0
