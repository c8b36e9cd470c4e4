"""Messages of indicators."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from kit.citations import Cited
from kit.schemas import Answer
from services.registry.indicators.rules import IndicatorCode, IndicatorKind, PlaceKind, Withheld
from services.registry.people.rules import Status


class IndicatorAnswer(Answer):
    """What an indicator is."""

    code: IndicatorCode
    row: str
    """Row of the indicator table that it implements."""
    kind: IndicatorKind
    zh: str
    en: str
    source: Cited


class FigureAnswer(Answer):
    """One figure; null where nothing was due or a small count is withheld."""

    numerator: int | None
    denominator: int | None
    value: Decimal | None
    withheld: Withheld


class Line(Answer):
    """The figures of the county or of one town."""

    unnamed = frozenset({"division_code"})

    division_code: str
    name: str
    figures: dict[str, FigureAnswer]


class Figures(Answer):
    """All figures as of a day."""

    as_of: date
    first: date
    last: date
    computed_at: datetime
    indicators: list[IndicatorAnswer]
    lines: list[Line]


class PersonBehind(Answer):
    """A person behind a figure."""

    unnamed = frozenset({"person_id"})

    person_id: UUID
    name: str
    division_code: str
    status: Status | None
    status_since: date | None
    counted: bool
    """In the numerator."""


class StaffingLine(Answer):
    """Users in the community per full-time worker of a town or station."""

    unnamed = frozenset({"division_code"})

    kind: PlaceKind
    code: str
    name: str
    division_code: str
    users: int | None
    """Null where a small count is withheld, and where the value would reveal it."""
    workers: int
    needed: int | None
    missing: int | None
    ratio: Decimal | None
