"""Messages of venues."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from kit.schemas import Answer
from services.precursor.venues.rules import Category, Result


class VenueAnswer(Answer):
    """A place."""

    id: UUID
    category: Category
    venue_type: str
    name: str
    division_code: str
    last_inspected_on: date | None
    last_result: Result | None
    updated_at: datetime


class VenueCounts(Answer):
    """How many places there are in the caller's towns."""

    total: int
    by_category: dict[str, int]
    by_type: dict[str, int]
    by_division: dict[str, int]
