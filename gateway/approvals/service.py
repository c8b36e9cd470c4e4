"""Use cases of requests that two people decide."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from gateway.approvals import repository
from gateway.approvals.acts import ACTS, Payload, packed
from gateway.approvals.errors import ApprovalDecided, ApprovalNotFound, OwnRequest
from gateway.approvals.rules import Kind, State, shown
from gateway.approvals.schemas import ApprovalAnswer
from gateway.approvals.tables import Approval
from gateway.identity import repository as identity
from gateway.identity import rules as identity_rules
from gateway.settings import GatewaySettings
from kit.db import new_id
from kit.lists import Asked, Found, find_rows
from kit.work import Work


async def ask(work: Work, kind: Kind, object_id: str, summary: dict[str, Any], payload: Payload) -> Approval:
    """Store a request for a change that gives access. The use case has checked it; the change is not made yet."""
    approval_id = new_id()
    approval = Approval(
        id=approval_id,
        kind=kind,
        object_id=object_id,
        summary=summary,
        payload=work.sealer.seal(packed(payload), "approval", "payload", str(approval_id)),
        requested_by=UUID(work.principal.subject),
        requested_at=work.now,
        expires_at=work.now + timedelta(days=work.house.part(GatewaySettings).approval_days),
    )
    work.session.add(approval)
    await work.session.flush()
    await work.note("approval.ask", "approval", approval.id, details={"kind": kind})
    return approval


async def list_approvals(work: Work, asked: Asked, state: State | None) -> Found:
    """Requests, the latest first."""
    shape = partial(answer_of, work)
    return await find_rows(work, repository.APPROVALS, asked, repository.approvals_of(state), filters={"state": state}, shape=shape)


def answer_of(work: Work, approval: Approval) -> ApprovalAnswer:
    """A request as people see it."""
    values = {name: getattr(approval, name) for name in ApprovalAnswer.model_fields}
    return ApprovalAnswer.model_validate({**values, "state": shown(approval.state, approval.expires_at, work.now)})


async def confirm(work: Work, approval_id: UUID) -> Approval:
    """Do what another administrator asked for. Raises ApprovalNotFound, ApprovalDecided, OwnRequest, and whatever the act itself raises."""
    approval = await _pending(work, approval_id)
    me, asker = UUID(work.principal.subject), approval.requested_by
    found = {account.id: account for account in await identity.accounts_by_id(work.session, [me, asker])}
    mine, theirs = found.get(me), found.get(asker)
    if mine is None or theirs is None or me == asker or approval.object_id == str(me):
        raise OwnRequest
    if identity_rules.same_person((mine.staff_code, mine.holder), (theirs.staff_code, theirs.holder)):
        raise OwnRequest
    if theirs.state != "active" or "administrator" not in theirs.roles:
        raise ApprovalDecided("申请人已无管理员权限", "who asked is not an administrator any more")
    payload = json.loads(work.sealer.open(approval.payload, "approval", "payload", str(approval.id)))
    approval.result_id = await ACTS[_kind(approval)](work, payload)
    await _decide(work, approval, "confirmed")
    return approval


async def refuse(work: Work, approval_id: UUID, reason: str) -> Approval:
    """Refuse a request, or withdraw the own one. Raises ApprovalNotFound, ApprovalDecided."""
    approval = await _pending(work, approval_id)
    approval.reason = reason
    await _decide(work, approval, "refused")
    return approval


def _kind(approval: Approval) -> Kind:
    return next(kind for kind in ACTS if kind == approval.kind)


async def _pending(work: Work, approval_id: UUID) -> Approval:
    approval = await repository.approval(work.session, approval_id)
    if approval is None:
        raise ApprovalNotFound
    if shown(approval.state, approval.expires_at, work.now) != "pending":
        raise ApprovalDecided
    return approval


async def _decide(work: Work, approval: Approval, state: str) -> None:
    approval.state, approval.decided_by, approval.decided_at = state, UUID(work.principal.subject), work.now
    await work.session.flush()
    await work.note(
        f"approval.{state}", "approval", approval.id, details={"kind": approval.kind, "requested_by": str(approval.requested_by)}
    )
