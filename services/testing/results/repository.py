"""Questions to the results."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.testing.results.tables import AnalyteResult


async def analytes_of(session: AsyncSession, collection_ids: Sequence[UUID]) -> dict[UUID, list[AnalyteResult]]:
    """Collection → what its stages read, in order."""
    query = select(AnalyteResult).where(col(AnalyteResult.collection_id).in_(collection_ids)).order_by(col(AnalyteResult.id))
    found: dict[UUID, list[AnalyteResult]] = {}
    for row in (await session.execute(query)).scalars():
        found.setdefault(row.collection_id, []).append(row)
    return found
