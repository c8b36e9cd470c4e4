"""The outbox: events written in the transaction of the write, read as a feed by the neighbours (laws 2 and 9).

A cursor is `epoch.xid.id`, without the epoch in a house from before epochs. Only rows whose transaction lies below the snapshot horizon are shown, in
(xid, id) order: a reader that orders by id alone loses the events of slow writers. Every cast in the feed query has an alias of its own,
because `order by xid` would otherwise sort the text (docs/performance.md). `feed_xid()` and `feed_horizon()` of the schema stand for
Postgres' own numbers: after a dump and load the cluster counts from another number, and `./dev restored` lets both go on above what was
given before (ADR 0015).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from kit import nameplate
from kit.db import Schema, copy_rows, new_id
from kit.problems import Gone

START = "0.0"
"""The position before the first event, in every epoch."""
LARGEST = 2**63 - 1
MANY = 100
"""More events than this go in by COPY."""


class Event(BaseModel):
    """A published event: `type`, `version` and a `sample` are part of a service's published language. Identifiers and codes only, no names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: ClassVar[str]
    version: ClassVar[int] = 1
    sample: ClassVar[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a write comes from: stored with each event and audit row."""

    actor: str
    request_id: str
    at: datetime


def event_row(event: Event, subject_id: UUID, division_code: str, origin: Origin) -> dict[str, Any]:
    """The outbox row of an event."""
    return {
        "event_id": new_id(),
        "type": event.type,
        "version": event.version,
        "occurred_at": origin.at,
        "subject_id": subject_id,
        "division_code": division_code,
        "actor": origin.actor,
        "request_id": origin.request_id,
        "data": event.model_dump(mode="json"),
    }


async def append(session: AsyncSession, schema: Schema, event: Event, subject_id: UUID, division_code: str, origin: Origin) -> None:
    """Write one event beside the business row, and wake the feed's readers at commit."""
    await append_all(session, schema, [event_row(event, subject_id, division_code, origin)])


async def append_all(session: AsyncSession, schema: Schema, rows: list[dict[str, Any]]) -> None:
    """Write many events at once."""
    if rows:
        if len(rows) > MANY:
            await copy_rows(session, schema.outbox, rows)
        else:
            await session.execute(insert(schema.outbox), rows)
        await session.execute(text("select pg_notify(:channel, '')"), {"channel": f"{schema.name}_outbox"})


class Place(NamedTuple):
    """A cursor in its parts."""

    epoch: str
    xid: int
    id: int


def parse_cursor(cursor: str) -> Place:
    """`epoch.xid.id` or `xid.id` in its parts. Raises ValueError."""
    epoch, xid, row = ("", *cursor.split(".")) if cursor.count(".") == 1 else (*cursor.split("."), "", "")[:3]
    numbers = all(part.isascii() and part.isdigit() and len(part) < 20 and int(part) <= LARGEST for part in (xid, row))
    if cursor.count(".") > 2 or not numbers or len(cursor) > 60 or not (epoch.isascii() and (epoch.isalnum() or not epoch)):
        raise ValueError("a cursor is epoch.xid.id")
    return Place(epoch, int(xid), int(row))


def cursor_of(epoch: str, xid: str | int, row: int) -> str:
    """The text of a position."""
    return f"{epoch}.{xid}.{row}" if epoch else f"{xid}.{row}"


async def given_epoch(session: AsyncSession, schema: Schema, place: Place, *, exactly: bool = True) -> str:
    """The present epoch, after a check that this house gave the position in it. Raises Gone.

    `exactly`: it is the position of an event; else it lies somewhere below the horizon, as a stream's may. The start was given in every epoch.
    """
    epoch = await nameplate.epoch(session, schema)
    if (place.xid, place.id) == (0, 0):
        return epoch
    if place.epoch != epoch:
        raise Gone
    known = f"exists (select 1 from {schema.name}.outbox where xid = cast(:xid as text)::xid8 and id = :id)" if exactly else "true"
    below = f"cast(:xid as text)::xid8 {'<' if exactly else '<='} {schema.name}.feed_horizon()"
    if not (await session.execute(text(f"select {below} and {known}"), {"xid": str(place.xid), "id": place.id})).scalar_one():
        raise Gone
    return epoch


def feed_query(schema: str) -> str:
    """The feed page after a cursor; parameters xid, id, size."""
    return f"""
        select o.xid::text as xid_text, o.id, o.event_id, o.type, o.version, o.occurred_at, o.subject_id,
               o.division_code, o.actor, o.request_id, o.data
          from {schema}.outbox o
         where (o.xid, o.id) > (cast(:xid as text)::xid8, :id)
           and o.xid < {schema}.feed_horizon()
         order by o.xid, o.id
         limit :size"""


async def read_feed(session: AsyncSession, schema: Schema, cursor: str, size: int) -> list[dict[str, Any]]:
    """Up to `size` envelopes after the cursor, oldest first. Raises ValueError for a malformed cursor, Gone for one that this house never gave."""
    place = parse_cursor(cursor)
    epoch = await given_epoch(session, schema, place)
    rows = (await session.execute(text(feed_query(schema.name)), {"xid": str(place.xid), "id": place.id, "size": size})).mappings()
    return [
        {
            "position": cursor_of(epoch, row["xid_text"], row["id"]),
            "id": str(row["event_id"]),
            "type": row["type"],
            "version": row["version"],
            "occurred_at": row["occurred_at"].isoformat(),
            "subject_id": str(row["subject_id"]),
            "division_code": row["division_code"],
            "actor": row["actor"],
            "request_id": row["request_id"],
            "data": row["data"],
        }
        for row in rows
    ]
