"""What somebody with an account, a stolen token, or nothing but time tries at the door of identity."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from gateway.identity import passwords
from gateway.identity.revocations import Revocations
from kit.auth import SigningKey
from tests.gateway.identity.conftest import PASSWORD, Door
from tests.gateway.identity.test_machines import ask, assertion, plant_agreement, register
from tests.gateway.identity.test_sign_in import OFFICER, cookie
from tests.houses import TestHouse


async def reloaded(house: TestHouse) -> None:
    """The deny list as a notification would have brought it up to date."""
    local = house.house.apps["gateway"].state.house
    await local.part(Revocations).reload(local)


def audited(house: TestHouse, action: str) -> list[tuple[Any, ...]]:
    """Object type, ids and details of the audit rows of an action."""
    with psycopg.connect(house.owner) as connection:
        rows = connection.execute("select object_type, object_ids, details from gateway.audit where action = %s order by id", (action,))
        return rows.fetchall()


async def test_a_flood_of_sign_ins_takes_no_connection_from_the_deny_list(administrator: Door, house: TestHouse) -> None:
    """While passwords are hashed nothing of the database is held; else whoever signs in wrongly often enough keeps revoked tokens alive."""
    await administrator.open(OFFICER)
    pool, most = house.house.apps["gateway"].state.house.database.engine.pool, 0
    flood = [asyncio.create_task(Door(house).sign_in("officer", "not the password")) for _ in range(12)]
    while not all(task.done() for task in flood):
        most = max(most, pool.checkedout())
        await asyncio.sleep(0)
    assert most <= 4, "more than the two that hash and the two that write down the outcome"
    assert {task.result().status for task in flood} == {401}


async def test_more_sign_ins_than_can_be_served_soon_are_turned_away(house: TestHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "WAITING", 3)
    flood = await asyncio.gather(*(Door(house).sign_in("nobody", "not the password") for _ in range(12)))
    assert sorted({reply.status for reply in flood}) == [401, 429]


async def test_an_unknown_name_costs_and_leaves_as_much_as_a_known_one(administrator: Door, stranger: Door, house: TestHouse) -> None:
    """The same transactions for both, so that time tells nothing; the name that was tried may be a password and is not kept."""
    made = await administrator.open(OFFICER)
    for name in ("officer", "secret-word"):
        await stranger.sign_in(name, "not the password")
    assert audited(house, "session.refused") == [("account", [made["id"]], {"failures": 1}), ("account", [], {"failures": 1})]


async def test_trying_on_while_locked_is_seen(administrator: Door, stranger: Door, house: TestHouse) -> None:
    await administrator.open(OFFICER)
    for _ in range(7):
        await stranger.sign_in("officer", "not the password")
    assert [details["failures"] for _, _, details in audited(house, "session.refused")] == [1, 2, 3, 4, 5, 5, 5]


async def test_a_stolen_refresh_token_used_at_the_same_moment_ends_both_chains(
    administrator: Door, stranger: Door, house: TestHouse
) -> None:
    """Within the grace a token may come twice, so thief and owner each get one; when both use theirs, the family ends."""
    await administrator.open(OFFICER)
    stolen = cookie(await stranger.sign_in("officer"))
    owners = cookie(await stranger("POST", "/auth/v1/refresh", cookie=f"gk_refresh={stolen}"))
    thiefs = cookie(await stranger("POST", "/auth/v1/refresh", cookie=f"gk_refresh={stolen}"))
    house.clock.advance(timedelta(minutes=9))
    first = await stranger("POST", "/auth/v1/refresh", cookie=f"gk_refresh={thiefs}")
    assert first.status == 200
    house.clock.advance(timedelta(seconds=1))
    assert (await stranger("POST", "/auth/v1/refresh", cookie=f"gk_refresh={owners}")).status == 401
    assert (await stranger("POST", "/auth/v1/refresh", cookie=f"gk_refresh={cookie(first)}")).status == 401


async def test_an_answer_that_was_lost_on_the_way_ends_nothing(administrator: Door, stranger: Door, house: TestHouse) -> None:
    await administrator.open(OFFICER)
    token = cookie(await stranger.sign_in("officer"))
    await stranger("POST", "/auth/v1/refresh", cookie=f"gk_refresh={token}")
    for _ in range(3):
        again = await stranger("POST", "/auth/v1/refresh", cookie=f"gk_refresh={token}")
        assert again.status == 200
        token = cookie(again)
        house.clock.advance(timedelta(minutes=9))


async def test_another_site_cannot_make_a_browser_refresh(administrator: Door, stranger: Door) -> None:
    """SameSite=Strict keeps other sites out, but not a neighbour under the same domain; the browser says where a request comes from."""
    await administrator.open(OFFICER)
    token = cookie(await stranger.sign_in("officer"))
    for origin in ("cross-site", "same-site"):
        assert (await stranger("POST", "/auth/v1/refresh", cookie=f"gk_refresh={token}", sec_fetch_site=origin)).status == 403
    assert (await stranger("POST", "/auth/v1/refresh", cookie=f"gk_refresh={token}", sec_fetch_site="same-origin")).status == 200


@pytest.mark.parametrize(
    "roles", [["auditor", "county_officer"], ["administrator", "town_officer"], ["leader", "social_worker"], [], ["subject"]]
)
async def test_roles_that_exclude_each_other_are_never_one_account(administrator: Door, roles: list[str]) -> None:
    """Who watches or opens the doors sees no persons: neither when an account is opened nor when it is changed."""
    opened = await administrator("POST", "/auth/v1/accounts", {**OFFICER, "username": "other", "roles": roles})
    made = await administrator.open(OFFICER)
    path = f"/auth/v1/accounts/{made['id']}"
    changed = await administrator("PATCH", path, {"roles": roles, "reason": "试"}, if_match='"v1"')
    assert (opened.status, changed.status) == (422, 422)


async def test_an_administrator_does_not_change_the_own_rights(administrator: Door) -> None:
    me = json.loads((await administrator("GET", "/auth/v1/me")).body)
    path = f"/auth/v1/accounts/{me['subject']}"
    for patch in ({"roles": ["county_officer"]}, {"scope": ["610822100"]}, {"password": PASSWORD + "2"}):
        assert (await administrator("PATCH", path, {**patch, "reason": "试"}, if_match='"v1"')).status == 403


async def test_what_a_machine_may_no_longer_do_ends_with_the_change_and_not_with_its_token(
    administrator: Door, stranger: Door, house: TestHouse
) -> None:
    key = SigningKey.generate()
    first, other = plant_agreement(house.owner), plant_agreement(house.owner)
    await register(administrator, key, grants=[first, other])
    stranger.token = json.loads((await ask(stranger, assertion(house, key))).body)["access_token"]
    narrower = {"grants": [other], "reason": "协议终止"}
    assert (await administrator("PATCH", "/auth/v1/clients/baode", narrower, if_match='"v1"')).status == 200
    await reloaded(house)
    assert (await stranger("GET", "/auth/v1/me")).status == 401
    again = await ask(stranger, assertion(house, key, jti="one-time-0002"))
    stranger.token = json.loads(again.body)["access_token"]
    assert json.loads((await stranger("GET", "/auth/v1/me")).body)["grants"] == [other]


async def test_a_key_that_leaked_can_be_withdrawn_alone(administrator: Door, stranger: Door, house: TestHouse) -> None:
    """The client keeps its other key; what was signed with the leaked one ends at once, and it cannot come back."""
    leaked, kept = SigningKey.generate(), SigningKey.generate()
    await register(administrator, leaked)
    jwk = {part: value for part, value in kept.public_jwk().items() if part in ("kty", "crv", "x")}
    await administrator.give("POST", "/auth/v1/clients/baode/keys", {"jwk": jwk})
    stranger.token = json.loads((await ask(stranger, assertion(house, leaked))).body)["access_token"]
    gone = await administrator("DELETE", f"/auth/v1/clients/baode/keys/{leaked.kid}")
    assert gone.status == 204, gone.body
    await reloaded(house)
    assert (await stranger("GET", "/auth/v1/me")).status == 401
    assert (await ask(stranger, assertion(house, leaked, jti="one-time-0002"))).status == 401
    assert (await ask(stranger, assertion(house, kept, jti="one-time-0003"))).status == 200
    assert (await administrator("DELETE", f"/auth/v1/clients/baode/keys/{leaked.kid}")).status == 404
