"""Puts the house together: the same apps in one process or in five, the walls between them the same.

In one process the gateway calls the service apps directly, and neighbours call each other in the same way; each app still has its own
settings, keys and database login. This is the only module that knows all five.
"""

from __future__ import annotations

import contextlib
import importlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from deploy.database import app_dsn
from deploy.folder import INSIDE, DataFolder, urls_of
from deploy.keys import ALL, SERVICES, Keys
from deploy.nameplate import remembered
from deploy.problems import CalendarUnreadable, CountyUnknown
from gateway.documents.contract import words
from kit.app import Parts
from kit.call import AsgiNeighbour, HttpNeighbour, Neighbour
from kit.clock import Clock, WorkingDay, clock_from, load_working_days
from kit.db import Database
from kit.doors import Door
from kit.logs import AccessLog, configure

if TYPE_CHECKING:
    from gateway.edge.routes import RouteTable

NOWHERE = "http://127.0.0.1:9"
"""A neighbour that does not run: the discard port, which nobody serves."""

FOLLOWS: dict[str, tuple[str, ...]] = {
    "registry": ("testing", "alerts", "gateway"),
    "testing": ("registry", "gateway"),
    "alerts": ("registry", "testing", "precursor", "gateway"),
    "precursor": ("registry", "gateway"),
    "gateway": ("registry", "testing", "alerts", "precursor"),
}
"""Whom each app may ask or follow. `gateway` merges the published language of all, and tells them who holds an account (kit.names)."""


@dataclass(frozen=True)
class HouseSettings:
    """The settings of a run."""

    data_dir: Path
    dsn: str
    """The owner's address of the database, or its address without a login; each app connects with its own."""
    demo: bool = True
    clock: str | None = None
    shape: str = "embedded"
    background: bool = True
    county: str = ""
    """The six digits of the county; empty: the one that the data folder was started for."""
    log_level: str = "WARNING"


@dataclass
class House:
    """A composed house: the ASGI app to serve, and the apps behind it."""

    app: ASGIApp
    apps: dict[str, FastAPI]
    clock: Clock
    _life: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    async def start(self) -> None:
        """Enter every app's life, services before the gateway. Raises CountyUnknown: without a county every prefix of a division code would match."""
        if not all(app.state.house.county for app in self.apps.values()):
            raise CountyUnknown
        for name in sorted(self.apps, key=lambda item: item == "gateway"):
            app = self.apps[name]
            await self._life.enter_async_context(app.router.lifespan_context(app))

    def leave(self) -> None:
        """Let the neighbours' long polls end: their servers wait for them before they stop."""
        for app in self.apps.values():
            app.state.wakes.leave()

    async def stop(self) -> None:
        """Stop accepting requests, then leave in the opposite order."""
        close = getattr(self.app, "close", None)
        if close is not None:
            await close()
        await self._life.aclose()

    async def step(self) -> int:
        """Let every follower and every job queue catch up, until nothing is left to do: this is how tests let time pass without sleeping."""
        total = 0
        while True:
            moved = 0
            for app in self.apps.values():
                for follower in getattr(app.state, "followers", ()):
                    moved += await follower.drain()
                jobs = getattr(app.state, "jobs", None)
                if jobs is not None:
                    await jobs.drain()
            total += moved
            if not moved:
                return total


def build(settings: HouseSettings, only: str | None = None, clock: Clock | None = None, table: RouteTable | None = None) -> House:
    """Compose all apps in this process, or `only` one of the several-process shape.

    `clock` overrides the settings' (tests step it), `table` the shipped route table (which is itself derived from the composed apps).
    """
    folder = DataFolder(settings.data_dir)
    keys = Keys(folder)
    now = clock or clock_from(settings.clock)
    configure(only or "guikang", settings.log_level)
    names = (only,) if only else ALL
    apps: dict[str, FastAPI] = {}
    neighbours = _Neighbours(folder, apps, embedded=only is None)
    for name in names:
        if name == "gateway":
            continue
        apps[name] = _service(name, settings, folder, keys, now, neighbours)
    if "gateway" not in names:
        return House(apps[names[0]], apps, now)
    edge, local = _gateway(settings, folder, keys, now, neighbours, apps, table)
    apps["gateway"] = local
    return House(edge, apps, now)


class _Neighbours:
    """How one app reaches another: directly, or by its loopback port."""

    def __init__(self, folder: DataFolder, apps: dict[str, FastAPI], *, embedded: bool) -> None:
        self._apps = apps
        self.urls = {} if embedded else urls_of(folder)
        self.embedded = embedded

    def get(self, name: str) -> Neighbour:
        if not self.embedded:
            return HttpNeighbour(self.urls.get(INSIDE if name == "gateway" else name, NOWHERE))

        async def late(scope: Any, receive: Any, send: Any) -> None:
            await self._apps[name](scope, receive, send)  # the neighbour may be composed after its caller

        return AsgiNeighbour(late)


def _parts(name: str, settings: HouseSettings, folder: DataFolder, keys: Keys, now: Clock, neighbours: _Neighbours, *held: object) -> Parts:
    key = keys.signing(name)
    county = settings.county or str(remembered(folder).get("county", ""))
    return Parts(
        database=Database(app_dsn(settings.dsn, folder, name), pool=5, application=f"guikang {name}"),
        clock=now,
        sealer=keys.sealer(name),
        verifier=keys.inner_verifier(name),
        neighbour_verifier=keys.neighbour_verifier(name),
        neighbours={other: Door(name, other, neighbours.get(other), key, now) for other in FOLLOWS[name]},
        demo=settings.demo,
        signing_key=key,
        county=county,
        works=working_days_of(folder.path, county),
        files=folder.path / "files" / name,
        words=words,
        background=settings.background,
        held=held,
    )


def working_days_of(folder: Path, county: str) -> WorkingDay:
    """The county's working days: the shipped calendar and the data folder's own rows. Raises CalendarUnreadable."""
    own = folder / "working_days.csv"
    try:
        return load_working_days(county, own)
    except (KeyError, TypeError, ValueError) as error:
        raise CalendarUnreadable(path=own, reason=str(error)) from error


def _service(name: str, settings: HouseSettings, folder: DataFolder, keys: Keys, now: Clock, neighbours: _Neighbours) -> FastAPI:
    module = importlib.import_module(f"services.{name}.app")
    app = module.create_app(_parts(name, settings, folder, keys, now, neighbours))
    assert isinstance(app, FastAPI)
    return app


def _gateway(
    settings: HouseSettings,
    folder: DataFolder,
    keys: Keys,
    now: Clock,
    neighbours: _Neighbours,
    apps: dict[str, FastAPI],
    table: RouteTable | None,
) -> tuple[ASGIApp, FastAPI]:
    from gateway.app import create_gateway
    from gateway.edge.pool import PoolUpstream
    from gateway.edge.upstream import AsgiUpstream, Upstream
    from gateway.identity.keys import OuterKeys

    upstreams: dict[str, Upstream] = {}
    for name in SERVICES:
        if neighbours.embedded:
            upstreams[name] = AsgiUpstream(apps[name])
        else:
            host, _, port = neighbours.urls.get(name, NOWHERE).removeprefix("http://").partition(":")
            upstreams[name] = PoolUpstream(host, int(port))
    access = AccessLog(folder.path / "logs" / "access.log")
    outer = OuterKeys(access=keys.signing("access"), inner=keys.signing("inner"))
    return create_gateway(_parts("gateway", settings, folder, keys, now, neighbours, outer, access), upstreams, table)
