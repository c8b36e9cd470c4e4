"""Questions to the collections."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.testing.collections.rules import AT_A_LAB
from services.testing.collections.tables import ChainStep, Collection
from services.testing.subjects.rules import ENDS_SUPERVISION
from services.testing.subjects.tables import Subject


async def collection(session: AsyncSession, collection_id: UUID, *, for_update: bool = False) -> Collection | None:
    """One collection."""
    query = select(Collection).where(col(Collection.id) == collection_id)
    return (await session.execute(query.with_for_update() if for_update else query)).scalar_one_or_none()


async def collections_page(
    session: AsyncSession,
    scope: Sequence[str],
    division: str | None,
    state: str | None,
    overdue_on: date | None,
    after: UUID | None,
    limit: int,
    *,
    at_lab: bool,
) -> Sequence[Collection]:
    """A page of collections in some towns by id; `overdue_on`: whose deadline lies before that day; `at_lab`: only what lies at a laboratory."""
    query = select(Collection).where(or_(*(col(Collection.division_code).startswith(prefix, autoescape=True) for prefix in scope)))
    if division is not None:
        query = query.where(col(Collection.division_code) == division)
    if state is not None:
        query = query.where(col(Collection.state) == state)
    if overdue_on is not None:
        query = query.where(col(Collection.deadline_on) < overdue_on)
    if at_lab:
        query = query.where(col(Collection.state).in_(AT_A_LAB))
    else:  # with the person's record their tests close (domain 2.5); a laboratory finishes what lies with it
        closed = select(col(Subject.person_id)).where(col(Subject.standing).in_(ENDS_SUPERVISION))
        query = query.where(col(Collection.person_id).not_in(closed))
    if after is not None:
        query = query.where(col(Collection.id) > after)
    return (await session.execute(query.order_by(col(Collection.id)).limit(limit))).scalars().all()


async def collections_of(session: AsyncSession, person_id: UUID, limit: int) -> Sequence[Collection]:
    """The collections of a person, the latest first."""
    query = (
        select(Collection)
        .where(col(Collection.person_id) == person_id)
        .order_by(col(Collection.sampled_on).desc(), col(Collection.id).desc())
    )
    return (await session.execute(query.limit(limit))).scalars().all()


async def latest_of_plan(session: AsyncSession, plan_id: UUID) -> Collection | None:
    """The last collection for a due test."""
    query = select(Collection).where(col(Collection.plan_id) == plan_id).order_by(col(Collection.id).desc()).limit(1)
    return (await session.execute(query.with_for_update())).scalar_one_or_none()


async def last_day_of(session: AsyncSession, collection_id: UUID) -> date | None:
    """The day of a chain's last step."""
    query = select(func.max(col(ChainStep.happened_on))).where(col(ChainStep.collection_id) == collection_id)
    return (await session.execute(query)).scalar_one()


async def chain_of(session: AsyncSession, collection_id: UUID) -> Sequence[ChainStep]:
    """The steps of a chain, oldest first."""
    query = select(ChainStep).where(col(ChainStep.collection_id) == collection_id).order_by(col(ChainStep.id))
    return (await session.execute(query)).scalars().all()
