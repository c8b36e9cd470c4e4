"""The live stream over real HTTP: a running house with its own background work, a phone, and officers who listen."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
import uvicorn

from deploy.compose import HouseSettings, build
from deploy.folder import DataFolder
from deploy.keys import Keys
from kit.clock import SteppedClock
from kit.follow import Envelope
from kit.roles import Role
from services.alerts.alerts.stream import Broadcast
from tests.alerts.neighbours import OTHER_TOWN, TOWN, an_id, envelope, tell, watch
from tests.alerts.scenes import BARN, THREE, checkin
from tests.boards import Board
from tests.houses import START, Template, TestHouse, copied


@dataclass
class Served:
    """A house behind a real port."""

    house: TestHouse
    url: str


@contextlib.asynccontextmanager
async def serving(template: Template, owner: str) -> AsyncIterator[Served]:
    """Alerts on loopback over a database, with its own listeners, detectors and jobs, until it is stopped."""
    clock = SteppedClock(START)
    house = build(HouseSettings(template.data_dir, owner, background=True, log_level="ERROR"), only="alerts", clock=clock)
    await house.start()
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    config = uvicorn.Config(house.app, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[taken]))
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by this flag alone
        await asyncio.sleep(0)
    try:
        yield Served(TestHouse(house, Keys(DataFolder(template.data_dir)), clock, owner), f"http://127.0.0.1:{taken.getsockname()[1]}")
    finally:
        server.should_exit = True
        await running
        await house.stop()
        taken.close()


@pytest.fixture
async def served(template: Template) -> AsyncIterator[Served]:
    """A served house over a fresh database."""
    with copied(template) as owner:
        async with serving(template, owner) as running:
            yield running


@dataclass
class Listener:
    """Somebody with an open stream."""

    events: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    last_id: str = ""
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self, served: Served, *roles: str, scope: tuple[str, ...], resume: str | None = None) -> None:
        """Read frames until cancelled or until the stream ends."""
        token = served.house.caller("alerts", *roles, scope=scope).token()
        headers = {"authorization": f"Bearer {token}", **({"last-event-id": resume} if resume else {})}
        async with (
            httpx.AsyncClient(trust_env=False, timeout=None) as client,
            client.stream("GET", f"{served.url}/alerts/v1/stream", headers=headers) as answer,
        ):
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            frame: dict[str, str] = {}
            async for line in answer.aiter_lines():
                self.opened.set()
                name, _, value = line.partition(": ")
                if name in ("id", "event", "data"):
                    frame[name] = value
                elif not line and "data" in frame:
                    self.last_id = frame["id"]
                    await self.events.put({"type": frame["event"], **json.loads(frame["data"]), "seen_at": time.monotonic()})
                    frame = {}


@contextlib.asynccontextmanager
async def listening(
    served: Served, *roles: str, scope: tuple[str, ...] = ("610822",), resume: str | None = None
) -> AsyncIterator[Listener]:
    """A listener whose stream is open."""
    listener = Listener()
    task = asyncio.create_task(listener.listen(served, *roles, scope=scope, resume=resume))
    await asyncio.wait_for(listener.opened.wait(), 10)
    try:
        yield listener
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def post(client: httpx.AsyncClient, served: Served, *items: dict[str, Any]) -> float:
    """Send everybody's check-ins over HTTP, each by their own phone; when the last answer was there."""
    arrived = 0.0
    for person in dict.fromkeys(item["person_id"] for item in items):
        token = served.house.caller("alerts", Role.SUBJECT, person_id=person, scope=()).token()
        batch = {"checkins": [item for item in items if item["person_id"] == person]}
        answer = await client.post(f"{served.url}/alerts/v1/checkins", json=batch, headers={"authorization": f"Bearer {token}"})
        arrived = time.monotonic()
        assert answer.status_code == 200, answer.text
    return arrived


async def gather(client: httpx.AsyncClient, served: Served, people: Sequence[UUID] = THREE, place: tuple[float, float] = BARN) -> float:
    """Homes of more than a week, then a gathering; when the answer to the completing check-in was there."""
    house = served.house
    await watch(house, *people)
    now = house.clock()
    await post(client, served, *[checkin(p, now - timedelta(days=9), f"h{n}", (111.0 + n / 50, 39.1)) for n, p in enumerate(people)])
    arrived = 0.0
    for n, person in enumerate(people):
        arrived = await post(client, served, checkin(person, now - timedelta(minutes=30 - 10 * n), "meet", place))
    return arrived


async def test_an_alert_is_on_the_stream_within_a_second_of_the_check_in_that_completed_it(served: Served, board: Board) -> None:
    async with (
        httpx.AsyncClient(trust_env=False) as client,
        listening(served, Role.COUNTY_OFFICER) as county,
        listening(served, Role.TOWN_OFFICER, scope=(TOWN[:9],)) as town,
        listening(served, Role.TOWN_OFFICER, scope=(OTHER_TOWN[:9],)) as elsewhere,
    ):
        arrived = await gather(client, served)
        event = await asyncio.wait_for(county.events.get(), 20)
        same = await asyncio.wait_for(town.events.get(), 20)
        assert (event["type"], event["kind"], event["persons"], event["division_code"]) == ("alert.raised", "gathering", 3, TOWN)
        assert same["event_id"] == event["event_id"]
        again = await gather(client, served, [an_id(name) for name in "戊己庚"], (110.8371, 39.3502))
        another = await asyncio.wait_for(county.events.get(), 20)
        assert another["alert_id"] != event["alert_id"]
        first, next_ = event["seen_at"] - arrived, another["seen_at"] - again
        board(
            "scorecard of the alerts service",
            f"alert on the stream {1000 * next_:+.0f} ms from the answer to the check-in that completed it; first after a start {1000 * first:+.0f} ms",
        )
        assert next_ < 1.0
        assert elsewhere.events.empty()
        told = json.dumps(event)
        assert not any(str(person) in told for person in THREE)


async def test_a_stream_that_broke_off_resumes_without_a_gap(served: Served) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        async with listening(served, Role.COUNTY_OFFICER) as county:
            await gather(client, served)
            raised = await asyncio.wait_for(county.events.get(), 20)
        fourth = an_id("丁")
        await watch(served.house, fourth)
        token = served.house.caller("alerts", Role.TOWN_OFFICER).token()
        path = f"{served.url}/alerts/v1/alerts/{raised['alert_id']}/acknowledge"
        headers = {"authorization": f"Bearer {token}", "if-match": '"v1"', "purpose": "supervision"}
        assert (await client.post(path, json={}, headers=headers)).status_code == 200
        async with listening(served, Role.COUNTY_OFFICER, resume=county.last_id) as again:
            missed = await asyncio.wait_for(again.events.get(), 20)
            while missed["event_id"] == raised["event_id"]:  # the newest event may be told twice, never not at all
                missed = await asyncio.wait_for(again.events.get(), 20)
            assert (missed["type"], missed["alert_id"]) == ("alert.acknowledged", raised["alert_id"])


async def test_a_long_transaction_elsewhere_delays_nobody(served: Served) -> None:
    async with httpx.AsyncClient(trust_env=False) as client, listening(served, Role.COUNTY_OFFICER) as county:
        with psycopg.connect(served.house.owner) as other:
            other.execute("select pg_current_xact_id()")  # holds the snapshot horizon until this block ends
            arrived = await gather(client, served)
            event = await asyncio.wait_for(county.events.get(), 20)
            assert event["seen_at"] - arrived < 1.0


async def test_streams_are_for_those_who_look_at_alerts(served: Served) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        url = f"{served.url}/alerts/v1/stream"
        assert (await client.get(url)).status_code == 401
        for role in (Role.LEADER, Role.SUBJECT, Role.GRID_WORKER, Role.AUDITOR):
            token = served.house.caller("alerts", role).token()
            assert (await client.get(url, headers={"authorization": f"Bearer {token}"})).status_code == 403
        token = served.house.caller("alerts", Role.COUNTY_OFFICER).token()
        bad = await client.get(url, headers={"authorization": f"Bearer {token}", "last-event-id": "yesterday"})
        assert bad.status_code == 422


def firm(number: int, house: TestHouse) -> Envelope:
    """A firm's term has passed: an alert about no person."""
    return envelope("rectification.overdue", an_id(f"firm {number}"), {"deadline": "2021-06-20"}, house.clock())


async def collect(listener: Listener, count: int, seconds: float = 20) -> list[dict[str, Any]]:
    """The next events."""
    async with asyncio.timeout(seconds):
        return [await listener.events.get() for _ in range(count)]


async def test_a_stream_resumes_after_the_service_was_started_again(template: Template) -> None:
    with copied(template) as owner:
        async with serving(template, owner) as first, listening(first, Role.COUNTY_OFFICER) as county:
            await tell(first.house, "precursor", [firm(1, first.house)])
            (before,) = await collect(county, 1)
            position = county.last_id
        async with serving(template, owner) as quiet:
            await tell(quiet.house, "precursor", [firm(2, quiet.house), firm(3, quiet.house)])
        async with serving(template, owner) as again, listening(again, Role.COUNTY_OFFICER, resume=position) as county:
            missed = await collect(county, 2)
            await tell(again.house, "precursor", [firm(4, again.house)])
            (live,) = await collect(county, 1)
            assert county.events.empty()
    assert len({e["alert_id"] for e in (before, *missed, live)}) == 4


async def test_a_stream_ends_in_time_and_a_stale_token_opens_no_other_but_a_fresh_one_does(
    template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUIKANG_ALERTS_STREAM_SECONDS", "1")
    with copied(template) as owner:
        async with serving(template, owner) as short, httpx.AsyncClient(trust_env=False) as client:
            caller = short.house.caller("alerts", Role.COUNTY_OFFICER)
            stale = caller.token()
            listener = Listener()
            await tell(short.house, "precursor", [firm(1, short.house)])
            await asyncio.wait_for(listener.listen(short, Role.COUNTY_OFFICER, scope=("610822",), resume="0.0"), 10)  # ends by itself
            (seen,) = await collect(listener, 1)
            short.house.clock.advance(timedelta(minutes=11))
            headers = {"authorization": f"Bearer {stale}", "last-event-id": listener.last_id}
            assert (await client.get(f"{short.url}/alerts/v1/stream", headers=headers)).status_code == 401
            await tell(short.house, "precursor", [firm(2, short.house)])
            async with listening(short, Role.COUNTY_OFFICER, resume=listener.last_id) as again:
                (missed,) = await collect(again, 1)
    assert missed["alert_id"] != seen["alert_id"]


async def test_many_streams_hear_the_same_and_each_its_own_towns(served: Served, board: Board) -> None:
    async with contextlib.AsyncExitStack() as stack:
        counties = [await stack.enter_async_context(listening(served, Role.COUNTY_OFFICER)) for _ in range(60)]
        towns = [await stack.enter_async_context(listening(served, Role.TOWN_OFFICER, scope=(OTHER_TOWN[:9],))) for _ in range(20)]
        begun = time.monotonic()
        await tell(served.house, "precursor", [firm(n, served.house) for n in range(50)])
        heard = [await collect(listener, 50) for listener in counties]
        slowest = max(event["seen_at"] for events in heard for event in events) - begun
        board("scorecard of the alerts service", f"80 open streams: 50 alerts on each of the county's 60 after {1000 * slowest:.0f} ms")
        assert len({tuple(event["event_id"] for event in events) for events in heard}) == 1
        assert all(listener.events.empty() for listener in towns)
        broadcast = served.house.house.apps["alerts"].state.house.part(Broadcast)
        assert len(broadcast) == 80
    assert await gone(broadcast)


async def gone(broadcast: Any) -> bool:
    """Whether nobody is left listening, within a few seconds after the last has hung up."""
    async with asyncio.timeout(10):
        while len(broadcast):  # noqa: ASYNC110 - the server notices a closed connection in its own time
            await asyncio.sleep(0)
    return True


async def test_more_than_a_page_above_the_horizon_is_heard_by_all_and_skipped_by_none(served: Served) -> None:
    house = served.house
    with psycopg.connect(house.owner) as other:
        other.execute("select pg_current_xact_id()")  # nothing settles until this block ends
        async with listening(served, Role.COUNTY_OFFICER, resume="0.0") as live:
            for start in (0, 280):
                await tell(house, "precursor", [firm(n, house) for n in range(start, start + 280)])
            heard = await collect(live, 560)
            async with listening(served, Role.COUNTY_OFFICER, resume="0.0") as resumed:
                replayed = await collect(resumed, 560)
            assert {e["alert_id"] for e in replayed} == {e["alert_id"] for e in heard}
            position = live.last_id
    async with listening(served, Role.COUNTY_OFFICER, resume=position) as again:
        twice = await collect(again, 560)  # told twice, never not at all
    assert len({e["alert_id"] for e in twice}) == 560
