"""Questions to the screenings."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.lists import Rows
from kit.scope import Scope
from services.testing.screenings.rules import ScreeningCount
from services.testing.screenings.schemas import CampaignAnswer, ReferralAnswer, ScreeningAnswer
from services.testing.screenings.tables import Campaign, ScreeningReferral, VenueScreening

CAMPAIGNS = Rows(
    name="testing.campaign",
    item=CampaignAnswer,
    sorts={"starts_on": (col(Campaign.starts_on), col(Campaign.id)), "ends_on": (col(Campaign.ends_on), col(Campaign.id))},
    default="-starts_on",
    action="campaign.list",
    object_type="campaign",
)
SCREENINGS = Rows(
    name="testing.venue_screening",
    item=ScreeningAnswer,
    sorts={"id": (col(VenueScreening.id),), "screened_on": (col(VenueScreening.screened_on), col(VenueScreening.id))},
    default="id",
    counted={"ground": col(VenueScreening.ground), "division_code": col(VenueScreening.division_code)},
    action="screening.list",
    object_type="venue_screening",
)
REFERRALS = Rows(
    name="testing.screening_referral",
    item=ReferralAnswer,
    sorts={"id": (col(ScreeningReferral.id),)},
    default="id",
    counted={"division_code": col(ScreeningReferral.division_code)},
    action="referral.list",
    object_type="screening_referral",
)


def campaigns_in(scope: Scope) -> Select[Any]:
    """The campaigns of these places, and those of a whole county in which they lie."""
    counties = [f"{prefix[:6]}000000" for prefix in scope.prefixes if prefix]
    return select(Campaign).where(or_(scope.where(col(Campaign.division_code)), col(Campaign.division_code).in_(counties)))


async def campaign(session: AsyncSession, campaign_id: UUID) -> Campaign | None:
    """One campaign."""
    return await session.get(Campaign, campaign_id)


def screenings_in(scope: Scope, first: date, last: date) -> Select[Any]:
    """Screenings of these places in a period."""
    return select(VenueScreening).where(
        scope.where(col(VenueScreening.division_code)), col(VenueScreening.screened_on).between(first, last)
    )


async def half_months(session: AsyncSession, scope: Scope, first: date, last: date, known_at: datetime) -> list[ScreeningCount]:
    """Counts by town and half month, as they were known at an instant; each unit counts once, in the half month where it was first screened."""
    statement = text(
        """with s as (select v.*, date_trunc('month', v.screened_on)::date as month, extract(day from v.screened_on) > 15 as late,
                              row_number() over (partition by v.division_code, v.unit_name order by v.screened_on, v.id) = 1 as new
                         from testing.venue_screening v
                        where v.screened_on between :first and :last and v.recorded_at <= :known_at
                          and v.division_code like any(cast(:towns as text[])))
           select division_code, count(*) filter (where new) as units, sum(tested) as tested, sum(negative) as negative,
                  sum(presumptive_positive) as presumptive_positive, sum(invalid) as invalid
             from s group by division_code, month, late order by division_code, month, late"""
    )
    rows = await session.execute(statement, {"first": first, "last": last, "known_at": known_at, "towns": scope.towns})
    return [ScreeningCount(row.division_code, row.units, row.tested, row.negative, row.presumptive_positive, row.invalid) for row in rows]


async def referral(session: AsyncSession, referral_id: UUID, *, for_update: bool = False) -> ScreeningReferral | None:
    """One referral."""
    query = select(ScreeningReferral).where(col(ScreeningReferral.id) == referral_id)
    return (await session.execute(query.with_for_update() if for_update else query)).scalar_one_or_none()


def referrals_in(scope: Scope, state: str) -> Select[Any]:
    """Referrals of these places in a state."""
    return select(ScreeningReferral).where(scope.where(col(ScreeningReferral.division_code)), col(ScreeningReferral.state) == state)


async def insert_tallies(
    session: AsyncSession, source: str, actor: str, now: datetime, columns: dict[str, list[Any]]
) -> dict[tuple[str, date], UUID]:
    """Insert counts by unit and day; earlier counts of this source stay. Returns (unit, day) → id of the new ones."""
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
