"""Use cases of the administrator over accounts of people.

Whatever gives access (an account, more rights, a new password or second factor) is checked here twice: when one administrator asks for it and when another
confirms it (gateway.approvals); whatever takes access away happens at once. Nothing here trusts what was true when it was asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from gateway.events import AccountDisabled, SessionEnded
from gateway.identity import organisations, places, repository, rules, staff, throttle
from gateway.identity.choice import check_password
from gateway.identity.errors import AccountNotFound, NameTaken, OwnRights, StaffTaken
from gateway.identity.schemas import AccountOpening, AccountPatch, Bound
from gateway.identity.service import bound_to
from gateway.identity.tables import Account, AccountChange
from kit.auth import Organisation
from kit.db import new_id
from kit.etags import check_version
from kit.problems import invalid
from kit.steps.machine import START
from kit.steps.taking import NextStep, Reason, next_steps, take
from kit.work import Work

OWN = Reason(code=OwnRights.slug, zh=OwnRights.title_zh, en=OwnRights.title_en)
LEFT = Reason(code="staff_left", zh="该工作人员已离任", en="this member of staff has left")


async def check_opening(work: Work, new: AccountOpening, password: str | None = None) -> staff.Member | None:
    """Whether this account can be opened; the member of staff behind it. Raises NameTaken, StaffTaken, Invalid, Unavailable."""
    if password is not None:
        check_password(password, new.username)
    _check_roles(new.roles, new.person_id)
    places.check_scope(new.scope, work.house.county, needed="subject" not in new.roles)
    await _check_bound(work, new.roles, new.organisation)
    if await repository.account_named(work.session, new.username) is not None:
        raise NameTaken
    return await _holder(work, new.roles, new.staff_code, new.holder)


async def open_account(work: Work, new: AccountOpening, password_hash: str) -> Account:
    """Open an account. Raises NameTaken, StaffTaken, Invalid, Unavailable."""
    member = await check_opening(work, new)
    account = Account(
        id=new_id(),
        username=new.username,
        password_hash=password_hash,
        roles=sorted(new.roles),
        scope=places.stored(new.scope),
        staff_code=new.staff_code,
        holder=new.holder,
        staff_from=member.valid_from if member else None,
        staff_until=member.valid_to if member else None,
        staff_division=member.division_code if member else None,
        person_id=new.person_id,
        organisation_kind=new.organisation.kind if new.organisation else None,
        organisation_id=new.organisation.id if new.organisation else None,
        state=START,
        created_at=work.now,
        updated_at=work.now,
    )
    await _take(work, account, "open", "", {"roles": account.roles})
    return account


async def read_account(work: Work, account_id: UUID) -> Account:
    """One account. Raises AccountNotFound."""
    account = await repository.account(work.session, account_id)
    if account is None:
        raise AccountNotFound
    return account


def gives(account: Account, patch: AccountPatch) -> bool:
    """Whether a change gives access: what only takes it away needs no second administrator."""
    return (
        (patch.roles is not None and not set(patch.roles) <= set(account.roles))
        or (patch.scope is not None and rules.is_wider(account.scope, places.stored(patch.scope)))
        or (patch.organisation is not None and bound_to(account) != Organisation(patch.organisation.kind, patch.organisation.id))
        or (patch.staff_code is not None and patch.staff_code != account.staff_code)
        or patch.password is not None
        or (patch.state == "active" and account.state != "active")
    )


async def check_patch(work: Work, account: Account, patch: AccountPatch, if_match: str | None) -> staff.Member | None:
    """Whether this change can be made. Raises StaleVersion, OwnRights, StaffTaken, Invalid, Unavailable."""
    check_version(if_match, account.version)
    own = str(account.id) == work.principal.subject
    if own and {"roles", "scope", "organisation", "staff_code", "password"} & patch.model_fields_set:
        raise OwnRights  # the own password: POST /auth/v1/password, which asks for the old one
    if patch.password is not None:
        check_password(patch.password, account.username)
    roles = patch.roles if patch.roles is not None else account.roles
    if patch.roles is not None:
        _check_roles(patch.roles, account.person_id)
    if patch.scope is not None:
        places.check_scope(patch.scope, work.house.county, needed="subject" not in roles)
    if patch.roles is not None or patch.organisation is not None:
        await _check_bound(work, roles, patch.organisation or bound_to(account))
    if {"roles", "staff_code"} & patch.model_fields_set or patch.state == "active":
        return await _holder(work, roles, patch.staff_code or account.staff_code, account.holder, account.id)
    return None


async def amend_account(work: Work, account: Account, patch: AccountPatch, password_hash: str | None, if_match: str | None) -> Account:
    """Change an account; its sessions end at once. Raises StaleVersion, OwnRights, StaffTaken, Invalid, Unavailable."""
    member = await check_patch(work, account, patch, if_match)
    if patch.roles is not None:
        account.roles = sorted(patch.roles)
    if patch.scope is not None:
        account.scope = places.stored(patch.scope)
    if patch.organisation is not None:
        account.organisation_kind, account.organisation_id = patch.organisation.kind, patch.organisation.id
    if patch.staff_code is not None:
        account.staff_code = patch.staff_code
    if member is not None:
        account.staff_from, account.staff_until, account.staff_division = member.valid_from, member.valid_to, member.division_code
    if password_hash is not None:
        account.password_hash = password_hash
        await throttle.unlock(work, account.username)
    event = "amend" if patch.state in (None, account.state) else "enable" if patch.state == "active" else "disable"
    fields = {"fields": sorted(patch.model_fields_set - {"reason"})}
    disabled = patch.reason if patch.state == "disabled" else None
    await end_access(work, account, event, "account_changed", reason=patch.reason, details=fields, disabled=disabled)
    return account


def next_steps_of(work: Work, account: Account) -> list[NextStep]:
    """What an administrator can do with an account: the own rights are another administrator's to change, and who left does not come back."""
    own = [OWN] if str(account.id) == work.principal.subject else []
    left = [] if rules.serves_on(work.today, None, account.staff_until) else [LEFT]
    blocked = {"amend": own, "reset_second_factor": own, "enable": left}
    return next_steps(rules.ACCOUNT, account.state, work.principal, blocked)


async def reset_second_factor(work: Work, account: Account) -> Account:
    """Forget the second factor and all failures: its owner enrols anew at the next sign-in."""
    account.totp_sealed = account.totp_pending = None
    await throttle.unlock(work, account.username)
    await end_access(work, account, "reset_second_factor", "second_factor_reset")
    return account


async def unlock(work: Work, account_id: UUID) -> None:
    """Forget the failed sign-ins of an account: the next try waits for nothing. Raises AccountNotFound."""
    account = await read_account(work, account_id)
    await throttle.unlock(work, account.username)
    await work.note("account.unlock", "account", account.id)


async def end_access(
    work: Work,
    account: Account,
    event: str,
    why: str,
    *,
    reason: str = "",
    details: Mapping[str, Any] | None = None,
    disabled: str | None = None,
) -> None:
    """Take a step of an account: its sessions end (`why`), and when it is disabled everybody is told."""
    await _take(work, account, event, reason, details)
    for session_id in await repository.end_sessions(work.session, account.id, work.now, why):
        await work.publish(SessionEnded(reason=why), session_id, "")
    if disabled is not None:
        await work.publish(AccountDisabled(reason=disabled), account.id, "")


async def _take(work: Work, account: Account, event: str, reason: str, details: Mapping[str, Any] | None) -> None:
    noted = ("account", account.id, "account")
    await take(work, rules.ACCOUNT, account, event, AccountChange, noted=noted, reason=reason, details=details)


async def _holder(
    work: Work, roles: Sequence[str], staff_code: str | None, holder: str | None, account_id: UUID | None = None
) -> staff.Member | None:
    """Who stands behind an account: a worker is a member of staff in the post of the role, everybody else is at least named. Raises StaffTaken, Invalid."""
    posts = {rules.WORKERS[role] for role in roles if role in rules.WORKERS}
    if not posts:
        if "administrator" in roles and not (staff_code or holder):
            raise invalid("/holder", "holder_needed", "管理员账号须注明使用人", "an administrator's account names who holds it")
        return None
    if staff_code is None:
        raise invalid(
            "/staff_code", "staff_needed", "此角色的账号须对应在册工作人员", "an account of this role belongs to a member of staff"
        )
    member = await staff.member(work, staff_code)
    if member is None:
        raise invalid("/staff_code", "staff_unknown", "没有这名工作人员", "there is no such member of staff")
    if not rules.serves_on(work.today, None, member.valid_to):
        raise invalid("/staff_code", LEFT.code, LEFT.zh, LEFT.en)
    if posts != {member.post}:
        raise invalid("/roles", "post_differs", "角色与该工作人员的岗位不符", "the role is not the post of this member of staff")
    others = await repository.accounts_of_staff(work.session, staff_code)
    if any(other.id != account_id and other.state == "active" for other in others):
        raise StaffTaken
    return member


def _check_roles(roles: Sequence[str], person_id: UUID | None) -> None:
    if not roles:
        raise invalid("/roles", "missing", "至少一个角色", "at least one role")
    if "subject" in roles and (person_id is None or len(set(roles)) > 1):
        raise invalid(
            "/roles", "subject_alone", "本人账号须关联人员且不能兼任其他角色", "a subject account names its person and has no other role"
        )
    if not rules.SEES_NOBODY.isdisjoint(roles) and len(set(roles)) > 1:
        raise invalid(
            "/roles", "sees_no_persons", "领导、审计、管理员角色不得兼任其他角色", "leader, auditor and administrator have no other role"
        )


async def _check_bound(work: Work, roles: Sequence[str], bound: Bound | Organisation | None) -> None:
    """Whether these roles act for a body of this kind; one that is named now must also exist. Raises Invalid, Unavailable."""
    kinds = {rules.BODIES[role] for role in roles if role in rules.BODIES}
    if bound is not None and bound.kind not in kinds:
        raise invalid("/organisation", "organisation_unfit", "此角色不能归属该类单位", "these roles act for no body of this kind")
    if isinstance(bound, Bound):
        await organisations.check_exists(work, bound)
