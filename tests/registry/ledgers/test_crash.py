"""`kill -9` in the middle of a commit or of a reading leaves nothing half-done."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psycopg

from tests.houses import START, Template
from tests.registry.ledgers.desk import Desk, ledger

PATIENCE = 60.0


@contextlib.contextmanager
def serving(template: Template, desk: Desk, *more: str) -> Iterator[subprocess.Popen[str]]:
    """The registry in a process of its own."""
    command = [sys.executable, "-m", "tests.registry.ledgers.serving", str(template.data_dir), desk.house.owner, START.isoformat(), *more]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until(connection: psycopg.Connection[tuple[object, ...]], question: str, *arguments: object) -> None:
    """Ask until the answer is yes; what is waited for tells itself, so nothing sleeps long."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        row = connection.execute(question.encode(), arguments).fetchone()
        if row and row[0]:
            return
        time.sleep(0.02)
    raise AssertionError(f"never true: {question}")


BLOCKED = "select count(*) > 0 from pg_locks where relation = %s::regclass and not granted"


def counts(connection: psycopg.Connection[tuple[object, ...]]) -> tuple[object, ...] | None:
    """Everything that a commit writes."""
    return connection.execute(
        "select (select count(*) from registry.person), (select count(*) from registry.standing), (select count(*) from registry.person_change), "
        "(select count(*) from registry.measure), (select count(*) from registry.outbox where type like 'person%')"
    ).fetchone()


async def test_a_commit_that_is_killed_halfway_writes_nothing_and_can_be_done_again(template: Template, desk: Desk) -> None:
    (job,) = await desk.upload(ledger(4), as_of="2020-12-31")
    with psycopg.connect(desk.house.owner, autocommit=True) as look, psycopg.connect(desk.house.owner) as gate:
        gate.execute("lock table registry.measure in access exclusive mode")
        with serving(template, desk, job["id"]) as process:
            wait_until(look, BLOCKED, "registry.measure")  # persons, standings and history are written, measures are not
            process.send_signal(signal.SIGKILL)
            process.wait()
        gate.rollback()
        wait_until(
            look, "select count(*) = 0 from pg_stat_activity where application_name = 'guikang registry' and state = 'idle in transaction'"
        )
        assert counts(look) == (0, 0, 0, 0, 0)
    now = await desk.get(f"/{job['id']}")
    assert now["state"] == "reported"
    done = await desk.commit(job)
    assert done["state"] == "committed" and done["taken"]["persons"] == 85
    with psycopg.connect(desk.house.owner, autocommit=True) as look:
        assert (counts(look) or ())[:3] == (85, 85, 85 + 35), "35 records close at once, and their history tells it"


async def test_a_reading_that_is_killed_halfway_stages_nothing_and_is_read_again(template: Template, desk: Desk) -> None:
    status, body = await desk.post(ledger(4), as_of="2020-12-31")
    assert status == 202
    job = body["items"][0]
    with psycopg.connect(desk.house.owner, autocommit=True) as look, psycopg.connect(desk.house.owner) as gate:
        gate.execute("lock table registry.ledger_conflict in access exclusive mode")
        with serving(template, desk) as process:
            wait_until(look, BLOCKED, "registry.ledger_conflict")
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert look.execute("select count(*) from registry.ledger_row").fetchone() == (0,)
        assert (await desk.get(f"/{job['id']}"))["state"] == "reading"
        gate.rollback()
        with serving(template, desk):
            wait_until(look, "select state = 'reported' from registry.ledger_import where id = %s", job["id"])
        assert look.execute("select count(*) from registry.ledger_row").fetchone() == (92,)
