"""Taking venues and key units over from ledgers: set-based, idempotent by name and town, with every difference told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from kit.schemas import Day, DivisionCode, Message, ShortText
from kit.work import Work
from services.precursor.ledger_results import newer, result_of
from services.precursor.venues import repository
from services.precursor.venues.rules import Category, category_of
from services.precursor.venues.tables import Venue


class VenueRow(Message):
    """One accepted row of a venue ledger (行业场所检查台账). `category` wins over what the type's table says."""

    company_name: ShortText
    venue_type: ShortText
    town_code: DivisionCode
    category: Category | None = None
    inspected_on: Day | None = None
    inspection_result: ShortText | None = None


@dataclass(frozen=True, slots=True)
class VenueProblem:
    """A row that was not taken over: its position in `rows`, the field and a code."""

    row: int
    field: str
    code: str


@dataclass(slots=True)
class VenueTakeover:
    """What a takeover did. `differences`: venue id → {field: [before, after]}."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    differences: dict[UUID, dict[str, list[Any]]] = field(default_factory=dict)
    problems: list[VenueProblem] = field(default_factory=list)


_TOLD = ("category", "venue_type", "last_inspected_on", "last_result")


async def take_over_venues(work: Work, rows: Sequence[dict[str, Any]]) -> VenueTakeover:
    """Bring ledger rows into the register. The same rows again change nothing; a row that is not valid is told and left out."""
    result = VenueTakeover()
    accepted: dict[tuple[str, str], tuple[VenueRow, str]] = {}
    for position, values in enumerate(rows):
        try:
            row = VenueRow.model_validate(values)
        except ValidationError as error:
            result.problems += [
                VenueProblem(position, str(item["loc"][0]) if item["loc"] else "", str(item["type"])) for item in error.errors()
            ]
            continue
        if not work.principal.covers(row.town_code):
            result.problems.append(VenueProblem(position, "town_code", "county_decides"))
            continue
        category = row.category or category_of(row.venue_type)
        if category is None:
            result.problems.append(VenueProblem(position, "venue_type", "venue_type_unknown"))
        elif (row.company_name, row.town_code) in accepted:
            result.problems.append(VenueProblem(position, "company_name", "duplicate_in_file"))
        else:
            accepted[row.company_name, row.town_code] = (row, category)
    known = await repository.venues_by_place(work.session, list(accepted))
    new: list[Venue] = []
    for place, (row, category) in accepted.items():
        venue = known.get(place)
        if venue is None:
            venue = Venue(
                category=category,
                venue_type=row.venue_type,
                name=row.company_name,
                division_code=row.town_code,
                last_inspected_on=row.inspected_on,
                last_result=result_of(row.inspection_result) if row.inspection_result else None,
                created_at=work.now,
                updated_at=work.now,
            )
            new.append(venue)
            continue
        before = {name: getattr(venue, name) for name in _TOLD}
        venue.category, venue.venue_type = category, row.venue_type
        if newer(venue.last_inspected_on, row.inspected_on):
            venue.last_inspected_on = row.inspected_on
            venue.last_result = result_of(row.inspection_result) if row.inspection_result else None
        differences = {name: [before[name], getattr(venue, name)] for name in _TOLD if before[name] != getattr(venue, name)}
        if differences:
            venue.updated_at = work.now
            result.differences[venue.id] = differences
    await repository.add_all(work.session, new)
    result.created, result.changed = len(new), len(result.differences)
    result.unchanged = len(accepted) - len(new) - len(result.differences)
    if new or result.differences:
        details = {"created": result.created, "changed": result.changed, "unchanged": result.unchanged}
        await work.note("venue.take_over", "venue", *[item.id for item in new], *result.differences, details=details)
    return result
