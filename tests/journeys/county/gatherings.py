"""Step 6: phones check in, four people meet where nothing explains it, and somebody goes to see."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx

from deploy.demo.client import Client
from services.alerts.detection.worker import Detection
from tests.journeys.county.office import TOWN, Office, Official

BARN = (110.9371, 39.2502)
"""A place that explains nothing."""
WITHIN = 1.0
"""Seconds from the completing check-in to the alert on the stream."""


def a_check_in(office: Office, person: str, key: str, ago: timedelta, place: tuple[float, float] = BARN, **more: Any) -> dict[str, Any]:
    """A check-in so long ago."""
    at = (office.clock() - ago).isoformat()
    place_and_time = {"at": at, "lon": place[0], "lat": place[1], "accuracy_m": 12.0}
    return {"checkin_id": key, "person_id": person, **place_and_time, **more}


async def sent(who: Official, *checkins: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What became of a batch."""
    answer: dict[str, Any] = await who.post("/alerts/v1/checkins", {"checkins": list(checkins), **more})
    return answer


async def phones_check_in(office: Office) -> dict[str, Official]:
    """A queue that waited, out of order, twice; a clock that is wrong; nobody without a running measure. Four people of one town, with their phones."""
    officer = await office.official("county_officer")
    running = await officer.pages(f"/registry/v1/measures?state=active&kind=community_treatment&division_code={TOWN}")
    later = [item for item in running if item["term_start"] < "2021-06-01" and (item["term_end"] or "") > "2022-01-01"]
    four = [str(item["person_id"]) for item in later[:4]]
    assert len(four) == 4
    phones = {person: await office.newcomer(f"somebody{n}", "subject", TOWN[:9], person_id=person) for n, person in enumerate(four)}
    homes = [
        a_check_in(office, person, f"home-{n}-{day}", timedelta(days=day, minutes=n), (111.0 + n / 50, 39.1))
        for n, person in enumerate(four)
        for day in (2, 9, 5)
    ]
    for person in four:
        queue = [home for home in homes if home["person_id"] == person]
        first = await sent(phones[person], *queue)
        assert (first["accepted"], first["duplicates"], first["refused"]) == (3, 0, []), first
        again = await sent(phones[person], *reversed(queue))
        assert (again["accepted"], again["duplicates"]) == (0, 3)
    wrong_clock = (office.clock() + timedelta(minutes=17)).isoformat()
    skewed = await sent(phones[four[0]], a_check_in(office, four[0], "skewed", timedelta(hours=30), (111.0, 39.1)), sent_at=wrong_clock)
    assert (skewed["accepted"], skewed["skewed"]) == (1, 1)
    clean = (await officer.get(f"/registry/v1/indicators/three_years_clean/people?division_code={TOWN}&counted=true"))["items"][0]
    of_town = await officer.pages(f"/registry/v1/staff?post=social_worker&division_code={TOWN}")
    worker = await office.newcomer("carerofclean", "social_worker", TOWN[:9], staff_code=of_town[-1]["code"])
    for who, code in ((phones[four[0]], "no_running_measure"), (worker, "not_in_care_team")):
        refused = await who.refused(
            "POST", "/alerts/v1/checkins", {"checkins": [a_check_in(office, clean["person_id"], "x", timedelta(hours=1))]}, status=422
        )
        assert [error["code"] for error in refused["errors"]] == [code]
    await a_person_sees_their_own_record_alone(office, phones, four)
    await office.step()
    return phones


async def a_person_sees_their_own_record_alone(office: Office, phones: dict[str, Official], four: list[str]) -> None:
    """The person's own phone, for themselves alone."""
    me, other = four[0], four[1]
    mine = await sent(phones[me], a_check_in(office, me, "own-1", timedelta(hours=40), (111.0, 39.1)))
    assert mine["accepted"] == 1
    theirs = {"checkins": [a_check_in(office, other, "own-2", timedelta(hours=40))]}
    await phones[me].refused("POST", "/alerts/v1/checkins", theirs, status=422)
    assert [item["id"] for item in (await phones[me].get("/registry/v1/people"))["items"]] == [me]
    assert (await phones[me].get(f"/alerts/v1/people/{me}/trajectory"))["items"]
    await phones[me].refused("GET", f"/alerts/v1/people/{other}/trajectory", status=404)


@asynccontextmanager
async def listening(office: Office, who: Client) -> AsyncIterator[asyncio.Queue[dict[str, Any]]]:
    """An open stream; what it tells, with the instant of its arrival."""
    events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    opened = asyncio.Event()

    async def listen() -> None:
        async with (
            httpx.AsyncClient(base_url=office.url, trust_env=False, timeout=None) as http,
            http.stream("GET", "/alerts/v1/stream", headers={"authorization": f"Bearer {who.token}"}) as answer,
        ):
            assert answer.status_code == 200
            kind = ""
            async for line in answer.aiter_lines():
                opened.set()
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "data":
                    await events.put({"type": kind, **json.loads(value), "seen_at": time.monotonic()})

    task = asyncio.create_task(listen())
    await asyncio.wait_for(opened.wait(), 10)
    try:
        yield events
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def a_gathering_is_on_the_stream_within_a_second(office: Office, phones: dict[str, Official]) -> str:
    """Four check-ins within half an hour; the alert's id. The detectors run by themselves here, as they do in `./dev up`."""
    town = await office.official("town_officer")
    await town.get("/auth/v1/me")  # signs in again where the token has run out
    house = office.house.apps["alerts"].state.house
    detecting = asyncio.create_task(house.part(Detection).run(house))
    raised: dict[str, Any] = {}
    try:
        async with listening(office, town.client) as events:
            for n, (person, phone) in enumerate(phones.items()):
                if n == 2:
                    assert events.empty(), "two are no gathering"
                begin = time.monotonic()
                here = a_check_in(office, person, f"meet-{n}", timedelta(minutes=40 - 10 * n), source="app")
                assert (await sent(phone, here))["accepted"] == 1
                if n >= 2:
                    event = await asyncio.wait_for(events.get(), 30)
                    assert event["seen_at"] - begin < WITHIN, event["seen_at"] - begin
                    raised = raised or event
    finally:
        detecting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await detecting
    assert (raised["type"], raised["kind"], raised["division_code"]) == ("alert.raised", "gathering", TOWN)
    assert not any(person in json.dumps(raised) for person in phones), "a stream carries ids of alerts and codes, no person"
    return str(raised["alert_id"])


async def it_is_looked_at_and_closed_with_a_finding(office: Office, alert_id: str, four: Iterable[str]) -> None:
    """Reasons and inputs, acknowledged, assigned, closed; nobody's measure changed."""
    town, worker = await office.official("town_officer"), await office.official("social_worker")
    path = f"/alerts/v1/alerts/{alert_id}"
    alert = await town("GET", path)
    told = alert.json()
    assert sorted(told["person_ids"]) == sorted(four)
    assert len(told["checkin_ids"]) == 4
    assert [reason["code"] for reason in told["reasons"]][:2] == ["persons_together", "duration"]
    assert all(reason["zh"] and reason["en"] for reason in told["reasons"])
    assert told["human_review_required"] is True
    seen = await town("POST", f"{path}/acknowledge", {"note": "今晚去看"}, if_match=alert.headers["etag"])
    await town.refused("POST", f"{path}/acknowledge", {}, status=412, if_match=alert.headers["etag"])
    given = await town("POST", f"{path}/assign", {"assignee": "S001"}, if_match=seen.headers["etag"])
    closing = {"finding": "innocent", "action_taken": "走访核实:一起帮邻居收玉米"}
    closed = await worker("POST", f"{path}/close", closing, if_match=given.headers["etag"])
    assert (closed.json()["state"], closed.json()["finding"]) == ("closed", "innocent")
    history = await town.pages(f"{path}/history")
    assert [step["action"] for step in history] == ["raise", "grow", "acknowledge", "assign", "close"]
    for person in four:
        states = {measure["state"] for measure in await town.pages(f"/registry/v1/people/{person}/measures")}
        assert "active" in states
