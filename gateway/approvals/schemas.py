"""Messages of requests that two people decide."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from gateway.approvals.rules import Kind, Shown
from kit.schemas import Answer, Message, ShortText
from kit.steps.taking import NextStep


class ApprovalAnswer(Answer):
    """A request. `summary`: what it would do; `result_id`: the account or client that came of it."""

    id: UUID
    kind: Kind
    object_id: str
    summary: dict[str, Any]
    state: Shown
    requested_by: UUID
    requested_at: datetime
    expires_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None
    reason: str | None
    result_id: str | None
    next_steps: list[NextStep]


class Refusal(Message):
    """Why a request is not confirmed; the administrator who asked for it withdraws it in the same way."""

    reason: ShortText
