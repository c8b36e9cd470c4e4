"""A page of fifty people against the plainest thing that could answer it: FastAPI, raw asyncpg and orjson, without tokens, scope, audit or cursor.

CPU of this process per request, the two in turn in one run; Postgres' own CPU is not in it. usage: python -m tests.bench.bench_lists
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import psycopg
import uvloop
from fastapi import FastAPI, Response
from psycopg.conninfo import conninfo_to_dict

from deploy.folder import DataFolder
from deploy.postgres import Postgres
from kit.call import AsgiNeighbour
from kit.roles import Role
from tests.houses import TestHouse, open_house, prepare_template

PEOPLE = 20_000
REQUESTS = 300
ROUNDS = 5

FILL = """
insert into registry.person (id, division_code, household_area, name, name_pinyin, name_initials, sex, birth_date, id_number_sealed, id_number_index,
    id_number_masked, phone_masked, drugs, status, status_since, state, version, created_at, updated_at)
select gen_random_uuid(), case when mod(n, 3) = 0 then '610822100000' else '610822105000' end, '990822', '演示' || n, 'yan shi', 'ys', 'male', '1980-01-01',
    decode(md5(n::text), 'hex'), decode(md5('i' || n::text), 'hex'), '990822**********1X', '169******01', '[]', 'in_society', '2020-01-01', 'open', 1, now(), now()
  from generate_series(1, %s) n"""

RAW = """select id, name, sex, extract(year from birth_date)::int as birth_year, division_code, village_code, status, status_since, id_number_masked as id_number,
    phone_masked as phone, state from registry.person where division_code like $1 and state = 'open' order by id limit 50"""


def anchor(pool: asyncpg.Pool) -> FastAPI:
    """The anchor app."""
    app = FastAPI()

    @app.get("/people")
    async def people() -> Response:
        rows = await pool.fetch(RAW, "610822%")
        return Response(orjson.dumps([dict(row) for row in rows], default=str), media_type="application/json")

    return app


async def cpu_per_request(call: Callable[[], Awaitable[Any]]) -> float:
    """Microseconds of this process' CPU per request."""
    begin = time.process_time()
    for _ in range(REQUESTS):
        await call()
    return (time.process_time() - begin) / REQUESTS * 1e6


async def measure(house: TestHouse) -> dict[str, float]:
    """Medians of the rounds."""
    with psycopg.connect(house.owner) as connection:
        connection.execute(FILL, (PEOPLE,))
        connection.execute("analyze registry.person")
    told = conninfo_to_dict(house.owner)
    pool = await asyncpg.create_pool(
        user=told["user"],
        password=told["password"],
        host=told["host"],
        port=int(str(told["port"])),
        database=told["dbname"],
        min_size=1,
        max_size=2,
    )
    plain = AsgiNeighbour(anchor(pool))
    officer = house.caller("registry", Role.COUNTY_OFFICER)
    token = officer.token()
    headers = {"authorization": f"Bearer {token}", "purpose": "supervision"}

    async def ours() -> None:
        answer = await officer.neighbour.request("GET", "/registry/v1/people", headers=headers)
        assert answer.status == 200

    async def theirs() -> None:
        assert (await plain.request("GET", "/people")).status == 200

    await cpu_per_request(ours)
    await cpu_per_request(theirs)
    figures: dict[str, list[float]] = {"ours": [], "anchor": []}
    for _ in range(ROUNDS):
        figures["ours"].append(await cpu_per_request(ours))
        figures["anchor"].append(await cpu_per_request(theirs))
    await pool.close()
    return {name: statistics.median(values) for name, values in figures.items()}


async def run() -> None:
    """Compose, measure, print."""
    with tempfile.TemporaryDirectory() as folder:
        data = DataFolder(Path(folder) / "postgres")
        data.take()
        server = Postgres(data)
        server.start()
        try:
            async with open_house(prepare_template(server.dsn(), Path(folder) / "house"), only="registry") as house:
                found = await measure(house)
        finally:
            server.stop()
            data.release()
    print("| page of 50 people | CPU us/request |")
    print("|---|---|")
    print(f"| ours: token, scope, purpose, audit row, cursor, JSON by Postgres | {found['ours']:.0f} |")
    print(f"| anchor: FastAPI + asyncpg + orjson, none of these | {found['anchor']:.0f} |")
    print(f"| **ratio anchor / ours** (aim: at least 0.75) | {found['anchor'] / found['ours']:.2f} |")


def main() -> None:
    """Run the bench, on the loop that the product serves on."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


if __name__ == "__main__":
    main()
