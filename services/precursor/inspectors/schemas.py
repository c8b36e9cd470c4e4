"""Messages of inspectors."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

from kit.codes import Listed
from kit.schemas import Answer, Code, Day, Message, ShortText
from kit.steps.taking import NextStep
from services.precursor.inspectors.rules import Authority, Ground, InspectorState

StaffCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{2,40}$")]
CertificateNo = Annotated[str, StringConstraints(min_length=6, max_length=40)]


class NewInspector(Message):
    """An officer for the directory."""

    staff_code: StaffCode
    name: ShortText
    authority: Annotated[Code, Listed("authority")]
    post: Annotated[Code, Listed("inspector.post")] = "officer"
    certificate_no: CertificateNo
    certificate_valid_to: Day


class InspectorPatch(Message):
    """JSON Merge Patch (RFC 7396)."""

    name: ShortText | None = None
    certificate_no: CertificateNo | None = None
    certificate_valid_to: Day | None = None
    state: InspectorState | None = None
    reason: ShortText


class NewLeave(Message):
    """Days on which the inspector cannot be sent."""

    away_from: Day
    away_to: Day


class LeaveAnswer(Answer):
    """A leave."""

    id: UUID
    inspector_id: UUID
    away_from: date
    away_to: date
    cancelled_at: datetime | None


class NewRecusal(Message):
    """An inspector who must not inspect a firm."""

    firm_id: UUID
    ground: Ground
    decided_by: ShortText
    """Staff number of the head who decided (APL art. 43): an officer of the same authority in the directory, and somebody else."""
    since: Day


class EndRecusal(Message):
    """The relation has ended."""

    ended_on: Day


class RecusalAnswer(Answer):
    """A recusal; its ground is for the county office alone."""

    id: UUID
    firm_id: UUID
    inspector_id: UUID
    since: date
    ended_on: date | None


class InspectorAnswer(Answer):
    """An officer of the directory: `name` as on the certificate, `staff_name` as the county's list of staff knows them."""

    id: UUID
    staff_code: str
    name: str
    authority: Authority
    certificate_no: str
    certificate_valid_to: date
    state: InspectorState
    version: int
    updated_at: datetime


class InspectorDetail(InspectorAnswer):
    """An officer of the directory, with what can be done about the entry."""

    next_steps: list[NextStep]
