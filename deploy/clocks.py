"""The clock of a county: a demo continues from its own start (ADR 0009), a real county has the real clock."""

from __future__ import annotations

from datetime import datetime

from deploy.folder import DataFolder
from kit.clock import real_clock


def demo_clock(folder: DataFolder, start: str) -> str:
    """The instant that a demo has reached. It began at `start` at its first start; `clock.json` keeps the difference."""
    if not folder.read("clock.json"):
        folder.write("clock.json", {"start": start, "began_at": real_clock().isoformat()})
    reached = kept_clock(folder)
    assert reached is not None
    return reached


def kept_clock(folder: DataFolder) -> str | None:
    """The instant that the demo in a data folder has reached; None for a real county."""
    kept = folder.read("clock.json")
    if not kept:
        return None
    passed = real_clock() - datetime.fromisoformat(str(kept["began_at"]))
    return (datetime.fromisoformat(str(kept["start"])) + passed).isoformat()
