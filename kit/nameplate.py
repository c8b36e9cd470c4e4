"""What a house knows of itself, in every schema: which house, which epoch, which county, whose keys, which tables (law 16, ADR 0015).

The owner writes the row (`deploy.nameplate`), a service only reads it. The epoch stands in every position that leaves the house: it changes when the
database has been put back to an earlier state, because other events may then get positions that were given before.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from kit.db import Schema

FIRST = ""
"""The epoch of a house from before epochs: its positions carry none."""


async def epoch(session: AsyncSession, schema: Schema) -> str:
    """The epoch in which positions are given now; that of a house without a nameplate is the first."""
    return (await session.execute(sa.select(schema.nameplate.c.epoch))).scalar_one_or_none() or FIRST


async def was_restored(session: AsyncSession, schema: Schema) -> bool:
    """Whether the house has been put back to an earlier state at least once."""
    return bool((await session.execute(sa.select(schema.nameplate.c.restored))).scalar_one_or_none())
