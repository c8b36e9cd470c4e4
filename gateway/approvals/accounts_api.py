"""HTTP of accounts, for administrators: a change that gives access becomes a request (202); one that takes access away happens at once."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response

from gateway.approvals import service as approvals
from gateway.approvals.schemas import ApprovalAnswer
from gateway.identity import administration, repository
from gateway.identity.errors import OwnRights
from gateway.identity.passwords import hash_password
from gateway.identity.rules import AccountState
from gateway.identity.schemas import AccountAnswer, AccountOpening, AccountPatch, NewAccount
from gateway.identity.service import bound_to
from gateway.identity.tables import Account
from kit.etags import IfMatch, etag
from kit.lists import Asked, answer, answers, ask, find_rows
from kit.roles import Role
from kit.work import UnitRoute, Work, allow

router = APIRouter(prefix="/auth/v1/accounts", tags=["accounts"], route_class=UnitRoute)
Administrator = Annotated[Work, allow(Role.ADMINISTRATOR)]
ASKED: dict[int | str, dict[str, Any]] = {202: {"model": ApprovalAnswer, "description": "Asked: a second administrator confirms it."}}


def _account(work: Work, account: Account) -> AccountAnswer:
    values = {name: getattr(account, name, None) for name in AccountAnswer.model_fields}
    shown = {"organisation": bound_to(account), "has_totp": account.totp_sealed is not None}
    return AccountAnswer(**{**values, **shown, "next_steps": administration.next_steps_of(work, account)})


@router.get("", responses=answers(repository.ACCOUNTS))
async def list_accounts(
    work: Administrator, asked: Annotated[Asked, ask(repository.ACCOUNTS)], state: AccountState | None = None
) -> Response:
    """All accounts, or those in a state."""
    query = repository.accounts_in(state)
    return answer(
        asked, await find_rows(work, repository.ACCOUNTS, asked, query, {"state": state}, shape=lambda account: _account(work, account))
    )


@router.post("", status_code=202)
async def open_account(work: Administrator, new: NewAccount) -> ApprovalAnswer:
    """Ask for an account; it is opened when a second administrator confirms."""
    await administration.check_opening(work, new, new.password)
    opening = AccountOpening.model_validate(new.model_dump(exclude={"password"}))
    summary = opening.model_dump(mode="json", exclude={"holder", "person_id"})
    payload = {"new": opening.model_dump(mode="json"), "password_hash": await hash_password(new.password)}
    return await approvals.answered(work, await approvals.ask(work, "account_open", new.username, summary, payload))


@router.get("/{account_id}")
async def read_account(work: Administrator, account_id: UUID, response: Response) -> AccountAnswer:
    """One account."""
    account = await administration.read_account(work, account_id)
    response.headers["ETag"] = etag(account.version)
    return _account(work, account)


@router.patch("/{account_id}", responses=ASKED)
async def amend_account(
    work: Administrator, account_id: UUID, patch: AccountPatch, response: Response, if_match: IfMatch = None
) -> AccountAnswer | ApprovalAnswer:
    """Change or disable an account; its sessions end.

    A change that gives more rights becomes a request (202) and waits for a second administrator.
    """
    account = await administration.read_account(work, account_id)
    if administration.gives(account, patch):
        await administration.check_patch(work, account, patch, if_match)
        password_hash = await hash_password(patch.password) if patch.password else None
        changes = patch.model_dump(mode="json", exclude={"password"}, exclude_unset=True)
        payload = {"account_id": account.id, "patch": changes, "password_hash": password_hash, "if_match": etag(account.version)}
        summary = {**changes, **({"password": "new"} if patch.password else {})}
        response.status_code = 202
        return await approvals.answered(work, await approvals.ask(work, "account_amend", str(account.id), summary, payload))
    account = await administration.amend_account(work, account, patch, None, if_match)
    response.headers["ETag"] = etag(account.version)
    return _account(work, account)


@router.post("/{account_id}/unlock", status_code=204)
async def unlock(work: Administrator, account_id: UUID) -> None:
    """Forget the failed sign-ins of an account, so that the next try does not wait."""
    await administration.unlock(work, account_id)


@router.post("/{account_id}/second-factor/reset", status_code=202)
async def reset_second_factor(work: Administrator, account_id: UUID) -> ApprovalAnswer:
    """Ask that a lost second factor be forgotten; its owner enrols anew at the next sign-in after a second administrator confirmed."""
    account = await administration.read_account(work, account_id)
    if str(account.id) == work.principal.subject:
        raise OwnRights
    payload = {"account_id": account.id}
    asked = await approvals.ask(work, "second_factor_reset", str(account.id), {"username": account.username}, payload)
    return await approvals.answered(work, asked)
