"""A stop always ends: no wait of the house loses its cancellation, at whatever point it comes, and what does not end is told within a bound."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy.pool import QueuePool

from kit.call import AsgiNeighbour
from kit.roles import Role
from kit.waits import end, places, woken
from kit.wake import Wakes
from services.alerts.alerts.stream import Broadcast
from tests.boards import Tally
from tests.houses import Template, TestHouse, open_house
from tests.kit.turns import cancelled_at

pytestmark = pytest.mark.anyio
POINTS = 40
ROUNDS = 2
LATER = (0, 1, 2)
"""Turns between an event and the cancellation: within two turns `asyncio.wait_for` loses it on Python 3.11."""
BOARD = "stops"


@pytest.mark.parametrize("later", range(5))
async def test_a_wait_whose_event_comes_with_its_end_ends(later: int) -> None:
    """A loop around a wait, cancelled in the very turn in which its event is set, and up to four turns after it."""
    for point in range(1, 300):
        event = asyncio.Event()

        async def loop(event: asyncio.Event = event) -> None:
            while True:
                await woken(event, 60)
                event.clear()

        _, where = await cancelled_at(loop, min(point, 3), later, event.set)
        assert where == ""


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="mended in 3.12: there is nothing to show")
async def test_the_wait_that_this_house_forbids_does_lose_its_end() -> None:
    """What the tool must be able to see; were it blind, the other tests would prove nothing."""
    event, rounds = asyncio.Event(), list[int]()

    async def loop() -> None:
        while len(rounds) < 3:
            try:
                await asyncio.wait_for(event.wait(), 0.05)
            except TimeoutError:
                rounds.append(1)

    task = asyncio.create_task(loop())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    event.set()
    task.cancel()
    await asyncio.wait([task], timeout=0.02)
    event.clear()
    await asyncio.wait([task], timeout=5)
    assert not task.cancelled()


async def test_an_event_that_comes_and_one_that_does_not() -> None:
    event = asyncio.Event()
    assert await woken(event, 0.01) is False
    asyncio.get_running_loop().call_soon(event.set)
    assert await woken(event, 10) is True


async def test_what_swallows_one_cancellation_ends_by_the_next_and_what_swallows_all_is_handed_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kit.waits.AGAIN", 0.02)
    enough = asyncio.Event()

    async def deaf(times: int) -> None:
        while not enough.is_set():
            try:
                await enough.wait()
            except asyncio.CancelledError:
                times -= 1
                if times < 0:
                    raise

    twice, always = (asyncio.create_task(deaf(n), name=name) for n, name in ((2, "twice"), (10_000, "always")))
    await asyncio.sleep(0)
    left = await end([twice, always], 0.5)
    assert [task.get_name() for task in left] == ["always"]
    assert twice.cancelled()
    assert "deaf" in places(always)
    enough.set()
    await always


async def test_a_stop_whose_caller_is_cancelled_passes_that_on() -> None:
    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)

    inner = asyncio.create_task(slow())
    await asyncio.sleep(0)
    stopping = asyncio.create_task(end([inner], 10))
    await asyncio.sleep(0)
    stopping.cancel()
    await asyncio.wait([stopping, inner])
    assert stopping.cancelled()


def loops_of(house: TestHouse) -> list[tuple[str, str, FastAPI, Callable[[], Awaitable[None]]]]:
    """Every background loop of every app: what lives with it, what it runs by itself."""
    return [(name, loop, app, run) for name, app in house.house.apps.items() for loop, run in app.state.loops.items()]


async def all_given_back(app: FastAPI) -> None:
    """Nothing that was cancelled keeps a connection; the loops that always run have one for a moment only."""
    pool = app.state.house.database.engine.sync_engine.pool
    assert isinstance(pool, QueuePool)
    async with asyncio.timeout(10):
        while pool.checkedout():  # noqa: ASYNC110 - the pool has no event for this
            await asyncio.sleep(0.01)


async def test_every_loop_of_every_app_ends_at_whatever_point_it_is_cancelled(template: Template, tally: Tally) -> None:
    """One cancellation is enough for each, thousands of times over; nobody keeps a connection."""
    ended, points, deaf = 0, 0, list[str]()
    async with open_house(template) as house:
        for name, loop, app, run in loops_of(house):
            wakes: Wakes = app.state.wakes
            for point in range(1, POINTS + 1):
                made = 0
                for later in LATER * ROUNDS if loop != "jobs" else LATER:
                    made, where = await cancelled_at(run, point, later, wakes.ring)
                    ended += 1
                    if where:
                        deaf.append(f"{name} {loop} at {point}+{later}: {where}")
                points += 1
                if made < point:
                    break  # it has come to rest: later points are this one
            await all_given_back(app)
        assert {loop for _, loop, _, _ in loops_of(house)} >= {
            "wakes",
            "sealer",
            "jobs",
            "follower of registry",
            "revocations",
            "detect",
            "spread",
        }
    assert deaf == []
    tally(BOARD, {"cancellations of loops, all ended": ended, "points of loops": points})


async def test_every_stream_and_long_poll_ends_at_whatever_point_it_is_cancelled(template: Template, tally: Tally) -> None:
    ended = 0
    async with open_house(template) as house:
        app = house.house.apps["alerts"]
        officer = house.caller("alerts", Role.COUNTY_OFFICER)
        neighbour = house.neighbour("alerts", "registry")
        broadcast = app.state.house.part(Broadcast)
        for path, caller, served in (
            ("/alerts/v1/stream", officer, app),
            ("/internal/events?wait=20", neighbour, house.house.apps["registry"]),
        ):

            async def ask(path: str = path, caller: Any = caller, served: FastAPI = served) -> None:
                headers = {"authorization": f"Bearer {caller.token()}"}
                await AsgiNeighbour(served).request("GET", path, headers=headers, timeout=60)

            for point in range(1, POINTS + 1):
                for later in LATER:
                    _, where = await cancelled_at(ask, point, later, served.state.wakes.ring)
                    assert where == ""
                    ended += 1
            assert len(broadcast) == 0, "a stream that is gone still listens"
            await all_given_back(served)
    tally(BOARD, {"cancellations of streams and long polls, all ended": ended})
