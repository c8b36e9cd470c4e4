"""Messages of measures."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from kit.citations import Cited
from kit.codes import Listed
from kit.schemas import Answer, Day, DivisionCode, LongText, Message, ShortText, Sparse
from kit.steps.taking import NextStep
from services.registry.measures.rules.declared import StepEventCode
from services.registry.measures.rules.duties import DutyKind, DutyOwner
from services.registry.measures.rules.guards import Addiction, Bar, Ground
from services.registry.measures.rules.monitoring import MonitoringGround
from services.registry.measures.rules.states import Kind, State

Count = Annotated[int, Field(ge=0, le=10_000)]


class NewMeasure(Message):
    """An order of the police, or the beginning of a voluntary measure."""

    kind: Kind
    division_code: DivisionCode
    """Town of execution (执行地)."""
    ordered_on: Day
    order_no: ShortText | None = None
    order_organ: ShortText | None = None
    addiction: Addiction | None = None
    """Addiction finding behind an order of community treatment or isolation (NCL art. 33, 38; ADM art. 7, 8)."""
    ground: Ground | None = None
    """Isolation: ground of NCL art. 38."""
    bar: Bar | None = None
    """Isolation: what forbids it (NCL art. 39)."""
    term_months: Annotated[int, Field(ge=1, le=60)] | None = None
    """Rehabilitation: the ordered term; the law fixes the others."""
    released_on: Day | None = None
    """Rehabilitation: release from isolation, when no isolation is in this register."""
    reported_in_on: Day | None = None
    """Transfer from another county: the day of reporting in here; with it the measure goes on instead of beginning (DRR art. 22)."""
    served_since: Day | None = None
    """Transfer from another county: the day from which the term has run there; it does not begin again."""
    uncounted_days: Count = 0
    """Transfer from another county: days there that do not count (DRR art. 24 §2)."""
    document_no: ShortText | None = None
    """Transfer from another county: number of its letter."""
    reason: LongText | None = None


class Step(Message):
    """A transition to record."""

    event: StepEventCode
    on: Day
    document_no: ShortText | None = None
    reason: LongText | None = None
    good_reason: LongText | None = None
    """Accepted reason of a late report-in, in the person's words (DRR art. 14)."""
    contact_attempts: Count = 0
    confirmed_by: ShortText | None = None
    """Refusal: staff code of the second person who confirms it (DEFAULT, domain 13 row 4)."""
    evaded_tests: Count = 0
    departures: Count = 0
    absence_days: Count = 0
    statement: LongText | None = None
    """What the person said before the report, word for word."""
    finding_no: ShortText | None = None
    ground: Ground | None = None
    bar: Bar | None = None
    addiction: Addiction | None = None
    """Finding behind a decision of isolation for serious addiction (NCL art. 38 §2; ADM art. 8)."""
    division_code: DivisionCode | None = None
    until: Day | None = None
    """Extension: the first day after the extended term, as `term_end`."""
    order_no: ShortText | None = None
    order_organ: ShortText | None = None


class PastSteps(Message):
    """Steps of the past that are entered together: none of them need be possible without the others."""

    steps: Annotated[list[Step], Field(min_length=1, max_length=20)]


class Correction(Message):
    """The last step was recorded by mistake: a new row names it and says why."""

    corrects_id: UUID
    reason: LongText


class DutyAnswer(Answer):
    """What is owed next, by whom, and its last day. `default`: the law says "promptly" or nothing, and the number is a DEFAULT."""

    kind: DutyKind
    owed_by: DutyOwner
    due_on: date
    source: Cited
    default: bool


class MonitoringAnswer(Answer):
    """`ground`: execution_began, released, finding_of_reuse, unknown, in_isolation, or police_decide (refusal and serious breach are excepted).

    `ends_on` is the first day after three clean years; `over`: it has come and no measure is open.
    """

    ground: MonitoringGround
    clean_since: date | None
    ends_on: date | None
    over: bool
    source: Cited


class MeasureRow(Answer):
    """A measure in a list."""

    unnamed = frozenset({"person_id"})

    id: UUID
    person_id: UUID
    name: str
    kind: Kind
    state: State
    division_code: str
    division_name: str | None
    ordered_on: date | None
    report_in_due: date | None
    reported_in_on: date | None
    agreement_on: date | None
    term_start: date | None
    term_end: date | None
    ended_on: date | None
    end_reason: Annotated[str, Listed("measure.end_reason")] | None
    source: Annotated[str, Listed("record.source")]
    version: int


class MeasureAnswer(Answer):
    """A measure in detail; `state` is the state as it holds today."""

    id: UUID
    person_id: UUID
    kind: Kind
    state: State
    division_code: str
    order_no: str | None
    order_organ: str | None
    ordered_on: date | None
    served_on: date | None
    report_in_due: date | None
    reported_in_on: date | None
    late_report_accepted: bool
    agreement_on: date | None
    agreement_due: date | None
    """DEFAULT for 'promptly' after reporting in; owed by the office (DRR art. 16, 44)."""
    term_start: date | None
    term_end: date | None
    """First day on which nothing is owed any more."""
    term_months: int | None
    suspended_on: date | None
    suspended_days: int
    credited_days: int
    ground: Ground | None
    transfer_to: str | None
    transfer_due: date | None
    ended_on: date | None
    end_reason: Annotated[str, Listed("measure.end_reason")] | None
    source: Annotated[str, Listed("record.source")]
    version: int
    updated_at: datetime
    duties: list[DutyAnswer]
    """What is owed next, the earliest first; late duties of the office are not a reason to continue supervision (DRR art. 44)."""
    next_steps: list[NextStep]


class ReplacedFields(Sparse):
    """What the measure was before a step: the columns that the step replaced, which a correction puts back."""

    state: State | None = None
    division_code: str | None = None
    order_no: str | None = None
    order_organ: str | None = None
    ordered_on: date | None = None
    served_on: date | None = None
    report_in_due: date | None = None
    reported_in_on: date | None = None
    late_report_accepted: bool | None = None
    agreement_on: date | None = None
    term_start: date | None = None
    term_end: date | None = None
    term_months: int | None = None
    suspended_on: date | None = None
    suspended_days: int | None = None
    credited_days: int | None = None
    ground: Ground | None = None
    escaped_once: bool | None = None
    transfer_to: str | None = None
    transfer_due: date | None = None
    ended_on: date | None = None
    end_reason: Annotated[str, Listed("measure.end_reason")] | None = None


class StepDetails(Sparse):
    """What the rules were given at a step, as far as it has them."""

    contact_attempts: int | None = None
    evaded_tests: int | None = None
    departures: int | None = None
    absence_days: int | None = None
    good_reason: str | None = None
    finding_no: str | None = None
    ground: Ground | None = None
    division_code: str | None = None
    addiction: Addiction | None = None
    order_organ: str | None = None
    confirmed_by: str | None = None
    until: date | None = None
    order_no: str | None = None
    released_on: date | None = None
    isolation_organ: str | None = None
    ordered_on: date | None = None
    served_since: date | None = None
    uncounted_days: int | None = None
    place: int | None = None
    """How many steps of its day were known when it was recorded."""
    replaced: ReplacedFields | None = None
    """Rows of earlier versions: what the step replaced."""


class MeasureHistoryEntry(Answer):
    """One transition of a measure."""

    id: UUID
    event: Annotated[str, Listed("measure.event")]
    from_state: State | Literal["none"]
    to_state: State
    happened_on: date
    legal_source: Cited
    document_no: str | None
    reason: str
    details: StepDetails
    corrects_id: UUID | None
    correct_at: str | None
    """Where this step is taken back, with its id as `corrects_id`; null when it has been taken back, or when something rests on it."""
    recorded_by: str
    recorded_at: datetime
