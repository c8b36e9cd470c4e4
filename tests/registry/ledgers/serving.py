"""A process that runs the registry with its jobs until it is killed, and commits an import if one is named.

python -m tests.registry.ledgers.serving <data dir> <address of the database> <start of the clock> [<import id>]
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from deploy.compose import HouseSettings, build
from deploy.folder import DataFolder
from deploy.keys import Keys
from kit.clock import SteppedClock, clock_from
from kit.roles import Role
from tests.houses import TestHouse
from tests.registry.ledgers.desk import Desk


async def main(data_dir: str, dsn: str, start: str, import_id: str | None = None) -> None:
    """Serve for ever."""
    clock = SteppedClock(clock_from(start)())
    house = build(
        HouseSettings(Path(data_dir), dsn, clock=start, log_level="ERROR", background=import_id is None), only="registry", clock=clock
    )
    await house.start()
    print("ready", flush=True)
    if import_id is not None:
        mine = TestHouse(house, Keys(DataFolder(Path(data_dir))), clock, dsn)
        await Desk(mine, mine.caller("registry", Role.COUNTY_OFFICER)).commit({"id": import_id})
        print("committed", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5]))
