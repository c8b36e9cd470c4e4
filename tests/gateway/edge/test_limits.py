"""Limits: how often (GCRA) and how much (bodies), with time as an argument."""

from __future__ import annotations

import pytest

from gateway.edge.limits import QUOTAS, Limiter, Quota, address_key
from kit.problems import TooMany
from tests.gateway.edge.toys import ask, generous, street

NOW = 1_795_482_000.0


def passed(limiter: Limiter, name: str, who: str, moments: list[float]) -> int:
    """How many of these requests got through."""
    count = 0
    for moment in moments:
        try:
            limiter.take(name, who, moment)
            count += 1
        except TooMany:
            continue
    return count


def test_a_burst_passes_and_then_the_steady_rate() -> None:
    limiter = Limiter({"read": Quota(2, 1, 5)})
    assert passed(limiter, "read", "a", [NOW] * 20) == 5
    assert passed(limiter, "read", "a", [NOW + 10 + step * 0.1 for step in range(100)]) in (24, 25)  # 5 at once, then 2 a second for 9.9 s


def test_callers_and_classes_do_not_share_a_quota() -> None:
    limiter = Limiter({"read": Quota(1, 1, 1), "write": Quota(1, 1, 1)})
    for name, who in (("read", "a"), ("read", "b"), ("write", "a")):
        limiter.take(name, who, NOW)
    with pytest.raises(TooMany):
        limiter.take("read", "a", NOW)


def test_a_refusal_says_when_to_come_again_and_keeps_its_word() -> None:
    limiter = Limiter({"export": Quota(6, 60, 2)})
    limiter.take("export", "a", NOW)
    limiter.take("export", "a", NOW)
    with pytest.raises(TooMany) as caught:
        limiter.take("export", "a", NOW)
    wait = int(caught.value.headers["Retry-After"])
    assert wait == 10
    assert caught.value.headers["RateLimit-Policy"] == '"export";q=2;w=20'
    assert caught.value.headers["RateLimit"] == '"export";r=0;t=20'
    limiter.take("export", "a", NOW + wait)


def test_refused_requests_do_not_lengthen_the_wait() -> None:
    limiter = Limiter({"read": Quota(1, 1, 1)})
    limiter.take("read", "a", NOW)
    assert passed(limiter, "read", "a", [NOW + 0.5] * 1000) == 0
    limiter.take("read", "a", NOW + 1)


def test_a_clock_set_back_an_hour_locks_nobody_out_for_an_hour() -> None:
    limiter = Limiter({"read": Quota(1, 1, 3)})
    limiter.take("read", "a", NOW + 3600)
    assert passed(limiter, "read", "a", [NOW + step for step in range(10)]) >= 8


def test_a_flood_of_addresses_does_not_fill_the_memory() -> None:
    limiter = Limiter({"unknown": Quota(1, 60, 1)}, capacity=1000)
    for number in range(5000):
        limiter.take("unknown", f"10.0.{number // 256}.{number % 256}", NOW)
    assert len(limiter._due) <= 1000


def test_an_ipv6_household_is_one_address() -> None:
    assert address_key(("2001:db8:1:2::5", 1)) == address_key(("2001:db8:1:2:ffff::9", 2)) != address_key(("2001:db8:1:3::5", 1))
    assert address_key(("::ffff:192.0.2.1", 1)) == address_key(("192.0.2.1", 1)) == "192.0.2.1"
    assert address_key(None) == ""


async def test_unknown_tokens_cost_their_address_before_they_are_verified() -> None:
    whole = street(limiter=Limiter({**generous().quotas, "unknown": Quota(1, 1, 3)}))
    statuses = [(await ask(whole.edge, token=f"a.b.{number}")).status for number in range(6)]
    assert statuses == [401, 401, 401, 429, 429, 429]
    good = whole.keys.token("county_officer")
    refused = await ask(whole.edge, token=good)
    assert refused.status == 429  # even a good token, as long as nobody has verified it
    assert refused.header("retry-after") == "1"
    assert (await ask(whole.edge, token=good, client=("192.0.2.8", 5))).status == 200
    assert [(await ask(whole.edge, token=good)).status for _ in range(5)] == [200] * 5  # now it is known, and its address does not matter


async def test_one_account_has_one_quota_however_many_tokens_and_addresses_it_has() -> None:
    whole = street(limiter=Limiter({**generous().quotas, "caller": Quota(1, 60, 4)}))
    tokens = [whole.keys.token("county_officer", session=f"s-{number}") for number in range(6)]
    statuses = [(await ask(whole.edge, token=token, client=(f"192.0.2.{number}", 1))).status for number, token in enumerate(tokens)]
    assert statuses == [200, 200, 200, 200, 429, 429]
    assert (await ask(whole.edge, token=whole.keys.token("county_officer", subject="a-2"))).status == 200


async def test_sign_in_is_limited_by_address_and_the_rest_of_the_house_is_not() -> None:
    whole = street(limiter=Limiter({**generous().quotas, "login": QUOTAS["login"]}))
    statuses = [(await ask(whole.edge, "POST", "/auth/v1/login")).status for _ in range(40)]
    assert statuses == [200] * 30 + [429] * 10
    assert (await ask(whole.edge, "POST", "/auth/v1/login", client=("192.0.2.99", 1))).status == 200
    assert (await ask(whole.edge, token=whole.keys.token("county_officer"))).status == 200


async def test_a_body_that_announces_too_much_is_refused_before_any_of_it_is_read() -> None:
    whole = street()
    token = whole.keys.token("county_officer")
    told = await ask(whole.edge, "POST", "/registry/v1/people", token=token, headers=[(b"content-length", b"65537")], pieces=[b"x" * 65537])
    assert (told.status, told.header("connection")) == (413, "close")
    assert whole.reached == []


async def test_a_body_that_lies_about_its_end_is_counted_while_it_streams() -> None:
    whole = street()
    token = whole.keys.token("county_officer")
    told = await ask(
        whole.edge, "POST", "/registry/v1/people", token=token, headers=[(b"transfer-encoding", b"chunked")], pieces=[b"x" * 30_000] * 3
    )
    assert (told.status, told.header("connection"), b"/problems/too-large" in told.body) == (413, "close", True)


async def test_a_body_of_exactly_the_limit_passes() -> None:
    whole = street()
    token = whole.keys.token("county_officer")
    told = await ask(
        whole.edge, "POST", "/registry/v1/people", token=token, headers=[(b"content-length", b"65536")], pieces=[b"x" * 32768] * 2
    )
    assert (told.status, b'"size":65536' in told.body) == (200, True)


async def test_a_route_without_a_body_takes_none() -> None:
    whole = street()
    told = await ask(whole.edge, token=whole.keys.token("county_officer"), headers=[(b"content-length", b"1")], pieces=[b"x"])
    assert told.status == 413
