"""The county's firms, officers and draws, as tests need them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from kit.call import Reply
from kit.roles import Role
from kit.work import system_work
from services.precursor.firms.intake import Takeover, take_over_firms
from services.precursor.venues.intake import VenueTakeover, take_over_venues
from tests.houses import Caller, TestHouse

DATA = Path(__file__).parent.parent / "data" / "precursor"
CATALOGUE = Path(__file__).parent.parent.parent / "deploy" / "demo" / "precursor_chemicals.csv"
LOTTERY = {"source": "ssq_red", "day": "2021-07-04", "issue": "2021076"}
BALLS = [[31, 4, 17, 9, 22, 28]]


def parsed(reply: Reply, status: int = 200) -> Any:
    """The answer, when it has this status."""
    assert reply.status == status, (reply.status, reply.body)
    return json.loads(reply.body)


def rows_of(kind: str) -> list[dict[str, Any]]:
    """The accepted rows of a firm ledger."""
    with (DATA / f"{kind}_rows.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def venue_rows() -> list[dict[str, Any]]:
    """The accepted rows of the venue ledger."""
    with (DATA / "venue_rows.csv").open(encoding="utf-8", newline="") as lines:
        return [{key: value or None for key, value in row.items()} for row in csv.DictReader(lines)]


async def take_over(house: TestHouse, kind: str, rows: list[dict[str, Any]] | None = None) -> Takeover:
    """Take a ledger over, in a unit of work of its own."""
    inner = house.house.apps["precursor"].state.house
    async with inner.database.session() as session:
        result = await take_over_firms(
            system_work(inner, session, "test", "precursor/ledgers"), rows if rows is not None else rows_of(kind), kind
        )
        await session.commit()
    return result


async def take_over_places(house: TestHouse) -> VenueTakeover:
    """Take the venue ledger over."""
    inner = house.house.apps["precursor"].state.house
    async with inner.database.session() as session:
        result = await take_over_venues(system_work(inner, session, "test", "precursor/ledgers"), venue_rows())
        await session.commit()
    return result


def county_officer(house: TestHouse) -> Caller:
    """An officer of the county office."""
    return house.caller("precursor", Role.COUNTY_OFFICER)


def second_officer(house: TestHouse) -> Caller:
    """Another officer of the county office, who confirms and signs."""
    return house.caller("precursor", Role.COUNTY_OFFICER, subject="test-second-officer")


def inspector(house: TestHouse, staff_code: str) -> Caller:
    """An inspector, by staff number."""
    return house.caller("precursor", Role.INSPECTOR, staff_id=staff_code)


async def load_catalogue(house: TestHouse) -> dict[str, Any]:
    """Load the shipped catalogue."""
    officer = county_officer(house)
    headers = {"authorization": f"Bearer {officer.token()}", "content-type": "text/csv"}
    reply = await officer.neighbour.request(
        "POST", "/precursor/v1/catalogue/load", headers=headers, body=CATALOGUE.read_bytes(), timeout=30
    )
    answer: dict[str, Any] = parsed(reply)
    return answer


def an_officer(number: int, authority: str = "emergency_management") -> dict[str, Any]:
    """An officer to enter in the directory."""
    return {
        "staff_code": f"E{number:03d}",
        "name": f"演示执法{number}",
        "authority": authority,
        "certificate_no": f"陕K{number:06d}",
        "certificate_valid_to": "2025-12-31",
    }


async def enter_officers(house: TestHouse, count: int, authority: str = "emergency_management") -> dict[str, dict[str, Any]]:
    """Enter officers; id → entry."""
    officer = county_officer(house)
    entries = [
        parsed(await officer("POST", "/precursor/v1/inspectors", an_officer(number, authority)), 201) for number in range(1, count + 1)
    ]
    return {entry["id"]: entry for entry in entries}


def a_draw(**more: Any) -> dict[str, Any]:
    """A draw to plan."""
    return {
        "title": "2021年第三季度易制毒化学品双随机检查",
        "object_kind": "chemical",
        "authority": "emergency_management",
        "inspect_from": "2021-07-06",
        "inspect_to": "2021-08-31",
        "public_sources": [LOTTERY],
        **more,
    }


async def inspections_of(house: TestHouse, draw: dict[str, Any]) -> list[dict[str, Any]]:
    """The inspections of a draw."""
    items: list[dict[str, Any]] = parsed(await county_officer(house)("GET", f"/precursor/v1/inspections?draw_id={draw['id']}"))["items"]
    return items


async def proof_of(caller: Caller, draw: dict[str, Any]) -> dict[str, Any]:
    """The proof of a draw as a caller may see it."""
    proof: dict[str, Any] = parsed(await caller("GET", f"/precursor/v1/draws/{draw['id']}/proof"))
    return proof
