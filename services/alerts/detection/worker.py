"""Takes committed check-ins into the detectors, exactly once and by one process at a time (ADR 0005).

A run is one transaction: it takes rows out of the queue, writes what the detectors made of them, and moves the state row that it holds. A process whose
memory is not what the state row says rebuilds it first, so neither another process nor `kill -9` can make an alert twice or lose one.
"""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
from psycopg import AsyncConnection, sql

from kit.db import connect_whole
from kit.work import House, system_work
from services.alerts import cells
from services.alerts.checkins.repository import CHANNEL
from services.alerts.detection import memory as memories
from services.alerts.detection import repository
from services.alerts.detection.memory import Memory
from services.alerts.detection.runs import Run
from services.alerts.detectors.parameters import FlowParameters, GatheringParameters, reports_only
from services.alerts.places.repository import held_knowledge
from services.alerts.settings import AlertsSettings

if TYPE_CHECKING:
    from services.alerts.detection.tables import DetectionState

BATCH = 1000
RETRY_SECONDS = 1.0
FALLBACK_SECONDS = 5.0
LEADER = 0x6775696B616E69
"""Advisory lock of the process that watches the queue; the others stand by."""
REPLAY_KEPT = timedelta(minutes=1)
"""How old the stored start of a replay may be: finding it costs a walk over the window, and an older one only replays more."""


def _load() -> None:
    """Load the cells before they are needed, beside the loop: the first alert must not wait for them."""
    cells.latlng_to_cell(0.0, 0.0, 7)


class Detection:
    """The detectors of one process. It looks like a follower, so that tests step it and readiness shows it."""

    feed = "checkins"

    def __init__(self, house: House) -> None:
        self.house = house
        self.last_step: datetime | None = None
        settings = house.part(AlertsSettings)
        assert isinstance(settings, AlertsSettings)
        self._reports_only_from = settings.reports_only_from
        self._memory: Memory | None = None
        self._replay_at: datetime | None = None
        self._turn = asyncio.Lock()

    async def step(self) -> int:
        """Take one batch; the number of check-ins taken."""
        async with self._turn:
            return await self._run(None)

    async def drain(self) -> int:
        """Step until the queue is empty."""
        total = 0
        while taken := await self.step():
            total += taken
        return total

    async def advance(self) -> None:
        """Do nightly and morning work that is due by now, also when nobody checks in."""
        await self.drain()
        async with self._turn:
            await self._run(self.house.clock())

    async def run(self, house: House) -> None:
        """Watch the queue for ever, when no other process does."""
        while True:
            try:
                async with await connect_whole(house.database.conninfo, autocommit=True, application="guikang detection") as connection:
                    if await self._leads(connection):
                        await asyncio.to_thread(_load)
                        await connection.execute(sql.SQL("listen {}").format(sql.Identifier(CHANNEL)))
                        while True:
                            await self.drain()
                            async for _ in connection.notifies(timeout=FALLBACK_SECONDS, stop_after=1):
                                pass
            except (psycopg.Error, OSError):
                self._memory = None
            await asyncio.sleep(RETRY_SECONDS)

    def _rules(self, today: date) -> tuple[bool, GatheringParameters, FlowParameters]:
        """Whether detectors may look at check-ins by phone today, and by which numbers they judge (ADR 0005)."""
        since = self._reports_only_from
        if since is None or today < since:
            return True, GatheringParameters(), FlowParameters()
        return False, reports_only(GatheringParameters(), since), FlowParameters(effective_from=since)

    async def _leads(self, connection: AsyncConnection[tuple[object, ...]]) -> bool:
        cursor = await connection.execute("select pg_try_advisory_lock(%s)", (LEADER,))
        row = await cursor.fetchone()
        return row is not None and row[0] is True

    async def _run(self, until: datetime | None) -> int:
        memory, self._memory = self._memory, None  # only a committed run keeps its memory
        async with self.house.database.session() as session:
            work = system_work(self.house, session, "detection", "alerts/detection")
            state = await repository.held_state(session, work.now)
            knowledge = await held_knowledge(session)
            phones, parameters, flow = self._rules(work.today)
            if memory is None or (memory.counter, memory.knowledge, memory.day) != (state.counter, knowledge, work.today):
                memory = await memories.rebuild(work, state, knowledge, parameters, flow, phones=phones)
            run = Run(work, memory, parameters, flow)
            batch = await repository.take_unobserved(work, BATCH, phones=phones) if until is None else []
            if batch:
                await run.take(batch)
            elif until is not None and memory.newest is not None:
                await run.advance(until)
            else:
                self._memory, self.last_step = memory, work.now
                await session.commit()
                return 0
            self._move(state, memory, work.now)
            session.add(state)
            await session.commit()
        self._memory, self.last_step = memory, work.now
        return len(batch)

    def _move(self, state: DetectionState, memory: Memory, now: datetime) -> None:
        memory.counter = state.counter + 1
        state.counter, state.moved_at, state.newest = memory.counter, now, memory.newest
        state.learned_until, state.morning_until = memory.learned_until, memory.morning_until
        if self._replay_at is None or state.replay_from is None or now - self._replay_at >= REPLAY_KEPT:
            state.replay_from, self._replay_at = memory.detector.replay_from(), now
