"""Divisions, stations, staff, population and the catalogue of the demo county. Loading again changes nothing."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from deploy.demo.client import Client

HERE = Path(__file__).parent
POPULATION = {2020: 247_900, 2021: 250_000}
"""The base that both published shares imply (0.43 % of 1,066 and 0.34 % of 852)."""


def table(name: str) -> list[dict[str, str]]:
    """A CSV of this folder."""
    with (HERE / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _number(text: str) -> float | None:
    return float(text) if text else None


def divisions() -> list[dict[str, Any]]:
    """Divisions as the API takes them."""
    return [
        {
            "code": row["code"],
            "name": row["name"],
            "level": row["level"],
            "parent_code": row["parent_code"],
            "service_centre_code": row["service_centre_code"] or None,
            "statutory": row["statutory"] == "Y",
            "aliases": [alias for alias in row["aliases"].split("|") if alias],
            "lon": _number(row["lon"]),
            "lat": _number(row["lat"]),
            "note": row["note"],
        }
        for row in table("divisions.csv")
    ]


async def load(officer: Client) -> None:
    """Load all. Raises DemoFailed."""
    await officer.send("POST", "/registry/v1/divisions/load", divisions())
    stations = [
        {
            "code": row["station_code"],
            "name": row["name"],
            "kind": row["kind"],
            "division_code": row["division_code"],
            "lon": _number(row["lon"]),
            "lat": _number(row["lat"]),
        }
        for row in table("stations.csv")
    ]
    await officer.send("POST", "/registry/v1/stations/load", stations)
    staff = [{**row, "station_code": row["station_code"] or None} for row in table("staff.csv")]
    await officer.send("POST", "/registry/v1/staff/load", staff)
    for year, persons in POPULATION.items():
        body = {"persons": persons, "source": "由公布的占比反推(演示)"}
        await officer.send("PUT", f"/registry/v1/divisions/610822000000/population/{year}", body)
    catalogue = (HERE / "precursor_chemicals.csv").read_bytes()
    await officer.upload_text("/precursor/v1/catalogue/load", catalogue, "text/csv")
