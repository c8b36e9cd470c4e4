"""Rows of measures and their history."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from kit.db import check_words, new_id
from services.registry.measures.rules.states import KINDS, OPEN, STATES
from services.registry.schema import SCHEMA

_OPEN = ", ".join(f"'{state}'" for state in OPEN)


class Measure(SCHEMA.base, table=True):
    """One lawful measure of one person, from the order to its end."""

    __tablename__ = "measure"
    __table_args__ = (
        check_words("kind", KINDS, "kind"),
        check_words("state", STATES, "state"),
        sa.Index("ix_measure_person_id", "person_id"),
        sa.Index("ix_measure_division_code_state", "division_code", "state"),
        sa.Index("ix_measure_term_end", "term_end", postgresql_where=sa.text(f"state in ({_OPEN})")),
        sa.Index(
            "uq_measure_exclusive",
            "person_id",
            unique=True,
            postgresql_where=sa.text(
                f"kind in ('community_treatment', 'compulsory_isolation_treatment', 'community_rehabilitation') and state in ({_OPEN})"
            ),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID = Field(foreign_key="registry.person.id")
    kind: str = Field(sa_type=sa.Text)
    state: str = Field(sa_type=sa.Text)
    division_code: str = Field(sa_type=sa.Text)
    """Town of execution (执行地)."""
    ordered_in: str | None = Field(default=None, sa_type=sa.Text)
    """Town that the order named, before any transfer; null where nobody wrote it down."""
    order_no: str | None = Field(default=None, sa_type=sa.Text)
    order_organ: str | None = Field(default=None, sa_type=sa.Text)
    ordered_on: date | None = None
    served_on: date | None = None
    report_in_due: date | None = None
    reported_in_on: date | None = None
    late_report_accepted: bool = False
    agreement_on: date | None = None
    term_start: date | None = None
    term_end: date | None = None
    """First day on which nothing is owed any more: the term runs up to the day before (DRR art. 23, 40)."""
    suspended_on: date | None = None
    suspended_days: int = 0
    """Days that do not count: suspension (DRR art. 24 §2) or escape (DRR art. 32). They move `term_end`."""
    credited_days: int = 0
    """Days served in isolation that count for the community term (DRR art. 31)."""
    term_months: int | None = None
    """Ordered term; null where the law fixes none (voluntary measures)."""
    ground: str | None = Field(default=None, sa_type=sa.Text)
    """Isolation: the ground of NCL art. 38 that the decision names."""
    escaped_once: bool = False
    """Bars early release (DRR art. 32)."""
    transfer_to: str | None = Field(default=None, sa_type=sa.Text)
    transfer_due: date | None = None
    ended_on: date | None = None
    end_reason: str | None = Field(default=None, sa_type=sa.Text)
    source: str = Field(sa_type=sa.Text)
    """`order` when entered here, `ledger` when taken over from a paper or Excel ledger."""
    version: int = 1
    created_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class MeasureStretch(SCHEMA.base, table=True):
    """A time in one state, as it follows from the steps: `rules.life` computes it, and the last days that lie ahead are in it. Never read by the life itself."""

    __tablename__ = "measure_stretch"
    __table_args__ = (sa.CheckConstraint("until > since", "not_empty"),)

    measure_id: UUID = Field(foreign_key="registry.measure.id", primary_key=True)
    since: date = Field(primary_key=True)
    until: date | None = None
    """First day on which it no longer holds; null while it goes on."""
    held: str = Field(sa_type=sa.Text)
    """The state of the measure; only a step gives a measure another one, and this repeats it."""


class MeasureEvent(SCHEMA.base, table=True):
    """One transition, with its legal source. Append-only: a correction is a new row that names the old one."""

    __tablename__ = "measure_event"
    __table_args__ = (sa.Index("ix_measure_event_measure_id", "measure_id"), {"info": {"append_only": True}})

    id: UUID = Field(default_factory=new_id, primary_key=True)
    measure_id: UUID = Field(foreign_key="registry.measure.id")
    event: str = Field(sa_type=sa.Text)
    from_state: str = Field(sa_type=sa.Text)
    to_state: str = Field(sa_type=sa.Text)
    happened_on: date
    legal_source: str = Field(sa_type=sa.Text)
    document_no: str | None = Field(default=None, sa_type=sa.Text)
    reason: str = Field(default="", sa_type=sa.Text)
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    """Counts and words that the guard was given: what a later reader needs to check the decision."""
    statement: str | None = Field(default=None, sa_column=sa.Column(sa.Text, info={"personal": True}))
    """What the person said before the report, word for word (APL art. 44-45)."""
    corrects_id: UUID | None = Field(default=None, foreign_key="registry.measure_event.id")
    recorded_by: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
