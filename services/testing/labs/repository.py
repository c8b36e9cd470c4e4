"""Questions to the laboratories and the hair cut-offs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.testing.labs.tables import HairCutoff, Lab


async def labs(session: AsyncSession) -> Sequence[Lab]:
    """Every laboratory, by code."""
    return (await session.execute(select(Lab).order_by(col(Lab.code)))).scalars().all()


async def lab(session: AsyncSession, lab_id: UUID, *, for_update: bool = False) -> Lab | None:
    """One laboratory."""
    query = select(Lab).where(col(Lab.id) == lab_id)
    return (await session.execute(query.with_for_update() if for_update else query)).scalar_one_or_none()


async def lab_by_code(session: AsyncSession, code: str) -> Lab | None:
    """The laboratory with this code."""
    return (await session.execute(select(Lab).where(col(Lab.code) == code))).scalar_one_or_none()


async def hair_cutoffs_on(session: AsyncSession, day: date) -> Sequence[HairCutoff]:
    """The cut-offs in force on a day: per analyte the latest that had begun."""
    query = select(HairCutoff).where(col(HairCutoff.valid_from) <= day).order_by(col(HairCutoff.analyte), col(HairCutoff.valid_from))
    latest = {row.analyte: row for row in (await session.execute(query)).scalars()}  # a dozen analytes: the later row replaces the earlier
    return list(latest.values())
