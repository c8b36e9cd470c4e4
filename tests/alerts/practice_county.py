"""The practice set as a county would have it: persons with running measures, places and events loaded, check-ins sent."""

from __future__ import annotations

import csv
import json
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from kit.roles import Role
from services.alerts.detectors.gathering import Gathering
from tests.alerts.detectors.practice import FOLDER, NEIGHBOUR_SEATS, Practice
from tests.alerts.neighbours import an_id, measure, tell
from tests.alerts.scenes import Crowd, carer, send
from tests.houses import TestHouse

SINCE, UNTIL = date(2020, 5, 1), date(2023, 5, 1)


def rows(name: str) -> list[dict[str, str]]:
    """One of the set's csv files."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


async def settle(house: TestHouse) -> dict[str, UUID]:
    """Watch the 600 persons and load what the county knows, all through the product's own doors. Person of the set → id."""
    persons = rows("persons.csv")
    ids = {p["person_id"]: an_id(p["person_id"]) for p in persons}
    told_at = house.clock() - timedelta(days=1)
    await tell(house, "registry", [measure(ids[p["person_id"]], told_at, town=p["division"], since=SINCE, until=UNTIL) for p in persons])
    county = house.caller("alerts", Role.COUNTY_OFFICER)
    kinds = {"station", "clinic", "hospital", "market", "bus", "school", "work"}
    places = [
        {
            "code": p["poi"],
            "kind": p["kind"] if p["kind"] in kinds else "other",
            "division_code": p["division"],
            "lon": float(p["lon"]),
            "lat": float(p["lat"]),
        }
        for p in rows("pois.csv")
    ]
    seats = [
        {"code": f"seat_{code}", "kind": "seat", "division_code": code + "000000", "lon": lon, "lat": lat}
        for code, lon, lat in NEIGHBOUR_SEATS
    ]
    occasions = [
        {
            "code": s["activity"],
            "kind": s["kind"] if s["kind"] == "station_group_activity" else "other",
            "division_code": s["division"],
            "starts_at": s["start"],
            "ends_at": s["end"],
            "lon": float(s["lon"]),
            "lat": float(s["lat"]),
        }
        for s in rows("schedule.csv")
    ]
    ordinary = [
        {
            "person_id": str(ids[p["person_id"]]),
            "household_key": p["household"],
            "workplace_code": p["workplace"] or None,
            "home_lon": float(p["home_lon"]),
            "home_lat": float(p["home_lat"]),
        }
        for p in persons
    ]
    for path, body in (
        ("places", {"places": places + seats}),
        ("occasions", {"occasions": occasions}),
        ("ordinary-places", {"persons": ordinary}),
    ):
        answer = await county("POST", f"/alerts/v1/{path}", body)
        assert answer.status == 200, answer.body
    return ids


def as_sent(practice: Practice, ids: dict[str, UUID], until: datetime | None = None) -> list[dict[str, Any]]:
    """The check-ins of the set, in order of time, as a phone sends them."""
    return [
        {
            "checkin_id": c.checkin_id,
            "person_id": str(ids[c.person_id]),
            "at": c.at.isoformat(),
            "lon": c.lon,
            "lat": c.lat,
            "accuracy_m": c.accuracy_m,
            "source": c.source,
        }
        for c in practice.checkins
        if until is None or c.at < until
    ]


async def bring(house: TestHouse, worker: Crowd, batch: list[dict[str, Any]]) -> int:
    """Send check-ins as they come about: phones by their owners, visits and desks by the worker. How many were accepted."""
    phones = [{name: value for name, value in item.items() if name != "source"} for item in batch if item["source"] == "app"]
    staffed = [item for item in batch if item["source"] != "app"]
    accepted = (await send(worker, *phones))["accepted"] if phones else 0
    if staffed:
        again = carer(house, [UUID(item["person_id"]) for item in staffed])  # the clock moved on since the registry was asked
        accepted += (await send(again, *staffed))["accepted"]
    return accepted


def lines(checkins: list[dict[str, Any]]) -> bytes:
    """As NDJSON."""
    return b"\n".join(json.dumps(c).encode() for c in checkins)


def gatherings(house: TestHouse, ids: dict[str, UUID]) -> list[Gathering]:
    """The gathering alerts that stand in the database, as the scorer takes them."""
    names = {person: name for name, person in ids.items()}
    with psycopg.connect(house.owner) as connection:
        found = connection.execute(
            "select id, first_at, last_at, person_ids, checkin_ids from alerts.alert where kind = 'gathering' and finding is distinct from 'merged'"
        ).fetchall()
    return [
        Gathering(str(row[0]), row[1], row[2], 0.0, 0.0, 0.0, tuple(names[p] for p in row[3]), 0, tuple(map(str, row[4])), (), "")
        for row in found
    ]


def flows(house: TestHouse, ids: dict[str, UUID]) -> list[tuple[str, str, date, date]]:
    """The flow alerts: id, person of the set, first and last day."""
    names = {person: name for name, person in ids.items()}
    with psycopg.connect(house.owner) as connection:
        found = connection.execute(
            """select id, person_ids[1], (first_at at time zone 'Asia/Shanghai')::date, (last_at at time zone 'Asia/Shanghai')::date
                 from alerts.alert where kind = 'flow_frequency' and finding is distinct from 'merged'"""
        ).fetchall()
    return [(str(row[0]), names[row[1]], row[2], row[3]) for row in found]
