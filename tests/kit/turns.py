"""Cancels a task at a chosen turn, as exactly as an event loop allows: the tools of `test_stops`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from typing import Any

from kit.waits import places

PATIENCE = 30.0
"""Seconds after which a task that was cancelled once counts as one that never ends; a busy machine needs some."""


class _Counted:
    """An awaitable that passes every turn of another through, and calls `at_turn` when it has given way for the n-th time."""

    def __init__(self, inner: Coroutine[Any, Any, Any], turn: int, at_turn: Callable[[], None]) -> None:
        self._inner, self._turn, self._at_turn = inner, turn, at_turn
        self.turns = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        inner = self._inner.__await__()
        go: Callable[[], Any] = partial(inner.send, None)
        while True:
            try:
                waited_for = go()
            except StopIteration as end:
                return end.value
            self.turns += 1
            if self.turns == self._turn:
                self._at_turn()
            try:
                sent = yield waited_for
            except BaseException as error:  # whatever is thrown in belongs to the inner one
                go = partial(inner.throw, error)
            else:
                go = partial(inner.send, sent)


async def cancelled_at(run: Callable[[], Awaitable[Any]], turn: int, later: int, nudge: Callable[[], None]) -> tuple[int, str]:
    """Start `run`, nudge it (set its event) and cancel it `later` turns after its `turn`-th; how many turns it made, and where it still waits ("" = ended).

    A task that makes fewer turns is cancelled when it has come to rest: then that is the point.
    """
    loop, due = asyncio.get_running_loop(), asyncio.Event()

    def cancel(left: int) -> None:
        if left:
            loop.call_soon(cancel, left - 1)
        else:
            task.cancel()
            due.set()

    def at_turn() -> None:
        nudge()
        cancel(later)

    async def inner() -> Any:
        return await run()

    counted = _Counted(inner(), turn, at_turn)

    async def outer() -> Any:
        return await counted

    task = asyncio.create_task(outer())
    await resting(task, due, counted, nudge)
    if not due.is_set():
        at_turn()
    _, left = await asyncio.wait([task], timeout=PATIENCE)
    where = "".join(places(one) for one in left)
    while left:  # for the sake of the tests that follow
        task.cancel()
        _, left = await asyncio.wait([task], timeout=1)
    if not task.cancelled() and task.exception() is not None:
        raise AssertionError("ended otherwise than by its cancellation") from task.exception()
    return counted.turns, where


async def resting(task: asyncio.Task[Any], due: asyncio.Event, counted: _Counted, nudge: Callable[[], None]) -> None:
    """Wait until the turn came, the task ended, or it has made no turn for a while although it was nudged."""
    seen, quiet = -1, 0
    while not due.is_set() and not task.done() and quiet < 6:
        quiet = quiet + 1 if counted.turns == seen else 0
        seen = counted.turns
        if quiet == 3:
            nudge()
        await asyncio.sleep(0.002)
