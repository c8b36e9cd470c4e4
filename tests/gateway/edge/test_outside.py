"""What strangers get at the door: limits by their own address behind trusted proxies, few refusals, and what browsers and slow lines need."""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator

import pytest
from fastapi.responses import JSONResponse, StreamingResponse

from gateway.edge.coding import takes_gzip
from gateway.edge.crossing import CrossOrigin
from gateway.edge.limits import Limiter, Quota
from gateway.edge.origin import TrustedProxies
from tests.gateway.edge.toys import Street, ask, generous, street

PROXY = ("10.9.8.7", 443)


@pytest.mark.parametrize(
    ("trusted", "peer", "header", "origin"),
    [
        ((), "203.0.113.9", "198.51.100.1", "203.0.113.9"),
        (("10.9.8.0/24",), "203.0.113.9", "198.51.100.1", "203.0.113.9"),
        (("10.9.8.0/24",), "10.9.8.7", "198.51.100.1", "198.51.100.1"),
        (("10.9.8.0/24",), "10.9.8.7", "192.0.2.66, 198.51.100.1", "198.51.100.1"),
        (("10.9.8.0/24", "2001:db8::/48"), "10.9.8.7", "198.51.100.4, 2001:db8::5, 10.9.8.2", "198.51.100.4"),
        (("10.9.8.7",), "::ffff:10.9.8.7", "198.51.100.1", "198.51.100.1"),
        (("10.9.8.0/24",), "10.9.8.7", "unknown", "10.9.8.7"),
        (("10.9.8.0/24",), "10.9.8.7", "198.51.100.1:4711", "10.9.8.7"),
        (("10.9.8.0/24",), "10.9.8.7", None, "10.9.8.7"),
    ],
)
def test_the_client_is_the_first_hop_that_no_trusted_proxy_is(trusted: tuple[str, ...], peer: str, header: str | None, origin: str) -> None:
    headers = [(b"x-forwarded-for", header.encode())] if header else []
    client = TrustedProxies(trusted).client({"client": (peer, 1), "headers": headers})
    assert client is not None
    assert client[0] == origin


def test_a_list_of_proxies_that_cannot_be_read_stops_the_start() -> None:
    for wrong in ("proxy.example", "10.0.0.0/33", "10.9.8.7/24"):
        with pytest.raises(ValueError, match=r"does not appear|has host bits"):
            TrustedProxies([wrong])


def behind(whole: Street) -> Street:
    """The street with a trusted proxy before it."""
    whole.edge._proxies = TrustedProxies([PROXY[0]])
    return whole


async def test_behind_a_proxy_each_client_has_its_own_limit() -> None:
    whole = behind(street(limiter=Limiter({**generous().quotas, "login": Quota(1, 60, 3)})))
    for number in range(9):
        for attempt in range(4):
            told = await ask(whole.edge, "POST", "/auth/v1/login", client=PROXY, headers=[(b"x-forwarded-for", b"198.51.100.%d" % number)])
            assert told.status == (429 if attempt == 3 else 200)


async def test_random_knocking_is_limited_by_address_and_leaves_no_lines() -> None:
    whole = street(limiter=Limiter({**generous().quotas, "refused": Quota(1, 60, 5)}))
    asked = [("GET", "/wp-login.php", None), ("TRACE", "/registry/v1/people", None), ("GET", "/registry/v1/people", None)]
    answers = []
    for number in range(12):
        method, path, token = asked[number % 3]
        answers.append(await ask(whole.edge, method, path, token=token))
    assert [answer.status for answer in answers] == [404, 405, 401, 404, 405] + [429] * 7
    told = answers[-1]
    assert told.header("retry-after")
    assert (
        told.header(
            "ratelimit",
        )
        == '"refused";r=0;t=300'
    )
    assert (await ask(whole.edge, token=whole.keys.token("county_officer"))).status == 200  # who is known is not unknown
    assert (await ask(whole.edge, path="/nowhere", client=("192.0.2.200", 1))).status == 404


async def test_a_token_of_our_own_key_without_jti_is_refused() -> None:
    whole = street()
    assert (await ask(whole.edge, token=whole.keys.token("county_officer", jti="k-77"))).status == 200
    for jti in (None, "", 7, ["k"]):
        assert (await ask(whole.edge, token=whole.keys.token("county_officer", jti=jti))).status == 401


def long_list(whole: Street, *, etag: str | None = None, pieces: bool = False) -> bytes:
    """Give the toy registry a list worth compressing; its bytes."""
    body = json.dumps([{"id": number, "town": "610822100000"} for number in range(400)]).encode()
    headers = {"etag": etag} if etag else {}

    async def in_pieces() -> object:
        async def lines() -> AsyncIterator[bytes]:
            for start in range(0, len(body), 1000):
                yield body[start : start + 1000]

        return StreamingResponse(lines(), media_type="application/x-ndjson", headers=headers)

    async def at_once() -> object:
        return JSONResponse(json.loads(body), headers=headers)

    app = whole.services["alerts"].app
    app.router.routes[:] = [route for route in app.router.routes if getattr(route, "path", "") != "/alerts/v1/alerts"]
    app.add_api_route("/alerts/v1/alerts", in_pieces if pieces else at_once, methods=["GET"], response_model=None)
    return body


@pytest.mark.parametrize("pieces", [False, True])
async def test_a_long_answer_is_compressed_for_whom_it_helps(pieces: bool) -> None:
    whole = street()
    body = long_list(whole, pieces=pieces)
    token = whole.keys.token("county_officer")
    plain = await ask(whole.edge, path="/alerts/v1/alerts", token=token)
    assert plain.header("content-encoding") is None
    small = await ask(whole.edge, path="/alerts/v1/alerts", token=token, headers=[(b"accept-encoding", b"br, gzip;q=0.5")])
    assert (small.header("content-encoding"), small.header("vary")) == ("gzip", "accept-encoding")
    assert small.header("content-length") in (None, str(len(small.body)))
    assert len(small.body) < len(body) / 4
    assert json.loads(zlib.decompress(small.body, 31)) == json.loads(body)


async def test_what_must_keep_its_bytes_or_leave_at_once_is_not_compressed() -> None:
    whole = street()
    token = whole.keys.token("county_officer")
    gzip = [(b"accept-encoding", b"gzip")]
    assert (await ask(whole.edge, token=token, headers=gzip)).header("content-encoding") is None  # one packet
    long_list(whole, etag='"v3"')
    assert (await ask(whole.edge, path="/alerts/v1/alerts", token=token, headers=gzip)).header("content-encoding") is None
    long_list(whole, etag='W/"3"')
    assert (await ask(whole.edge, path="/alerts/v1/alerts", token=token, headers=gzip)).header("content-encoding") == "gzip"
    assert "accept-encoding" not in whole.services["registry"].seen[-1][2]


@pytest.mark.parametrize(
    ("value", "takes"),
    [(b"gzip", True), (b"GZIP;q=1", True), (b"*", True), (b"br, *;q=0.1", True), (b"gzip;q=0", False), (b"gzip;q=0.0, *", False), (b"br", False), (b"", False), (b"gzip;q=x", False)],
)  # fmt: skip
def test_accept_encoding_is_read_with_its_weights(value: bytes, takes: bool) -> None:
    assert takes_gzip(value) is takes


async def test_no_page_of_another_origin_may_call_unless_listed() -> None:
    whole = street()
    token = whole.keys.token("county_officer")
    desk = [(b"origin", b"https://desk.example")]
    asking = [*desk, (b"access-control-request-method", b"PATCH")]
    assert (await ask(whole.edge, token=token, headers=desk)).header("access-control-allow-origin") is None
    assert (await ask(whole.edge, "OPTIONS", headers=asking)).status == 405
    whole.edge._crossing = CrossOrigin(["https://desk.example"])
    told = await ask(whole.edge, token=token, headers=desk)
    assert (told.header("access-control-allow-origin"), told.header("vary")) == ("https://desk.example", "origin")
    assert "ETag" in (told.header("access-control-expose-headers") or "")
    before = await ask(whole.edge, "OPTIONS", path="/registry/v1/people/7", headers=asking)
    assert (before.status, before.body) == (204, b"")
    assert "Purpose" in (before.header("access-control-allow-headers") or "")
    assert before.header("access-control-allow-credentials") is None
    foreign = await ask(whole.edge, token=token, headers=[(b"origin", b"https://desk.example.evil.example")])
    assert (foreign.header("access-control-allow-origin"), foreign.header("vary")) == (None, "origin")


def test_everybody_is_not_an_origin() -> None:
    for wrong in ("*", "null", "desk.example", "https://desk.example/", "https://*.example"):
        with pytest.raises(ValueError, match="not an origin"):
            CrossOrigin([wrong])
