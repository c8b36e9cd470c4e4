"""What a house knows of itself, in every schema: which house, which epoch, which county, whose keys, which tables (law 16, ADR 0015).

The owner writes the row (`deploy.nameplate`), a service only reads it. The epoch stands in every position that leaves the house: it changes when the
database has been put back to an earlier state, because positions given meanwhile may then be given again to other events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from kit.db import Schema

FIRST = ""
"""The epoch of a house from before epochs: its positions carry none."""


@dataclass(frozen=True, slots=True)
class Nameplate:
    """The row of one schema."""

    house_id: UUID
    epoch: str
    county: str
    demo: bool
    keys: dict[str, str]
    """Key name → fingerprint."""
    revisions: dict[str, str]
    """Revision → SHA-256 of the file that made it."""
    tables: str
    """Fingerprint of the tables as the last migration left them."""
    life: str
    """Which cluster, database and timeline it was last seen in."""
    restored: bool
    """Whether the house has been put back to an earlier state at least once."""


def statement(schema: Schema) -> sa.Select[Any]:
    """The question for the row."""
    table = schema.nameplate
    return sa.select(*(table.c[name] for name in Nameplate.__slots__))


async def read(session: AsyncSession, schema: Schema) -> Nameplate:
    """The nameplate of a schema that has been claimed. Raises sqlalchemy.exc.NoResultFound for one that has not."""
    return Nameplate(**(await session.execute(statement(schema))).mappings().one())


async def epoch(session: AsyncSession, schema: Schema) -> str:
    """The epoch in which positions are given now; that of a house without a nameplate is the first."""
    return (await session.execute(sa.select(schema.nameplate.c.epoch))).scalar_one_or_none() or FIRST


async def was_restored(session: AsyncSession, schema: Schema) -> bool:
    """Whether the house has been put back to an earlier state at least once."""
    return bool((await session.execute(sa.select(schema.nameplate.c.restored))).scalar_one_or_none())
