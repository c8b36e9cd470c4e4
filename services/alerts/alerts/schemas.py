"""Messages of alerts."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from kit.schemas import Answer, LongText, Message, ShortText

Kind = Literal["gathering", "flow_frequency", "test_missed", "rectification_overdue", "measure_ending"]
State = Literal["raised", "acknowledged", "assigned", "closed"]
Severity = Literal["low", "medium", "high"]
HumanFinding = Literal["confirmed", "innocent", "data_error"]


class Acknowledge(Message):
    """I look at it."""

    note: ShortText | None = None


class Assign(Message):
    """Somebody shall look at it; `assignee` is a staff or account id."""

    assignee: ShortText
    note: ShortText | None = None


class Close(Message):
    """What a person found, and what was done to help. None of it counts as evidence of a breach."""

    finding: HumanFinding
    action_taken: LongText


class AlertRow(Answer):
    """An alert in a list: numbers and codes, no person."""

    id: UUID
    kind: str
    severity: str
    state: str
    division_code: str
    first_at: datetime
    last_at: datetime
    persons: int
    raised_at: datetime
    due_at: datetime
    escalated: bool
    assigned_to: str | None
    finding: str | None
    closed_at: datetime | None
    version: int


class ReasonAnswer(Answer):
    """One step of the explanation: as data and as a sentence."""

    code: str
    numbers: dict[str, Any]
    zh: str
    en: str


class AlertAnswer(AlertRow):
    """An alert in detail. `person_ids` and `checkin_ids` are those of persons in the caller's towns; `persons` counts all."""

    reasons: list[ReasonAnswer]
    person_ids: list[UUID]
    checkin_ids: list[UUID]
    cell: str | None
    parameters_from: str
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    action_taken: str | None
    closed_by: str | None
    merged_into: UUID | None
    human_review_required: Literal[True] = True


class ChangeAnswer(Answer):
    """One step of an alert's life."""

    at: datetime
    by: str
    action: str
    from_state: str | None
    to_state: str
    legal_source: str
    details: dict[str, Any]


class TownFigure(Answer):
    """One town; null = withheld because it counts fewer than five."""

    division_code: str
    watched: int | None
    open: int | None
    overdue: int | None
    raised_30_days: int | None
    closed_30_days: int | None


class FiguresAnswer(Answer):
    """Counts of today."""

    as_of: datetime
    small_cell: int
    towns: list[TownFigure]
    county: TownFigure
    by_kind: dict[str, int | None]


class KindScore(Answer):
    """Reviews of one kind under one parameter set; precision = confirmed / reviewed (domain 5, row 14)."""

    kind: str
    parameters_from: str
    raised: int
    confirmed: int
    innocent: int
    data_error: int
    expired: int
    precision: float | None


class ScoreAnswer(Answer):
    """The scorecard of the detectors, from what people found."""

    kinds: list[KindScore]
