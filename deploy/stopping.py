"""The end of a process is bounded: what has not ended by then is reported, and the process ends anyway.

A stop first asks (requests finish, tasks are cancelled, each app within its own bound). This watch stands outside the event loop, in a
thread, because it guards against a loop that never ends: a task that swallows its cancellation, a thread in the loop's pool that never
returns.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from kit.waits import places

log = structlog.get_logger()
STOP_SECONDS = 45.0
"""What a whole stop may take: running requests, five apps after each other, their connections. The end of the database is not included."""
EXIT_OVERDUE = 70
"""The exit code of a process whose stop had to be cut short (sysexits.h EX_SOFTWARE)."""


class StopWatch:
    """Ends the process when its stop takes longer than it may."""

    def __init__(self, last: Callable[[], None] = lambda: None, seconds: float = STOP_SECONDS) -> None:
        """`last`: what must be done in any case before the process ends, e.g. stop the database in order."""
        self._last = last
        self._seconds = seconds
        self._timer: threading.Timer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def arm(self, loop: asyncio.AbstractEventLoop) -> None:
        """The stop has begun. A second call changes nothing."""
        if self._timer is None:
            self._loop = loop
            self._timer = threading.Timer(self._seconds, self._overdue)
            self._timer.daemon = True
            self._timer.start()

    def disarm(self) -> None:
        """The stop is done."""
        if self._timer is not None:
            self._timer.cancel()

    def _overdue(self) -> None:
        tasks = [] if self._loop is None else [task for task in asyncio.all_tasks(self._loop) if not task.done()]
        log.error("stop_overdue", seconds=self._seconds, count=len(tasks))
        for task in tasks:
            log.error("task_did_not_end", job=task.get_name(), exception=places(task))
        faulthandler.dump_traceback(sys.stderr, all_threads=True)
        sys.stderr.flush()
        try:
            self._last()
        finally:
            os._exit(EXIT_OVERDUE)


def run_until_stopped(
    main: Coroutine[Any, Any, None], loop_factory: Callable[[], asyncio.AbstractEventLoop] | None, watch: StopWatch
) -> None:
    """Run a process's main coroutine to its end. Its cancellation is the ordinary end of a server and stops here, at the outermost place."""
    try:
        with asyncio.Runner(loop_factory=loop_factory) as runner, contextlib.suppress(asyncio.CancelledError):
            loop = runner.get_loop()
            try:
                runner.run(main)
            finally:
                watch.arm(loop)  # also when no signal came: the runner now waits for every task and thread that is left
    finally:
        watch.disarm()
