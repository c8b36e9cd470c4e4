"""Messages of check-ins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from kit.schemas import Answer, Instant, Message
from services.alerts.checkins.rules import Brought, Datum, Refusal, Source

ClientKey = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]


class NewCheckIn(Message):
    """One check-in. `checkin_id` is the phone's own name for it; `accuracy_m` is the radius in metres of the fix (68 %), null or 0 where the phone cannot tell.

    Without `source` it is what the caller's role brings: `app` for the person's own account, `worker` for staff, `app` for a history that the county imports.
    """

    checkin_id: ClientKey
    person_id: UUID
    at: Instant
    lon: Annotated[float, Field(ge=-180, le=180)]
    lat: Annotated[float, Field(ge=-90, le=90)]
    accuracy_m: Annotated[float, Field(ge=0, le=100_000)] | None = None
    source: Brought | None = None
    datum: Datum = "wgs84"
    device_at: Instant | None = None
    """The phone's clock at the moment of the fix, when `at` comes from the satellite."""


@dataclass(frozen=True, slots=True)
class Unread:
    """An item that is not a check-in, with its faults."""

    errors: list[Any]


def _or_unread(value: object, read: ValidatorFunctionWrapHandler) -> object:
    """One bad item must not block a phone's whole queue."""
    try:
        return read(value)
    except ValidationError as error:
        return Unread([{**item, "input": None} for item in error.errors(include_url=False)])


DeviceKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{32,128}$")]


class CheckInBatch(Message):
    """Up to 200 check-ins, in any order; `sent_at` is the phone's clock when it sends. What cannot be taken is refused item by item.

    `device_key`: the key that the phone made for itself, whose digest was registered for the person.
    """

    checkins: Annotated[list[Annotated[NewCheckIn, WrapValidator(_or_unread)]], Field(min_length=1, max_length=200)]
    sent_at: Instant | None = None
    device_key: DeviceKey | None = None

    def read(self) -> list[NewCheckIn | Unread]:
        """The items, those that could not be read among them."""
        return [*self.checkins]


class Refused(Answer):
    """Why one item was not taken; `index` counts from 0. `keep`: the phone keeps it, and sends it again when the fault is corrected."""

    index: int
    code: Refusal
    keep: bool
    message_zh: str
    message_en: str


class BatchAnswer(Answer):
    """The result of a batch. `skewed` counts items whose phone clock was off by more than two minutes."""

    accepted: int
    duplicates: int
    skewed: int = 0
    refused: list[Refused]


class ImportAnswer(Answer):
    """The result of an import; only the first refusals are listed."""

    accepted: int
    duplicates: int
    refused_total: int
    refused: list[Refused]


class TrajectoryPoint(Answer):
    """One check-in of one person; `lon` and `lat` are null once the exact point was dropped.

    `cell` is an H3 cell, of resolution 7 while the point is kept and of resolution 5 afterwards. `recorded_by` is the staff number of whoever brought it
    (`recorded_name` beside it, where the registry can be asked), or the account; for the person's own phone it is `self`.
    """

    unnamed = frozenset({"recorded_by"})

    id: UUID
    at: datetime
    lon: float | None
    lat: float | None
    accuracy_m: float | None
    cell: str
    county_code: str
    source: Source
    skew_s: int
    recorded_by: str
    recorded_name: str | None
