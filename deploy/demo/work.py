"""What the demo's officers have done by the first of July: check-ins with their alerts, an agreement, inspectors, a draw, a bulletin."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

from deploy.demo import accounts as demo_accounts
from deploy.demo import releases
from deploy.demo.accounts import Accounts, Administrators
from deploy.demo.client import Client, DemoFailed
from deploy.demo.county import table

HERE = Path(__file__).parent
PERIODS = ("2021-06-10", "2021-06-20")
"""A day in each half-month that has its bulletin: two, so that the second shows a trend."""
AGREEMENT = "府保共管〔2021〕01号(演示)"
TEAMS_SINCE = "2021-01-01"
"""Everybody has had a care team since the beginning of the year: a social worker sees only the persons of their own teams."""
KINDS = {"announced_family_event": "other"}
INSPECTORS = (
    ("emergency_management", "演示执法员甲", "DEMO-YJ-0001"),
    ("emergency_management", "演示执法员乙", "DEMO-YJ-0002"),
    ("emergency_management", "演示执法员丙", "DEMO-YJ-0003"),
    ("emergency_management", "演示执法员丁", "DEMO-YJ-0004"),
    ("postal_administration", "演示执法员戊", "DEMO-YZ-0001"),
    ("postal_administration", "演示执法员己", "DEMO-YZ-0002"),
)
PATIENCE = 120


async def load(officer: Client, both: Administrators, accounts: Accounts) -> None:
    """Load all; what exists already stays unchanged. Raises DemoFailed."""
    running = await _running(officer)
    if not accounts.has("accounts", "subject"):
        await demo_accounts.open_account(both, accounts, "subject", "subject", "610822", person_id=running[0]["person_id"])
    await officer.send("POST", "/registry/v1/care-teams/fill", {"since": TEAMS_SINCE})
    await _checkins(officer, running)
    await _agreement(officer, both, running)
    await _inspections(officer)
    await releases.load(officer)  # before the bulletins that count them
    await _bulletin(officer)


async def _running(officer: Client) -> list[dict[str, Any]]:
    """Measures that run, in the order of their persons."""
    active = await officer.pages("/registry/v1/measures?state=active")
    return [item for item in active if item["kind"] in ("community_treatment", "community_rehabilitation")]


def _cast(running: list[dict[str, Any]]) -> dict[str, str]:
    """Practice person → person of the register, town by town, as far as both have them."""
    by_town: dict[str, list[str]] = {}
    for measure in running:
        by_town.setdefault(measure["division_code"], []).append(measure["person_id"])
    cast: dict[str, str] = {}
    for person in table("checkin_persons.csv"):
        free = by_town.get(person["division"], [])
        if free:
            cast[person["person_id"]] = free.pop(0)
    return cast


async def _checkins(officer: Client, running: list[dict[str, Any]]) -> None:
    cast = _cast(running)
    places = [
        {"code": p["poi"], "kind": p["kind"], "division_code": p["division"], "lon": float(p["lon"]), "lat": float(p["lat"])}
        for p in table("checkin_places.csv")
    ]
    await officer.send("POST", "/alerts/v1/places", {"places": places})
    occasions = [
        {
            "code": o["activity"],
            "kind": KINDS.get(o["kind"], o["kind"]),
            "division_code": o["division"],
            "starts_at": o["start"],
            "ends_at": o["end"],
            "lon": float(o["lon"]),
            "lat": float(o["lat"]),
        }
        for o in table("checkin_occasions.csv")
    ]
    await officer.send("POST", "/alerts/v1/occasions", {"occasions": occasions})
    persons = [
        {
            "person_id": cast[p["person_id"]],
            "household_key": p["household"],
            "workplace_code": p["workplace"] or None,
            "home_lon": float(p["home_lon"]),
            "home_lat": float(p["home_lat"]),
        }
        for p in table("checkin_persons.csv")
        if p["person_id"] in cast
    ]
    lines = _history(cast)
    await _wait_for_feed(officer, lines)
    await officer.send("POST", "/alerts/v1/ordinary-places", {"persons": persons})
    await officer.upload_text("/alerts/v1/checkins/import", "\n".join(lines).encode(), "application/x-ndjson")


def _history(cast: dict[str, str]) -> list[str]:
    """The check-ins of the cast as NDJSON lines."""
    with gzip.open(HERE / "checkins.csv.gz", "rt", encoding="utf-8") as file:
        return [
            json.dumps(
                {
                    "checkin_id": row["checkin_id"],
                    "person_id": cast[row["person_id"]],
                    "at": row["ts"],
                    "lon": float(row["lon"]),
                    "lat": float(row["lat"]),
                    "accuracy_m": float(row["accuracy_m"]),
                    "source": row["source"],
                }
            )
            for row in csv.DictReader(file)
            if row["person_id"] in cast
        ]


async def _wait_for_feed(officer: Client, lines: list[str]) -> None:
    """Wait until the alerts service has received the last person from the registry's feed. Raises DemoFailed."""
    last = max(lines, key=lambda line: json.loads(line)["person_id"])
    for _ in range(PATIENCE):
        told = await officer.upload_text("/alerts/v1/checkins/import", last.encode(), "application/x-ndjson", tolerate=422)
        if told and told.get("accepted", 0) + told.get("duplicates", 0) == 1:
            return
        await officer.wait(0.5)
    raise DemoFailed(reason="the alerts service has not heard of the county's measures")


async def _agreement(officer: Client, both: Administrators, running: list[dict[str, Any]]) -> None:
    if any(item["document_no"] == AGREEMENT for item in await officer.pages("/registry/v1/co-management/agreements")):
        return
    persons = [measure["person_id"] for measure in running if measure["division_code"].startswith(("610822100", "610822L02"))][:40]
    new = {
        "name": "府谷-保德共管协议(演示)",
        "partner_area": "140931",
        "partner_client": "demo-partner",
        "fields": ["name", "sex", "birth_year", "division_code", "measure_kind", "measure_state", "term_end", "lead_side"],
        "valid_from": "2021-01-01",
        "valid_to": "2024-01-01",
        "document_no": AGREEMENT,
        "person_ids": persons,
    }
    made = await officer.raw("POST", "/registry/v1/co-management/agreements", json=new)
    agreement = made.json()
    step = {"event": "accept", "on": "2021-07-01", "document_no": "保禁办函〔2021〕7号(演示)"}
    path = f"/registry/v1/co-management/agreements/{agreement['id']}/transitions"
    await officer.raw("POST", path, json=step, If_Match=made.headers["etag"])
    await demo_accounts.grant_agreement(both, agreement["id"])


async def _inspections(officer: Client) -> None:
    have = {item["certificate_no"] for item in await officer.pages("/precursor/v1/inspectors")}
    for number, (authority, name, certificate) in enumerate(INSPECTORS, 1):
        if certificate not in have:
            body = {
                "staff_code": f"I{number:03d}",
                "name": name,
                "authority": authority,
                "certificate_no": certificate,
                "certificate_valid_to": "2025-12-31",
            }
            await officer.send("POST", "/precursor/v1/inspectors", body)
    draws = await officer.send("GET", "/precursor/v1/draws")
    if draws["items"]:
        return
    new = {
        "title": "2021年第三季度易制毒化学品双随机检查(演示)",
        "object_kind": "chemical",
        "authority": "emergency_management",
        "inspect_from": "2021-07-10",
        "inspect_to": "2021-09-30",
        "public_sources": [{"source": "ssq_red", "day": "2021-07-04", "issue": "2021075"}],
    }
    made = await officer.raw("POST", "/precursor/v1/draws", json=new)
    await officer.raw("POST", f"/precursor/v1/draws/{made.json()['id']}/commit", If_Match=made.headers["etag"])


async def _bulletin(officer: Client) -> None:
    drawn_up = {item["first_day"] for item in await officer.pages("/alerts/v1/bulletins")}
    for day in PERIODS:
        if any(first <= day <= first[:8] + ("15" if first.endswith("01") else "31") for first in drawn_up):
            continue
        made = await officer.raw("POST", "/alerts/v1/bulletins", json={"rhythm": "half_month", "day": day})
        await officer.raw("POST", f"/alerts/v1/bulletins/{made.json()['id']}/publish", If_Match=made.headers["etag"])
