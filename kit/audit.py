"""Who did and who read what, when and why (laws 2 and 8): rows are only ever added, and sealed in batches into a hash chain.

A row is written in the transaction of the act. A sealer chains committed rows by the feed's cursor, one hash per batch over the last one: a serial
chain inside the transaction costs 60 % of the writes, the sealer nothing (docs/performance.md). Between commit and seal lie at most a few seconds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from kit.db import Schema

SEAL_BATCH = 1000


async def record(
    session: AsyncSession,
    schema: Schema,
    *,
    at: datetime,
    actor: str,
    roles: Sequence[str],
    request_id: str,
    action: str,
    object_type: str,
    object_ids: Sequence[str],
    purpose: str = "",
    reason: str = "",
    details: dict[str, Any] | None = None,
) -> None:
    """Add one row; a page of a list is one row with its ids. `details` holds codes and numbers, never a personal value."""
    values = {
        "at": at,
        "actor": actor,
        "roles": " ".join(sorted(roles)),
        "action": action,
        "purpose": purpose,
        "reason": reason,
        "object_type": object_type,
        "object_ids": list(object_ids),
        "request_id": request_id,
        "details": details or {},
    }
    await session.execute(insert(schema.audit), values)


def _leaf(row: dict[str, Any]) -> bytes:
    canonical = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return sha256(b"\x00" + canonical.encode()).digest()


def chain(previous: bytes, rows: Sequence[dict[str, Any]]) -> bytes:
    """The hash of a batch over the previous one: SHA-256(0x01 ‖ previous ‖ leaves), leaf = SHA-256(0x00 ‖ canonical row) (RFC 6962 prefixes)."""
    return sha256(b"\x01" + previous + b"".join(_leaf(row) for row in rows)).digest()


_COLUMNS = "a.id, a.xid::text as xid_text, a.at, a.actor, a.roles, a.action, a.purpose, a.reason, a.object_type, a.object_ids, a.request_id, a.details"


def _stated(row: Any) -> dict[str, Any]:
    plain = dict(row)
    plain["at"] = plain["at"].timestamp()  # the same in whatever zone the connection shows it
    return plain


async def seal(session: AsyncSession, schema: Schema, now: datetime) -> int:
    """Chain the next batch of committed rows; the number of rows sealed. One sealer at a time, by advisory lock."""
    await session.execute(text("select pg_advisory_xact_lock(hashtext(:name))"), {"name": f"{schema.name}.audit_seal"})
    table = schema.audit_seal
    last = (await session.execute(select(table).order_by(table.c.number.desc()).limit(1))).mappings().first()
    number, xid, row_id, previous = (last["number"], last["upto_xid"], last["upto_id"], last["hash"]) if last else (0, "0", 0, b"\x00" * 32)
    statement = text(
        f"""select {_COLUMNS} from {schema.name}.audit a
             where (a.xid, a.id) > (cast(:xid as text)::xid8, :id) and a.xid < {schema.name}.feed_horizon()
             order by a.xid, a.id limit :size"""
    )
    rows = [dict(row) for row in (await session.execute(statement, {"xid": xid, "id": row_id, "size": SEAL_BATCH})).mappings()]
    if not rows:
        return 0
    values = {
        "number": number + 1,
        "upto_xid": rows[-1]["xid_text"],
        "upto_id": rows[-1]["id"],
        "rows": len(rows),
        "hash": chain(previous, [_stated(row) for row in rows]),
        "sealed_at": now,
    }
    await session.execute(insert(table), values)
    return len(rows)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found."""

    sealed_rows: int
    batches: int
    broken_batch: int | None
    """Number of the first batch whose hash does not match, or None."""


async def verify(session: AsyncSession, schema: Schema) -> Verdict:
    """Recompute the whole chain."""
    table = schema.audit_seal
    seals = (await session.execute(select(table).order_by(table.c.number))).mappings().all()
    previous, xid, row_id, total = b"\x00" * 32, "0", 0, 0
    statement = text(
        f"""select {_COLUMNS} from {schema.name}.audit a
             where (a.xid, a.id) > (cast(:xid as text)::xid8, :id) and (a.xid, a.id) <= (cast(:to_xid as text)::xid8, :to_id)
             order by a.xid, a.id"""
    )
    for expected, sealed in enumerate(seals, 1):
        span = {"xid": xid, "id": row_id, "to_xid": sealed["upto_xid"], "to_id": sealed["upto_id"]}
        rows = [dict(row) for row in (await session.execute(statement, span)).mappings()]
        previous = chain(previous, [_stated(row) for row in rows])
        if sealed["number"] != expected or len(rows) != sealed["rows"] or previous != bytes(sealed["hash"]):
            return Verdict(total, len(seals), sealed["number"])
        total += len(rows)
        xid, row_id = sealed["upto_xid"], sealed["upto_id"]
    return Verdict(total, len(seals), None)
