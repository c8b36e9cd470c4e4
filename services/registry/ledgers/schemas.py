"""Messages of conflicts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from kit.schemas import Answer, Message, ShortText
from kit.steps.taking import NextStep
from services.registry.ledgers.rules import Choice, Compared, ConflictSource, ConflictState
from services.registry.people.rules import Status


class StandingSaid(Answer):
    """A standing as one source tells it."""

    status: Status | None
    since: date | None
    month_only: bool
    """Only the month was told; `since` is its first day."""


class Side(Answer):
    """What one source says, and where it stands there."""

    source: ConflictSource
    name: str
    """File name, or the register."""
    cell: str
    value: str | list[str] | StandingSaid | None
    """Of `drugs` their codes, of `status` and `status_date` the standing, of any other field its text; null where the source says nothing."""


class ConflictAnswer(Answer):
    """One field on which two sources contradict each other, side by side. Phones and addresses are masked."""

    id: UUID
    row_id: int
    field: Compared
    person_id: UUID | None
    sides: list[Side]
    """This ledger (`take`), then the other (`keep`)."""
    suggestion: Choice | None
    suggestion_rule: str
    state: ConflictState
    choice: Choice | None
    reason: str
    decided_by: str | None
    decided_at: datetime | None
    version: int
    next_steps: list[NextStep]


class DecidedTogether(Answer):
    """The conflicts that were decided by one answer."""

    conflict_ids: list[UUID]


class Decision(Message):
    """`take` the ledger's value or `keep` the other."""

    choice: Choice
    reason: ShortText


class Decisions(Message):
    """The same decision for several conflicts of one import, each with the version that was seen."""

    conflicts: Annotated[dict[UUID, int], Field(min_length=1, max_length=200)]
    choice: Choice
    reason: ShortText
