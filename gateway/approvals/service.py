"""Use cases of requests that two people decide."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from gateway.approvals import repository
from gateway.approvals.acts import ACTS, Payload, packed
from gateway.approvals.errors import ApprovalDecided, ApprovalNotFound, OwnRequest
from gateway.approvals.rules import APPROVAL, Kind, State, shown
from gateway.approvals.schemas import ApprovalAnswer
from gateway.approvals.tables import Approval, ApprovalChange
from gateway.identity import repository as identity
from gateway.identity import rules as identity_rules
from gateway.identity.tables import Account
from gateway.settings import GatewaySettings
from kit.db import new_id
from kit.lists import Asked, Found, find_rows
from kit.steps.machine import START
from kit.steps.taking import Reason, next_steps, take
from kit.steps.taking import refuse as decline
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
        state=START,
        updated_at=work.now,
    )
    await _take(work, approval, "ask", "")
    return approval


async def list_approvals(work: Work, asked: Asked, state: State | None) -> Found:
    """Requests, the latest first."""
    accounts = {account.id: account for account in await identity.accounts(work.session)}
    shape = partial(answer_of, work, accounts)
    return await find_rows(work, repository.APPROVALS, asked, repository.approvals_of(state), filters={"state": state}, shape=shape)


Accounts = Mapping[UUID, Account]
"""The accounts of who asked and of who reads, by id."""


def answer_of(work: Work, accounts: Accounts, approval: Approval) -> ApprovalAnswer:
    """A request as people see it."""
    state = shown(approval.state, approval.expires_at, work.now)
    over = [] if state == "pending" else [OVER]
    blocked = {"confirm": [*over, *not_yours(work, accounts, approval), *asker_gone(accounts, approval)], "refuse": over}
    values = {name: getattr(approval, name, None) for name in ApprovalAnswer.model_fields}
    following = next_steps(APPROVAL, approval.state, work.principal, blocked)
    return ApprovalAnswer.model_validate({**values, "state": state, "next_steps": following})


async def answered(work: Work, approval: Approval) -> ApprovalAnswer:
    """One request as people see it."""
    return answer_of(work, await _accounts(work, approval), approval)


async def _accounts(work: Work, approval: Approval) -> Accounts:
    me = _account_of(work)
    found = await identity.accounts_by_id(work.session, [approval.requested_by, *([me] if me else [])])
    return {account.id: account for account in found}


def _account_of(work: Work) -> UUID | None:
    try:
        return UUID(work.principal.subject)
    except ValueError:  # a service, or the command line
        return None


OVER = Reason(code=ApprovalDecided.slug, zh=ApprovalDecided.title_zh, en=ApprovalDecided.title_en)
OWN = Reason(code=OwnRequest.slug, zh=OwnRequest.title_zh, en=OwnRequest.title_en)
GONE = Reason(code="asker_gone", zh="申请人已无管理员权限", en="who asked is not an administrator any more")


def not_yours(work: Work, accounts: Accounts, approval: Approval) -> list[Reason]:
    """Why the caller cannot confirm: they asked for it, it is about them, or the accounts are of one person."""
    me, asker = _account_of(work), approval.requested_by
    if me is None or me not in accounts or asker not in accounts or me == asker or approval.object_id == str(me):
        return [OWN]
    mine, theirs = accounts[me], accounts[asker]
    return [OWN] if identity_rules.same_person((mine.staff_code, mine.holder), (theirs.staff_code, theirs.holder)) else []


def asker_gone(accounts: Accounts, approval: Approval) -> list[Reason]:
    """Why nobody can confirm: who asked may not ask any more."""
    asker = accounts.get(approval.requested_by)
    return [] if asker is not None and asker.state == "active" and "administrator" in asker.roles else [GONE]


async def confirm(work: Work, approval_id: UUID) -> Approval:
    """Do what another administrator asked for. Raises ApprovalNotFound, ApprovalDecided, OwnRequest, and whatever the act itself raises."""
    approval = await _pending(work, approval_id)
    accounts = await _accounts(work, approval)
    decline(not_yours(work, accounts, approval), OwnRequest)
    decline(asker_gone(accounts, approval), ApprovalDecided)
    payload = json.loads(work.sealer.open(approval.payload, "approval", "payload", str(approval.id)))
    approval.result_id = await ACTS[_kind(approval)](work, payload)
    await _decide(work, approval, "confirm")
    return approval


async def refuse(work: Work, approval_id: UUID, reason: str) -> Approval:
    """Refuse a request, or withdraw the own one. Raises ApprovalNotFound, ApprovalDecided."""
    approval = await _pending(work, approval_id)
    approval.reason = reason
    await _decide(work, approval, "refuse", reason)
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


async def _decide(work: Work, approval: Approval, event: str, reason: str = "") -> None:
    approval.decided_by, approval.decided_at = UUID(work.principal.subject), work.now
    await _take(work, approval, event, reason)


async def _take(work: Work, approval: Approval, event: str, reason: str) -> None:
    details = {"kind": approval.kind, "requested_by": str(approval.requested_by)}
    noted = ("approval", approval.id, "approval")
    await take(work, APPROVAL, approval, event, ApprovalChange, noted=noted, reason=reason, problem=ApprovalDecided, details=details)
