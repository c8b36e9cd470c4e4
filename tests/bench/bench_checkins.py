"""Check-ins per second through the API, beside what Postgres takes of the same rows without the product, in one run.

usage: python -m tests.bench.bench_checkins [--seconds 5]

A ratio carries from machine to machine, a number of rows a second does not. The anchor is plain SQL on the same server into a table with the same
columns and indexes: one row an insert and commit (for one check-in a request), one `insert … unnest` of 200 (for a phone's whole queue), one COPY (for an
import). The API does what the anchors do not: verify the token, check body and scope and measure, refuse item by item, find the county, write the
detectors' queue and an audit row. Nothing goes over a socket but the SQL, as in the embedded run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from deploy.folder import DataFolder
from deploy.postgres import Postgres
from kit.db import new_id
from kit.roles import Role
from tests.alerts.neighbours import an_id, watch
from tests.alerts.scenes import observe
from tests.houses import Caller, TestHouse, open_house, prepare_template

PEOPLE = 500
BATCH = 200
ROWS = 40_000
AT_ONCE = 4

ANCHOR = """
create table public.plain (like alerts.checkin including defaults including indexes);
create table public.plain_raw (like alerts.checkin including defaults including indexes)"""
COLUMNS = "id, person_id, client_key, at, division_code, county_code, cell, lon, lat, accuracy_m, source, skew_s, recorded_by, received_at"


def row(person: UUID, at: datetime, key: int) -> tuple[Any, ...]:
    """One check-in as SQL takes it."""
    return (
        new_id(),
        person,
        f"p{key}",
        at,
        "610822100000",
        "610822",
        608000000000000000,
        111.05 + key % 100 / 1000,
        39.02,
        12.0,
        "app",
        0,
        "bench",
        at,
    )


def said(person: UUID, at: datetime, key: str) -> dict[str, Any]:
    """One check-in as a phone sends it, everybody at a place of their own."""
    place = {"lon": 110.5 + person.int % 997 / 1000, "lat": 38.8 + person.int % 991 / 1500, "accuracy_m": 12.0}
    return {"checkin_id": key, "person_id": str(person), "at": at.isoformat(), **place}


async def timed(work: Callable[[int], Awaitable[int]], seconds: float, at_once: int = 1) -> float:
    """Rows a second of `work(n)`, which answers how many rows it wrote, by so many callers at once."""
    begin, numbers, rows = time.perf_counter(), iter(range(10**9)), 0

    async def caller() -> None:
        nonlocal rows
        while time.perf_counter() - begin < seconds:
            written = await work(next(numbers))
            rows += written  # not in one: `rows += await …` reads rows before it waits, and forgets what others wrote meanwhile

    await asyncio.gather(*[caller() for _ in range(at_once)])
    return rows / (time.perf_counter() - begin)


async def bench(house: TestHouse, seconds: float) -> None:
    """All three shapes, product and anchor by turns."""
    people = [an_id(f"bench {n}") for n in range(PEOPLE)]
    await watch(house, *people)
    worker = house.caller("alerts", Role.SOCIAL_WORKER)
    now = house.clock()
    with psycopg.connect(house.owner, autocommit=True) as connection:
        for statement in ANCHOR.split(";"):
            connection.execute(statement.encode())
    await singles(house, worker, people, now, seconds)
    await batches(house, worker, people, now, seconds)
    await history(house, people, now)
    begin = time.perf_counter()
    taken = await observe(house)
    print(f"detectors: {taken:,} check-ins taken from the queue at {taken / (time.perf_counter() - begin):,.0f}/s")


async def singles(house: TestHouse, worker: Caller, people: list[UUID], now: datetime, seconds: float) -> None:
    """One check-in a request, against one insert and commit."""

    async def through_api(n: int) -> int:
        answer = await worker(
            "POST", "/alerts/v1/checkins", {"checkins": [said(people[n % PEOPLE], now - timedelta(seconds=n), f"s{next(keys)}")]}
        )
        assert answer.status == 200
        return 1

    connections = [await psycopg.AsyncConnection.connect(house.owner, autocommit=True) for _ in range(AT_ONCE)]
    insert = f"insert into public.plain ({COLUMNS}) values ({', '.join(['%s'] * 14)})"

    async def plain(n: int) -> int:
        await connections[n % AT_ONCE].execute(insert.encode(), row(people[n % PEOPLE], now, n))
        return 1

    keys = iter(range(10**7))

    for name, at_once in (("one caller", 1), (f"{AT_ONCE} callers", AT_ONCE)):
        before, begin = time.process_time(), time.perf_counter()
        api = await timed(through_api, seconds, at_once)
        cpu = 1000 * (time.process_time() - before) / (api * (time.perf_counter() - begin))
        anchor = await timed(plain, seconds, at_once)
        print(f"single, {name}: API {api:,.0f}/s, {cpu:.1f} ms CPU each, insert and commit {anchor:,.0f}/s, ratio {api / anchor:.2f}")
        now -= timedelta(days=1)
        people = people[::-1]
    for connection in connections:
        await connection.close()


async def batches(house: TestHouse, worker: Caller, people: list[UUID], now: datetime, seconds: float) -> None:
    """A phone's whole queue, against one insert of as many rows."""

    async def through_api(n: int) -> int:
        items = [said(people[(n + k) % PEOPLE], now - timedelta(minutes=k), f"b{n}-{k}") for k in range(BATCH)]
        answer = await worker("POST", "/alerts/v1/checkins", {"checkins": items})
        assert answer.status == 200
        return BATCH

    kinds = [
        "uuid[]",
        "uuid[]",
        "text[]",
        "timestamptz[]",
        "text[]",
        "text[]",
        "int8[]",
        "float8[]",
        "float8[]",
        "real[]",
        "text[]",
        "int[]",
        "text[]",
        "timestamptz[]",
    ]
    insert = f"insert into public.plain_raw ({COLUMNS}) select * from unnest({', '.join(f'%s::{kind}' for kind in kinds)})"
    async with await psycopg.AsyncConnection.connect(house.owner, autocommit=True) as connection:

        async def plain(n: int) -> int:
            columns = list(zip(*[row(people[k % PEOPLE], now, n * BATCH + k) for k in range(BATCH)], strict=True))
            await connection.execute(insert.encode(), [list(column) for column in columns])
            return BATCH

        api, anchor = await timed(through_api, seconds), await timed(plain, seconds)
    print(f"batches of {BATCH}: API {api:,.0f}/s, insert … unnest {anchor:,.0f}/s, ratio {api / anchor:.2f}")


async def history(house: TestHouse, people: list[UUID], now: datetime) -> None:
    """An import, against COPY of the same rows."""
    officer = house.caller("alerts", Role.COUNTY_OFFICER)
    start = now - timedelta(days=60)
    items = [said(people[n % PEOPLE], start + timedelta(seconds=n), f"h{n}") for n in range(ROWS)]
    body = b"\n".join(json.dumps(item).encode() for item in items)
    headers = {"authorization": f"Bearer {officer.token()}", "content-type": "application/x-ndjson"}
    begin = time.perf_counter()
    answer = await officer.neighbour.request("POST", "/alerts/v1/checkins/import", headers=headers, body=body, timeout=120)
    api = ROWS / (time.perf_counter() - begin)
    assert answer.json()["accepted"] == ROWS
    rows = [row(people[n % PEOPLE], start + timedelta(seconds=n), 10**7 + n) for n in range(ROWS)]
    async with await psycopg.AsyncConnection.connect(house.owner) as connection:
        begin = time.perf_counter()
        async with connection.cursor() as cursor, cursor.copy(f"copy public.plain ({COLUMNS}) from stdin".encode()) as copy:
            for values in rows:
                await copy.write_row(values)
        await connection.commit()
        anchor = ROWS / (time.perf_counter() - begin)
    print(f"import of {ROWS:,}: API {api:,.0f}/s, COPY text {anchor:,.0f}/s, ratio {api / anchor:.2f}")


async def run(dsn: str, seconds: float) -> None:
    """A house of alerts alone."""
    with tempfile.TemporaryDirectory() as folder:
        template = prepare_template(dsn, Path(folder) / "house")
        async with open_house(template, only="alerts") as house:
            await bench(house, seconds)


def main() -> None:
    """Runs everything on a server of its own, with commits that reach the disk."""
    arguments = argparse.ArgumentParser(description="Check-ins per second against plain SQL.")
    arguments.add_argument("--seconds", type=float, default=5.0)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = DataFolder(Path(name) / "data")
        folder.take()
        server = Postgres(folder, durable=True)
        server.start()
        try:
            asyncio.run(run(server.dsn(), chosen.seconds))
        finally:
            server.stop()
            folder.release()


if __name__ == "__main__":
    main()
