"""Messages of check-ins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from kit.schemas import Answer, Instant, Message

ClientKey = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]
Datum = Literal["wgs84", "gcj02"]
Source = Literal["app", "worker", "station"]


class NewCheckIn(Message):
    """One check-in. `checkin_id` is the phone's own name for it; `accuracy_m` is the radius in metres of the fix (68 %), null or 0 where the phone cannot tell."""

    checkin_id: ClientKey
    person_id: UUID
    at: Instant
    lon: Annotated[float, Field(ge=-180, le=180)]
    lat: Annotated[float, Field(ge=-90, le=90)]
    accuracy_m: Annotated[float, Field(ge=0, le=100_000)] | None = None
    source: Source = "app"
    datum: Datum = "wgs84"
    device_at: Instant | None = None
    """The phone's clock at the moment of the fix, when `at` comes from the satellite."""


@dataclass(frozen=True, slots=True)
class Unread:
    """An item that is no check-in, with what is wrong in it."""

    errors: list[Any]


def _or_unread(value: object, read: ValidatorFunctionWrapHandler) -> object:
    """One bad item must not hold up a phone's whole queue for ever."""
    try:
        return read(value)
    except ValidationError as error:
        return Unread([{**item, "input": None} for item in error.errors(include_url=False)])


class CheckInBatch(Message):
    """Up to 200 check-ins, in any order; `sent_at` is the phone's clock when it sends. What cannot be taken is refused item by item."""

    checkins: Annotated[list[Annotated[NewCheckIn, WrapValidator(_or_unread)]], Field(min_length=1, max_length=200)]
    sent_at: Instant | None = None

    def read(self) -> list[NewCheckIn | Unread]:
        """The items, those that could not be read among them."""
        return [*self.checkins]


class Refused(Answer):
    """Why one item was not taken; `index` counts from 0."""

    index: int
    code: str
    message_zh: str
    message_en: str


class BatchAnswer(Answer):
    """What became of a batch. `skewed` counts items whose phone clock was off by more than two minutes."""

    accepted: int
    duplicates: int
    skewed: int = 0
    refused: list[Refused]


class ImportAnswer(Answer):
    """What became of an import; only the first refusals are listed."""

    accepted: int
    duplicates: int
    refused_total: int
    refused: list[Refused]


class TrajectoryPoint(Answer):
    """One check-in of one person; `lon` and `lat` are null once the exact point was dropped."""

    id: UUID
    at: datetime
    lon: float | None
    lat: float | None
    accuracy_m: float | None
    cell: str
    county_code: str
    source: str
    skew_s: int


class Trajectory(Answer):
    """Check-ins of one person in time order."""

    person_id: UUID
    items: list[TrajectoryPoint]
    truncated: bool
