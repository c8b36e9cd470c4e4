"""A follower applies each event once and loses none, whatever the feed, the network and the database do meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from starlette.types import Receive, Scope, Send

from kit import follow
from kit.auth import SigningKey
from kit.call import AsgiNeighbour, NeighbourDown
from kit.db import new_id
from kit.doors import Door
from kit.follow import Envelope, Follower
from kit.transient import TRANSIENT
from kit.work import Work
from services.registry.events import PersonStanding
from tests.houses import TestHouse

TOWN = "610822100000"
FAULTS = ("fine", "down", "broken", "from_the_start", "each_twice", "killed", "two_at_once")


def an_event(number: int) -> dict[str, Any]:
    """An envelope as a neighbour shows it."""
    return {
        "position": f"{700 + number // 3}.{number}",
        "id": str(new_id()),
        "type": "news",
        "version": 1,
        "occurred_at": datetime(2021, 7, 1, tzinfo=UTC).isoformat(),
        "subject_id": str(new_id()),
        "division_code": TOWN,
        "actor": "test",
        "request_id": "r",
        "data": {},
    }


@dataclass
class Feed:
    """A neighbour with a feed, and with bad days."""

    events: list[dict[str, Any]]
    size: int
    day: str = "fine"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a page."""
        after = parse_qs(scope["query_string"].decode())["after"][0]
        xid, _, row = after.partition(".")
        first = (
            0
            if self.day == "from_the_start"
            else next(
                (n for n, e in enumerate(self.events) if tuple(map(int, e["position"].split("."))) > (int(xid), int(row))), len(self.events)
            )
        )
        page = self.events[first : first + self.size]
        if self.day == "from_the_start":  # as much of the past as it likes, and then what is new
            page = self.events
        if self.day == "each_twice":
            page = [event for event in page for _ in range(2)]
        body = json.dumps({"events": page}).encode()
        await send({"type": "http.response.start", "status": 503 if self.day == "down" else 200, "headers": []})
        await send({"type": "http.response.body", "body": body[: len(body) // 2] if self.day == "broken" else body})


@dataclass
class Follows:
    """A follower whose effect is not idempotent: each event read makes one new row."""

    house: TestHouse
    feed: Feed
    name: str = field(default_factory=lambda: f"feed-{uuid4().hex[:12]}")
    poison: set[str] = field(default_factory=set)
    passing: Iterator[Exception] = field(default_factory=lambda: iter(()))
    kill_now: bool = False

    async def read(self, work: Work, event: Envelope) -> None:
        """The effect, and what may go wrong right after it."""
        standing = PersonStanding(division_code=TOWN, status="in_society", status_since=date(2021, 1, 1))
        await work.publish(standing, event.subject_id, self.name)
        await work.session.flush()
        if str(event.id) in self.poison:
            raise ValueError("cannot be read")
        for error in self.passing:
            raise error
        if self.kill_now:
            self.kill_now = False
            pid = (await work.session.execute(text("select pg_backend_pid()"))).scalar_one()
            with psycopg.connect(self.house.owner, autocommit=True) as owner:
                owner.execute("select pg_terminate_backend(%s, 5000)", (pid,))

    def follower(self) -> Follower:
        """One process of the service."""
        inside = self.house.house.apps["registry"].state.house
        door = Door("registry", "testing", AsgiNeighbour(self.feed), SigningKey.generate(), self.house.clock)
        return Follower(inside, self.name, door, {"news": self.read})

    def applied(self) -> list[UUID]:
        """Whose events took effect, in that order."""
        with psycopg.connect(self.house.owner) as owner:
            query = "select subject_id from registry.outbox where division_code = %s order by xid, id"
            return [row[0] for row in owner.execute(query, (self.name,)).fetchall()]

    def wanted(self) -> list[UUID]:
        """Everybody's, once, in the feed's order."""
        return [UUID(event["subject_id"]) for event in self.feed.events if event["id"] not in self.poison]

    def looked(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of this feed from behind the wall."""
        with psycopg.connect(self.house.owner) as owner:
            return owner.execute(query.encode(), {"feed": self.name}).fetchall()


PARKED = "select event_id::text, error, replayed_at is not null from registry.inbox_parked where feed = %(feed)s order by position"
AUDITED = "select action, object_ids ->> 0 from registry.audit where details ->> 'feed' = %(feed)s order by id"


@given(count=st.integers(1, 12), size=st.integers(1, 5), days=st.lists(st.sampled_from(FAULTS), max_size=12))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
async def test_each_event_takes_effect_once_and_in_order_through_any_bad_days(
    house: TestHouse, count: int, size: int, days: list[str]
) -> None:
    follows = Follows(house, Feed([an_event(number) for number in range(1, count + 1)], size))
    follower = follows.follower()
    for day in days:
        follows.feed.day, follows.kill_now = day, day == "killed"
        others = [follows.follower().step()] if day == "two_at_once" else []
        for outcome in await asyncio.gather(follower.step(), *others, return_exceptions=True):
            assert isinstance(outcome, (int, *TRANSIENT)), outcome
    follows.feed.day, follows.kill_now = "fine", False
    await follower.drain()
    assert follows.applied() == follows.wanted()
    assert follows.looked(PARKED) == []
    assert await follows.follower().drain() == 0, "the cursor is where the feed ends"


async def test_a_poisonous_event_is_parked_audited_passed_and_replayed(house: TestHouse) -> None:
    follows = Follows(house, Feed([an_event(number) for number in range(1, 8)], 4))
    first, second = (follows.feed.events[number]["id"] for number in (1, 5))
    follows.poison = {first, second}
    follower = follows.follower()
    assert await follower.drain() == 7
    assert follows.applied() == follows.wanted(), "the others went on, and nothing of the refused ones stayed"
    assert follows.looked(PARKED) == [(first, "ValueError", False), (second, "ValueError", False)]
    assert follows.looked(AUDITED) == [("event.parked", first), ("event.parked", second)]

    follows.poison = {first}
    assert await follower.replay() == 1, "one that is still refused does not hold the other up"
    assert follows.looked(PARKED) == [(first, "ValueError", False), (second, "ValueError", True)]
    follows.poison = set()
    assert await follower.replay() == 1
    assert await follower.replay() == 0
    assert sorted(follows.applied()) == sorted(follows.wanted())
    assert follows.looked(AUDITED)[2:] == [("event.replayed", second), ("event.replayed", first)]


async def test_what_may_pass_by_itself_is_no_poison(house: TestHouse) -> None:
    follows = Follows(house, Feed([an_event(number) for number in range(1, 4)], 5), passing=iter([NeighbourDown("asleep"), TimeoutError()]))
    follower = follows.follower()
    for _ in range(2):
        with pytest.raises(TRANSIENT):
            await follower.step()
        assert follows.applied() == []
    assert await follower.drain() == 3
    assert follows.applied() == follows.wanted()
    assert follows.looked(PARKED) == []


async def test_what_never_passes_is_parked_in_the_end(house: TestHouse) -> None:
    follows = Follows(house, Feed([an_event(number) for number in range(1, 4)], 5), passing=iter([TimeoutError()] * (follow.TRIES + 2)))
    follower = follows.follower()
    for _ in range(follow.TRIES):
        with pytest.raises(TimeoutError):
            await follower.step()
    assert await follower.drain() == 3
    assert [row[1] for row in follows.looked(PARKED)] == ["TimeoutError"]
    assert follows.applied() == follows.wanted()[1:]
