"""Use cases of venues."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

from kit.lists import Asked, Found, find_rows
from kit.problems import Forbidden, NotFound
from kit.strict_json import check_text
from kit.work import Work
from services.precursor.venues import repository
from services.precursor.venues.schemas import VenueCounts
from services.precursor.venues.tables import Venue


async def list_venues(work: Work, asked: Asked, filters: dict[str, Any]) -> Found:
    """A page of the venues in the caller's towns."""
    if filters.get("venue_type"):
        check_text(filters["venue_type"])
    wanted = repository.Wanted(work.scope.within(filters["division_code"]), category=filters["category"], venue_type=filters["venue_type"])
    return await find_rows(work, repository.VENUES, asked, repository.narrowed(wanted), filters)


async def read_venue(work: Work, venue_id: UUID) -> Venue:
    """One venue. Raises NotFound, Forbidden."""
    found = await repository.venue(work.session, venue_id)
    if found is None:
        raise NotFound("未找到该场所", "no such venue")
    if not work.scope.reaches(found.division_code):
        raise Forbidden("不在您的辖区", "outside your towns")
    return found


async def count_venues(work: Work) -> VenueCounts:
    """How many venues and key units there are in the caller's towns."""
    categories: Counter[str] = Counter()
    types: Counter[str] = Counter()
    towns: Counter[str] = Counter()
    for category, venue_type, town, number in await repository.counts(work.session, work.scope):
        categories[category] += number
        types[venue_type] += number
        towns[town] += number
    return VenueCounts(
        total=categories.total(), by_category=dict(categories), by_type=dict(sorted(types.items())), by_division=dict(sorted(towns.items()))
    )
