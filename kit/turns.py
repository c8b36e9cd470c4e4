"""One writer per object at a time: the others wait here, before they hold a connection.

Writes on one object wait for each other in any case, on the object's row. Eight clicks on one button would wait there with eight connections, and nobody
else of the service would get one. So a process lets writes on the same object in one by one. Between processes and between objects the row's own lock
still decides, for at most as long as a request may wait for one (`kit.db`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from kit.problems import Conflict

PATIENCE = 5.0
"""Seconds that a request waits for its turn: less than the gateway waits for an answer."""


def being_changed() -> Conflict:
    """The problem of whoever waited too long for somebody else's change."""
    return Conflict(
        "其他人正在修改同一记录,请稍后重试", "someone is changing the same record; try again in a moment", headers={"Retry-After": "2"}
    )


class Turns:
    """The turns of one process."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._queues: dict[str, tuple[asyncio.Lock, int]] = {}

    def __len__(self) -> int:
        return len(self._queues)

    @contextlib.asynccontextmanager
    async def of(self, key: str) -> AsyncIterator[None]:
        """Hold the turn of this key. Raises Conflict after too long a wait."""
        lock, queued = self._queues.get(key, (asyncio.Lock(), 0))
        self._queues[key] = lock, queued + 1
        try:
            try:
                async with asyncio.timeout(self._patience):
                    await lock.acquire()
            except TimeoutError as error:
                raise being_changed() from error
            try:
                yield
            finally:
                lock.release()
        finally:
            lock, queued = self._queues[key]
            if queued == 1:
                del self._queues[key]
            else:
                self._queues[key] = lock, queued - 1
