"""Machines sign in with a key of their own (RFC 7523)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import psycopg

from gateway.identity.machines import ASSERTION_TYPE
from gateway.identity.revocations import Revocations
from kit.auth import SigningKey, mint
from kit.call import Reply
from kit.db import new_id
from tests.gateway.identity.conftest import Door
from tests.houses import TestHouse


def assertion(
    house: TestHouse,
    key: SigningKey,
    *,
    client: str = "baode",
    jti: str = "one-time-0001",
    audience: str = "guikang-gateway",
    life: int = 60,
    typ: str = "JWT",
) -> str:
    """A client assertion."""
    return mint(key, typ=typ, issuer=client, audience=audience, claims={"sub": client, "jti": jti}, now=house.clock(), life=life)


async def ask(door: Door, token: str, **more: str) -> Reply:
    """POST to the token endpoint."""
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "client_assertion": token, **more}
    return await door("POST", "/auth/v1/token", urlencode(form).encode(), content_type="application/x-www-form-urlencoded")


def plant_agreement(owner: str, client: str = "baode") -> str:
    """An agreement of the registry that names a client: the grant for it."""
    agreement_id = new_id()
    with psycopg.connect(owner) as connection:
        connection.execute(
            """insert into registry.agreement (id, name, partner_area, partner_client, lead_side, fields, valid_from, valid_to, state, document_no,
                                               proposed_by, version, position, created_at, updated_at)
               values (%s, '演示协议', '990931', %s, 'residence', '[]', '2021-01-01', '2022-01-01', 'accepted', '演示1号', 'x', 1, 0, now(), now())""",
            (agreement_id, client),
        )
    return f"agreement:{agreement_id}"


async def register(administrator: Door, key: SigningKey, grants: Sequence[Any] = ()) -> None:
    """Register the partner."""
    jwk = {part: value for part, value in key.public_jwk().items() if part in ("kty", "crv", "x")}
    new = {"id": "baode", "name": "保德县(演示)", "role": "partner", "grants": list(grants), "jwk": jwk}
    await administrator.give("POST", "/auth/v1/clients", new)


async def test_a_partner_signs_in_once_per_assertion(administrator: Door, stranger: Door, house: TestHouse) -> None:
    key, grant = SigningKey.generate(), plant_agreement(house.owner)
    await register(administrator, key, grants=[grant])
    token = assertion(house, key)
    answer = await ask(stranger, token)
    assert answer.status == 200, answer.body
    stranger.token = json.loads(answer.body)["access_token"]
    assert json.loads((await stranger("GET", "/auth/v1/me")).body)["grants"] == [grant]
    assert (await ask(stranger, token)).status == 401


async def test_what_is_not_exactly_right_is_refused(administrator: Door, stranger: Door, house: TestHouse) -> None:
    key, other = SigningKey.generate(), SigningKey.generate()
    await register(administrator, key)
    wrong = [
        assertion(house, other),
        assertion(house, key, audience="guikang"),
        assertion(house, key, life=3600),
        assertion(house, key, client="hequ"),
        assertion(house, key, jti="x"),
        *(assertion(house, key, jti=f"one-time-typ-{typ}", typ=typ) for typ in ("at+jwt", "inner+jwt", "jwt", "secevent+jwt", "")),
        "a.b.c",
    ]
    assert [(await ask(stranger, token)).status for token in wrong] == [401] * len(wrong)
    assert (await ask(stranger, assertion(house, key, jti="one-time-0009", typ="client-authentication+jwt"))).status == 200
    late = assertion(house, key, jti="one-time-0002")
    house.clock.advance(timedelta(minutes=5))
    assert (await ask(stranger, late)).status == 401


async def test_a_revoked_client_is_out_within_a_moment(administrator: Door, stranger: Door, house: TestHouse) -> None:
    key = SigningKey.generate()
    await register(administrator, key)
    stranger.token = json.loads((await ask(stranger, assertion(house, key))).body)["access_token"]
    assert (await administrator("DELETE", "/auth/v1/clients/baode")).status == 204
    local = house.house.apps["gateway"].state.house
    await local.part(Revocations).reload(local)
    assert (await stranger("GET", "/auth/v1/me")).status == 401
    assert (await ask(stranger, assertion(house, key, jti="one-time-0003"))).status == 401
