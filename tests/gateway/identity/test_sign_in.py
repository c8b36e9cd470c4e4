"""Signing in, staying in, and being put out: through the edge, over the real database."""

from __future__ import annotations

import json
from datetime import timedelta
from http.cookies import SimpleCookie

import psycopg
from pyotp.totp import TOTP

from gateway.identity.revocations import Revocations
from kit.call import Reply
from tests.gateway.identity.conftest import PASSWORD, Door
from tests.houses import TestHouse

OFFICER = {"username": "officer", "password": PASSWORD, "roles": ["county_officer"], "scope": ["610822"], "staff_code": "C001"}


def cookie(reply: Reply) -> str:
    """The refresh token of an answer."""
    return SimpleCookie(reply.headers["set-cookie"])["gk_refresh"].value


async def test_an_account_signs_in_and_is_told_who_it_is(administrator: Door, stranger: Door) -> None:
    await administrator.open(OFFICER)
    answer = await stranger.sign_in("officer")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=strict" in answer.headers["set-cookie"]
    me = json.loads((await stranger("GET", "/auth/v1/me")).body)
    assert (me["roles"], me["scope"]) == (["county_officer"], ["610822"])


async def test_every_refusal_is_the_same(administrator: Door, stranger: Door) -> None:
    await administrator.open(OFFICER)
    wrong = await stranger.sign_in("officer", "not the password")
    nobody = await stranger.sign_in("nobody", "not the password")
    assert (wrong.status, nobody.status) == (401, 401)
    first, second = json.loads(wrong.body), json.loads(nobody.body)
    assert {**first, "instance": ""} == {**second, "instance": ""}


async def test_failures_lock_for_a_while_and_not_for_good(administrator: Door, stranger: Door, house: TestHouse) -> None:
    await administrator.open(OFFICER)
    for _ in range(5):
        assert (await stranger.sign_in("officer", "not the password")).status == 401
    assert (await stranger.sign_in("officer")).status == 401
    house.clock.advance(timedelta(minutes=2))
    assert (await stranger.sign_in("officer")).status == 200


async def test_a_one_time_code_works_once(administrator: Door, stranger: Door, house: TestHouse) -> None:
    await administrator.open(OFFICER)
    code = TOTP(await stranger.enrol("officer")).at(house.clock())
    assert (await stranger.sign_in("officer", totp=code)).status == 200  # from the first right code on it is needed
    assert (await stranger.sign_in("officer")).status == 401
    assert (await stranger.sign_in("officer", totp=code)).status == 401


async def test_refresh_rotates_and_a_token_used_twice_ends_the_family(administrator: Door, stranger: Door, house: TestHouse) -> None:
    await administrator.open(OFFICER)
    first = cookie(await stranger.sign_in("officer"))
    second = cookie(await stranger("POST", "/auth/v1/refresh", cookie=f"gk_refresh={first}"))
    house.clock.advance(timedelta(minutes=1))
    assert (await stranger("POST", "/auth/v1/refresh", cookie=f"gk_refresh={first}")).status == 401
    assert (await stranger("POST", "/auth/v1/refresh", cookie=f"gk_refresh={second}")).status == 401


async def test_signing_out_refuses_the_token_at_once(administrator: Door, stranger: Door, house: TestHouse) -> None:
    await administrator.open(OFFICER)
    await stranger.sign_in("officer")
    assert (await stranger("POST", "/auth/v1/logout")).status == 204
    await house.house.apps["gateway"].state.house.part(Revocations).reload(house.house.apps["gateway"].state.house)
    assert (await stranger("GET", "/auth/v1/me")).status == 401


async def test_a_disabled_account_is_out_and_cannot_come_back(administrator: Door, stranger: Door) -> None:
    made = await administrator.open(OFFICER)
    await stranger.sign_in("officer")
    path = f"/auth/v1/accounts/{made['id']}"
    assert (await administrator("PATCH", path, {"state": "disabled", "reason": "调离"})).status == 428
    assert (await administrator("PATCH", path, {"state": "disabled", "reason": "调离"}, if_match='"v1"')).status == 200
    assert (await stranger.sign_in("officer")).status == 401


async def test_an_officer_opens_no_accounts(administrator: Door, stranger: Door) -> None:
    await administrator.open(OFFICER)
    await stranger.sign_in("officer")
    assert (await stranger("POST", "/auth/v1/accounts", OFFICER)).status == 403
    assert (await stranger("GET", "/auth/v1/accounts")).status == 403


async def test_a_sign_in_takes_a_key_and_keeps_no_answer(administrator: Door, stranger: Door, house: TestHouse) -> None:
    await administrator.open(OFFICER)
    stranger.headers["idempotency-key"] = "one-key-0001"
    first = json.loads((await stranger.sign_in("officer")).body)
    stranger.token = ""
    second = json.loads((await stranger.sign_in("officer")).body)
    assert first["access_token"] != second["access_token"]
    with psycopg.connect(house.owner) as connection:
        assert connection.execute("select count(*) from gateway.idempotent_answer").fetchone() == (0,)
