"""Wrong guesses slow down whoever makes them, and never keep the owner out."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest
from pyotp.totp import TOTP

from gateway.edge.origin import TrustedProxies
from gateway.identity.choice import fault_of
from tests.gateway.identity.conftest import PASSWORD, Door, plant_account
from tests.gateway.identity.test_attacks import reloaded
from tests.gateway.identity.test_sign_in import OFFICER, cookie
from tests.houses import TestHouse

WRONG = "not the password"


def from_address(house: TestHouse, address: str) -> Door:
    """A client at another address: the edge trusts whoever steps in, in this process, to name it."""
    edge: Any = house.house.app
    edge._proxies = TrustedProxies(["127.0.0.1"])
    return Door(house, headers={"x-forwarded-for": address})


async def device(house: TestHouse, address: str) -> str:
    """The device cookie of a sign-in, through a client that keeps every cookie."""
    transport = httpx.ASGITransport(app=house.house.app)
    async with httpx.AsyncClient(base_url="http://localhost", transport=transport, headers={"x-forwarded-for": address}) as browser:
        reply = await browser.post("/auth/v1/login", json={"username": "officer", "password": PASSWORD})
        assert reply.status_code == 200
        return reply.cookies["gk_device"]


async def test_a_stranger_cannot_keep_the_owner_out(administrator: Door, house: TestHouse) -> None:
    await administrator.open(OFFICER)
    stranger, owner = from_address(house, "198.51.100.7"), from_address(house, "192.0.2.10")
    for _ in range(9):
        assert (await stranger.sign_in("officer", WRONG)).status == 401
    assert (await stranger.sign_in("officer")).status == 401  # even with the right one: this origin waits
    assert (await owner.sign_in("officer")).status == 200


async def test_many_strangers_make_unknown_places_wait_and_not_those_that_are_known(administrator: Door, house: TestHouse) -> None:
    account = await administrator.open(OFFICER)
    owner = from_address(house, "192.0.2.10")
    assert (await owner.sign_in("officer")).status == 200
    for number in range(2):
        assert (await from_address(house, f"203.0.113.{number}").sign_in("officer", WRONG)).status == 401
    with psycopg.connect(house.owner) as connection:  # a hundred strangers cost a minute of argon2id; 98 of them are written down instead
        connection.execute("update gateway.sign_in_trial set failures = 99 where origin = '*'")
    assert (await from_address(house, "203.0.113.90").sign_in("officer", WRONG)).status == 401
    assert (await from_address(house, "203.0.113.91").sign_in("officer")).status == 401
    assert (await owner.sign_in("officer")).status == 200
    assert (await administrator("POST", f"/auth/v1/accounts/{account['id']}/unlock")).status == 204
    assert (await from_address(house, "203.0.113.92").sign_in("officer")).status == 200


async def test_a_known_device_waits_for_nobody_elses_guesses(administrator: Door, house: TestHouse) -> None:
    """Also behind the address from which somebody guesses: the office's own."""
    await administrator.open(OFFICER)
    owner, neighbour = from_address(house, "192.0.2.10"), from_address(house, "192.0.2.10")
    known = await device(house, "192.0.2.10")
    for _ in range(6):
        await neighbour.sign_in("officer", WRONG)
    assert (await from_address(house, "192.0.2.10").sign_in("officer")).status == 401
    owner.headers["cookie"] = f"gk_device={known}"
    assert (await owner.sign_in("officer")).status == 200
    forged = from_address(house, "192.0.2.10")
    forged.headers["cookie"] = f"gk_device={known[:-1]}{'0' if known[-1] != '0' else '1'}"
    assert (await forged.sign_in("officer")).status == 401


async def test_delays_grow_and_are_forgotten_and_an_unlock_ends_them(administrator: Door, house: TestHouse) -> None:
    account = await administrator.open(OFFICER)
    door = from_address(house, "192.0.2.44")
    waits: list[int] = []
    for _ in range(5):
        await door.sign_in("officer", WRONG)
    for _ in range(3):
        with psycopg.connect(house.owner) as connection:
            row = connection.execute("select waits_until from gateway.sign_in_trial where origin = 'address:192.0.2.44'").fetchone()
        assert row is not None
        waits.append(round((row[0] - house.clock()).total_seconds() / 60))
        house.clock.advance(timedelta(minutes=waits[-1]))
        await door.sign_in("officer", WRONG)
    assert waits == [1, 5, 15]
    assert (await door.sign_in("officer")).status == 401
    house.clock.advance(timedelta(seconds=-house.clock().timestamp() % 60))
    assert (await administrator.sign_in("root")).status == 200
    assert (await administrator("POST", f"/auth/v1/accounts/{account['id']}/unlock")).status == 204
    assert (await door.sign_in("officer")).status == 200


async def test_no_name_is_kept_that_was_tried(stranger: Door, house: TestHouse) -> None:
    await stranger.sign_in("hunter2-is-my-password", WRONG)
    with psycopg.connect(house.owner) as connection:
        rows = connection.execute("select encode(tried_mark, 'escape'), origin from gateway.sign_in_trial").fetchall()
    assert len(rows) == 2
    assert "hunter2" not in str(rows)


async def test_officers_need_a_second_factor_and_enrol_it_at_their_first_sign_in(strict: TestHouse, password_hash: str) -> None:
    plant_account(strict.owner, "officer", "county_officer", password_hash)
    plant_account(strict.owner, "boss", "leader", password_hash)
    door = Door(strict)
    refused = await door.sign_in("officer")
    assert (refused.status, json.loads(refused.body)["type"]) == (403, "/problems/second-factor-enrolment-required")
    assert (await door.sign_in("boss")).status == 200  # sees no persons, is not on the county's list
    wrong = await door("POST", "/auth/v1/totp/enrolment", {"username": "officer", "password": WRONG})
    assert wrong.status == 401
    thrown_away, secret = await door.enrol("officer"), await door.enrol("officer")
    assert (await door.sign_in("officer", totp=TOTP(thrown_away).at(strict.clock()))).status == 401
    assert (await door.sign_in("officer", totp=TOTP(secret).at(strict.clock()))).status == 200
    strict.clock.advance(timedelta(seconds=30))
    assert (await door.sign_in("officer")).status == 401
    again = await door("POST", "/auth/v1/totp/enrolment", {"username": "officer", "password": PASSWORD})
    assert again.status == 401, "whoever knows a password does not put a code of their own in place of the owner's"


async def test_the_right_code_passes_a_wait_and_guessed_codes_wait_themselves(strict: TestHouse, password_hash: str) -> None:
    plant_account(strict.owner, "officer", "county_officer", password_hash)
    door = Door(strict)
    code = TOTP(await door.enrol("officer"))
    assert (await door.sign_in("officer", totp=code.at(strict.clock()))).status == 200
    strict.clock.advance(timedelta(seconds=30))
    for _ in range(6):
        await door.sign_in("officer", WRONG, totp="000000")
    assert (await door.sign_in("officer", totp=code.at(strict.clock()))).status == 200
    strict.clock.advance(timedelta(seconds=30))
    for number in range(5):
        guessed = f"{(int(code.at(strict.clock())) + 1 + number) % 1_000_000:06}"
        assert (await from_address(strict, f"203.0.113.{number}").sign_in("officer", totp=guessed)).status == 401
    assert (await from_address(strict, "203.0.113.99").sign_in("officer", totp=code.at(strict.clock()))).status == 401
    strict.clock.advance(timedelta(minutes=2))
    assert (await from_address(strict, "203.0.113.99").sign_in("officer", totp=code.at(strict.clock()))).status == 200


async def test_two_administrators_reset_a_lost_second_factor(administrator: Door, stranger: Door, house: TestHouse) -> None:
    made = await administrator.open(OFFICER)
    secret = await stranger.enrol("officer")
    assert (await stranger.sign_in("officer", totp=TOTP(secret).at(house.clock()))).status == 200
    await administrator.give("POST", f"/auth/v1/accounts/{made['id']}/second-factor/reset")
    await reloaded(house)
    assert (await stranger("GET", "/auth/v1/me")).status == 401
    stranger.token = ""
    assert await stranger.enrol("officer") != secret
    me = json.loads((await administrator("GET", "/auth/v1/me")).body)["subject"]
    assert (await administrator("POST", f"/auth/v1/accounts/{me}/second-factor/reset")).status == 403


async def test_everybody_changes_the_own_password_and_other_sessions_end(administrator: Door, stranger: Door, house: TestHouse) -> None:
    await administrator.open(OFFICER)
    elsewhere = Door(house)
    kept = cookie(await elsewhere.sign_in("officer"))
    assert (await stranger.sign_in("officer")).status == 200
    new = "九月的河水又涨了三分之一 7"
    for body, status in (
        ({"password": WRONG, "new_password": new}, 422),
        ({"password": PASSWORD, "new_password": "password1234"}, 422),
        ({"password": PASSWORD, "new_password": new}, 204),
    ):
        assert (await stranger("POST", "/auth/v1/password", body)).status == status
    await reloaded(house)
    assert (await stranger("GET", "/auth/v1/me")).status == 200
    assert (await elsewhere("GET", "/auth/v1/me")).status == 401
    assert (await elsewhere("POST", "/auth/v1/refresh", cookie=f"gk_refresh={kept}")).status == 401
    assert (await elsewhere.sign_in("officer")).status == 401
    assert (await elsewhere.sign_in("officer", new.replace("7", "\uff17"))).status == 200  # the same keys on another keyboard


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("aaaaaaaaaaaaaa", "too_few_signs"), ("            ", "too_short"), ("\u3000" * 14, "too_short"), ("abababababab", "too_few_signs"),
        ("zhang.wei-zhang.wei", "user_name"), ("ZhangWei2021!", "user_name"), ("password2021!!", "breached"), ("passwordpassword", "breached"),
        ("P@ssw0rdP@ssw0rd", "breached"), ("iloveyou123456", "breached"), ("123456789012345", "sequence"), ("qwertyuiopasdf", "sequence"),
        ("abcdefghijklmn", "sequence"), ("ＰＡＳＳＷＯＲＤ２０２１", "breached"), ("short one", "too_short"),
        ("河水又涨了三分之一没有人知道", None), ("correct horse battery staple", None), ("Xk9#mPq2vL7w", None),
    ],
)  # fmt: skip
def test_what_everybody_tries_first_is_no_password(password: str, fault: str | None) -> None:
    found = fault_of(password, "zhang.wei")
    assert (found[0] if found else None) == fault
