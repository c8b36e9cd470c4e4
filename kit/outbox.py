"""The letter box: events written in the transaction of the write, read as a feed by the neighbours (laws 2 and 9).

A cursor is `xid.id`. Only rows whose transaction lies below the snapshot horizon are shown, in (xid, id) order: a reader by id alone loses slow
writers. Every cast in the feed query has an alias of its own, because `order by xid` would otherwise sort the text (docs/performance.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from kit.db import Schema, copy_rows, new_id

START = "0.0"
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
    """Where a write comes from: stands on each event and audit row."""

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


def parse_cursor(cursor: str) -> tuple[str, int]:
    """`xid.id` as its parts. Raises ValueError."""
    xid, dot, row = cursor.partition(".")
    if not dot or not xid.isascii() or not xid.isdigit() or not row.isascii() or not row.isdigit() or len(cursor) > 40:
        raise ValueError("a cursor is xid.id")
    return xid, int(row)


def feed_query(schema: str) -> str:
    """The feed page after a cursor; parameters xid, id, size."""
    return f"""
        select o.xid::text as xid_text, o.id, o.event_id, o.type, o.version, o.occurred_at, o.subject_id,
               o.division_code, o.actor, o.request_id, o.data
          from {schema}.outbox o
         where (o.xid, o.id) > (cast(:xid as text)::xid8, :id)
           and o.xid < pg_snapshot_xmin(pg_current_snapshot())
         order by o.xid, o.id
         limit :size"""


async def read_feed(session: AsyncSession, schema: Schema, cursor: str, size: int) -> list[dict[str, Any]]:
    """Up to `size` envelopes after the cursor, oldest first. Raises ValueError for a cursor that is none."""
    xid, row_id = parse_cursor(cursor)
    rows = (await session.execute(text(feed_query(schema.name)), {"xid": xid, "id": row_id, "size": size})).mappings()
    return [
        {
            "position": f"{row['xid_text']}.{row['id']}",
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
