"""Rows of schemes, due tests and their history."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from kit.db import check_words, new_id
from services.testing.plans.rules import KINDS, SCHEME_MEASURES, SPECIMENS, STATES
from services.testing.schema import SCHEMA

PERSONAL = {"personal": True}


class Scheme(SCHEMA.base, table=True):
    """How often tests are owed under a kind of measure, from a day on. The row with the longest matching division prefix holds."""

    __tablename__ = "scheme"
    __table_args__ = (
        check_words("measure_kind", SCHEME_MEASURES, "measure_kind"),
        check_words("specimen_type", SPECIMENS, "specimen_type"),
        sa.UniqueConstraint("measure_kind", "specimen_type", "division_prefix", "valid_from"),
    )

    code: str = Field(sa_type=sa.Text, primary_key=True)
    measure_kind: str = Field(sa_type=sa.Text)
    specimen_type: str = Field(sa_type=sa.Text)
    division_prefix: str = Field(default="", sa_type=sa.Text)
    window_days: int
    valid_from: date
    valid_to: date | None = None
    source: str = Field(sa_type=sa.Text)


class SchemePhase(SCHEMA.base, table=True):
    """From which month since `term_start` on a test comes every so many half months."""

    __tablename__ = "scheme_phase"

    scheme_code: str = Field(sa_type=sa.Text, foreign_key="testing.scheme.code", primary_key=True)
    from_month: int = Field(primary_key=True)
    step_half_months: int


class DueTest(SCHEMA.base, table=True):
    """One test that is owed, or agreed to."""

    __tablename__ = "due_test"
    __table_args__ = (
        check_words("kind", KINDS, "kind"),
        check_words("specimen_type", SPECIMENS, "specimen_type"),
        check_words("state", STATES, "state"),
        sa.Index(
            "uq_due_test_planned_on",
            "measure_id",
            "specimen_type",
            "planned_on",
            unique=True,
            postgresql_where=sa.text("planned_on is not null and state <> 'cancelled'"),
        ),
        sa.Index("ix_due_test_list", "division_code", "window_to", "id"),
        sa.Index("ix_due_test_open", "window_to", postgresql_where=sa.text("state = 'scheduled'")),
        sa.Index("ix_due_test_person_id", "person_id", "due_on"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID
    measure_id: UUID | None = None
    kind: str = Field(sa_type=sa.Text)
    specimen_type: str = Field(sa_type=sa.Text)
    division_code: str = Field(sa_type=sa.Text)
    """The town that is responsible for the person today: it moves with them, so that lists and details agree."""
    owed_in: str = Field(sa_type=sa.Text)
    """The town that owed the test while it could be taken: figures count it there for ever."""
    scheme_code: str | None = Field(default=None, sa_type=sa.Text)
    number: int | None = None
    """Place in the scheme; None for a test that was arranged by hand."""
    planned_on: date | None = None
    """The day that the scheme gave it: a new planning recognises the due test by this day. None for a test arranged by hand."""
    due_on: date
    window_from: date
    window_to: date
    state: str = Field(default="scheduled", sa_type=sa.Text)
    moved: bool = False
    """Rescheduled by hand: a new planning does not change it."""
    opened_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))
    """When `test.due` went out."""
    grounds: str | None = Field(default=None, sa_column=sa.Column(sa.Text, info=PERSONAL))
    """Of a test arranged by hand: the police's instruction, the consent, or the grounds of suspicion."""
    document_no: str | None = Field(default=None, sa_type=sa.Text)
    instructed_by: str | None = Field(default=None, sa_type=sa.Text)
    """The police organ that asked for a mandatory test, when somebody else arranged it (DRR art. 19(2))."""
    instructed_on: date | None = None
    version: int = 1
    created_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class PlanChange(SCHEMA.base, table=True):
    """One step of a due test. Append-only; its rows stay when due tests are deleted because nothing is owed any more."""

    __tablename__ = "plan_change"
    __table_args__ = (sa.Index("ix_plan_change_due_test_id", "due_test_id", "id"), {"info": {"append_only": True}})

    id: int | None = Field(default=None, sa_column=sa.Column(sa.BigInteger, sa.Identity(), primary_key=True))
    due_test_id: UUID
    event: str = Field(sa_type=sa.Text)
    from_state: str = Field(sa_type=sa.Text)
    to_state: str = Field(sa_type=sa.Text)
    due_on: date
    source: str = Field(sa_type=sa.Text)
    reason: str = Field(default="", sa_column=sa.Column(sa.Text, nullable=False, info=PERSONAL))
    words: str = Field(default="", sa_column=sa.Column(sa.Text, nullable=False, info=PERSONAL))
    """What the person said, in their own words."""
    recorded_by: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
