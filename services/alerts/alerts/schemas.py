"""Messages of alerts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints

from kit.citations import Cited
from kit.codes import Listed
from kit.schemas import Answer, LongText, Message, ShortText, Sparse
from kit.steps.taking import NextStep
from services.alerts.alerts.rules import Action, Finding, HumanFinding, Kind, Severity, State
from services.alerts.detectors.rules import FlowKind

StaffCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9-]{1,20}$")]
"""A staff number of the registry."""


class Acknowledge(Message):
    """I look at it."""

    note: ShortText | None = None


class Assign(Message):
    """Assign the alert; `assignee` is the number of a member of staff who is in service."""

    assignee: StaffCode
    note: ShortText | None = None


class Close(Message):
    """What a person found, and what was done to help. None of it counts as evidence of a breach."""

    finding: HumanFinding
    action_taken: LongText


class AlertRow(Answer):
    """An alert in a list: numbers and codes, no person under supervision.

    `occurrence` counts the times that the same duty gave cause, from 1; `due_on` is the day by which the duty was due, null where a detector found it.
    `assigned_to` is a staff number, `assigned_name` the name beside it.
    """

    unnamed = frozenset({"assigned_to"})

    id: UUID
    kind: Kind
    severity: Severity
    state: State
    division_code: str
    occurrence: int
    due_on: date | None
    first_at: datetime
    last_at: datetime
    persons: int
    raised_at: datetime
    due_at: datetime
    escalated: bool
    assigned_to: str | None
    assigned_name: str | None
    finding: Finding | None
    closed_at: datetime | None
    version: int


class ReasonNumbers(Sparse):
    """The numbers behind a reason, by the names that stand in its sentence; `destination` is the code of a county, or `far away`."""

    persons: int | None = None
    units: int | None = None
    others: int | None = None
    minimum: float | None = None
    within_minutes: float | None = None
    minutes: float | None = None
    metres: float | None = None
    radius: float | None = None
    days: int | None = None
    out_days: int | None = None
    nights: int | None = None
    visits: int | None = None
    departures: int | None = None
    before: int | None = None
    habit_days: float | None = None
    habit_per_week: float | None = None
    silent_days: float | None = None
    longest_gap_days: float | None = None
    probability: float | None = None
    destination: str | None = None
    kind: FlowKind | None = None
    due_on: date | None = None
    until: date | None = None


class ReasonAnswer(Answer):
    """One step of the explanation: as data and as a sentence."""

    code: Annotated[str, Listed("alert_reason.code")]
    numbers: ReasonNumbers
    zh: str
    en: str


class AlertAnswer(AlertRow):
    """An alert in detail. `duty_id` is what was due: a planned test, an order to correct, a measure. `person_ids` and `checkin_ids` are those of persons in the caller's towns; `persons` counts all."""

    duty_id: UUID | None
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
    next_steps: list[NextStep]
    human_review_required: Literal[True] = True


class ChangeDetails(Sparse):
    """The details of a step of an alert, as far as it has them. `from_division`, `division_code`: the towns of a hand-over."""

    persons: int | None = None
    checkins: int | None = None
    occurrence: int | None = None
    parameters: str | None = None
    assignee: str | None = None
    finding: Finding | None = None
    from_division: str | None = None
    division_code: str | None = None
    note: str | None = None


class ChangeAnswer(Answer):
    """One step of an alert's life."""

    at: datetime
    by: str
    action: Action
    from_state: State | None
    to_state: State
    legal_source: Cited
    details: ChangeDetails


class TownFigure(Answer):
    """One town; null = withheld because it counts fewer than five. For those who see no persons all counts are in steps of five."""

    division_code: str
    watched: int | None
    open: int | None
    overdue: int | None
    raised_30_days: int | None
    closed_30_days: int | None


class StreamedAlert(Answer):
    """What an event of the stream tells of an alert: ids and codes, no person."""

    unnamed = frozenset({"division_code"})

    event_id: UUID
    at: datetime
    alert_id: UUID
    kind: Kind
    severity: Severity
    state: State
    division_code: str
    persons: int
    finding: Finding | None


class FiguresAnswer(Answer):
    """Counts of today."""

    as_of: datetime
    small_cell: int
    towns: list[TownFigure]
    county: TownFigure
    by_kind: dict[Kind, int | None]


class KindScore(Answer):
    """Reviews of one kind under one parameter set; precision = confirmed / reviewed (domain 5, row 14); null = withheld, or nothing reviewed."""

    kind: Kind
    parameters_from: str
    raised: int | None
    confirmed: int | None
    innocent: int | None
    data_error: int | None
    expired: int | None
    precision: float | None


class ScoreAnswer(Answer):
    """The scorecard of the detectors, from what people found."""

    kinds: list[KindScore]
