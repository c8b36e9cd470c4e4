"""Names of the people behind accounts, as the registry's staff list has them: of oneself, and of colleagues in the own towns.

A name is asked when it is wanted and never copied. When the registry is down one is still signed in, without a name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from gateway.identity import repository, staff
from gateway.identity.rules import WORKERS
from gateway.identity.schemas import Colleague, ColleagueRow, TownAnswer
from gateway.identity.tables import Account
from kit.lists import Asked, Found, find_rows
from kit.names import Names
from kit.problems import Unavailable
from kit.roles import Role
from kit.scope import Scope, division_code
from kit.work import House, Work, system_work

_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Myself:
    """What is shown of the caller."""

    name: str | None = None
    post: str | None = None
    towns: list[TownAnswer] = field(default_factory=list)


async def myself(work: Work) -> Myself:
    """The caller's name and post, and the names of the places of the scope."""
    codes = [division_code(entry) for entry in work.principal.scope]
    try:
        names = await staff.places(work, codes)
        member = await staff.member(work, work.principal.staff_id) if work.principal.staff_id else None
    except Unavailable:
        names, member = {}, None
    towns = [TownAnswer(code=code, name=names.get(code)) for code in codes]
    if member is not None:
        return Myself(member.name, member.post, towns)
    return Myself(await _holder(work), None, towns)


async def _holder(work: Work) -> str | None:
    if work.principal.has(Role.AGENCY, Role.PARTNER):
        client = await repository.client(work.session, work.principal.subject)
        return client.name if client else None
    found = await repository.accounts_by_id(work.session, [UUID(work.principal.subject)])
    return found[0].holder if found else None


async def tell_names(house: House, asked: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The names of accounts and clients, to stand beside their ids in answers (kit.names): of staff from the registry, of others the holder's.

    A person under supervision is never named here. Raises Unavailable while the registry does not answer.
    """
    async with house.database.session() as session:
        work = system_work(house, session, "", "gateway/names")
        accounts = await repository.accounts_by_id(session, [UUID(one) for one in asked["accounts"] if _ID.fullmatch(one)])
        clients = await repository.client_names(session, [one for one in asked["accounts"] if not _ID.fullmatch(one)])
    holders = [account for account in accounts if account.person_id is None]
    staff_names = await house.part(Names).find(work, {("staff", account.staff_code) for account in holders if account.staff_code})
    if any(account.staff_code and ("staff", account.staff_code) not in staff_names for account in holders):
        raise Unavailable(headers={"Retry-After": "5"})
    named = {str(account.id): staff_names.get(("staff", account.staff_code or "")) or account.holder for account in holders}
    return {"accounts": clients | {key: name for key, name in named.items() if name}}


async def list_colleagues(work: Work, asked: Asked, role: str | None, division: str | None) -> Found:
    """The accounts in use in the caller's towns; an administrator's work is in all of them. Raises BadCursor, OutsideScope."""
    everywhere = Scope((work.house.county,)) if work.principal.has(Role.ADMINISTRATOR) else work.scope
    query = repository.colleagues_in(everywhere.within(division), role)
    return await find_rows(work, repository.COLLEAGUES, asked, query, {"role": role, "division": division}, shape=_row)


def _row(account: Account) -> ColleagueRow:
    only = account.scope[0] if len(account.scope) == 1 else None
    return ColleagueRow(
        account_id=account.id,
        post=next((WORKERS[role] for role in account.roles if role in WORKERS), None),
        division_code=account.staff_division or (division_code(only) if only else None),
        roles=account.roles,
    )


async def colleagues(work: Work, ids: Sequence[UUID]) -> list[Colleague]:
    """The colleagues behind these accounts; one in another town is left out, as one who does not exist is. Raises Unavailable."""
    accounts = await repository.accounts_by_id(work.session, ids)
    members = await staff.members(work, [account.staff_code for account in accounts if account.staff_code])
    shown = [_colleague(account, members.get(account.staff_code or "")) for account in accounts if "subject" not in account.roles]
    everybody = work.principal.has(Role.ADMINISTRATOR)
    found = [item for item, where in shown if everybody or any(work.scope.reaches(code) for code in where)]
    await work.note("account.names", "account", *(item.id for item in found))
    return found


def _colleague(account: Account, member: staff.Member | None) -> tuple[Colleague, list[str]]:
    where = [member.division_code] if member else [division_code(entry) for entry in account.scope]
    shown = Colleague(
        id=account.id,
        name=member.name if member else account.holder,
        post=member.post if member else None,
        division_code=member.division_code if member else None,
        roles=account.roles,
    )
    return shown, where
