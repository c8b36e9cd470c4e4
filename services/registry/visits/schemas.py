"""Messages of rounds and visits."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from kit.codes import Listed
from kit.schemas import Answer, Day, DivisionCode, Message, ShortText
from services.registry.visits.rules import Excuse, TargetStatus

RoundCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,40}$")]


class NewRound(Message):
    """A round; its targets are frozen when it is made: everybody of these standings in these towns on its first day."""

    code: RoundCode
    name: ShortText
    starts_on: Day
    ends_on: Day
    statuses: Annotated[list[TargetStatus], Field(min_length=1)] = [
        "community_treatment",
        "community_rehabilitation",
        "maintenance_treatment",
        "voluntary_treatment",
        "in_society",
    ]
    division_codes: Annotated[list[DivisionCode], Field(max_length=100)] = []
    """Only these towns; all of the county when empty."""
    household_area: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] | None = None
    """Only people of this household registration."""


class RoundAnswer(Answer):
    """A round."""

    id: UUID
    code: str
    name: str
    starts_on: date
    ends_on: date
    source: Annotated[str, Listed("record.source")]


class Coverage(Answer):
    """One line of a round's coverage; null where a small count is withheld."""

    division_code: str
    listed: int | None
    """On the round's list, less the excused (domain 5, row 3)."""
    excused: int | None
    visited: int | None
    met: int | None
    met_and_tested: int | None
    family_met: int | None
    employed: int | None


class VisitRow(Answer):
    """A visit in a list."""

    unnamed = frozenset({"person_id"})

    id: UUID
    round_id: UUID
    person_id: UUID
    name: str
    division_code: str
    division_name: str | None
    village_code: str | None
    village_name: str | None
    due_on: date
    visited_on: date | None
    met: bool | None
    tested: bool | None
    excused: Excuse | None
    assigned_to: str | None
    meeting_place: str | None
    version: int


class Task(Answer):
    """What a grid worker sees of a task: name and meeting place, nothing else; it expires with its round."""

    id: UUID
    name: str
    meeting_place: str | None
    due_on: date
    version: int


class VisitAnswer(Answer):
    """A visit in detail."""

    id: UUID
    round_id: UUID
    person_id: UUID
    division_code: str
    due_on: date
    assigned_to: str | None
    meeting_place: str | None
    visited_on: date | None
    met: bool | None
    tested: bool | None
    family_met: bool | None
    employed: bool | None
    excused: Excuse | None
    not_met_reason: str | None
    visited_by: str
    source: Annotated[str, Listed("record.source")]
    version: int


class VisitRecord(Message):
    """What a visit found. Family is met only with the person's consent (domain 5, row 5); work is the person's own statement."""

    visited_on: Day | None = None
    met: bool | None = None
    tested: bool | None = None
    family_met: bool | None = None
    employed: bool | None = None
    not_met_reason: ShortText | None = None
    excused: Excuse | None = None


class Assignment(Message):
    """Who goes, and where they meet."""

    staff_code: ShortText | None = None
    meeting_place: ShortText | None = None
