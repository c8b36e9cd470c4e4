"""The short journey against one process per service: sign in, a town, a person, a measure, what the neighbours make of it, the end and the next morning."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.folder import process_lives
from tests.journeys.street import MORNING, TOWN, Caller, Street, load_towns, street
from tests.registry.people_data import an_order, somebody

ALL = {"registry", "testing", "alerts", "precursor", "gateway"}


def told(answer: httpx.Response, status: int = 200) -> Any:
    """The JSON of an answer with the expected status."""
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def put_under_treatment(officer: Caller, sequence: int) -> tuple[str, str]:
    """A person whose community treatment runs, step by step; the ids of person and measure."""
    person = told(await officer("POST", "/registry/v1/people", somebody(sequence, status="community_treatment")), 201)
    ordered = await officer("POST", f"/registry/v1/people/{person['id']}/measures", an_order(ordered_on="2021-06-20"))
    measure = told(ordered, 201)
    path = f"/registry/v1/measures/{measure['id']}/transitions"
    served = await officer("POST", path, {"event": "serve", "on": "2021-06-22"}, if_match=ordered.headers["etag"])
    assert told(served)["state"] == "awaiting_report_in"
    stale = await officer("POST", path, {"event": "report_in", "on": "2021-06-28"}, if_match=ordered.headers["etag"])
    assert stale.status_code == 412
    blind = await officer("POST", path, {"event": "report_in", "on": "2021-06-28"})
    assert blind.status_code == 428
    running = told(await officer("POST", path, {"event": "report_in", "on": "2021-06-28"}, if_match=served.headers["etag"]))
    assert (running["state"], running["term_start"]) == ("active", "2021-06-28")
    return person["id"], measure["id"]


def a_check_in(person_id: str, number: int = 1) -> dict[str, Any]:
    """A batch with one check-in of a person, of the morning: sent again it is the same."""
    at = MORNING
    found = {
        "checkin_id": f"phone-{number}",
        "person_id": person_id,
        "at": at,
        "lon": 111.07,
        "lat": 39.03,
        "accuracy_m": 12,
    }
    return {"checkins": [found]}


async def look_around(http: httpx.AsyncClient) -> None:
    """Every part is ready, and the documents are whole."""
    ready = told(await http.get("/readyz"))
    assert ready["status"] == "ok"
    assert set(ready["parts"].values()) == {"ok"}
    assert ready["parts"].keys() >= ALL - {"gateway"}
    paths = told(await http.get("/openapi.json"))["paths"]
    first = {path.split("/")[1] for path in paths}
    assert {"registry", "testing", "alerts", "precursor", "auth"} <= first
    assert (await http.get("/docs")).status_code == 200


async def carry_through(run: Street, http: httpx.AsyncClient) -> tuple[str, str]:
    """The journey of one person."""
    officer = await run.sign_in(http, "county_officer")
    await load_towns(officer)
    towns = told(await officer("GET", "/registry/v1/divisions?limit=200"))["items"]
    assert TOWN in {town["code"] for town in towns}
    person, measure = await put_under_treatment(officer, 1)
    other = told(await officer("POST", "/registry/v1/people", somebody(2)), 201)["id"]

    await run.heard("registry", "testing", "alerts")
    town = await run.sign_in(http, "town_officer")
    due = told(await town("GET", "/testing/v1/plans/due?from=2021-07-01&to=2021-08-31"))["items"]
    assert {(item["person_id"], item["person_name"]) for item in due} == {(person, somebody(1)["name"])}
    steps = told(await officer("GET", f"/registry/v1/measures/{measure}/history"))["items"]
    assert all(step["recorded_by_name"] for step in steps), "the gateway tells the registry whose account it is"

    worker = await run.sign_in(http, "social_worker")
    forged = await worker("POST", "/alerts/v1/checkins", a_check_in(person))
    assert [error["code"] for error in forged.json()["errors"]] == ["not_in_care_team"]
    phone = await run.phone_of(http, person)
    assert told(await phone("POST", "/alerts/v1/checkins", a_check_in(person)))["accepted"] == 1
    refused = await phone("POST", "/alerts/v1/checkins", a_check_in(other))
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert [error["code"] for error in refused.json()["errors"]] == ["no_running_measure"]
    return person, measure


async def is_kept(run: Street, http: httpx.AsyncClient, person: str, measure: str) -> None:
    """What was answered before is there, and goes on."""
    officer = await run.sign_in(http, "county_officer")
    kept = await officer("GET", f"/registry/v1/measures/{measure}")
    assert told(kept)["state"] == "active"
    assert kept.headers["etag"] == '"v3"'
    plans = told(await officer("GET", f"/testing/v1/subjects/{person}/plans?limit=200"))["items"]
    assert len({plan["due_on"] for plan in plans}) == len(plans) > 20
    phone = await run.phone_of(http, person)
    again = told(await phone("POST", "/alerts/v1/checkins", a_check_in(person)))
    assert (again["accepted"], again["duplicates"]) == (0, 1)


@pytest.mark.slow
async def test_a_person_goes_through_five_processes_which_end_together_and_know_everything_the_next_time(tmp_path: Path) -> None:
    async with street(tmp_path / "data", processes=True) as run, run.knock() as http:
        assert run.pids.keys() == ALL | {"main", "postgres"}
        assert all(process_lives(pid) for pid in run.pids.values())
        await run.open_accounts(http)
        await look_around(http)
        person, measure = await carry_through(run, http)
        await run.heard("testing", "alerts")
        assert await run.end(signal.SIGTERM) == 0
        await run.gone()
        assert "nothing lost" in run.told()
        assert not (tmp_path / "data" / "ready.json").exists()
    async with street(tmp_path / "data", processes=True) as run, run.knock() as http:
        await look_around(http)
        await is_kept(run, http, person, measure)
        # The supervisor dies without a word: nobody lives on, and the next start on the same port needs no patience.
        assert await run.end(signal.SIGKILL) == -signal.SIGKILL
        port, killed = run.port, run
    async with street(tmp_path / "data", processes=True, port=port) as run, run.knock() as http:
        await killed.gone()
        await is_kept(run, http, person, measure)
        assert await run.end(signal.SIGINT) == 0
        await run.gone()


@pytest.mark.slow
async def test_one_process_keeps_what_it_answered_through_kill_9_and_ctrl_c(tmp_path: Path) -> None:
    async with street(tmp_path / "data", processes=False) as run, run.knock() as http:
        assert run.pids.keys() == {"main", "postgres"}
        await run.open_accounts(http)
        await look_around(http)
        person, measure = await carry_through(run, http)
        assert await run.end(signal.SIGKILL) == -signal.SIGKILL
        port = run.port
    async with street(tmp_path / "data", processes=False, port=port) as run, run.knock() as http:
        await is_kept(run, http, person, measure)
        assert await run.end(signal.SIGINT) == 0
        await run.gone()
    async with street(tmp_path / "data", processes=False) as run, run.knock() as http:
        await look_around(http)
        await is_kept(run, http, person, measure)
        assert await run.end(signal.SIGTERM) == 0
        await run.gone()
