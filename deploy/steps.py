"""What a start shows to the person who waits: one line per step, with a bar where the amount is known.

On a terminal the running step moves (rich); elsewhere (a log, CI) each step is one plain line when it is done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Report = Callable[[str, int, int], None]
"""What is being done, how much is done, of how much (0: not known)."""


class Steps:
    """The display of one start."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self.started = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the display was made."""
        return time.monotonic() - self.started

    @contextmanager
    def step(self, title: str) -> Iterator[Report]:
        """Show a step while the block runs; the block may report how far it is."""
        begun = time.monotonic()
        shown = self._moving(title) if self.console.is_terminal else self._plain()
        try:
            with shown as report:
                yield report
        except BaseException:
            self.console.print(f"  ✗ {title}", highlight=False, markup=False, soft_wrap=True)
            raise
        self.console.print(f"  ✓ {title} ({time.monotonic() - begun:.1f} s)", highlight=False, markup=False, soft_wrap=True)

    @contextmanager
    def _moving(self, title: str) -> Iterator[Report]:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[what]}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task(title, total=None, what="")

            def report(what: str, done: int, total: int) -> None:
                progress.update(task, completed=done, total=total or None, what=what)

            yield report

    @contextmanager
    def _plain(self) -> Iterator[Report]:
        yield lambda what, done, total: None
