"""Where the tests' Postgres lives: in memory where there is room, because copying a database for each test waits for the disk otherwise."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from deploy.folder import DataFolder
from deploy.problems import FolderTaken

MEMORY = Path("/dev/shm")
PREFIX = "guikang-tests-"
ROOM = 4 << 30
"""Bytes that must be free: a cluster with its templates and log takes about one gibibyte, and each worker has one."""


@contextlib.contextmanager
def cluster_folder(on_disk: Path, memory: Path = MEMORY, room: int = ROOM) -> Iterator[DataFolder]:
    """A data folder that is held: in memory when that much is free there, else the given one. What killed runs left in memory goes first."""
    sweep(memory)
    if not memory.is_dir() or shutil.disk_usage(memory).free < room:
        with held(on_disk) as folder:
            yield folder
        return
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=memory) as name, held(Path(name)) as folder:
        yield folder


@contextlib.contextmanager
def held(path: Path) -> Iterator[DataFolder]:
    """A data folder, taken and given back."""
    folder = DataFolder(path)
    folder.take()
    try:
        yield folder
    finally:
        folder.release()


def sweep(memory: Path) -> None:
    """Remove the folders in memory that nobody holds: their Postgres ended with the run that was killed. One without a lock is just being made."""
    for path in (lock.parent for lock in memory.glob(f"{PREFIX}*/lock")):
        with contextlib.suppress(FolderTaken, OSError), held(path):
            shutil.rmtree(path, ignore_errors=True)
