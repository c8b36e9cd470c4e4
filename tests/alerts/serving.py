"""A process that runs alerts with all its background work, until it is killed: `python -m tests.alerts.serving <data dir> <address> <start>`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from deploy.compose import HouseSettings, build


async def main(data_dir: str, dsn: str, clock: str) -> None:
    """Serve for ever."""
    house = build(HouseSettings(Path(data_dir), dsn, clock=clock, log_level="ERROR"), only="alerts")
    await house.start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
