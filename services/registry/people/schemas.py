"""Messages of people."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from kit.citations import Cited
from kit.codes import Listed
from kit.schemas import Answer, Day, DivisionCode, LongText, Message, PersonName, Phone, ShortText, Sparse
from kit.sheets.id_numbers import Sex
from kit.steps.taking import NextStep
from services.registry.people.rules import Drug, RecordState, Status
from services.registry.staff.rules import Post

IdNumber = Annotated[str, StringConstraints(min_length=15, max_length=18, pattern=r"^[0-9]{15}([0-9]{2}[0-9Xx])?$")]


class NewPerson(Message):
    """A person to register. Sex and birth date come from the ID number (GB 11643)."""

    id_number: IdNumber
    name: PersonName
    division_code: DivisionCode
    status: Status
    status_since: Day
    village_code: DivisionCode | None = None
    phone: Phone | None = None
    address: LongText | None = None
    drugs: Annotated[list[Drug], Field(default_factory=list)]
    registered_on: Day | None = None


class PersonPatch(Message):
    """JSON Merge Patch (RFC 7396): what is absent stays, null clears."""

    name: PersonName | None = None
    village_code: DivisionCode | None = None
    phone: Phone | None = None
    address: LongText | None = None
    drugs: list[Drug] | None = None
    reason: ShortText


class NewStanding(Message):
    """A new registered standing from a day on, or a correction of an earlier one."""

    status: Status
    since: Day
    reason: ShortText
    corrects_id: UUID | None = None


class StandingAnswer(Answer):
    """A registered standing as it was recorded. One that a later row corrects no longer holds."""

    id: UUID
    status: Status
    since: date
    division_code: str
    source: Annotated[str, Listed("record.source")]
    reason: str
    corrects_id: UUID | None
    corrected_by: UUID | None
    correct_at: str | None
    """Where a correction is posted, with this row's id as `corrects_id`; null once it is corrected."""
    recorded_by: str
    recorded_at: datetime


class Move(Message):
    """Another town becomes responsible."""

    division_code: DivisionCode
    village_code: DivisionCode | None = None
    reason: ShortText


class PersonRow(Answer):
    """A person in a list: masked."""

    id: UUID
    name: str
    sex: Sex
    birth_year: int
    division_code: str
    division_name: str | None
    village_code: str | None
    village_name: str | None
    status: Status | None
    """Null where the caller may not know it: a social worker sees `support` instead of maintenance treatment."""
    status_since: date
    support: bool
    """Takes part in treatment with support; no detail is shown."""
    id_number: str
    phone: str | None
    state: RecordState


class PersonNamed(Answer):
    """The name of a person, to stand beside the id elsewhere."""

    id: UUID
    name: str


class PersonAnswer(Answer):
    """A person in detail; ID number and phone masked, `…/identity` opens them."""

    id: UUID
    name: str
    name_pinyin: str
    sex: Sex
    birth_date: date
    division_code: str
    village_code: str | None
    household_area: str
    id_number: str
    phone: str | None
    drugs: list[Drug]
    drugs_other: list[str]
    """What earlier versions took as free text and the list of drugs does not have."""
    registered_on: date | None
    status: Status | None
    """Null where the caller may not know it, as in lists."""
    status_since: date
    support: bool
    state: RecordState
    closed_on: date | None
    version: int
    updated_at: datetime
    next_steps: list[NextStep]


class Identity(Answer):
    """The sealed values, opened for a purpose and audited."""

    id_number: str
    phone: str | None
    address: str | None


class PersonFields(Sparse):
    """What a line of a person's history is about: the fields that were changed. Of an address only whether one is kept."""

    name: str | None = None
    division_code: str | None = None
    village_code: str | None = None
    phone: str | None = None
    address: Literal["sealed"] | None = None
    drugs: list[str] | None = None
    """Codes of the list of drugs, and what earlier versions took as free text."""
    registered_on: date | None = None
    status: Status | None = None
    """Null where the caller may not know it, as in lists."""
    status_since: date | None = None
    closed_on: date | None = None
    receiving_area: str | None = None
    transferred_on: date | None = None


class HistoryEntry(Answer):
    """One line of a person's history."""

    id: UUID
    at: datetime
    by: str
    action: Annotated[str, Listed("person_change.action")]
    before: PersonFields
    after: PersonFields
    legal_source: Cited | None
    """Null in what the first release recorded."""
    reason: str


class PersonSearch(Message):
    """Search by personal values: in a body, never in the URL. Each field that is given narrows the list."""

    id_number: IdNumber | None = None
    phone: Phone | None = None
    name: ShortText | None = None
    """Chinese characters (contained), the beginning of the pinyin, with blanks or without (`zhang jian`), or initials (`zjg`)."""
    division_code: DivisionCode | None = None
    status: Status | None = None


class TeamMember(Answer):
    """A dated membership of a care team (工作小组, DRR art. 17)."""

    unnamed = frozenset({"staff_code"})

    id: UUID
    person_id: UUID
    staff_code: str
    name: str
    post: Post
    since: date
    until: date | None


class NewTeamMember(Message):
    """A staff member joins a care team."""

    staff_code: ShortText
    since: Day


class TeamMemberLeaves(Message):
    """A membership ends; the last day is the day before."""

    until: Day


class FillTeams(Message):
    """Fill incomplete teams of a town, or of all the caller's towns."""

    division_code: DivisionCode | None = None
    since: Day | None = None


class TeamsFilled(Answer):
    """What filling did."""

    memberships: int
