"""Waiting that can be ended (operations: a stop always ends).

On Python 3.11 `asyncio.wait_for` returns its result and drops a cancellation that arrives in the same turn as the result, so a loop around it can run for
ever. `asyncio.timeout` does not. Every wait with a limit is written with it: `woken` for an event, `asyncio.timeout` itself for the rest. A house law
forbids `wait_for` and a swallowed CancelledError everywhere else.

Libraries below us still use `wait_for`. So `end` does not trust one cancellation: it cancels again until the task has ended, within a bound, and hands back
what did not end, so that whoever stops can tell it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

AGAIN = 3.0
"""Seconds after which a task that was cancelled and still runs is cancelled again."""
FRAMES = 8
"""Places named per task, the innermost ones."""


async def woken(event: asyncio.Event, seconds: float) -> bool:
    """Wait until the event is set, at most so long; whether it was set. A cancellation always passes through."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


async def end(tasks: Iterable[asyncio.Task[Any]], within: float) -> list[asyncio.Task[Any]]:
    """Cancel tasks and wait for them, at most so many seconds in all; those that did not end. What they raise is theirs and is not raised here."""
    loop = asyncio.get_running_loop()
    left = {task for task in tasks if not task.done()}
    deadline = loop.time() + within
    while left and (rest := deadline - loop.time()) > 0:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=min(AGAIN, rest))
    return sorted(left, key=lambda task: task.get_name())


def frames(task: asyncio.Task[Any]) -> Iterator[str]:
    """Where a task waits, from its own coroutine inwards: places without any value, fit for a log. (`Task.get_stack` shows a waiting task's first only.)"""
    inner: Any = task.get_coro()
    while inner is not None:
        frame = next((found for name in _FRAMES if (found := getattr(inner, name, None)) is not None), None)
        if frame is not None:
            yield f"{'/'.join(Path(frame.f_code.co_filename).parts[-3:])}:{frame.f_lineno} {frame.f_code.co_name}"
        inner = next((found for name in _AWAITED if (found := getattr(inner, name, None)) is not None), None)


_FRAMES = ("cr_frame", "gi_frame", "ag_frame")
_AWAITED = ("cr_await", "gi_yieldfrom", "ag_await")


def places(task: asyncio.Task[Any]) -> str:
    """The innermost places where a task waits, in one line."""
    return " > ".join(list(frames(task))[-FRAMES:])
