"""`python -m deploy serve <app>`: one app of the several-process shape, and the errands of its supervisor. Everything an app must know is
in the data folder: `addresses.json` (database, neighbours, clock) and `secrets/`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy import database, nameplate
from deploy.folder import INSIDE, DataFolder, urls_of
from deploy.memory import give_back_large_buffers
from deploy.nameplate import Wanted
from deploy.problems import NotRunning
from deploy.serving import StopSignals, drain, listen, server_for
from deploy.stopping import StopWatch, run_until_stopped
from kit.clock import clock_from, real_clock

if TYPE_CHECKING:
    from deploy.compose import HouseSettings


def settings_from(folder: DataFolder, dsn: str | None = None) -> HouseSettings:
    """What the supervisor wrote, with the clock moved on by the time since. Raises NotRunning."""
    from deploy.compose import HouseSettings  # a second of imports

    told = folder.read("addresses.json")
    if not told:
        raise NotRunning(path=folder.path)
    clock = str(told["clock"]) if told["clock"] else None
    if clock:
        passed = real_clock() - datetime.fromisoformat(str(told["clock_set_at"]))
        clock = (datetime.fromisoformat(clock) + passed).isoformat()
        clock_from(clock)
    return HouseSettings(
        data_dir=folder.path,
        dsn=dsn or str(told["database"]),
        demo=bool(told["demo"]),
        clock=clock,
        shape="processes",
        county=str(told["county"]),
    )


def serve(name: str, data_dir: Path, port: int, *, reserved: bool = False) -> None:
    """Serve one app on 127.0.0.1 until SIGTERM, on a port that its supervisor may have reserved for it. Raises NotRunning, PortTaken."""
    import uvloop  # servers only

    give_back_large_buffers()
    watch = StopWatch()
    run_until_stopped(_serve(name, DataFolder(data_dir), port, watch, reserved=reserved), uvloop.new_event_loop, watch)


async def _serve(name: str, folder: DataFolder, port: int, watch: StopWatch, *, reserved: bool) -> None:
    from deploy import compose  # a second of imports

    signals = StopSignals(watch)
    with signals.watch():
        settings = settings_from(folder)
        own = database.app_dsn(settings.dsn, folder, name)
        nameplate.compare_own(own, folder, name, database.PACKAGES[name], Wanted(settings.county, settings.demo))
        house = compose.build(settings, only=name)
        await house.start()
        try:
            served = {server_for(house.app, edge=name == "gateway"): listen(port, reserved=reserved)}
            if name == "gateway":  # what the services ask it comes by a port of its own: the front door never routes `/internal`
                inside = urls_of(folder)[INSIDE].rpartition(":")[2]
                served[server_for(internal_only(house.apps[name]), edge=False)] = listen(int(inside), reserved=True)

            def force() -> None:
                for server in served:
                    server.force_exit = True

            signals.force = force
            serving = {asyncio.create_task(server.serve(sockets=[bound])) for server, bound in served.items()}
            try:
                await asyncio.wait(serving, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await drain(house.leave)
                for server in served:
                    server.should_exit = True
                await asyncio.wait(serving)
        finally:
            await house.stop()


def internal_only(app: ASGIApp) -> ASGIApp:
    """What services may reach of the gateway's own app: `/internal/…`, as of every app. All else comes through the edge and its limits."""

    async def inside(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith("/internal/"):
            await Response(status_code=404)(scope, receive, send)
        else:
            await app(scope, receive, send)

    return inside


def _print_line(**fields: object) -> None:
    sys.stdout.write(json.dumps(fields, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _report(what: str, done: int, total: int) -> None:
    _print_line(what=what, done=done, total=total)


def prepare(data_dir: Path, dsn: str) -> None:
    """The errand that brings the schemas up to date; tells progress and result as JSON lines."""
    given = json.loads(os.environ.get("GUIKANG_WANTED", "{}"))
    done = database.prepare(dsn, data_dir, _report, wanted=Wanted(given.get("county"), given.get("demo")))
    _print_line(result={"dsn": done.dsn, "revisions": done.revisions})


def load_demo(data_dir: Path) -> None:
    """The errand that loads the demo county through the running gateway."""
    from deploy import demo  # only this errand

    folder = DataFolder(data_dir)
    settings = settings_from(folder, os.environ.get("GUIKANG_DSN"))
    asyncio.run(demo.load(settings, urls_of(folder)["gateway"], _report))
    _print_line(result={"loaded": True})
