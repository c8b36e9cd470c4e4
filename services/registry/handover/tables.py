"""Rows of handovers from institutions and their history."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from kit.db import check_words, new_id
from services.registry.handover.rules import STATES
from services.registry.schema import SCHEMA

PERSONAL = {"personal": True}
STAMP = sa.DateTime(timezone=True)


class ReleaseHandover(SCHEMA.base, table=True):
    """One announced release (出所衔接单). Who it is stands sealed only until the register knows the person."""

    __tablename__ = "release_handover"
    __table_args__ = (
        check_words("state", STATES, "state"),
        sa.UniqueConstraint("announced_by", "notice_no"),
        sa.Index("ix_release_handover_division_code", "division_code", "latest_due"),
        sa.Index("ix_release_handover_person_id", "person_id"),
        sa.CheckConstraint("person_id is not null or id_number_index is not null or state = 'withdrawn'", name="somebody"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID | None = Field(default=None, foreign_key="registry.person.id")
    name_sealed: bytes | None = Field(default=None, sa_column=sa.Column(sa.LargeBinary, info=PERSONAL))
    id_number_sealed: bytes | None = Field(default=None, sa_column=sa.Column(sa.LargeBinary, info=PERSONAL))
    id_number_index: bytes | None = Field(default=None, sa_column=sa.Column(sa.LargeBinary, info=PERSONAL))
    institution: str = Field(sa_type=sa.Text)
    notice_no: str = Field(sa_type=sa.Text)
    content_digest: bytes = Field(sa_type=sa.LargeBinary)
    """Keyed digest of the announcement: tells a repetition from another content without keeping either."""
    division_code: str = Field(sa_type=sa.Text)
    """Town that receives: by the person's residence, else household registration (DRR art. 34)."""
    released_on: date
    order_no: str | None = Field(default=None, sa_type=sa.Text)
    """Order of community rehabilitation (责令社区康复决定书); null when none was made (DRR art. 37: may, not must)."""
    documents: list[str] = Field(default_factory=list, sa_type=JSONB)
    expected_by: date
    latest_due: date
    """Last day for the town's answer as long as the person has not come."""
    acknowledge_due: date
    """The same, or earlier: counted from the day on which the person came."""
    notice_in_time: bool
    state: str = Field(sa_type=sa.Text)
    contact: str | None = Field(default=None, sa_type=sa.Text)
    """Staff number of the worker whom the town named."""
    arrived_on: date | None = None
    acknowledged_on: date | None = None
    """Day of the first answer, arrived or not arrived."""
    withdrawn_on: date | None = None
    announced_on: date
    announced_by: str = Field(sa_type=sa.Text)
    """Client of the institution, or the county office for a paper notice."""
    version: int = 1
    created_at: datetime = Field(sa_type=STAMP)
    updated_at: datetime = Field(sa_type=STAMP)


class ReleaseHandoverStep(SCHEMA.base, table=True):
    """One step of a handover with its legal source. Append-only."""

    __tablename__ = "release_handover_step"
    __table_args__ = (sa.Index("ix_release_handover_step_handover_id", "handover_id"), {"info": {"append_only": True}})

    id: UUID = Field(default_factory=new_id, primary_key=True)
    handover_id: UUID = Field(foreign_key="registry.release_handover.id")
    event: str = Field(sa_type=sa.Text)
    from_state: str = Field(sa_type=sa.Text)
    to_state: str = Field(sa_type=sa.Text)
    happened_on: date
    legal_source: str = Field(sa_type=sa.Text)
    reason: str = Field(default="", sa_column=sa.Column(sa.Text, nullable=False, info=PERSONAL))
    """For `not_arrive`: what the town did to reach the person."""
    recorded_by: str = Field(sa_type=sa.Text)
    recorded_at: datetime = Field(sa_type=STAMP)
