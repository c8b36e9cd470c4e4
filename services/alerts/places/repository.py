"""Every question to the places."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from services.alerts.places.tables import AnnouncedAbsence, Occasion, OrdinaryPlaces, Place


async def replace_all(session: AsyncSession, table: type[SQLModel], key: str, rows: Sequence[dict[str, Any]]) -> None:
    """Insert or replace rows by their key, in one statement."""
    statement = insert(table)
    changed = {name: statement.excluded[name] for name in rows[0] if name != key}
    await session.execute(statement.on_conflict_do_update(index_elements=[key], set_=changed), list(rows))


async def raise_knowledge(session: AsyncSession) -> None:
    """Tell the detectors that something they know has changed; waits for a run that is under way."""
    await session.execute(
        text(
            "insert into alerts.knowledge (id, version) values (1, 1) on conflict (id) do update set version = alerts.knowledge.version + 1"
        )
    )


async def held_knowledge(session: AsyncSession) -> int:
    """The version of what is known, held until the end of the transaction."""
    await session.execute(text("insert into alerts.knowledge (id, version) values (1, 0) on conflict (id) do nothing"))
    return (await session.execute(text("select version from alerts.knowledge where id = 1 for share"))).scalar_one()


async def places(session: AsyncSession) -> Sequence[Place]:
    """All places."""
    return (await session.execute(select(Place).order_by(col(Place.code)))).scalars().all()


async def occasions_after(session: AsyncSession, at: datetime) -> Sequence[Occasion]:
    """Occasions that end after a moment."""
    return (await session.execute(select(Occasion).where(col(Occasion.ends_at) > at).order_by(col(Occasion.starts_at)))).scalars().all()


async def ordinary_places(session: AsyncSession) -> Sequence[OrdinaryPlaces]:
    """What is registered of everybody."""
    return (await session.execute(select(OrdinaryPlaces))).scalars().all()


async def absences_of(session: AsyncSession, person_ids: Sequence[UUID], since: date) -> Sequence[AnnouncedAbsence]:
    """Reports of absence of these persons that end on or after a day."""
    query = select(AnnouncedAbsence).where(col(AnnouncedAbsence.person_id).in_(person_ids), col(AnnouncedAbsence.last_day) >= since)
    return (await session.execute(query)).scalars().all()
