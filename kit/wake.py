"""One LISTEN connection per process and channel: wakes long polls and streams when something was committed.

NOTIFY only says "look": whoever wakes reads the table by its cursor, so a lost wake-up costs one fallback interval and nothing else.
"""

from __future__ import annotations

import asyncio

import psycopg
from psycopg import sql

from kit.db import connect_whole

RETRY_SECONDS = 1.0


class Wakes:
    """Hands out events that are set at the next notification."""

    def __init__(self, conninfo: str, channel: str) -> None:
        self._conninfo = conninfo
        self._channel = channel
        self._event = asyncio.Event()
        self.leaving = False
        """Whether the app ends: long polls are then answered at once, so that the app can stop quickly."""

    def waiter(self) -> asyncio.Event:
        """The event of the next wake-up: take it before reading, wait on it after."""
        return self._event

    def ring(self) -> None:
        """Wake everybody who waits."""
        event, self._event = self._event, asyncio.Event()
        event.set()

    def leave(self) -> None:
        """End the long polls."""
        self.leaving = True
        self.ring()

    async def run(self) -> None:
        """Listen until cancelled; a lost connection is opened again and rings once, because something may have been missed."""
        while True:
            try:
                async with await connect_whole(self._conninfo, application="guikang wake", autocommit=True) as connection:
                    await connection.execute(sql.SQL("listen {}").format(sql.Identifier(self._channel)))
                    self.ring()
                    async for _ in connection.notifies():
                        self.ring()
            except (psycopg.Error, OSError):
                await asyncio.sleep(RETRY_SECONDS)
