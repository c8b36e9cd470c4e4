"""The county's thirteen ledgers through the API, with the officer's corrections and decisions (deploy/demo/decisions.csv)."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from tests.registry.ledgers.desk import Desk, Json, ledger

DECISIONS = Path(__file__).resolve().parents[3] / "deploy" / "demo" / "decisions.csv"
BEFORE, AFTER = "2020-12-31", "2021-06-30"
Place = tuple[str, str, int]
STAYED = (
    ("610822100000", "610822L04000"), ("610822L03000", "610822111000"), ("610822106000", "610822112000"), ("610822106000", "610822112000"),
    ("610822107000", "610822110000"), ("610822L05000", "610822108000"),
)  # fmt: skip
"""(town, the town that a later ledger names) of six persons who were clean for three years: their records were closed by then, and no ledger changes a closed
record (domain 2.5). They count where the first ledger had them."""


def wanted(town: Json) -> tuple[int, int, int, int]:
    """What must come out for a town of `_county.expected.json`: (total before, total after, current users, three years clean)."""
    code = town["town_code"]
    more = sum(code == stayed for stayed, _ in STAYED) - sum(code == named for _, named in STAYED)
    return town["before"] + more, town["after"] + more, town["current"], town["clean3"] + more


def hand_work() -> tuple[dict[Place, dict[str, str]], dict[tuple[Place, str], str]]:
    """(corrections by place, decisions by place and field)."""
    corrections: dict[Place, dict[str, str]] = defaultdict(dict)
    decisions: dict[tuple[Place, str], str] = {}
    with DECISIONS.open(encoding="utf-8") as file:
        for line in csv.DictReader(file):
            place = (line["file"], line["sheet"], int(line["row"]))
            if line["decision"]:
                decisions[place, line["field"]] = line["decision"]
            else:
                corrections[place][line["field"]] = line["value"]
    return corrections, decisions


async def take_in(desk: Desk, number: int, *, by_hand: bool = True) -> Json:
    """One ledger: upload, correct, decide, commit."""
    name, data = ledger(number)
    (job,) = await desk.upload((name, data), as_of=BEFORE if number <= 10 else AFTER)
    assert job["state"] == "reported", job
    if by_hand:
        corrections, decisions = hand_work()
        for row in await desk.rows(job, "&disposition=hold"):
            values = corrections.get((name, row["sheet"], row["row"]))
            if values:
                await desk.correct(job, row, dict(values))
        for conflict in await desk.every(f"/{job['id']}/conflicts", "&state=open"):
            sheet, _, row_number = conflict["sides"][0]["cell"].rpartition("!")
            await desk.decide(job, conflict, decisions[(name, sheet, int(row_number)), conflict["field"]])
    return await desk.commit(job)


COUNT = """
with current as (
  select distinct on (s.person_id) s.person_id, s.status, p.division_code from registry.standing s join registry.person p on p.id = s.person_id
   where s.since <= %(day)s and not exists (select 1 from registry.standing c where c.corrects_id = s.id)
   order by s.person_id, s.since desc, s.recorded_at desc, s.id desc)
select {by} as town, count(*) filter (where status not in ('transferred_out', 'erroneous')),
       count(*) filter (where status = any(%(current)s)), count(*) filter (where status = 'three_years_clean')
  from current group by 1 order by 1"""
CURRENT = ["community_treatment", "community_rehabilitation", "compulsory_isolation_treatment", "detained", "maintenance_treatment", "voluntary_treatment", "in_society"]  # fmt: skip


def figures(desk: Desk, day: str, *, by_town: bool = False) -> dict[str, tuple[int, int, int]]:
    """Town (or "county") → (total, current users, three years clean) on a day."""
    with psycopg.connect(desk.house.owner) as connection:
        query = COUNT.format(by="division_code" if by_town else "'county'")
        rows: list[Any] = connection.execute(query.encode(), {"day": date.fromisoformat(day), "current": CURRENT}).fetchall()
    return {town: (total, current, clean) for town, total, current, clean in rows}
