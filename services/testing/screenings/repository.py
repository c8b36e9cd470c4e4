"""Questions to the screenings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.testing.screenings.tables import Campaign, ScreeningReferral, VenueScreening


async def campaigns(session: AsyncSession) -> Sequence[Campaign]:
    """The campaigns, the latest first."""
    return (await session.execute(select(Campaign).order_by(col(Campaign.starts_on).desc(), col(Campaign.id)).limit(200))).scalars().all()


async def campaign(session: AsyncSession, campaign_id: UUID) -> Campaign | None:
    """One campaign."""
    return await session.get(Campaign, campaign_id)


async def screenings_page(
    session: AsyncSession, scope: Sequence[str], first: date, last: date, division: str | None, after: UUID | None, limit: int
) -> Sequence[VenueScreening]:
    """Screenings of some towns in a period, by id."""
    query = select(VenueScreening).where(
        or_(*(col(VenueScreening.division_code).startswith(prefix, autoescape=True) for prefix in scope)),
        col(VenueScreening.screened_on).between(first, last),
    )
    if division is not None:
        query = query.where(col(VenueScreening.division_code) == division)
    if after is not None:
        query = query.where(col(VenueScreening.id) > after)
    return (await session.execute(query.order_by(col(VenueScreening.id)).limit(limit))).scalars().all()


async def figures(session: AsyncSession, scope: Sequence[str], first: date, last: date) -> Sequence[Any]:
    """Town → units, tested, negative, presumptive positive, invalid in a period."""
    query = (
        select(
            col(VenueScreening.division_code),
            func.count(func.distinct(col(VenueScreening.unit_name))).label("units"),
            func.sum(col(VenueScreening.tested)).label("tested"),
            func.sum(col(VenueScreening.negative)).label("negative"),
            func.sum(col(VenueScreening.presumptive_positive)).label("presumptive_positive"),
            func.sum(col(VenueScreening.invalid)).label("invalid"),
        )
        .where(or_(*(col(VenueScreening.division_code).startswith(prefix, autoescape=True) for prefix in scope)))
        .where(col(VenueScreening.screened_on).between(first, last))
        .group_by(col(VenueScreening.division_code))
        .order_by(col(VenueScreening.division_code))
    )
    return (await session.execute(query)).all()


async def referral(session: AsyncSession, referral_id: UUID, *, for_update: bool = False) -> ScreeningReferral | None:
    """One referral."""
    query = select(ScreeningReferral).where(col(ScreeningReferral.id) == referral_id)
    return (await session.execute(query.with_for_update() if for_update else query)).scalar_one_or_none()


async def referrals_page(
    session: AsyncSession, scope: Sequence[str], state: str, after: UUID | None, limit: int
) -> Sequence[ScreeningReferral]:
    """Referrals of some towns in a state, by id."""
    query = select(ScreeningReferral).where(
        or_(*(col(ScreeningReferral.division_code).startswith(prefix, autoescape=True) for prefix in scope)),
        col(ScreeningReferral.state) == state,
    )
    if after is not None:
        query = query.where(col(ScreeningReferral.id) > after)
    return (await session.execute(query.order_by(col(ScreeningReferral.id)).limit(limit))).scalars().all()


async def insert_tallies(
    session: AsyncSession, source: str, actor: str, now: datetime, columns: dict[str, list[Any]]
) -> dict[tuple[str, date], UUID]:
    """Insert counts by unit and day; what this source already brought stays. Returns (unit, day) → id of the new ones."""
    statement = text(
        """insert into testing.venue_screening (id, unit_name, trade, division_code, screened_on, ground, tested, negative, presumptive_positive, invalid,
                                                source, recorded_by, recorded_at)
           select id, unit_name, trade, division_code, screened_on, 'ledger', negative + positive + invalid, negative, positive, invalid,
                  cast(:source as text), cast(:actor as text), cast(:now as timestamptz)
             from unnest(cast(:ids as uuid[]), cast(:units as text[]), cast(:trades as text[]), cast(:towns as text[]), cast(:days as date[]),
                         cast(:negative as int[]), cast(:positive as int[]), cast(:invalid as int[]))
                  as t(id, unit_name, trade, division_code, screened_on, negative, positive, invalid)
           on conflict (source, unit_name, screened_on) where source <> 'entry' do nothing
           returning id, unit_name, screened_on"""
    )
    rows = await session.execute(statement, {**columns, "source": source, "actor": actor, "now": now})
    return {(row.unit_name, row.screened_on): row.id for row in rows}
