"""The way on to the app that serves a request: in this process, or behind a port. Both are plain ASGI to the edge.

In one process the call is direct: no hop, no copy, streams as they are (docs/performance.md). Over a port `pool` keeps connections alive itself, because a general
client costs 30 times more than the rest of the gateway.
"""

from __future__ import annotations

from typing import Protocol

from starlette.types import ASGIApp, Receive, Scope, Send


class Upstream(Protocol):
    """Serves a request whose headers are already safe to pass on."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve. Raises Unavailable, TimedOut, ClientGone; after the head was sent that means: break the connection off."""
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...


class AsgiUpstream:
    """An app in this process. Its lifespan belongs to whoever composes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the app directly."""
        await self._app(scope, receive, send)

    async def close(self) -> None:
        """Nothing is held."""
