"""Serving one ASGI app on loopback: a socket that is bound at once, a server that stops in order, and readiness that is an answered request."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from deploy.problems import PortTaken
from deploy.stopping import StopWatch

GRACE = 5
"""Seconds that running requests (and streams, which have no end of their own) get when the house stops."""

MOST_DRAIN = 20.0
"""Seconds: a stop has its bound (deploy.stopping)."""

PATIENCE = 60
"""Seconds in which an app must answer after its start."""


def listen(port: int, host: str = "127.0.0.1", *, reserved: bool = False) -> socket.socket:
    """Bind the port now, so that nobody takes it while the rest starts. `reserved`: the supervisor holds it for us (`deploy.ports.Reserved`). Raises
    PortTaken."""
    # The protocol is named because asyncio turns Nagle's delay off only for a socket that says TCP; otherwise every answer of two writes waits 40 ms.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if reserved:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        bound.bind((host, port))
        # Listen before the app is ready: an early client waits for its answer and is not refused.
        bound.listen(256)
    except OSError as error:
        bound.close()
        raise PortTaken(port=port) from error
    bound.set_inheritable(False)
    return bound


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: who runs the house decides what stops first."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do not change the process's signals."""
        yield


def server_for(app: ASGIApp, *, edge: bool) -> Server:
    """No Server header, no WebSockets, no access log (a line per request would hold what URLs hold).

    `edge`: the server that strangers reach, with its own HTTP parser; only the gateway reaches the services behind it.
    """
    options: dict[str, Any] = {"http": "httptools", "ws": "none", "access_log": False, "server_header": False, "proxy_headers": False}
    options["timeout_keep_alive"] = 75
    if edge:
        from gateway.edge.protocol import SERVER  # only the gateway's process needs it

        options |= SERVER
    options |= {"lifespan": "off", "log_config": None, "timeout_graceful_shutdown": GRACE}  # the composition starts and stops the apps
    return Server(uvicorn.Config(app, interface="asgi3", **options))


def ask(port: int, path: str, timeout: float = 5) -> int:
    """The status of a GET on loopback, 0 when nobody answers. No proxy of the environment is asked."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


async def answers(port: int, gone: Callable[[], bool], path: str = "/readyz", seconds: float = PATIENCE) -> bool:
    """Wait until the app answers 200; False when `gone()` says that it ended, or after `seconds`."""
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + seconds, 0.02
    while loop.time() < deadline and not gone():
        if await asyncio.to_thread(ask, port, path) == 200:
            return True
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 0.5)
    return False


def drain_seconds() -> float:
    """How long a process that was asked to end goes on serving while `/readyz` already answers 503, so that a balancer turns to another one first.

    GUIKANG_DRAIN_SECONDS, 0 without a balancer.
    """
    try:
        return min(max(float(os.environ.get("GUIKANG_DRAIN_SECONDS", "0")), 0), MOST_DRAIN)
    except ValueError:
        return 0


async def drain(leave: Callable[[], None]) -> None:
    """Report that this process leaves, and continue to serve while others notice it."""
    leave()
    await asyncio.sleep(drain_seconds())


class StopSignals:
    """SIGINT and SIGTERM cancel the task once, and from then on the stop has its bound; a second one calls `force`."""

    def __init__(self, watch: StopWatch) -> None:
        self._stop_watch = watch
        self.force: Callable[[], None] = lambda: None
        self._seen = False

    @contextlib.contextmanager
    def watch(self) -> Iterator[None]:
        """Hold the signals of this loop while the block runs. A signal that came before the loop has ended the start already."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def on_signal() -> None:
            if self._seen:
                self.force()
                return
            self._seen = True
            self._stop_watch.arm(loop)
            task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, on_signal)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
