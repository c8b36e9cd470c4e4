"""Every question to the bulletins."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.lists import Rows
from services.alerts.bulletins.schemas import BulletinRow
from services.alerts.bulletins.tables import BulletinDraft, BulletinEdition, BulletinIssue, BulletinItems


async def bulletin(session: AsyncSession, bulletin_id: UUID, *, for_update: bool = False) -> BulletinDraft | None:
    """One bulletin."""
    query = select(BulletinDraft).where(col(BulletinDraft.id) == bulletin_id)
    return (await session.execute(query.with_for_update() if for_update else query)).scalar_one_or_none()


async def issue(session: AsyncSession, bulletin_id: UUID) -> BulletinIssue | None:
    """One bulletin as published."""
    return await session.get(BulletinIssue, bulletin_id)


async def edition(session: AsyncSession, issue_id: UUID, audience: str) -> BulletinEdition | None:
    """One edition of a published bulletin, as it was published."""
    return await session.get(BulletinEdition, (issue_id, audience))


async def keep_edition(session: AsyncSession, values: dict[str, Any]) -> None:
    """Store an edition, unless somebody has just done so."""
    await session.execute(insert(BulletinEdition).values(values).on_conflict_do_nothing())


async def items_of(session: AsyncSession, issue_id: UUID, division_code: str | None, indicator: str | None) -> Sequence[BulletinItems]:
    """What stood behind the cells of a published bulletin."""
    query = select(BulletinItems).where(col(BulletinItems.issue_id) == issue_id)
    if division_code:
        query = query.where(col(BulletinItems.division_code) == division_code)
    if indicator:
        query = query.where(col(BulletinItems.indicator) == indicator)
    return (await session.execute(query.order_by(col(BulletinItems.division_code), col(BulletinItems.indicator)))).scalars().all()


async def newest(session: AsyncSession, rhythm: str, first_day: date) -> BulletinDraft | None:
    """The newest revision of a period's bulletin, locked."""
    query = select(BulletinDraft).where(col(BulletinDraft.rhythm) == rhythm, col(BulletinDraft.first_day) == first_day)
    return (await session.execute(query.order_by(col(BulletinDraft.revision).desc()).limit(1).with_for_update())).scalar_one_or_none()


async def issues_since(session: AsyncSession, rhythm: str, since: date, before: date) -> dict[date, BulletinIssue]:
    """First day → newest published revision of the periods that begin in [since, before)."""
    query = select(BulletinIssue).where(
        col(BulletinIssue.rhythm) == rhythm, col(BulletinIssue.first_day) >= since, col(BulletinIssue.first_day) < before
    )
    rows = (await session.execute(query.order_by(col(BulletinIssue.first_day), col(BulletinIssue.revision)))).scalars()
    return {row.first_day: row for row in rows}


BULLETINS = Rows(
    name="alerts.bulletins",
    item=BulletinRow,
    sorts={"first_day": (col(BulletinDraft.first_day), col(BulletinDraft.id))},
    default="-first_day",
    counted={"rhythm": col(BulletinDraft.rhythm), "state": col(BulletinDraft.state)},
    action="bulletin.list",
    object_type="bulletin",
)


def bulletins_of(rhythm: str | None, state: str | None) -> Select[Any]:
    """Bulletins of a rhythm and a state."""
    query = select(BulletinDraft)
    if rhythm:
        query = query.where(col(BulletinDraft.rhythm) == rhythm)
    return query.where(col(BulletinDraft.state) == state) if state else query
