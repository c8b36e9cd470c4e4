"""A client's key is a point of prime order, for signatures, public, and registered once."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from gateway.identity.clients import key_fault
from gateway.identity.curve import L, P, is_public_key
from kit.auth import SigningKey
from tests.gateway.identity.conftest import Door
from tests.gateway.identity.test_machines import register
from tests.gateway.identity.test_two_people import jwk_of

SMALL = [
    1,
    P - 1,
    0,
    2**255,
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD83D3D706A17C7,
    0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
]
"""The points of small order that have a canonical spelling or look like one."""


def x_of(number: int) -> str:
    """32 bytes as a JWK spells them."""
    return base64.urlsafe_b64encode((number % 2**256).to_bytes(32, "little")).rstrip(b"=").decode()


def test_every_key_that_is_made_is_a_point_and_weak_ones_are_not() -> None:
    for _ in range(20):
        raw = base64.urlsafe_b64decode(SigningKey.generate().public_jwk()["x"] + "=")
        assert is_public_key(raw)
    for number in (*SMALL, P, P + 1, 2, 2**255 - 1):
        assert not is_public_key((number % 2**256).to_bytes(32, "little")), number
    assert not is_public_key(b"\x01" * 31)
    assert P == 2**255 - 19
    assert L > 2**252


@pytest.mark.parametrize(
    ("change", "code"),
    [
        *(({"x": x_of(number)}, "weak_key") for number in SMALL),
        ({"x": "!"}, "key_unfit"), ({"x": 7}, "key_unfit"), ({"x": None}, "key_unfit"), ({"x": ""}, "weak_key"),
        ({"use": "enc"}, "key_unfit"), ({"alg": "ES256"}, "key_unfit"), ({"alg": "none"}, "key_unfit"), ({"alg": None}, "key_unfit"),
        ({"key_ops": ["sign"]}, "key_unfit"), ({"kty": "EC"}, "key_unfit"), ({"crv": "X25519"}, "key_unfit"), ({"crv": "Ed448"}, "key_unfit"),
        ({"d": "AAAA"}, "private_key"), ({"k": "AAAA"}, "private_key"), ({"x5u": "https://evil.example"}, "key_unfit"), ({"kid": 7}, "key_unfit"),
    ],
)  # fmt: skip
def test_a_key_that_is_unfit_is_refused(change: dict[str, Any], code: str) -> None:
    good: dict[str, Any] = jwk_of(SigningKey.generate())
    assert key_fault(good) is None
    assert key_fault({**good, "use": "sig", "alg": "EdDSA", "kid": "mine", "key_ops": ["verify"]}) is None
    fault = key_fault({**good, **change})
    assert fault is not None
    assert fault[0] == code


@pytest.mark.parametrize(
    "spell", [lambda x: x + "=", lambda x: x[:20] + "\n" + x[20:], lambda x: x[:20] + "*" + x[20:], lambda x: " " + x, lambda x: x + "AA"]
)
def test_junk_inside_x_is_not_passed_over(spell: Any) -> None:
    good = jwk_of(SigningKey.generate())
    assert key_fault({**good, "x": spell(good["x"])}) is not None


async def test_a_key_is_registered_once_and_does_not_come_back(administrator: Door) -> None:
    key, spare = SigningKey.generate(), SigningKey.generate()
    await register(administrator, key)
    other = {"id": "hequ", "name": "河曲(演示)", "role": "partner", "grants": [], "jwk": jwk_of(key)}
    assert (await administrator("POST", "/auth/v1/clients", other)).status == 409
    assert (await administrator("POST", "/auth/v1/clients/baode/keys", {"jwk": jwk_of(key)})).status == 409
    await administrator.give("POST", "/auth/v1/clients/baode/keys", {"jwk": jwk_of(spare)})
    assert (await administrator("DELETE", f"/auth/v1/clients/baode/keys/{spare.kid}")).status == 204
    assert (await administrator("POST", "/auth/v1/clients/baode/keys", {"jwk": jwk_of(spare)})).status == 409
    weak = {"jwk": {**jwk_of(SigningKey.generate()), "x": x_of(1)}}
    refused = await administrator("POST", "/auth/v1/clients/baode/keys", weak)
    assert (refused.status, json.loads(refused.body)["errors"][0]["code"]) == (422, "weak_key")
