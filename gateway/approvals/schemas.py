"""Messages of requests that two people decide."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from gateway.approvals.rules import Kind, Shown
from gateway.identity.rules import AccountState
from gateway.identity.schemas import BoundAnswer, GrantTerms
from kit.codes import Listed
from kit.schemas import Answer, Message, ShortText, Sparse
from kit.steps.taking import NextStep


class ApprovalSummary(Sparse):
    """What the request would do, as far as it says it: of a new account or client its rights, of a change what it would set (null: cleared).

    Nothing secret and no personal value: of a password only that it would be new, of a key its thumbprint (RFC 7638).
    """

    username: str | None = None
    id: str | None = None
    name: str | None = None
    roles: list[Annotated[str, Listed("role")]] | None = None
    role: Annotated[str, Listed("role")] | None = None
    scope: list[str] | None = None
    staff_code: str | None = None
    organisation: BoundAnswer | None = None
    grants: list[GrantTerms] | None = None
    state: AccountState | None = None
    password: Literal["new"] | None = None
    kid: str | None = None
    reason: str | None = None


class ApprovalAnswer(Answer):
    """A request. `summary`: what it would do; `result_id`: the account or client that came of it."""

    id: UUID
    kind: Kind
    object_id: str
    summary: ApprovalSummary
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
