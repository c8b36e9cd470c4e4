"""The way to a neighbour: its transport and the short-lived token that it asks for (DESIGN 6). Only `/internal/…` paths are behind it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from kit.auth import SERVICE, SigningKey, mint
from kit.call import Neighbour, NeighbourDown
from kit.clock import Clock

LIFE = 60


class PositionUnknown(Exception):
    """The neighbour never gave this position (410): read from the start."""


class Door:
    """Calls one neighbour as one service. Raises PositionUnknown for 410, NeighbourDown for every other answer that is not 2xx."""

    def __init__(self, caller: str, callee: str, neighbour: Neighbour, key: SigningKey, clock: Clock) -> None:
        self.callee = callee
        self._caller = caller
        self._neighbour = neighbour
        self._key = key
        self._clock = clock
        self._token = ""
        self._fresh_until = 0.0

    def token(self) -> str:
        """A service token for the callee, minted again when it has less than 15 s to live."""
        now = self._clock()
        if now.timestamp() >= self._fresh_until:
            claims = {"sub": self._caller}
            self._token = mint(self._key, typ=SERVICE, issuer=self._caller, audience=self.callee, claims=claims, now=now, life=LIFE)
            self._fresh_until = now.timestamp() + LIFE - 15
        return self._token

    async def get(self, path: str, *, timeout: float = 10) -> Any:
        """GET as parsed JSON."""
        reply = await self._neighbour.request("GET", path, headers={"authorization": f"Bearer {self.token()}"}, timeout=timeout)
        return self._parsed(reply.status, reply.body)

    async def post(self, path: str, body: Any, *, timeout: float = 30) -> Any:
        """POST JSON, answer as parsed JSON."""
        reply = await self._neighbour.request("POST", path, headers={"authorization": f"Bearer {self.token()}"}, json=body, timeout=timeout)
        return self._parsed(reply.status, reply.body)

    def _parsed(self, status: int, body: bytes) -> Any:
        if status == 410:
            raise PositionUnknown(self.callee)
        if not 200 <= status < 300:
            raise NeighbourDown(f"{self.callee} answered {status}")
        try:
            return json.loads(body)
        except ValueError as error:
            raise NeighbourDown(f"{self.callee} answered with no JSON") from error


def query(**values: object) -> str:
    """A query string of the values that are not None."""
    pairs = [f"{name}={quote(str(value))}" for name, value in values.items() if value is not None]
    return "?" + "&".join(pairs) if pairs else ""
