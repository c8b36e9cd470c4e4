"""Questions to the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.precursor.catalogue.tables import CatalogueEntry


async def entries_on(session: AsyncSession, day: date, q: str | None, category: int | None) -> Sequence[CatalogueEntry]:
    """Entries in force on a day; `q` is part of a Chinese or English name or a synonym, or a CAS number."""
    query = select(CatalogueEntry).where(
        col(CatalogueEntry.valid_from) <= day, or_(col(CatalogueEntry.valid_to).is_(None), col(CatalogueEntry.valid_to) > day)
    )
    if category is not None:
        query = query.where(col(CatalogueEntry.category) == category)
    if q:
        quoted = q.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        part = f"%{quoted}%"
        query = query.where(
            or_(
                col(CatalogueEntry.name_zh).ilike(part),
                col(CatalogueEntry.name_en).ilike(part),
                sa.text("exists (select 1 from jsonb_array_elements_text(catalogue_entry.synonyms) w where w ilike :part)").bindparams(
                    part=part
                ),
                sa.cast(col(CatalogueEntry.cas), JSONB).contains([q]),
            )
        )
    return (await session.execute(query.order_by(col(CatalogueEntry.category), col(CatalogueEntry.seq)))).scalars().all()


async def every_entry(session: AsyncSession) -> Sequence[CatalogueEntry]:
    """All entries of all times, locked: only one load runs at a time."""
    await session.execute(sa.text("select pg_advisory_xact_lock(hashtext('precursor.catalogue'))"))
    return (await session.execute(select(CatalogueEntry))).scalars().all()


async def every_entry_read(session: AsyncSession) -> Sequence[CatalogueEntry]:
    """All entries of all times: about fifty rows, which contain the names of every day."""
    return (await session.execute(select(CatalogueEntry).order_by(col(CatalogueEntry.seq), col(CatalogueEntry.valid_from)))).scalars().all()


async def entry(session: AsyncSession, entry_id: UUID) -> CatalogueEntry | None:
    """One entry."""
    return await session.get(CatalogueEntry, entry_id)


def changed_fields(entry: CatalogueEntry, values: dict[str, Any]) -> list[str]:
    """The columns in which a loaded row differs from the stored one."""
    return [name for name, value in values.items() if getattr(entry, name) != value]
