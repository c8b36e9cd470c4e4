"""The reader of events: follows a neighbour's feed, applies a batch and saves the cursor in one local transaction (DESIGN 5).

Re-delivery is harmless because effect and cursor commit together. An event that a reader refuses is tried alone under a savepoint; when it fails again it
is parked with its error and audited, the feed goes on, and `replay` tries it later. A transient failure (kit.transient) does not park an
event: the whole batch is tried again after a growing pause, and so is a neighbour that is down. A position that the neighbour never gave
(410: one of the two was put back to an earlier state) sends the reader to the start of the feed, where every event that took effect here
before is passed over by its id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from kit import outbox
from kit.doors import Door, PositionUnknown
from kit.transient import TRANSIENT
from kit.work import House, Work, system_work

log = structlog.get_logger()
TRIES = 20
"""How often a batch is tried as a whole after a transient failure (about a minute and a half); then the event counts as refused."""


class Envelope(BaseModel):
    """One event as the feed shows it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    position: str
    id: UUID
    type: str
    version: int
    occurred_at: datetime
    subject_id: UUID
    division_code: str
    actor: str
    request_id: str
    data: dict[str, Any]


Reader = Callable[[Work, Envelope], Awaitable[None]]
Readers = Mapping[str, Reader]
"""What a service does with a neighbour's events: by family (`draw.*`, every event whose type begins so) or by one type, which goes before its family."""
Refusals = Mapping[str, str]
"""Event types that a service leaves unread although it reads others of their family, each with the reason. tests/contracts checks that
every unread type has one, because a correction that nobody reads would continue to harm a person.
"""


def family_of(kind: str) -> str:
    """`draw.*` for `draw.published`."""
    return kind.partition(".")[0] + ".*"


def reader_of(readers: Readers, refused: Refusals, kind: str) -> Reader | None:
    """Who reads an event of this type; None for nobody."""
    if kind in refused:
        return None
    return readers.get(kind) or readers.get(family_of(kind))


def _later_than(cursor: str, events: list[Envelope]) -> list[Envelope]:
    """Only events after the cursor, each once, so that repeated events of a feed do no harm."""
    last, later = _place(cursor), list[Envelope]()
    for event in events:
        if (place := _place(event.position)) > last:
            last = place
            later.append(event)
    return later


def _place(cursor: str) -> tuple[int, int]:
    place = outbox.parse_cursor(cursor)
    return place.xid, place.id


class Follower:
    """Follows one feed for one service. Types without a reader here are skipped (additive changes)."""

    def __init__(self, house: House, feed: str, door: Door, readers: Readers, refused: Refusals | None = None) -> None:
        self.house = house
        self.feed = feed
        self.readers = readers
        self.refused: Refusals = refused or {}
        self.last_step: datetime | None = None
        self._door = door
        self._failures = 0

    async def step(self, wait: float = 0, size: int = 500) -> int:
        """Fetch one batch and apply it; the number of events passed, 1 where it was shown none of them.

        Raises what may pass by itself (kit.transient), NeighbourDown among it.
        """
        async with self.house.database.session() as session:
            cursor = await self._cursor(session)
        path = f"/internal/events?after={cursor}&wait={wait}&size={size}"
        try:
            page = await self._door.get(path, timeout=wait + 10)
        except PositionUnknown:
            return await self._begin_again(cursor)
        events = _later_than(cursor, [Envelope.model_validate(item) for item in page["events"]])
        last = events[-1].position if events else cursor
        after = max(last, page.get("next", last), key=_place)  # beyond the last event where the feed holds what this service is not shown
        if after != cursor:
            try:
                await self._apply(cursor, events, after)
            except TRANSIENT:
                self._failures += 1
                raise
            self._failures = 0
        self.last_step = self.house.clock()
        return len(events) or int(after != cursor)

    async def _begin_again(self, cursor: str) -> int:
        """Go back to the start of the feed; 1, because something has moved."""
        async with self.house.database.session() as session:
            table = self.house.schema.cursors
            now = self.house.clock()
            back = update(table).where(table.c.feed == self.feed, table.c.position == cursor).values(position=outbox.START, moved_at=now)
            if (await session.execute(back.returning(table.c.feed))).first() is not None:
                log.warning("feed_begins_again", feed=self.feed, service=self.house.schema.name)
                work = system_work(self.house, session, "", f"{self.house.schema.name}/follow")
                await work.note("feed.begun_again", "feed", self.feed, details={"position": cursor})
            await session.commit()
        return 1

    async def drain(self) -> int:
        """Step until the feed is empty."""
        total = 0
        while passed := await self.step():
            total += passed
        return total

    async def run(self) -> None:
        """Follow for ever; a neighbour or a database that is down is asked again after a growing pause."""
        pause, failures = 0.2, 0
        while True:
            try:
                await self.step(wait=5)
                pause, failures = 0.2, 0
            except TRANSIENT as error:
                failures += 1
                if failures.bit_count() == 1:  # at the 1st, 2nd, 4th … time, so that an outage does not fill the log
                    log.warning("feed_waits", feed=self.feed, service=self.house.schema.name, kind=type(error).__name__, count=failures)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5)

    async def replay(self) -> int:
        """Try every parked event again, oldest first; the number that now passed. What is refused again stays parked with its newest error."""
        table, passed = self.house.schema.parked, 0
        waiting = select(table.c.event_id).where(table.c.feed == self.feed, table.c.replayed_at.is_(None)).order_by(table.c.parked_at)
        async with self.house.database.session() as session:
            event_ids = (await session.execute(waiting)).scalars().all()
        for event_id in event_ids:
            async with self.house.database.session() as session:
                one = select(table.c.envelope).where(table.c.event_id == event_id, table.c.replayed_at.is_(None))
                envelope = (await session.execute(one.with_for_update(skip_locked=True))).scalar_one_or_none()
                if envelope is not None:
                    passed += await self._replay_one(session, Envelope.model_validate(envelope))
                    await session.commit()
        return passed

    async def _replay_one(self, session: AsyncSession, event: Envelope) -> int:
        table = self.house.schema.parked
        row = update(table).where(table.c.event_id == event.id)
        try:
            async with session.begin_nested():
                await self._read(session, event)
        except TRANSIENT:
            raise
        except Exception as error:
            log.error("event_refused_again", feed=self.feed, type=event.type, event_id=str(event.id), kind=type(error).__name__)
            await session.execute(row.values(error=type(error).__name__))
            return 0
        await session.execute(row.values(replayed_at=self.house.clock()))
        work = system_work(self.house, session, event.request_id, f"{self.house.schema.name}/follow")
        await work.note("event.replayed", "event", event.id, details={"type": event.type, "feed": self.feed})
        return 1

    async def _cursor(self, session: AsyncSession) -> str:
        table = self.house.schema.cursors
        return (await session.execute(select(table.c.position).where(table.c.feed == self.feed))).scalar_one_or_none() or outbox.START

    async def _apply(self, cursor: str, events: list[Envelope], after: str) -> None:
        async with self.house.database.session() as session:
            await self._move(session, cursor, cursor)
            locked = await session.execute(
                select(self.house.schema.cursors.c.position).where(self.house.schema.cursors.c.feed == self.feed).with_for_update()
            )
            if locked.scalar_one() != cursor:
                return  # another process of this service applied it first
            fresh = await self._not_applied(session, events)
            try:
                async with session.begin_nested():
                    for event in fresh:
                        await self._read(session, event)
            except Exception as error:
                self._raise_if_passing(error)
                await self._one_by_one(session, fresh)
            if fresh:
                taken = [{"event_id": event.id, "feed": self.feed} for event in fresh]
                await session.execute(insert(self.house.schema.applied).on_conflict_do_nothing(), taken)
            await self._move(session, cursor, after)
            await session.commit()

    async def _not_applied(self, session: AsyncSession, events: list[Envelope]) -> list[Envelope]:
        table = self.house.schema.applied
        known = select(table.c.event_id).where(table.c.event_id.in_([event.id for event in events]))
        applied = set((await session.execute(known)).scalars())
        return [event for event in events if event.id not in applied]

    async def _one_by_one(self, session: AsyncSession, events: list[Envelope]) -> None:
        for event in events:
            try:
                async with session.begin_nested():
                    await self._read(session, event)
            except Exception as error:
                self._raise_if_passing(error)
                log.error(
                    "event_parked", feed=self.feed, type=event.type, event_id=str(event.id), kind=type(error).__name__, exc_info=error
                )
                values = {
                    "event_id": event.id,
                    "feed": self.feed,
                    "position": event.position,
                    "envelope": event.model_dump(mode="json"),
                    "error": type(error).__name__,
                    "parked_at": self.house.clock(),
                }
                await session.execute(insert(self.house.schema.parked).values(values).on_conflict_do_nothing())
                work = system_work(self.house, session, event.request_id, f"{self.house.schema.name}/follow")
                await work.note("event.parked", "event", event.id, details={"type": event.type, "feed": self.feed})

    def _raise_if_passing(self, error: Exception) -> None:
        if isinstance(error, TRANSIENT) and self._failures < TRIES:
            raise error

    async def _read(self, session: AsyncSession, event: Envelope) -> None:
        reader = reader_of(self.readers, self.refused, event.type)
        if reader is not None:
            work = system_work(self.house, session, event.request_id, f"{self.house.schema.name}/follow")
            await reader(work, event)
            await session.flush()

    async def _move(self, session: AsyncSession, old: str, new: str) -> None:
        table = self.house.schema.cursors
        values = {"feed": self.feed, "position": new, "moved_at": self.house.clock()}
        statement = insert(table).values(values)
        if old == new:
            await session.execute(statement.on_conflict_do_nothing())
        else:
            await session.execute(
                statement.on_conflict_do_update(index_elements=["feed"], set_={"position": new, "moved_at": values["moved_at"]})
            )
