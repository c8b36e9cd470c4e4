"""What names beside ids cost: a page of fifty people, measures and due tests through the service's own app, with names and without, in turn in one run.

CPU of this process and wall time per request, four town names and all names of persons told anew each time. usage: python -m tests.bench.bench_names
"""

from __future__ import annotations

import asyncio
import re
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import psycopg
import uvloop
from fastapi import Request, Response

from deploy.folder import DataFolder
from deploy.postgres import Postgres
from kit.lists import Json
from kit.names import Naming
from kit.roles import Role
from services.registry.measures import repository as measures
from services.registry.people import repository as people
from tests.bench.bench_lists import FILL
from tests.houses import TestHouse, open_house, prepare_template

PEOPLE = 2_000
REQUESTS = 100
ROUNDS = 9
MEASURES = """
insert into registry.measure (id, person_id, kind, state, division_code, late_report_accepted, ordered_on, term_start, term_end, suspended_days, credited_days,
    escaped_once, source, version, created_at, updated_at)
select gen_random_uuid(), id, 'community_treatment', 'active', division_code, false, '2020-06-01', '2020-06-10', '2023-06-10', 0, 0, false, 'order', 1, now(), now()
  from registry.person"""
DUE = """
insert into testing.due_test (id, person_id, kind, specimen_type, division_code, owed_in, due_on, window_from, window_to, state, moved, version, created_at, updated_at)
select gen_random_uuid(), id, 'mandatory', 'urine', division_code, division_code, '2021-07-05', '2021-07-01', '2021-07-10', 'scheduled', false, 1, now(), now()
  from registry.person"""
TOWNS = """
insert into registry.division (code, name, level, parent_code, statutory, aliases, valid_from, note)
values ('610822100000', '府谷镇', 'town', '610822000000', true, '[]', '2000-01-01', ''), ('610822105000', '新民镇', 'town', '610822000000', true, '[]', '2000-01-01', '')"""
PAGES = {
    "people": ("registry", "/registry/v1/people"),
    "measures": ("registry", "/registry/v1/measures"),
    "due tests": ("testing", "/testing/v1/plans/due?from=2021-07-01&to=2021-07-31"),
}


COLUMN = re.compile(r",\s*\(select named[^)]*\) as \w+_name")
bare: dict[str, Json] = {}


async def without(self: Naming, request: Request, answer: Response) -> Response:
    """An answer as it is."""
    return answer


async def measure(house: TestHouse) -> dict[tuple[str, str], tuple[float, float]]:
    """(page, with or without) → medians of CPU and wall time in microseconds a request."""
    with psycopg.connect(house.owner) as connection:
        connection.execute(FILL, (PEOPLE,))
        for statement in (TOWNS, MEASURES, DUE, "analyze registry.person", "analyze registry.measure", "analyze testing.due_test"):
            connection.execute(statement)
    names, found = Naming.name, dict[tuple[str, str], list[tuple[float, float]]]()
    lists = {people: people.PEOPLE, measures: measures.MEASURES}
    for turn in range(ROUNDS + 1):
        for page, (service, path) in PAGES.items():
            officer = house.caller(service, Role.COUNTY_OFFICER)
            headers = {"authorization": f"Bearer {officer.token()}", "purpose": "testing"}
            for how, name in (("with", names), ("without", without)):
                Naming.name = name  # the only difference between the two, with the columns of the lists in SQL text
                for module, listing in lists.items():
                    kept = (
                        listing
                        if how == "with"
                        else bare.setdefault(listing.name, replace(listing, columns=COLUMN.sub("", listing.columns)))
                    )
                    setattr(module, "PEOPLE" if module is people else "MEASURES", kept)
                reply = await officer.neighbour.request("GET", path, headers=headers)
                cpu, wall = time.process_time(), time.perf_counter()
                for _ in range(REQUESTS):
                    reply = await officer.neighbour.request("GET", path, headers=headers)
                    assert reply.status == 200, reply.body
                spent = ((time.process_time() - cpu) / REQUESTS * 1e6, (time.perf_counter() - wall) / REQUESTS * 1e6)
                assert (b'"division_name":"' in reply.body) is (how == "with") and len(reply.json()["items"]) == 50
                if turn:
                    found.setdefault((page, how), []).append(spent)
    Naming.name = names
    return {
        key: (statistics.median(cpu for cpu, _ in values), statistics.median(wall for _, wall in values)) for key, values in found.items()
    }


async def run() -> None:
    """Compose, measure, print."""
    with tempfile.TemporaryDirectory() as folder:
        data = DataFolder(Path(folder) / "postgres")
        data.take()
        server = Postgres(data)
        server.start()
        try:
            async with open_house(prepare_template(server.dsn(), Path(folder) / "house")) as house:
                found = await measure(house)
        finally:
            server.stop()
            data.release()
    print("| page of 50 | CPU without | CPU with names | without / with | wall without | wall with |")
    print("|---|---|---|---|---|---|")
    for page in PAGES:
        (cpu, wall), (cpu_named, wall_named) = found[page, "without"], found[page, "with"]
        print(f"| {page} | {cpu:.0f} µs | {cpu_named:.0f} µs | {cpu / cpu_named:.2f} | {wall:.0f} µs | {wall_named:.0f} µs |")


def main() -> None:
    """Run the bench, on the loop that the product serves on."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


if __name__ == "__main__":
    main()
