"""The county: divisions, stations, staff and care teams through HTTP, loaded from the demo's own files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from kit.roles import Role
from tests.houses import Caller, TestHouse
from tests.registry.people_data import TOWN, county_officer, registered

DEMO = Path(__file__).parents[2] / "deploy/demo"


def rows_of(name: str) -> list[dict[str, str]]:
    """A file of the demo county."""
    with (DEMO / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def demo_divisions() -> list[dict[str, Any]]:
    """The 626 divisions as the API takes them."""
    return [
        {
            "code": row["code"],
            "name": row["name"],
            "level": row["level"],
            "parent_code": row["parent_code"],
            "service_centre_code": row["service_centre_code"] or None,
            "statutory": row["statutory"] == "Y",
            "aliases": [alias for alias in row["aliases"].split("|") if alias],
            "lon": float(row["lon"]) if row["lon"] else None,
            "lat": float(row["lat"]) if row["lat"] else None,
            "note": row["note"],
        }
        for row in rows_of("divisions.csv")
    ]


def demo_stations() -> list[dict[str, Any]]:
    """The stations as the API takes them."""
    return [
        {
            "code": row["station_code"],
            "name": row["name"],
            "kind": row["kind"],
            "division_code": row["division_code"],
            "lon": float(row["lon"]),
            "lat": float(row["lat"]),
        }
        for row in rows_of("stations.csv")
    ]


def demo_staff() -> list[dict[str, Any]]:
    """The staff as the API takes it."""
    return [{**row, "station_code": row["station_code"] or None} for row in rows_of("staff.csv")]


async def load_county(officer: Caller) -> None:
    """Fill the county."""
    for path, body in (("divisions", demo_divisions()), ("stations", demo_stations()), ("staff", demo_staff())):
        answer = await officer("POST", f"/registry/v1/{path}/load", body)
        assert answer.status == 200, answer.body


async def test_the_county_loads_once_and_the_same_again_changes_nothing(house: TestHouse) -> None:
    officer = county_officer(house)
    await load_county(officer)
    for path, body in (("divisions", demo_divisions()), ("stations", demo_stations()), ("staff", demo_staff())):
        again = json.loads((await officer("POST", f"/registry/v1/{path}/load", body)).body)
        assert again == {"created": 0, "changed": 0, "unchanged": len(body)}
    towns = json.loads((await officer("GET", "/registry/v1/divisions?level=town")).body)["items"]
    centres = json.loads((await officer("GET", "/registry/v1/divisions?level=service_centre")).body)["items"]
    assert len(towns) + len(centres) == 21
    one = json.loads((await officer("GET", f"/registry/v1/divisions/{TOWN}")).body)
    assert (one["name"], one["aliases"][:2]) == ("府谷镇", ["府谷", "城区"])
    assert (await officer("GET", "/registry/v1/divisions/610822999000")).status == 404
    renamed = [{**demo_divisions()[1], "name": "府谷镇(新)"}]
    assert json.loads((await officer("POST", "/registry/v1/divisions/load", renamed)).body) == {"created": 0, "changed": 1, "unchanged": 0}
    stations = json.loads((await officer("GET", "/registry/v1/stations")).body)["items"]
    assert len(stations) == 28
    page = json.loads((await officer("GET", "/registry/v1/staff?post=social_worker&limit=40")).body)
    rest = json.loads((await officer("GET", f"/registry/v1/staff?post=social_worker&limit=40&cursor={page['next']}")).body)
    assert len(page["items"]) + len(rest["items"]) == 58


async def test_only_the_office_loads_and_a_wrong_row_is_named(house: TestHouse) -> None:
    officer = county_officer(house)
    town = house.caller("registry", Role.TOWN_OFFICER, scope=("610822100",))
    assert (await town("POST", "/registry/v1/divisions/load", demo_divisions()[:2])).status == 403
    wrong = await officer("POST", "/registry/v1/divisions/load", [{**demo_divisions()[0], "level": "continent"}])
    assert (wrong.status, json.loads(wrong.body)["errors"][0]["pointer"]) == (422, "/0/level")
    await officer("POST", "/registry/v1/divisions/load", demo_divisions())
    nobody = await officer(
        "POST",
        "/registry/v1/staff/load",
        [{"code": "T1", "name": "某", "post": "town_officer", "division_code": TOWN, "station_code": "ST99"}],
    )
    assert (nobody.status, json.loads(nobody.body)["errors"][0]["pointer"]) == (422, "/0/station_code")
    path = "/registry/v1/divisions/610822000000/population"
    population = {"persons": 250_000, "source": "county statistics, demonstration"}
    assert (await town("PUT", f"{path}/2021", population)).status == 403
    assert (await officer("PUT", f"{path}/2021", population)).status == 200
    assert (await officer("PUT", f"{path}/2021", population)).status == 200
    assert [row["persons"] for row in json.loads((await town("GET", path)).body)["items"]] == [250_000]


async def test_an_address_takes_a_division_with_fewer_digits(house: TestHouse) -> None:
    """6 digits of the county and 9 of a town mean the same as 12, in an address as in a filter (api.md 1)."""
    officer = county_officer(house)
    await officer("POST", "/registry/v1/divisions/load", demo_divisions())
    for short, whole in (("610822", "610822000000"), (TOWN[:9], TOWN)):
        assert json.loads((await officer("GET", f"/registry/v1/divisions/{short}")).body)["code"] == whole
        stored = await officer("PUT", f"/registry/v1/divisions/{short}/population/2020", {"persons": 3_000, "source": "demonstration"})
        assert json.loads(stored.body)["division_code"] == whole
        read = json.loads((await officer("GET", f"/registry/v1/divisions/{short}/population")).body)["items"]
        assert read == json.loads((await officer("GET", f"/registry/v1/divisions/{whole}/population")).body)["items"] != []
    assert (await officer("GET", "/registry/v1/divisions/61082")).status == 422


async def test_a_care_team_is_dated_and_a_grid_worker_sees_only_their_own_people(house: TestHouse) -> None:
    officer = county_officer(house)
    await load_county(officer)
    person = await registered(officer)
    await registered(officer, 3)
    path = f"/registry/v1/people/{person['id']}/care-team"
    joined = await officer("POST", path, {"staff_code": "G001", "since": "2021-01-01"})
    assert joined.status == 201, joined.body
    assert (json.loads(joined.body)["staff_code"], json.loads(joined.body)["until"]) == ("G001", None)
    later = json.loads((await officer("POST", path, {"staff_code": "P001", "since": "2021-12-01"})).body)
    assert (later["staff_code"], later["since"]) == ("P001", "2021-12-01"), "who joins later is answered, though not in the team of today"
    ended = json.loads((await officer("POST", f"{path}/{later['id']}/end", {"until": "2021-12-01"})).body)
    assert (ended["id"], ended["until"]) == (later["id"], "2021-12-01")
    assert (await officer("POST", path, {"staff_code": "G001", "since": "2021-02-01"})).status == 409
    assert (await officer("POST", path, {"staff_code": "X999", "since": "2021-02-01"})).status == 422
    grid = house.caller("registry", Role.GRID_WORKER, scope=("610822100",), staff_id="G001")
    assert (await grid("GET", path)).status == 403
    filled = json.loads((await officer("POST", "/registry/v1/care-teams/fill", {})).body)
    assert filled["memberships"] == 6  # officer, social worker and police for two people; no village, no grid worker
    assert json.loads((await officer("POST", "/registry/v1/care-teams/fill", {})).body)["memberships"] == 0
    team = json.loads((await officer("GET", path)).body)["items"]
    assert sorted(member["post"] for member in team) == ["grid_worker", "police_officer", "social_worker", "town_officer"]
    gone = next(member for member in team if member["staff_code"] == "G001")
    assert (await officer("POST", f"{path}/{gone['id']}/end", {"until": "2021-06-30"})).status == 200
    assert len(json.loads((await officer("GET", path)).body)["items"]) == 3
    assert len(json.loads((await officer("GET", f"{path}?on=2021-06-01")).body)["items"]) == 1
    leaving = next(member for member in team if member["post"] == "town_officer")
    assert (await officer("POST", f"/registry/v1/staff/{leaving['staff_code']}/departure", {"on": "2021-07-01"})).status == 200
    assert len(json.loads((await officer("GET", path)).body)["items"]) == 2
