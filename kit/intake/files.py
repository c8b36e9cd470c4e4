"""Uploaded files at rest: sealed and bound to their import, 0600, gone when the import ends without a commit, or by the sweep (kit.intake.keeping)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from kit.sealed import Sealer
from kit.work import House


def _path(house: House, import_id: UUID) -> Path:
    folder = house.files / "ledgers"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder / f"{import_id}.sealed"


def keep(house: House, import_id: UUID, data: bytes) -> None:
    """Write the sealed file; a half-written one is never seen. Raises OSError (disk full)."""
    path = _path(house, import_id)
    part = path.with_suffix(".part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(house.sealer.seal_bytes(data, "ledger_import", "file", str(import_id)))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def read(house: House, import_id: UUID) -> bytes:
    """The file again. Raises OSError, CannotOpen."""
    sealer: Sealer = house.sealer
    return sealer.open_bytes(_path(house, import_id).read_bytes(), "ledger_import", "file", str(import_id))


def remove(house: House, import_id: UUID) -> None:
    """Delete the file, if it is there."""
    with contextlib.suppress(FileNotFoundError):
        _path(house, import_id).unlink()


STALE_SECONDS = 3600.0
"""After this time a half-written or marked copy is abandoned: no request lives that long."""


def stored(house: House) -> set[UUID]:
    """The imports whose files are here. Copies that a request left behind when it was cut off are deleted on the way."""
    probe = _path(house, UUID(int=0)).with_suffix(".probe")
    probe.touch(mode=0o600)
    now = probe.stat().st_mtime  # the file system's own time, which the others were written by
    probe.unlink()
    found: set[UUID] = set()
    for path in probe.parent.iterdir():
        with contextlib.suppress(ValueError, FileNotFoundError):
            if path.suffix == ".sealed":
                found.add(UUID(path.stem))
            elif now - path.stat().st_mtime > STALE_SECONDS:
                path.unlink()
    return found


def remove_all(house: House, import_ids: Iterable[UUID]) -> None:
    """Delete several files."""
    for import_id in import_ids:
        remove(house, import_id)


def marked_path(house: House, import_id: UUID) -> Path:
    """Where a marked copy is written for the moment of its download."""
    return _path(house, import_id).with_name(f"{import_id}.{os.urandom(4).hex()}.marked.xlsx")
