"""Messages of stations and staff."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from kit.schemas import Answer, Day, DivisionCode, Message, ShortText
from kit.sheets.id_numbers import Sex
from services.registry.staff.rules import Post, StationKind

StaffCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9-]{1,20}$")]


class StationLoad(Message):
    """A station: a new one, or the new data of a known code."""

    code: StaffCode
    name: ShortText
    kind: StationKind = "station"
    division_code: DivisionCode
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    valid_from: Day = date(2020, 1, 1)
    valid_to: Day | None = None


class StaffLoad(Message):
    """A staff member: a new one, or the new data of a known staff number."""

    code: StaffCode
    name: ShortText
    post: Post
    sex: Sex | None = None
    """Left out, what is known of it stays."""
    division_code: DivisionCode
    station_code: StaffCode | None = None
    valid_from: Day = date(2020, 1, 1)
    valid_to: Day | None = None


class StationAnswer(Answer):
    """A station (社戒社康工作站)."""

    id: UUID
    code: str
    name: str
    kind: StationKind
    division_code: str
    lon: float | None
    lat: float | None
    valid_from: date
    valid_to: date | None


class StaffAnswer(Answer):
    """A staff member."""

    id: UUID
    code: str
    name: str
    post: Post
    sex: Sex | None
    division_code: str
    station_id: UUID | None
    valid_from: date
    valid_to: date | None


class StaffLeaves(Message):
    """A staff member leaves; care-team memberships end the same day."""

    on: Day
