"""The first account: nobody can open it through the front door, because nobody is inside yet.

`./dev administrator <name>` asks for a password; the demo makes one by itself. It works only while there is no administrator.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import select

from deploy.compose import HouseSettings, build
from deploy.database import owner_dsn, product_dsn
from deploy.problems import BadOption, CountyUnknown
from gateway.identity import administration
from gateway.identity.schemas import NewAccount
from gateway.identity.tables import Account
from kit.jobs import in_work
from kit.work import House, Work


async def open_first(settings: HouseSettings, username: str, password: str, *, with_totp: bool = False) -> str | None:
    """Open the first administrator's account; returns the TOTP secret if one was asked for. Raises BadOption when there is one already."""
    house = build(
        HouseSettings(settings.data_dir, settings.dsn, demo=settings.demo, clock=settings.clock, background=False, county=settings.county),
        only="gateway",
    )
    inside = house.apps["gateway"].state.house
    assert isinstance(inside, House)
    if not inside.county:
        raise CountyUnknown
    secrets: list[str | None] = []

    async def first(work: Work) -> None:
        accounts = (await work.session.execute(select(Account))).scalars().all()
        if any("administrator" in account.roles for account in accounts):
            raise BadOption(
                option=username,
                reason="there is an administrator already, who opens further accounts through the API",
                reason_zh="已有管理员,其他账号请由其通过接口开立",
            )
        new = NewAccount(username=username, password=password, roles=["administrator"], scope=[inside.county], with_totp=with_totp)
        secrets.append((await administration.open_account(work, new))[1])

    try:
        await in_work(inside, "first-administrator", first)
    finally:
        await inside.database.close()
    return secrets[0]


def open_by_hand(data_dir: Path, external: str | None, username: str, password: str) -> str | None:
    """`./dev administrator`: the first account of a real county, with a second factor. Raises BadOption, FolderUnfit, NotRunning."""
    with owner_dsn(data_dir, external) as address:
        settings = HouseSettings(data_dir, product_dsn(address), demo=False, background=False)
        return asyncio.run(open_first(settings, username, password, with_totp=True))
