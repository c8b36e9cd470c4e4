"""The feed loses nobody: slow writers, transaction ids across a power of ten, and readers that start again."""

from __future__ import annotations

import asyncio
from datetime import date

from sqlalchemy import text

from kit import outbox
from kit.db import new_id
from kit.outbox import Origin, parse_cursor
from services.registry.events import PersonStanding
from services.registry.schema import SCHEMA
from tests.houses import TestHouse

EVENT = PersonStanding(division_code="610822100000", status="in_society", status_since=date(2021, 1, 1))


def database(house: TestHouse):
    """The registry's database."""
    return house.house.apps["registry"].state.house.database


async def write(house: TestHouse, count: int) -> None:
    """Write events in one transaction."""
    async with database(house).session() as session:
        for _ in range(count):
            await outbox.append(session, SCHEMA, EVENT, new_id(), "610822100000", Origin("test", "r", house.clock()))
        await session.commit()


async def read_all(house: TestHouse, cursor: str = outbox.START, size: int = 7) -> list[str]:
    """Follow the feed to its end."""
    seen: list[str] = []
    while True:
        async with database(house).session() as session:
            page = await outbox.read_feed(session, SCHEMA, cursor, size)
        if not page:
            return seen
        seen += [item["position"] for item in page]
        cursor = page[-1]["position"]


async def test_a_writer_that_commits_late_is_not_lost(house: TestHouse) -> None:
    async with database(house).session() as slow:
        origin = Origin("test", "r", house.clock())
        await outbox.append_all(slow, SCHEMA, [outbox.event_row(EVENT, new_id(), "610822100000", origin) for _ in range(3)])
        await write(house, 2)
        early = await read_all(house)
        await slow.commit()
    late = await read_all(house, early[-1] if early else outbox.START)
    assert early == []
    assert len(late) == 5


async def test_many_writers_and_a_reader_between_them_see_everything_once(house: TestHouse) -> None:
    seen: list[str] = []
    cursor = outbox.START
    for _ in range(5):
        await asyncio.gather(*(write(house, 4) for _ in range(6)))
        page = await read_all(house, cursor)
        seen += page
        cursor = page[-1] if page else cursor
    seen += await read_all(house, cursor)
    assert len(seen) == len(set(seen)) == 120


async def test_order_is_by_number_not_by_text(house: TestHouse) -> None:
    async with database(house).session() as session:
        xid = int((await session.execute(text("select pg_current_xact_id()::text"))).scalar_one())
        await session.commit()
    for _ in range(10 ** len(str(xid)) - xid + 3 if 10 ** len(str(xid)) - xid < 400 else 30):
        await write(house, 1)
    positions = await read_all(house, size=1000)
    numbers = [(place.xid, place.id) for place in map(parse_cursor, positions)]
    assert numbers == sorted(numbers)
