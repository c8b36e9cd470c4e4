"""Every log of the house stays under a size limit, and only its owner can read it.

A log is written by a process that holds the file open for its whole life (Postgres, an app's stderr), so the file is not renamed: its
content is copied and the file is emptied. Writers append (O_APPEND), so they continue at the new end. A few lines that are written between
copying and emptying may be lost; the audit trail is not a log and is stored elsewhere. On a full disk the copy is skipped: free space is
then more important than the lines.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import structlog

log = structlog.get_logger()
CEILING = 10_000_000
"""Bytes of one log file before it is set aside."""
KEPT = 4
"""Files that are set aside per log: each log takes at most CEILING × (KEPT + 1), and what is written between two looks."""
LOOK_SECONDS = 1.0
MODE = 0o600


def open_log(path: Path) -> int:
    """A file descriptor that appends to a log; only its owner reads it."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, MODE)
    os.fchmod(descriptor, MODE)  # also one that an earlier release made readable to all
    return descriptor


class LogFiles:
    """The logs of a data folder."""

    def __init__(self, folder: Path, ceiling: int = CEILING, kept: int = KEPT) -> None:
        self._folder = folder
        self._ceiling = ceiling
        self._kept = kept

    def __iter__(self) -> Iterator[Path]:
        yield from sorted((self._folder / "logs").glob("*.log"))
        if (postgres := self._folder / "postgres.log").exists():
            yield postgres

    def sweep(self) -> int:
        """Set aside what has reached the ceiling; the number of files."""
        done = 0
        for path in self:
            try:
                if path.stat().st_size >= self._ceiling:
                    self._set_aside(path)
                    done += 1
            except OSError as error:
                log.error("log_not_rotated", kind=type(error).__name__)
        return done

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            self.sweep()
            await asyncio.sleep(LOOK_SECONDS)

    def _set_aside(self, path: Path) -> None:
        for number in range(self._kept - 1, 0, -1):
            older = _numbered(path, number)
            if older.exists():
                older.replace(_numbered(path, number + 1))
        fresh = _numbered(path, 1)
        try:
            with path.open("rb") as source, os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE), "wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
                target.truncate(min(target.tell(), self._ceiling))  # a flood of lines between two checks is cut, so that the limit holds
        except OSError as error:
            fresh.unlink(missing_ok=True)
            log.error("log_not_kept", kind=type(error).__name__)
        os.truncate(path, 0)


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")
