"""Administrators by the operator's hand: the first two accounts, which nobody inside could open, and the way back of one who lost the second factor.

`./dev administrator <name>` opens an account while there are fewer than two administrators: one asks, the other confirms, so both are needed before anything
works. `./dev administrator <name> --reset` gives a new password and a new second factor to one that exists. Both stand in the audit trail as the operator's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from pyotp import random_base32
from sqlalchemy import select

from deploy.compose import HouseSettings, build
from deploy.database import owner_dsn, product_dsn
from deploy.problems import BadOption, CountyUnknown
from gateway.identity import administration
from gateway.identity.choice import fault_of
from gateway.identity.passwords import hash_password
from gateway.identity.schemas import AccountOpening
from gateway.identity.tables import Account
from kit.jobs import in_work
from kit.work import House, Work

ENOUGH = 2


async def open_by_operator(settings: HouseSettings, username: str, password: str, holder: str) -> str:
    """Open one of the first two administrators' accounts; its TOTP secret. Raises BadOption when there are two already, or the password cannot be taken."""
    password_hash = await _hashed(username, password)

    async def first(work: Work) -> str:
        accounts = (await work.session.execute(select(Account))).scalars().all()
        if sum("administrator" in account.roles and account.state == "active" for account in accounts) >= ENOUGH:
            raise BadOption(
                option=username,
                reason="there are two administrators already, who open further accounts through the API",
                reason_zh="已有两名管理员,其他账号请由其通过接口开立",
            )
        new = AccountOpening(username=username, roles=["administrator"], scope=[work.house.county], holder=holder)
        return _enrol(work, await administration.open_account(work, new, password_hash))

    return await _inside(settings, "operator", first)


async def reset_by_operator(settings: HouseSettings, username: str, password: str) -> str:
    """Give an administrator a new password and a new TOTP secret, which is returned; the sessions end. Raises BadOption."""
    password_hash = await _hashed(username, password)

    async def anew(work: Work) -> str:
        found = (await work.session.execute(select(Account).where(Account.username == username).with_for_update())).scalar_one_or_none()  # type: ignore[arg-type]
        if found is None or "administrator" not in found.roles:
            raise BadOption(option=username, reason="no administrator is called so", reason_zh="没有此管理员")
        found.password_hash = password_hash
        await administration.reset_second_factor(work, found)
        return _enrol(work, found)

    return await _inside(settings, "operator", anew)


async def _hashed(username: str, password: str) -> str:
    fault = fault_of(password, username)
    if fault is not None:
        raise BadOption(option="password", reason=fault[2], reason_zh=fault[1])
    return await hash_password(password)


def _enrol(work: Work, account: Account) -> str:
    secret = random_base32()
    account.totp_sealed = work.sealer.seal(secret, "account", "totp", str(account.id))
    return secret


async def _inside(settings: HouseSettings, actor: str, act: Callable[[Work], Awaitable[str]]) -> str:
    told = HouseSettings(
        settings.data_dir, settings.dsn, demo=settings.demo, clock=settings.clock, background=False, county=settings.county
    )
    house = build(told, only="gateway")
    inside = house.apps["gateway"].state.house
    assert isinstance(inside, House)
    if not inside.county:
        raise CountyUnknown
    secrets: list[str] = []

    async def run(work: Work) -> None:
        secrets.append(await act(work))

    try:
        await in_work(inside, actor, run)
    finally:
        await inside.database.close()
    return secrets[0]


def by_hand(data_dir: Path, external: str | None, username: str, password: str, holder: str, *, reset: bool) -> str:
    """`./dev administrator`: one of the first two accounts of a real county, or a lost one's way back; the TOTP secret. Raises BadOption, FolderUnfit,
    NotRunning."""
    with owner_dsn(data_dir, external) as address:
        settings = HouseSettings(data_dir, product_dsn(address), demo=False, background=False)
        if reset:
            return asyncio.run(reset_by_operator(settings, username, password))
        return asyncio.run(open_by_operator(settings, username, password, holder))
