"""Messages of places."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from kit.schemas import Answer, Day, DivisionCode, Instant, Message
from services.alerts.places.rules import OccasionKind, PlaceKind

Key = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]
Lon = Annotated[float, Field(ge=-180, le=180)]
Lat = Annotated[float, Field(ge=-90, le=90)]
Radius = Annotated[float, Field(gt=0, le=2000)]
County = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


class PlaceGiven(Message):
    """A place that many people go to; WGS-84."""

    code: Key
    kind: PlaceKind
    division_code: DivisionCode
    lon: Lon
    lat: Lat
    radius_m: Radius | None = None


class OccasionGiven(Message):
    """An announced event or a station activity; WGS-84."""

    code: Key
    kind: OccasionKind
    division_code: DivisionCode
    starts_at: Instant
    ends_at: Instant
    lon: Lon
    lat: Lat
    radius_m: Radius | None = None


class OrdinaryGiven(Message):
    """What is registered of one person: household and workplace as opaque keys, the home as a point (WGS-84)."""

    person_id: UUID
    household_key: Key | None = None
    workplace_code: Key | None = None
    home_lon: Lon | None = None
    home_lat: Lat | None = None


class AbsenceGiven(Message):
    """A written report of absence (DRR art. 19): first to last day; no county = anywhere."""

    person_id: UUID
    first_day: Day
    last_day: Day
    county_code: County | None = None


class PlacesGiven(Message):
    """Up to 2,000 places; a code that is known is replaced."""

    places: Annotated[list[PlaceGiven], Field(min_length=1, max_length=2000)]


class OccasionsGiven(Message):
    """Up to 2,000 occasions; a code that is known is replaced."""

    occasions: Annotated[list[OccasionGiven], Field(min_length=1, max_length=2000)]


class OrdinariesGiven(Message):
    """Up to 2,000 persons; a person that is known is replaced."""

    persons: Annotated[list[OrdinaryGiven], Field(min_length=1, max_length=2000)]


class Stored(Answer):
    """How many rows now stand as given."""

    stored: int


class PlaceAnswer(Answer):
    """A place."""

    code: str
    kind: PlaceKind
    division_code: str
    lon: float
    lat: float
    radius_m: float | None


class OccasionAnswer(PlaceAnswer):
    """An announced event."""

    kind: OccasionKind  # pyright: ignore[reportIncompatibleVariableOverride] - an event has kinds of its own
    starts_at: datetime
    ends_at: datetime


class AbsenceAnswer(Answer):
    """A report of absence as recorded."""

    id: UUID
    person_id: UUID
    first_day: date
    last_day: date
    county_code: str | None
