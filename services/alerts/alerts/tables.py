"""Rows of alerts: ids, codes and numbers, no name and no exact place."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from kit.db import check_words, new_id
from services.alerts.alerts.rules import FINDINGS, KINDS, SEVERITIES, STATES, Action, Finding, Kind, Severity, State
from services.alerts.schema import SCHEMA

PERSONAL = {"personal": True}
STAMP = sa.DateTime(timezone=True)


class Alert(SCHEMA.base, table=True):
    """One matter that a person must look at. A gathering or an episode is one alert that grows."""

    __tablename__ = "alert"
    __table_args__ = (
        check_words("kind", KINDS, "kind"),
        check_words("severity", SEVERITIES, "severity"),
        check_words("state", STATES, "state"),
        check_words("finding", FINDINGS, "finding"),
        sa.UniqueConstraint("key", "occurrence"),
        sa.Index("ix_alert_division_code_state", "division_code", "state"),
        sa.Index("ix_alert_person_ids", "person_ids", postgresql_using="gin"),
        sa.Index("ix_alert_checkin_ids", "checkin_ids", postgresql_using="gin"),
        sa.Index("ix_alert_due_at", "due_at", postgresql_where=sa.text("state <> 'closed'")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    key: str = Field(sa_type=sa.Text)
    """Kind and duty (`test_missed:<plan>`), or the detector's name for the matter; with `occurrence` it names one alert."""
    occurrence: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    """The number of this occurrence of the duty. A second missed deadline is a second alert."""
    due_on: date | None = None
    """The day by which the duty was due."""
    told_at: datetime | None = Field(default=None, sa_type=STAMP)
    told_by: UUID | None = None
    """Moment and id of the newest event about the duty: an older one, replayed later, changes nothing."""
    cause_ended_at: datetime | None = Field(default=None, sa_type=STAMP)
    """When the cause of this duty ended: a later cause is another occurrence."""
    kind: Kind = Field(sa_type=sa.Text)
    severity: Severity = Field(sa_type=sa.Text)
    state: State = Field(sa_type=sa.Text)
    division_code: str = Field(sa_type=sa.Text)
    """Town that must look at it."""
    first_at: datetime = Field(sa_type=STAMP)
    last_at: datetime = Field(sa_type=STAMP)
    reasons: list[dict[str, Any]] = Field(sa_type=JSONB)
    """`[{code, numbers}]`: the explanation as data."""
    person_ids: list[UUID] = Field(sa_type=ARRAY(sa.Uuid))
    checkin_ids: list[UUID] = Field(sa_type=ARRAY(sa.Uuid))
    cell: int | None = Field(default=None, sa_type=sa.BigInteger)
    """H3 cell of resolution 7 around the middle."""
    parameters_from: str = Field(default="", sa_type=sa.Text)
    """Version of the parameter set that raised it."""
    raised_at: datetime = Field(sa_type=STAMP)
    due_at: datetime = Field(sa_type=STAMP)
    """End of the fifth working day: a person must have looked by then."""
    escalated_at: datetime | None = Field(default=None, sa_type=STAMP)
    acknowledged_at: datetime | None = Field(default=None, sa_type=STAMP)
    acknowledged_by: str | None = Field(default=None, sa_type=sa.Text)
    assigned_to: str | None = Field(default=None, sa_type=sa.Text)
    """Staff number."""
    assigned_name: str | None = Field(default=None, sa_column=sa.Column(sa.Text, info=PERSONAL))
    """The name as the registry told it at the assignment."""
    finding: Finding | None = Field(default=None, sa_type=sa.Text)
    action_sealed: bytes | None = Field(default=None, sa_column=sa.Column(sa.LargeBinary, info=PERSONAL))
    """What was done to help, in a person's words."""
    action_taken: str | None = Field(default=None, sa_column=sa.Column(sa.Text, info=PERSONAL))
    notes: dict[str, str] = Field(default_factory=dict, sa_column=sa.Column(JSONB, nullable=False, info=PERSONAL))
    """Both of the first release, in clear; `service.seal_landed_texts` empties them."""
    closed_at: datetime | None = Field(default=None, sa_type=STAMP)
    closed_by: str | None = Field(default=None, sa_type=sa.Text)
    merged_into: UUID | None = None
    forgotten_at: datetime | None = Field(default=None, sa_type=STAMP)
    """Since when it no longer knows whom it was about; the row stays as a number."""
    version: int = 1
    updated_at: datetime = Field(sa_type=STAMP)


class AlertChange(SCHEMA.base, table=True):
    """One step of an alert's life, with its basis. Append-only."""

    __tablename__ = "alert_change"
    __table_args__ = (sa.Index("ix_alert_change_alert_id", "alert_id"), {"info": {"append_only": True}})

    id: UUID = Field(default_factory=new_id, primary_key=True)
    alert_id: UUID = Field(foreign_key="alerts.alert.id")
    action: Action = Field(sa_type=sa.Text)
    from_state: State | None = Field(default=None, sa_type=sa.Text)
    to_state: State = Field(sa_type=sa.Text)
    legal_source: str = Field(sa_type=sa.Text)
    details: dict[str, Any] = Field(sa_type=JSONB)
    changed_by: str = Field(sa_type=sa.Text)
    changed_at: datetime = Field(sa_type=STAMP)


class AlertNote(SCHEMA.base, table=True):
    """What somebody wrote at a step, sealed. Here and not in the history, which keeps for ever what it holds: a note is forgotten with its case."""

    __tablename__ = "alert_note"
    __table_args__ = (sa.Index("ix_alert_note_alert_id", "alert_id"),)

    id: UUID = Field(primary_key=True)
    """The step's id."""
    alert_id: UUID = Field(foreign_key="alerts.alert.id")
    text_sealed: bytes = Field(sa_column=sa.Column(sa.LargeBinary, nullable=False, info=PERSONAL))
