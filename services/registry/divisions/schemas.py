"""Messages of divisions."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from kit.schemas import Answer, Day, DivisionCode, LongText, Message, ShortText
from services.registry.divisions.rules import Level


class DivisionAnswer(Answer):
    """One division."""

    code: str
    name: str
    level: Level
    parent_code: str
    service_centre_code: str | None
    statutory: bool
    aliases: list[str]
    lon: float | None
    lat: float | None
    valid_from: date
    valid_to: date | None
    note: str


class DivisionLoad(Message):
    """One division to load: a new one, or the new data of a known code."""

    code: DivisionCode
    name: ShortText
    level: Level
    parent_code: DivisionCode | Literal[""] = ""
    service_centre_code: DivisionCode | None = None
    statutory: bool = True
    aliases: Annotated[list[ShortText], Field(max_length=50)] = []
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    valid_from: Day = date(2000, 1, 1)
    valid_to: Day | None = None
    note: LongText | Literal[""] = ""


class Loaded(Answer):
    """What a load did; loading the same again changes nothing."""

    created: int
    changed: int
    unchanged: int


class Population(Message):
    """Resident population at the start of a year."""

    persons: Annotated[int, Field(ge=0, le=100_000_000)]
    source: ShortText


class PopulationAnswer(Answer):
    """Resident population at the start of a year, with its source."""

    division_code: str
    year: int
    persons: int
    source: str
