"""Every question to registered devices."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.alerts.devices.tables import Device
from services.alerts.watched.rules import over_sql


async def in_use(session: AsyncSession, person_id: UUID, *, hold: bool = False) -> Device | None:
    """The device of a person that is in use; `hold`: until the end of the transaction."""
    query = select(Device).where(col(Device.person_id) == person_id, col(Device.withdrawn_at).is_(None))
    return (await session.execute(query.with_for_update() if hold else query)).scalar_one_or_none()


async def digest_in_use(session: AsyncSession, person_id: UUID) -> bytes | None:
    """The digest of its key, without loading the row: asked with each batch."""
    query = select(col(Device.key_digest)).where(col(Device.person_id) == person_id, col(Device.withdrawn_at).is_(None))
    return (await session.execute(query)).scalar_one_or_none()


async def holds_key(session: AsyncSession, digest: bytes) -> UUID | None:
    """For whom a key is in use; held until the end of the transaction, so that two people are not given one phone at once."""
    await session.execute(
        text("select pg_advisory_xact_lock(hashtextextended('device ' || encode(:digest, 'hex'), 0))"), {"digest": digest}
    )
    query = select(col(Device.person_id)).where(col(Device.key_digest) == digest, col(Device.withdrawn_at).is_(None))
    return (await session.execute(query)).scalar_one_or_none()


async def forget_ended(session: AsyncSession, day: date) -> int:
    """Drop the devices of people for whom everything is over. How many."""
    found = await session.execute(text(f"delete from alerts.device g where {over_sql('g.person_id', ':day')} returning 1"), {"day": day})
    return len(found.all())
