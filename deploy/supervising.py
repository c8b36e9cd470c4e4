"""Starts the embedded Postgres again when it has ended: a killed postmaster, a PANIC, a disk that was full and is free again.

Nothing is lost: answered requests are in the write-ahead log, and the new server recovers from it before it accepts connections. The apps
reconnect by themselves. The pause before each new start doubles, so that a server that cannot start fills no log. All of it runs on the
main thread, because the server ends with the thread that started it (deploy.postgres).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from deploy.postgres import Postgres
from deploy.problems import StartProblem

log = structlog.get_logger()
LOOK_SECONDS = 0.25
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0
"""Seconds before the server is started again: at once in effect, then doubled; back to the first after a minute of life."""
LIVED_SECONDS = 60.0


class PostgresWatch:
    """Watches one running server until cancelled."""

    def __init__(self, postgres: Postgres, report: Callable[[str], None] = lambda _: None) -> None:
        """`report`: shows a sentence to whoever sits at the terminal."""
        self._postgres = postgres
        self._report = report
        self._pause = FIRST_PAUSE
        self.starts = 0
        """The number of restarts, including failed ones."""

    async def run(self) -> None:
        """Check the server, and start it again when it has ended."""
        loop = asyncio.get_running_loop()
        born = loop.time()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._postgres.pid:
                continue
            if loop.time() - born > LIVED_SECONDS:
                self._pause = FIRST_PAUSE
            await self._again()
            born = loop.time()

    async def _again(self) -> None:
        """One new start: a pause, the launch, and waiting for the first answer or the next end."""
        loop = asyncio.get_running_loop()
        ended = loop.time()
        log.error("postgres_ended", code=self._postgres.exit_code, seconds=self._pause)
        if self.starts == 0 or self._pause == FIRST_PAUSE:
            self._report("Postgres ended and is started again · 数据库已退出,正在重新启动")
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        self.starts += 1
        try:
            self._postgres.launch_again()
        except (StartProblem, OSError) as error:
            log.error("postgres_does_not_start", kind=type(error).__name__)
            return
        while self._postgres.pid and not await asyncio.to_thread(self._postgres.answers):  # noqa: ASYNC110 - another process has no event
            await asyncio.sleep(LOOK_SECONDS)
        if self._postgres.pid:
            log.warning("postgres_answers_again", pid=self._postgres.pid, seconds=round(loop.time() - ended, 1))
            self._report("Postgres answers again, nothing lost · 数据库已恢复,数据完好")
