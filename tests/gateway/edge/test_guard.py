"""The guard: what opens the door, what never does, and how fast a door closes again."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from gateway.edge.guard import Guard
from kit.auth import InvalidToken, principal_of
from kit.problems import Unauthenticated
from kit.roles import Role
from tests.gateway.edge.forgeries import forgeries, made
from tests.gateway.edge.toys import START, Keys, Street, ask, generous, street

KEYS = Keys()
FORGERIES = list(forgeries(KEYS))


@pytest.fixture(scope="module")
def forged_at() -> Street:
    """A street that every forgery knocks at."""
    return street(keys=KEYS)


def anonymous(body: bytes) -> bytes:
    """A problem without the one thing that differs between two requests."""
    found = json.loads(body)
    return body.replace(found["instance"].encode(), b"")


def test_there_are_many_kinds_of_forgery() -> None:
    assert len(FORGERIES) >= 260
    assert len({kind for kind, _ in FORGERIES}) == len(FORGERIES)


async def test_the_token_that_all_forgeries_are_made_from_opens_the_door(forged_at: Street) -> None:
    assert (await ask(forged_at.edge, token=made(KEYS))).status == 200
    forged_at.services["registry"].seen.clear()


@pytest.mark.parametrize(("kind", "token"), FORGERIES, ids=[kind for kind, _ in FORGERIES])
async def test_a_forgery_is_refused_like_no_token_at_all(forged_at: Street, kind: str, token: str) -> None:
    nobody = await ask(forged_at.edge)
    forger = await ask(forged_at.edge, token=token)
    if forger.status == 400:  # a control character never was a header
        assert any(sign in token for sign in "\n\x00")
        return
    assert (forger.status, anonymous(forger.body)) == (401, anonymous(nobody.body))
    assert [pair for pair in forger.headers if pair[0] != b"x-request-id"] == [
        pair for pair in nobody.headers if pair[0] != b"x-request-id"
    ]
    assert forged_at.reached == []


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"Bearer",
        b"Bearer ",
        b"Basic YTpi",
        b"Token {}",
        b"bearer{}",
        b"Bearer  {}",
        b"Bearer\t{}",
        b"{}",
        b"DPoP {}",
        b"Bearer {},Bearer {}",
        b'Bearer "{}"',
    ],
)
async def test_a_good_token_in_a_wrong_wrapping_is_no_token(forged_at: Street, value: bytes) -> None:
    token = made(KEYS).encode()
    told = await ask(forged_at.edge, headers=[(b"authorization", value.replace(b"{}", token))])
    assert (told.status, told.header("www-authenticate")) == (401, "Bearer")


async def test_two_authorization_headers_are_none(forged_at: Street) -> None:
    pair = (b"authorization", b"Bearer " + made(KEYS).encode())
    assert (await ask(forged_at.edge, headers=[pair, pair])).status == 401


async def test_a_token_elsewhere_than_in_its_header_is_none(forged_at: Street) -> None:
    token = made(KEYS).encode()
    told = await ask(
        forged_at.edge, query=b"access_token=" + token, headers=[(b"x-authorization", token), (b"cookie", b"access_token=" + token)]
    )
    assert told.status == 401


async def test_every_role_reaches_its_own_rows_and_no_other() -> None:
    whole = street()
    for role in Role:
        told = await ask(whole.edge, "DELETE", "/registry/v1/people/7", token=whole.keys.token(role, session=role))
        assert told.status == (204 if role == Role.COUNTY_OFFICER else 403), role
    assert [method for method, *_ in whole.reached] == ["DELETE"]
    assert (await ask(whole.edge, token=whole.keys.token())).status == 403  # signed in, without any role
    assert (await ask(whole.edge, token=whole.keys.token("public", "gateway"))).status == 403


async def test_a_revoked_session_is_stopped_at_its_next_request_though_its_token_is_remembered() -> None:
    whole = street()
    token, other = whole.keys.token("county_officer"), whole.keys.token("county_officer", session="s-2")
    assert [(await ask(whole.edge, token=token)).status for _ in range(3)] == [200] * 3
    whole.revoked.add("s-1")
    assert [(await ask(whole.edge, token=token)).status for _ in range(3)] == [401] * 3
    assert (await ask(whole.edge, token=other)).status == 200
    assert len(whole.reached) == 4


async def test_a_remembered_token_ends_at_its_exp_to_the_second() -> None:
    whole = street()
    token = whole.keys.token("county_officer", life=600)
    assert (await ask(whole.edge, token=token)).status == 200
    whole.clock.advance(timedelta(seconds=599))
    assert (await ask(whole.edge, token=token)).status == 200
    whole.clock.advance(timedelta(seconds=1))
    assert [(await ask(whole.edge, token=token)).status for _ in range(2)] == [401, 401]


async def test_after_a_key_is_withdrawn_every_token_is_verified_anew() -> None:
    whole = street()
    token = whole.keys.token("county_officer")
    assert (await ask(whole.edge, token=token)).status == 200
    assert len(whole.edge._guard._visitors) == 1
    whole.edge.forget()
    assert len(whole.edge._guard._visitors) == 0
    assert (await ask(whole.edge, token=token)).status == 200


async def test_the_service_gets_an_inner_token_that_only_it_accepts() -> None:
    whole = street()
    token = whole.keys.token("county_officer", "leader", subject="a-9", person="p-3", staff="w-4", grants=["g-1"])
    await ask(whole.edge, token=token)
    given = whole.reached[0][2]["authorization"].removeprefix("Bearer ")
    assert given != token
    principal = principal_of(whole.keys.inner_verifier("registry").verify(given, whole.clock()))
    assert (principal.subject, principal.session, principal.roles) == ("a-9", "s-1", frozenset({"county_officer", "leader"}))
    assert (principal.scope, principal.grants, principal.person_id, principal.staff_id) == (("610822",), ("g-1",), "p-3", "w-4")
    for verifier in (whole.keys.inner_verifier("alerts"), whole.keys.inner_verifier("gateway"), whole.keys.outer_verifier()):
        with pytest.raises(InvalidToken):
            verifier.verify(given, whole.clock())
    with pytest.raises(InvalidToken):  # and the outer one is nothing to a service
        whole.keys.inner_verifier("registry").verify(token, whole.clock())
    assert (await ask(whole.edge, token=given)).status == 401  # nor the inner one to the door


async def test_an_inner_token_is_minted_once_per_visitor_and_service_until_shortly_before_its_end() -> None:
    whole = street()
    token = whole.keys.token("county_officer")

    async def given(service: str) -> str:
        await ask(whole.edge, path={"registry": "/registry/v1/people", "alerts": "/alerts/v1/alerts"}[service], token=token)
        return whole.services[service].seen[-1][2]["authorization"]

    first = await given("registry")
    assert await given("registry") == first
    assert await given("alerts") != first
    whole.clock.advance(timedelta(seconds=44))
    assert await given("registry") == first
    whole.clock.advance(timedelta(seconds=1))
    renewed = await given("registry")
    assert renewed != first
    whole.clock.advance(timedelta(seconds=59))  # what was handed out still verifies where it arrives
    assert whole.keys.inner_verifier("registry").verify(renewed.removeprefix("Bearer "), whole.clock())["sub"] == "a-1"


async def test_the_gateway_own_app_is_given_an_inner_token_too() -> None:
    whole = street()
    assert (await ask(whole.edge, path="/auth/v1/me", token=whole.keys.token("county_officer"))).status == 200
    given = whole.gateway.seen[0][2]["authorization"].removeprefix("Bearer ")
    assert whole.keys.inner_verifier("gateway").verify(given, whole.clock())["sub"] == "a-1"


async def test_a_public_route_asks_for_nothing_and_passes_no_token_on() -> None:
    whole = street()
    told = await ask(whole.edge, "POST", "/auth/v1/login", token=whole.keys.token("county_officer"))
    assert (told.status, "authorization" in whole.gateway.seen[0][2]) == (200, False)


def test_the_memory_of_tokens_is_bounded() -> None:
    guard = Guard(KEYS.outer_verifier(), KEYS.inner, frozenset(), generous(), remember=10)
    for number in range(50):
        guard.admit(b"Bearer " + KEYS.token("leader", session=f"s-{number}").encode(), "192.0.2.1", START)
    assert len(guard._visitors) == 10
    with pytest.raises(Unauthenticated):
        guard.admit(None, "192.0.2.1", START)
