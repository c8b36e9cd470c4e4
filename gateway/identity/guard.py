"""The guard of doors that are open to everybody: signing in, keys, documents. It says so, and gives a unit of work without rights."""

from __future__ import annotations

from fastapi import Request

from kit.auth import Principal
from kit.work import House, Work

ANYONE = Principal("anyone", "", frozenset(), ())


class AllowPublic:
    """Guard of a public route; the route table shows it as `public`."""

    roles = frozenset({"public"})
    personal = False

    async def __call__(self, request: Request) -> Work:
        """A unit of work for nobody in particular."""
        house: House = request.app.state.house
        return Work(house, request.state.session, ANYONE, house.clock(), request.headers.get("x-request-id", "")[:64])
