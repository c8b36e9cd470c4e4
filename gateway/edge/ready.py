"""Whether all parts answer: `/readyz` of the gateway asks every part for its own (API.md 1)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp

from kit.call import AsgiNeighbour, NeighbourDown

PATIENCE = 2.0
"""Seconds that a part may take to say that it is ready."""
FRESH = 1.0
"""Seconds for which a report is given out again, so that probes cannot multiply into load."""


class Readiness:
    """Asks all parts at once. An upstream is an ASGI app, so it is asked as one, in this process or not."""

    def __init__(self, parts: Mapping[str, ASGIApp]) -> None:
        self._parts = {name: AsgiNeighbour(app) for name, app in parts.items()}
        self._known: tuple[bool, dict[str, Any]] | None = None
        self._until = 0.0
        self._asking = asyncio.Lock()

    async def report(self) -> tuple[bool, dict[str, Any]]:
        """Whether all are ready, and which."""
        loop = asyncio.get_running_loop()
        async with self._asking:
            if self._known is None or loop.time() >= self._until:
                answers = await asyncio.gather(*(self._ask(part) for part in self._parts.values()))
                parts = {name: "ok" if ready else "down" for name, ready in zip(self._parts, answers, strict=True)}
                self._known = all(answers), {"status": "ok" if all(answers) else "unavailable", "parts": parts}
                self._until = loop.time() + FRESH
            return self._known

    async def _ask(self, part: AsgiNeighbour) -> bool:
        try:
            reply = await part.request("GET", "/readyz", timeout=PATIENCE)
        except NeighbourDown:
            return False
        return reply.status == 200
