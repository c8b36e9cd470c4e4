"""What a neighbour asks over `/internal/…` is what the neighbour answers: the callee's real answer goes through the caller's own reading."""

from __future__ import annotations

import ast
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.keys import SERVICES
from deploy.routes import api_routes
from gateway.documents.service import EXPECTED, Library
from kit.doors import Door, query
from kit.follow import Envelope
from kit.roles import Role
from services.alerts.bulletins.computed import FAILS, FROM_REGISTRY
from services.alerts.bulletins.rules import Count
from tests.houses import TestHouse
from tests.registry.people_data import TOWN, add_towns, an_id, county_officer, running

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
SPAN = {"as_of": date(2021, 6, 30), "from": date(2021, 6, 16), "to": date(2021, 6, 30)}


@pytest.fixture(scope="module")
async def person(house: TestHouse) -> dict[str, Any]:
    """Somebody under a running community treatment, of whom everybody has heard."""
    add_towns(house)
    found, _ = await running(county_officer(house), sequence=901)
    await house.step()
    return found


def door(house: TestHouse, caller: str, callee: str) -> Door:
    """The caller's own door to a neighbour."""
    found = house.house.apps[caller].state.house.neighbours[callee]
    assert isinstance(found, Door)
    return found


def paths_called() -> list[tuple[str, str]]:
    """(file, path) of every literal `/internal/…` that the code asks for: in a call, not in a route's decorator."""
    found: list[tuple[str, str]] = []
    for part in ("services", "gateway", "kit", "deploy"):
        for file in sorted((ROOT / part).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Await) and isinstance(node.value, ast.Call) and node.value.args:
                    texts = [item.value for item in ast.walk(node.value.args[0]) if isinstance(item, ast.Constant)]
                    found += [(file.relative_to(ROOT).as_posix(), t) for t in texts if isinstance(t, str) and t.startswith("/internal/")]
    return found


async def test_every_path_that_is_asked_for_exists(house: TestHouse) -> None:
    """No door leads nowhere."""
    served = {route.path for app in house.house.apps.values() for route in api_routes(app) if route.path.startswith("/internal/")}
    called = paths_called()
    assert called
    assert [(file, path) for file, path in called if path.partition("?")[0] not in served] == []


async def test_the_registrys_figures_hold_every_word_that_the_bulletin_reads(house: TestHouse, person: dict[str, Any]) -> None:
    """A word that the registry does not say would be counted as nothing due."""
    said = await door(house, "alerts", "registry").get("/internal/figures" + query(**SPAN))
    assert person["division_code"] in said["towns"]
    for town in said["towns"].values():
        assert isinstance(town["name"], str)
        assert town.keys() >= FROM_REGISTRY.keys() | FAILS.keys()
        for word in FROM_REGISTRY:
            done, due = town[word]
            assert Count(done, due).due == due
        assert all(isinstance(town[word], int) for word in FAILS)


async def test_testings_figures_are_pairs_by_town(house: TestHouse, person: dict[str, Any]) -> None:
    """`towns` → code → `test` → [done, due], for towns that the registry knows by the same code."""
    house.clock.advance(timedelta(days=70))
    later = {"as_of": date(2021, 8, 31), "from": date(2021, 7, 1), "to": date(2021, 8, 31)}
    said = await door(house, "alerts", "testing").get("/internal/figures" + query(**later))
    known = await door(house, "alerts", "registry").get("/internal/figures" + query(**later))
    assert person["division_code"] in said["towns"]
    for code, town in said["towns"].items():
        done, due = town["test"]
        assert Count(done, due).done == done
        assert code in known["towns"]


async def test_a_bulletin_is_made_of_both(house: TestHouse, person: dict[str, Any]) -> None:
    """The caller itself asks both neighbours and puts a bulletin together."""
    officer = house.caller("alerts", Role.COUNTY_OFFICER)
    made = await officer("POST", "/alerts/v1/bulletins", {"rhythm": "half_month", "day": "2021-06-20"})
    assert made.status == 201, made.body
    read = await officer("GET", f"/alerts/v1/bulletins/{made.json()['id']}")
    assert person["division_code"] in str(read.json())


async def test_the_feed_is_made_of_envelopes(house: TestHouse, person: dict[str, Any]) -> None:
    """A page of every service's feed, read by the follower's own model; `next` goes on where the page ended."""
    for callee in SERVICES:
        follower = "registry" if callee == "testing" else "alerts" if callee != "alerts" else "registry"
        page = await door(house, follower, callee).get("/internal/events?after=0.0&wait=0&size=50")
        events = [Envelope.model_validate(item) for item in page["events"]]
        if events:
            assert page["next"] == events[-1].position
        if callee == "registry":
            assert person["id"] in {str(event.subject_id) for event in events}


async def test_every_service_tells_its_language(house: TestHouse) -> None:
    """OpenAPI, code lists with both labels, problems with a page: merged by the gateway without loss."""
    library = house.house.apps["gateway"].state.house.part(Library)
    assert isinstance(library, Library)
    merged, (_, codes), problems = await library.openapi(), await library.codes(), await library.problems()
    for callee in EXPECTED:
        told = await door(house, "gateway", callee).get("/internal/language")
        assert told["openapi"]["paths"].keys() <= merged["paths"].keys()
        assert {f"{callee}.{name}" for name in told["codes"]} <= codes.keys()
        assert told["problems"].keys() <= problems.keys()
        assert all(label["zh"] and label["en"] for entries in told["codes"].values() for label in entries.values())
        assert all(about["zh"] and about["en"] and 400 <= about["status"] < 600 for about in told["problems"].values())


async def test_the_merged_document_serves_those_who_generate_a_client(house: TestHouse) -> None:
    library = house.house.apps["gateway"].state.house.part(Library)
    assert isinstance(library, Library)
    merged = await library.openapi()
    operations = [(method, path, told) for path, methods in merged["paths"].items() for method, told in methods.items()]
    names = [told["operationId"] for _, _, told in operations]
    assert len(names) == len(set(names)) > 200
    assert "registry_people_list_people" in names
    for method, path, told in operations:
        assert re.fullmatch(r"[a-z][a-z0-9_]+", told["operationId"]), path
        assert not told["summary"].endswith("."), path
        problems = [told["responses"][code] for code in ("401", "404", "422", "503")]
        assert problems == [{"$ref": "#/components/responses/Problem"}] * 4, path
        keyed = any(parameter["name"] == "Idempotency-Key" for parameter in told.get("parameters", []))
        assert keyed == (method == "post" and not path.startswith("/auth/") and not path.endswith("/search")), path
    assert "problem+json" in str(merged["components"]["responses"]["Problem"])


async def test_a_number_is_resolved_to_the_person_and_the_measure(house: TestHouse, person: dict[str, Any]) -> None:
    """In the order asked; null for a number that is none, and for nobody."""
    asked = {"id_numbers": [an_id(901), "不是号码", an_id(999)]}
    said = await door(house, "testing", "registry").post("/internal/people/resolve", asked)
    first, second, third = said["people"]
    assert (second, third) == (None, None)
    assert (first["person_id"], first["division_code"], first["measure_state"]) == (person["id"], TOWN, "active")


async def test_whether_a_measure_runs_is_told_by_its_dates(house: TestHouse, person: dict[str, Any]) -> None:
    """On a day of the term, and on a day before it."""
    ask = door(house, "alerts", "registry")
    assert (await ask.get(f"/internal/people/{person['id']}/running?on=2021-06-01"))["runs"] is True
    assert (await ask.get(f"/internal/people/{person['id']}/running?on=2021-01-01"))["runs"] is False


async def test_who_works_for_the_county_and_for_whom(house: TestHouse, person: dict[str, Any]) -> None:
    """Names beside numbers; who has left does not serve, and cares for nobody."""
    officer = county_officer(house)
    staff = [
        {"code": code, "name": name, "post": "social_worker", "division_code": TOWN, "valid_from": "2020-01-01"}
        for code, name in (("IW-1", "贺某甲"), ("IW-2", "贺某乙"))
    ]
    assert (await officer("POST", "/registry/v1/staff/load", staff)).status == 200
    today = house.clock().date().isoformat()
    for code in ("IW-1", "IW-2"):
        joined = await officer("POST", f"/registry/v1/people/{person['id']}/care-team", {"staff_code": code, "since": "2021-06-01"})
        assert joined.status == 201, joined.body
    assert (await officer("POST", "/registry/v1/staff/IW-2/departure", {"on": today})).status == 200
    ask = door(house, "alerts", "registry")
    said = await ask.get("/internal/staff?code=IW-1&code=IW-2&code=ZZZ")
    assert [(row["code"], row["name"], row["serves"]) for row in said] == [("IW-1", "贺某甲", True), ("IW-2", "贺某乙", False)]
    assert (await ask.get("/internal/care-teams?code=IW-1"))["persons"] == [person["id"]]
    for nobody in ("IW-2", "ZZZ"):
        assert (await ask.get(f"/internal/care-teams?code={nobody}"))["persons"] == []


async def test_no_internal_path_opens_to_a_persons_token(house: TestHouse) -> None:
    """Neither a token of a person nor one that was made for another callee passes."""
    wrong = house.neighbour("alerts", "registry")
    for callee, app in house.house.apps.items():
        for route in api_routes(app):
            if not route.path.startswith("/internal/"):
                continue
            path = route.path.replace("{person_id}", "018f0000-0000-7000-8000-000000000001")
            method = "POST" if "POST" in (route.methods or set()) else "GET"
            officer = house.caller(callee, Role.COUNTY_OFFICER)
            assert (await officer(method, path)).status == 401, (callee, path)
            if callee != "registry":
                stranger = type(officer)(officer.neighbour, wrong.token)
                assert (await stranger(method, path)).status == 401, (callee, path)
