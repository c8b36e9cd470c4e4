"""Check-ins per second through the API, beside what Postgres takes of the same rows without the product, in one run.

usage: python -m tests.bench.bench_checkins [--seconds 5] [--rows 400000] [--long]

Then the same questions over a small and over a large history, by turns on one server: a person's 30 days, a town's last hour, a batch taken in, and the
nightly sweep. `--long` makes the large one 20 million rows over 90 days; the quick form makes 400,000. What must hold is the ratio.

A ratio carries from machine to machine, a number of rows a second does not. The anchor is plain SQL on the same server into a table with the same
columns and indexes: one row an insert and commit (for one check-in a request), one `insert … unnest` of 200 (for a phone's whole queue), one COPY (for an
import). The API does what the anchors do not: verify the token, check body and scope and measure, refuse item by item, find the county, write the
detectors' queue and an audit row. Nothing goes over a socket but the SQL, as in the embedded run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import text

from deploy.folder import DataFolder
from deploy.postgres import Postgres
from kit.db import new_id
from kit.roles import Role
from services.alerts.checkins import repository
from services.alerts.jobs import sweep
from tests.alerts.neighbours import an_id, watch
from tests.alerts.scenes import carer, observe
from tests.houses import Caller, Template, TestHouse, open_house, prepare_template

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
    worker = carer(house, people)
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


SMALL = 40_000
LONG = 20_000_000
TOWNS = 20
DAYS = 90

# A history as a province has it: so many people, each some five check-ins a day, over twenty towns. The points of the last 30 days are sealed values of the
# right length (opening them is measured over real ones above).
HISTORY = """
insert into alerts.checkin_record (id, at, person_id, division_code, county_code, cell, accuracy_m, source, skew_s, recorded_by, received_at)
select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, %(until)s::timestamptz - n * (interval '90 days' / %(rows)s),
       ('00000000-0000-4000-8000-' || lpad(to_hex(n %% %(people)s), 12, '0'))::uuid, '6108221' || lpad((n %% 20)::text, 2, '0') || '000', '610822',
       599686042433355775, 12, 'app', 0, 'bench', %(until)s
  from generate_series(1, %(rows)s) n"""
POINTS = """
insert into alerts.checkin_point (checkin_id, at, person_id, point_sealed)
select id, at, person_id, decode(repeat('ab', 62), 'hex') from alerts.checkin_record where at >= %(until)s::timestamptz - interval '29 days'"""
NAMES = """
insert into alerts.checkin_key (key, at, content)
select md5(id::text)::uuid, at, decode(md5(id::text), 'hex') from alerts.checkin_record order by 1"""


def fill(house: TestHouse, rows: int) -> int:
    """Fill a history; how many people it is about."""
    people, until = max(100, rows // 450), house.clock()
    values = {"rows": rows, "people": people, "until": until}
    with psycopg.connect(house.owner, autocommit=True) as connection:
        connection.execute("set synchronous_commit = off")
        first = (until - timedelta(days=DAYS + 1)).date()
        connection.execute(
            "select alerts.make_checkin_months(%s, %s), alerts.make_checkin_days(%s, %s)", (first, until.date(), first, until.date())
        )
        for statement in (HISTORY, POINTS, NAMES):
            connection.execute(statement.encode(), values)
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")
    return people


async def questions(house: TestHouse, people: int) -> dict[str, float]:
    """Milliseconds of each question, the median of many."""
    app = house.house.apps["alerts"].state.house
    now, found = house.clock(), dict[str, list[float]]()
    watched_people = [an_id(f"bench {n}") for n in range(50)]
    await watch(house, *watched_people)
    phones = [house.caller("alerts", Role.SUBJECT, person_id=str(person), scope=()) for person in watched_people]

    async def measure(name: str, work: Callable[[int], Awaitable[object]], times: int) -> None:
        for n in range(times):
            begin = time.perf_counter()
            await work(n)
            found.setdefault(name, []).append(1000 * (time.perf_counter() - begin))

    async with app.database.session() as session:

        async def thirty_days(n: int) -> None:
            person = UUID(f"00000000-0000-4000-8000-{n * 37 % people:012x}")
            rows = await repository.trajectory(session, person, now - timedelta(days=30), now)
            statement = text("select checkin_id, point_sealed from alerts.checkin_point where person_id = :person and at >= :first")
            points = (await session.execute(statement, {"person": person, "first": now - timedelta(days=30)})).all()
            assert rows
            assert points

        async def last_hour(n: int) -> None:
            await repository.town_since(session, [f"6108221{n % TOWNS:02d}%"], now - timedelta(hours=1), now)

        await measure("a person's 30 days", thirty_days, 60)
        await measure("a town's last hour", last_hour, 60)

    async def batch(n: int) -> None:
        person = watched_people[n % 50]
        items = [said(person, now - timedelta(minutes=k), f"q{n}-{k}") for k in range(BATCH)]
        answer = await phones[n % 50]("POST", "/alerts/v1/checkins", {"checkins": items})
        assert answer.status == 200, answer.body

    await measure(f"a batch of {BATCH}", batch, 40)
    return {name: statistics.median(values[len(values) // 10 :]) for name, values in found.items()}


async def nightly(house: TestHouse) -> float:
    """Milliseconds of the sweep that drops one day's points, a week later."""
    house.clock.advance(timedelta(days=1))
    app = house.house.apps["alerts"].state.house
    begin = time.perf_counter()
    await sweep(app)
    return 1000 * (time.perf_counter() - begin)


async def growth(template: Template, rows: int) -> None:
    """The same questions over both histories; the large one's times over the small one's."""
    async with open_house(template, only="alerts") as small, open_house(template, only="alerts") as large:
        houses = {SMALL: small, rows: large}
        people = {}
        for size, house in houses.items():
            begin = time.perf_counter()
            people[size] = fill(house, size)
            print(f"filled {size:,} check-ins of {people[size]:,} people in {time.perf_counter() - begin:,.0f} s", flush=True)
        before, after = [await questions(house, people[size]) for size, house in houses.items()]
        before["the nightly sweep"], after["the nightly sweep"] = [await nightly(house) for house in houses.values()]
        print(f"| question | {SMALL:,} rows, ms | {rows:,} rows, ms | times |\n|---|---|---|---|")
        for name, one in before.items():
            print(f"| {name} | {one:,.1f} | {after[name]:,.1f} | {after[name] / one:.2f} |", flush=True)
        with psycopg.connect(large.owner) as connection:
            sizes = connection.execute(
                """select p.relname, count(*), pg_size_pretty(sum(pg_total_relation_size(i.inhrelid)))
                     from pg_inherits i join pg_class p on p.oid = i.inhparent where p.relname like 'checkin%' and p.relkind = 'p' group by 1 order by 1"""
            ).fetchall()
            (names,) = connection.execute("select pg_size_pretty(pg_total_relation_size('alerts.checkin_key'))").fetchone() or ("",)
        print(f"partitions: {', '.join(f'{name} {count} ({size})' for name, count, size in sizes)}; names {names}")


async def run(dsn: str, seconds: float, rows: int) -> None:
    """A house of alerts alone, and two with a history."""
    with tempfile.TemporaryDirectory() as folder:
        template = prepare_template(dsn, Path(folder) / "house")
        if seconds:
            async with open_house(template, only="alerts") as house:
                await bench(house, seconds)
        await growth(template, rows)


def main() -> None:
    """Runs everything on a server of its own, with commits that reach the disk."""
    arguments = argparse.ArgumentParser(description="Check-ins per second against plain SQL, and how they grow.")
    arguments.add_argument("--seconds", type=float, default=5.0)
    arguments.add_argument("--rows", type=int, default=400_000)
    arguments.add_argument("--long", action="store_true", help=f"a history of {LONG:,} rows")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = DataFolder(Path(name) / "data")
        folder.take()
        server = Postgres(folder, durable=True)
        server.start()
        try:
            asyncio.run(run(server.dsn(), chosen.seconds, LONG if chosen.long else chosen.rows))
        finally:
            server.stop()
            folder.release()


if __name__ == "__main__":
    main()
