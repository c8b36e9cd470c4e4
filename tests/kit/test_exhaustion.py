"""What runs out is told as 503 with Retry-After, and whoever waits for somebody else's change holds nothing that others need (RFC 9110 15.6.4)."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg_pool import PoolTimeout
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnection

from kit.app.problems import database_problem
from kit.db import Database
from kit.problems import Conflict
from kit.roles import Role
from kit.transient import TRANSIENT
from kit.turns import Turns
from kit.waits import end
from tests.houses import TestHouse
from tests.kit.turns import cancelled_at
from tests.registry.people_data import add_towns, county_officer, ordered, registered

pytestmark = pytest.mark.anyio


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pools that give up sooner, so that the tests need not wait for it."""
    monkeypatch.setattr("kit.db.PATIENCE", 0.3)


@contextlib.asynccontextmanager
async def all_taken(database: Database) -> AsyncIterator[None]:
    """Every connection of units of work, and every one of the hot lists, is somebody else's."""
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(database.most):
            session = await stack.enter_async_context(database.session())
            await session.execute(text("select 1"))
        for _ in range(4):
            await stack.enter_async_context(database.reader())
        yield


async def test_a_pool_without_a_connection_is_503_with_retry_after_everywhere(impatient: None, house: TestHouse) -> None:
    officer, inside = county_officer(house), house.house.apps["registry"].state.house
    neighbour = house.neighbour("testing", "registry")
    async with all_taken(inside.database):
        for caller, path in (
            (officer, "/registry/v1/divisions"),
            (officer, "/registry/v1/people"),
            (neighbour, "/internal/events"),
        ):
            answer = await caller("GET", path)
            assert (answer.status, answer.headers.get("retry-after")) == (503, "2"), path
            assert json.loads(answer.body)["type"] == "/problems/unavailable"
        made = await officer("POST", "/registry/v1/people", {"id_number": "1"}, idempotency_key="exhausted-1")
        assert (made.status, made.headers.get("retry-after")) == (503, "2")
        ready = await officer("GET", "/readyz")
        assert (ready.status, json.loads(ready.body)["status"]) == (503, "no_database")
        assert (await officer("GET", "/livez")).status == 200
    assert (await officer("GET", "/registry/v1/people")).status == 200
    assert (await officer("GET", "/readyz")).status == 200


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NoConnection(), 503),
        (PoolTimeout(), 503),
        (psycopg.errors.TooManyConnections(), 503),
        (psycopg.errors.DiskFull(), 503),
        (psycopg.errors.AdminShutdown(), 503),
        (psycopg.errors.ReadOnlySqlTransaction(), 503),
        (TimeoutError(), 503),
        (OperationalError("", {}, psycopg.OperationalError()), 503),
        (InterfaceError("", {}, psycopg.InterfaceError()), 503),
        (OperationalError("", {}, psycopg.errors.LockNotAvailable()), 409),
        (psycopg.errors.DeadlockDetected(), 409),
        (ProgrammingError("", {}, psycopg.errors.UndefinedTable()), 500),
        (psycopg.errors.UndefinedColumn(), 500),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_what_passes_by_itself_says_when_to_come_again(error: Exception, status: int) -> None:
    problem = database_problem(error)
    assert problem.status == status
    assert ("Retry-After" in problem.headers) == (status != 500)


async def test_a_job_or_a_feed_that_found_no_connection_is_tried_again() -> None:
    assert isinstance(NoConnection(), TRANSIENT)


async def test_many_writes_on_one_object_hold_one_connection_and_leave_the_others_alone(house: TestHouse) -> None:
    """Somebody holds the row; twenty people press the button meanwhile, and everybody else goes on working."""
    add_towns(house)
    officer, inside = county_officer(house), house.house.apps["registry"].state.house
    measure = await ordered(officer, (await registered(officer))["id"])
    path, held = f"/registry/v1/measures/{measure['id']}/transitions", 0
    with psycopg.connect(house.owner) as other:
        other.execute("select 1 from registry.measure where id = %s for update", (measure["id"],))
        pressed = [
            asyncio.create_task(officer("POST", path, {"event": "serve", "on": "2021-05-07"}, if_match=f'"v{measure["version"]}"'))
            for _ in range(20)
        ]
        for _ in range(10):
            assert (await officer("GET", "/registry/v1/people")).status == 200
            assert (await officer("GET", "/registry/v1/divisions")).status == 200
            held = max(held, inside.database.in_use)
        other.rollback()
    answers = Counter(answer.status for answer in await asyncio.gather(*pressed))
    assert held <= 2, "who waits holds a connection"
    assert answers[200] == 1
    assert set(answers) <= {200, 409, 412}


async def test_a_lock_of_somebody_else_is_waited_for_only_so_long(house: TestHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit.work.LOCK_SECONDS", 0.2)
    add_towns(house)
    officer = house.caller("registry", Role.COUNTY_OFFICER)
    measure = await ordered(officer, (await registered(officer))["id"])
    path = f"/registry/v1/measures/{measure['id']}/transitions"
    step = {"event": "serve", "on": "2021-05-07"}
    with psycopg.connect(house.owner) as other:
        other.execute("select 1 from registry.measure where id = %s for update", (measure["id"],))
        answer = await officer("POST", path, step, if_match=f'"v{measure["version"]}"')
        assert (answer.status, answer.headers.get("retry-after")) == (409, "2")
        other.rollback()
    assert (await officer("POST", path, step, if_match=f'"v{measure["version"]}"')).status == 200


async def test_turns_go_round_whoever_gives_up_and_whoever_waits_too_long() -> None:
    turns, order = Turns(patience=0.2), list[int]()

    async def one(number: int) -> None:
        async with turns.of("a"):
            order.append(number)
            await asyncio.sleep(0)

    async with turns.of("a"):
        async with turns.of("b"):  # another object waits for nobody
            pass
        late = [asyncio.create_task(one(number)) for number in range(3)]
        await asyncio.sleep(0)
        assert await end([late[1]], 5) == []
        with pytest.raises(Conflict):
            await one(9)
    results = await asyncio.gather(late[0], late[2], return_exceptions=True)
    assert [isinstance(result, Conflict) for result in results] == [True, True]
    await asyncio.gather(one(5), one(6))
    assert order == [5, 6]
    assert len(turns) == 0


@pytest.mark.parametrize("later", range(3))
async def test_a_turn_is_given_on_at_whatever_point_its_holder_is_cancelled(later: int) -> None:
    turns = Turns()

    async def hold() -> None:
        async with turns.of("a"):
            await asyncio.sleep(0)
            await asyncio.Event().wait()

    for point in range(1, 6):
        release = asyncio.Event()

        async def before(release: asyncio.Event = release) -> None:
            async with turns.of("a"):
                await release.wait()

        first = asyncio.create_task(before())
        await asyncio.sleep(0)
        _, where = await cancelled_at(hold, point, later, release.set)
        assert where == ""
        await first
        async with asyncio.timeout(5), turns.of("a"):
            pass
    assert len(turns) == 0
