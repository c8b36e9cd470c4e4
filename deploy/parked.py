"""`./dev parked`: the neighbours' events that a service refused (DESIGN 5), and a second try after the cause is repaired."""

from __future__ import annotations

import asyncio
from pathlib import Path

import typer
from sqlalchemy import select

from deploy.clocks import kept_clock
from deploy.compose import HouseSettings, build
from deploy.database import owner_dsn, product_dsn
from deploy.folder import DataFolder
from deploy.keys import SERVICES
from kit.follow import Follower
from kit.work import House


def tend(data_dir: Path, dsn: str | None, *, again: bool) -> int:
    """Print a line per parked event, on request (`again`) after a second try of each; 0 when none is left, else 1. The house may run meanwhile."""
    with owner_dsn(data_dir, dsn) as address:
        folder = DataFolder(data_dir)
        demo, clock = bool(folder.read("kind.json").get("demo")), kept_clock(folder)
        settings = HouseSettings(data_dir, product_dsn(address), demo=demo, clock=clock, background=False)
        left = sum(asyncio.run(_tend(settings, service, again)) for service in SERVICES)
    typer.echo(f"{left} left" if left else "Nothing is parked.")
    return 1 if left else 0


async def _tend(settings: HouseSettings, service: str, again: bool) -> int:
    composed = build(settings, only=service)
    app = composed.apps[service]
    house = app.state.house
    assert isinstance(house, House)
    try:
        if again:
            for follower in app.state.followers:
                if isinstance(follower, Follower):
                    passed = await follower.replay()
                    typer.echo(f"{service}: {passed} events of {follower.feed} have passed now")
        table = house.schema.parked
        async with house.database.session() as session:
            rows = (await session.execute(select(table).where(table.c.replayed_at.is_(None)).order_by(table.c.parked_at))).all()
        for row in rows:
            typer.echo(f"{service}: {row.feed} {row.envelope['type']} {row.event_id} parked {row.parked_at:%Y-%m-%d %H:%M}: {row.error}")
        return len(rows)
    finally:
        await house.database.close()
