"""The deny list that the edge asks on every request: sessions and clients that ended while their tokens still live.

Woken by the gateway's own outbox notification, so that every gateway process knows within a moment; asked again every two seconds in any case.
"""

from __future__ import annotations

from datetime import timedelta

from gateway.identity import repository
from gateway.identity.rules import ACCESS_LIFE
from kit.clock import local_day
from kit.waits import woken
from kit.work import House

FALLBACK_SECONDS = 2.0


class Revocations:
    """A container of withdrawn session ids."""

    def __init__(self) -> None:
        self._withdrawn: set[str] = set()

    def __contains__(self, sid: object) -> bool:
        return sid in self._withdrawn

    async def reload(self, house: House) -> None:
        """Read the list anew. Tokens live ten minutes, so nothing older matters."""
        async with house.database.session() as session:
            since = house.clock() - timedelta(seconds=ACCESS_LIFE + 60)
            self._withdrawn = await repository.withdrawn_since(session, since, local_day(house.clock()))

    async def run(self, house: House) -> None:
        """Keep the list fresh until cancelled."""
        wakes = house.wakes
        while True:
            waiter = wakes.waiter()
            await self.reload(house)
            await woken(waiter, FALLBACK_SECONDS)
