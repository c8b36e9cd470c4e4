"""Messages of bulletins."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from kit.schemas import Answer, Day, Message

RhythmWord = Literal["day", "week", "half_month", "month"]
AudienceWord = Literal["county_office", "units"]
Note = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Notes = Annotated[list[Note], Field(max_length=20)]


class NewBulletin(Message):
    """Collect the figures of the period that holds `day` (default: the last closed one)."""

    rhythm: RhythmWord = "half_month"
    day: Day | None = None
    notes: Notes = []


class BulletinPatch(Message):
    """JSON Merge Patch (RFC 7396) of a draft."""

    notes: Notes


class BulletinRow(Answer):
    """A bulletin in a list."""

    id: UUID
    number: str
    rhythm: str
    first_day: date
    last_day: date
    revision: int
    state: str
    collected_at: datetime
    version: int


class BulletinAnswer(BulletinRow):
    """A bulletin with all its figures, in the edition of the audience; `digest` is SHA-256 over that edition's canonical JSON (RFC 8785)."""

    audience: AudienceWord
    digest: str
    bulletin: dict[str, Any]
