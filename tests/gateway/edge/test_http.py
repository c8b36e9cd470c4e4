"""Hygiene: what of a request may pass inward, what of an answer may leave, and the one shape of every refusal."""

from __future__ import annotations

import json

import pytest

from gateway.edge.upstream import AsgiUpstream
from tests.gateway.edge.toys import Street, ask, street

SECURITY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


async def reached_with(headers: list[tuple[bytes, bytes]], whole: Street | None = None) -> dict[str, str]:
    """The headers that the registry saw."""
    whole = whole or street()
    told = await ask(whole.edge, token=whole.keys.token("county_officer"), headers=headers)
    assert told.status == 200
    return whole.reached[-1][2]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "x-principal",
            "x-principal-id",
            "x_principal",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto",
            "x-forwarded-user",
            "forwarded",
        ),
        *(
            "x-real-ip",
            "x_real_ip",
            "x-client-ip",
            "true-client-ip",
            "cf-connecting-ip",
            "x-user",
            "x-user-id",
            "x-remote-user",
            "remote-user",
        ),
        *(
            "x-auth-roles",
            "x-internal-call",
            "x-guikang-role",
            "x-original-url",
            "x-rewrite-url",
            "x-http-method-override",
            "x-method-override",
        ),
        *("x-correlation-id", "via", "te", "trailer", "proxy-authorization", "proxy-connection", "keep-alive", "http2-settings", "expect"),
    ],
)
async def test_a_header_that_could_claim_an_identity_or_steer_a_hop_ends_here(name: str) -> None:
    assert name not in await reached_with([(name.encode(), b"administrator")])


async def test_headers_that_mean_something_to_a_service_pass() -> None:
    wanted = [
        (b"accept-language", b"en"),
        (b"if-match", b'"7"'),
        (b"idempotency-key", b"k-1"),
        (b"purpose", 'emergency; reason="急"'.encode()),
    ]
    seen = await reached_with([*wanted, (b"last-event-id", b"41"), (b"content-type", b"application/json")])
    assert {"accept-language", "if-match", "idempotency-key", "purpose", "last-event-id", "content-type", "host"} <= seen.keys()


async def test_a_header_named_by_connection_ends_here_and_naming_one_that_decides_is_a_trick() -> None:
    seen = await reached_with([(b"connection", b"close, X-Hop"), (b"x-hop", b"1"), (b"x-stay", b"1")])
    assert ("x-hop" in seen, "x-stay" in seen, "connection" in seen) == (False, True, False)
    whole = street()
    for name in (b"authorization", b"Host", b"if-match", b"x-request-id, content-length", b"a b"):
        told = await ask(whole.edge, token=whole.keys.token("county_officer"), headers=[(b"connection", name)])
        assert told.status == 400, name
    assert whole.reached == []


async def test_the_request_id_is_ours_whatever_the_client_sends() -> None:
    whole = street()
    told = await ask(
        whole.edge, token=whole.keys.token("county_officer"), headers=[(b"x-request-id", b"mine"), (b"X-Request-Id".lower(), b"two")]
    )
    given = told.header("x-request-id")
    assert given is not None
    assert len(given) == 36
    assert whole.reached[0][2]["x-request-id"] == given
    other = await ask(whole.edge, path="/nowhere")
    assert json.loads(other.body)["instance"] == other.header("x-request-id") != given


async def test_a_session_cookie_reaches_the_gateway_and_no_service() -> None:
    whole = street()
    token = whole.keys.token("county_officer")
    for path in ("/registry/v1/people", "/auth/v1/me"):
        await ask(whole.edge, path=path, token=token, headers=[(b"cookie", b"__Host-gk=secret")])
    assert "cookie" not in whole.services["registry"].seen[0][2]
    assert whole.gateway.seen[0][2]["cookie"] == "__Host-gk=secret"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"host", b"a"), (b"host", b"a")],
        *(
            [(b"host", value)]
            for value in (
                b"",
                b" ",
                b"a b",
                b"a,b",
                b"a/b",
                b"user@a",
                b"a:b",
                b"a:123456",
                b"-a",
                b"[::1",
                b"a\x00",
                b"\xe5\xbd\x92",
                b"a?x",
                b"a#",
            )
        ),
        *(
            [(b"host", b"a"), pair]
            for pair in ((b"x-a", b"1\r\nx-b: 2"), (b"x-a", b"\x00"), (b"x-a", b"\x7f"), (b"x-a", b"\x0b"), (b"x-a", b"a\nb"))
        ),
        *([(b"host", b"a"), (name, b"1")] for name in (b"x a", b"x:a", b"", b"x\x00", b"X-Upper", b"\xe5", b"x(a)")),
        [(b"host", b"a"), (b"content-length", b"1"), (b"content-length", b"1")],
        *(
            [(b"host", b"a"), (b"content-length", value)]
            for value in (b"-1", b"+1", b"1 ", b"0x1", b"1,1", b"", b"1.0", b"\xd9\xa1", b"9" * 20)
        ),
        [(b"host", b"a"), (b"content-length", b"1"), (b"transfer-encoding", b"chunked")],
        [(b"host", b"a"), (b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"chunked")],
        *(
            [(b"host", b"a"), (b"transfer-encoding", value)]
            for value in (b"gzip", b"chunked, chunked", b"gzip, chunked", b"identity", b"x-chunked", b"", b'"chunked"')
        ),
        [(b"host", b"a"), (b"purpose", b"testing"), (b"purpose", b"audit")],
    ],
)
async def test_a_request_that_two_readers_could_read_differently_is_not_read(headers: list[tuple[bytes, bytes]]) -> None:
    whole = street()
    token = b"Bearer " + whole.keys.token("county_officer").encode()
    told = await ask(whole.edge, "POST", headers=[*headers, (b"authorization", token)], host=False)
    assert (told.status, told.header("connection"), told.header("content-type")) == (400, "close", "application/problem+json")
    assert whole.reached == []


@pytest.mark.parametrize("method", ["get", "GET ", "", "G\x00T", "X" * 40])
async def test_what_is_no_method_at_all_is_not_read(method: str) -> None:
    whole = street()
    told = await ask(whole.edge, method, token=whole.keys.token("county_officer"))
    assert (told.status, told.header("connection")) == (400, "close")


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "TRACK", "DEBUG", "PROPFIND", "PURGE", "LINK", "M-SEARCH", "PRI"])
async def test_a_method_that_no_row_knows_is_told_which_are(method: str) -> None:
    whole = street()
    told = await ask(whole.edge, method, token=whole.keys.token("county_officer"))
    assert (told.status, told.header("allow")) == (405, "GET, HEAD, POST")
    assert whole.reached == []


async def test_http_1_0_with_chunks_is_not_read_and_plain_http_1_0_is() -> None:
    whole = street()
    token = whole.keys.token("county_officer")
    assert (await ask(whole.edge, token=token, http_version="1.0")).status == 200
    told = await ask(whole.edge, "POST", token=token, http_version="1.0", headers=[(b"transfer-encoding", b"chunked")], pieces=[b"x"])
    assert told.status == 400
    assert (await ask(whole.edge, token=token, http_version="0.9")).status == 400


async def test_heads_beyond_any_honest_client_are_refused() -> None:
    whole = street()
    token = whole.keys.token("county_officer")
    assert (await ask(whole.edge, token=token, headers=[(b"x-%d" % number, b"1") for number in range(120)])).status == 431
    assert (await ask(whole.edge, token=token, headers=[(b"x-long", b"1" * 40_000)])).status == 431
    for query in (b"a b", b"\xe5", b"a\r\nb", b"x" * 5000, b"\x00"):
        assert (await ask(whole.edge, token=token, query=query)).status == 400
    assert whole.reached == []


async def test_a_compressed_body_is_refused() -> None:
    whole = street()
    token = whole.keys.token("county_officer")
    for coding, status in ((b"gzip", 415), (b"br", 415), (b"deflate, gzip", 415), (b"identity", 200)):
        told = await ask(whole.edge, "POST", token=token, headers=[(b"content-encoding", coding), (b"content-length", b"1")], pieces=[b"x"])
        assert told.status == status, coding


async def test_a_read_of_a_person_needs_its_purpose() -> None:
    whole = street()
    token = whole.keys.token("county_officer")
    told = await ask(whole.edge, path="/registry/v1/people/7", token=token)
    assert (told.status, json.loads(told.body)["errors"][0]["code"]) == (422, "purpose_required")
    assert (await ask(whole.edge, path="/registry/v1/people/7", token=token, headers=[(b"purpose", b"supervision")])).status == 200
    assert len(whole.reached) == 1


async def test_every_answer_carries_the_security_headers() -> None:
    whole = street()
    token = whole.keys.token("county_officer")
    told = [
        await ask(whole.edge, token=token),
        await ask(whole.edge),
        await ask(whole.edge, path="/nowhere", token=token),
        await ask(whole.edge, "TRACE"),
        await ask(whole.edge, path="/livez"),
        await ask(whole.edge, path="/readyz"),
        await ask(whole.edge, path="/registry/v1/broken", token=token),
        await ask(whole.edge, "DELETE", "/registry/v1/people/7", token=token),
        await ask(whole.edge, "POST", "/auth/v1/login"),
    ]
    assert [answer.status for answer in told] == [200, 401, 404, 405, 200, 200, 500, 204, 200]
    for answer in told:
        names = [name for name, _ in answer.headers]
        assert len(names) == len(set(names)), names
        assert "default-src 'none'" in (answer.header("content-security-policy") or "")
        assert {name: answer.header(name) for name in SECURITY} == SECURITY
        assert not {b"server", b"x-powered-by", b"keep-alive", b"date"} & set(names)


async def test_what_an_app_says_about_caching_counts_on_public_reads_only() -> None:
    whole = street()
    assert (await ask(whole.edge, path="/.well-known/jwks.json")).header("cache-control") == "public, max-age=60"
    assert (await ask(whole.edge, token=whole.keys.token("county_officer"))).header("cache-control") == "no-store"
    assert (await ask(whole.edge, "POST", "/auth/v1/login")).header("cache-control") == "no-store"


async def test_hsts_is_said_only_where_tls_ends_before_us() -> None:
    assert (await ask(street().edge)).header("strict-transport-security") is None
    assert (await ask(street(https=True).edge)).header("strict-transport-security") == "max-age=63072000"


async def test_problems_speak_the_language_that_was_asked_for() -> None:
    whole = street()
    zh = json.loads((await ask(whole.edge)).body)
    en = json.loads((await ask(whole.edge, headers=[(b"accept-language", b"en;q=0.9, fr")])).body)
    assert (zh["title"], en["title"]) == ("未登录或登录已失效", "Not signed in, or the sign-in is no longer valid")
    assert zh["type"] == en["type"] == "/problems/not-signed-in"


async def test_a_failure_inside_says_nothing_of_what_it_was_about() -> None:
    whole = street()
    told = await ask(whole.edge, path="/registry/v1/broken", token=whole.keys.token("county_officer"))
    assert told.status == 500
    assert "王建国".encode() not in told.body
    assert b"610822199001011234" not in told.body


async def test_an_app_that_answers_nothing_is_a_problem_of_ours() -> None:
    async def mute(scope: object, receive: object, send: object) -> None:
        return

    whole = street({"registry": AsgiUpstream(mute), "alerts": AsgiUpstream(mute)})
    told = await ask(whole.edge, token=whole.keys.token("county_officer"))
    assert (told.status, json.loads(told.body)["type"]) == (500, "/problems/internal")


async def test_state_is_never_shared_between_two_requests() -> None:
    kept = []

    async def app(scope: dict[str, object], receive: object, send: object) -> None:
        state = scope["state"]
        assert isinstance(state, dict)
        kept.append(dict(state))
        state["principal"] = "someone"

    whole = street({"registry": AsgiUpstream(app), "alerts": AsgiUpstream(app)})
    outer: dict[str, object] = {}
    for _ in range(2):
        await ask(whole.edge, token=whole.keys.token("county_officer"), state=outer)
    assert (kept, outer) == ([{}, {}], {})


async def test_readiness_names_the_part_that_is_not_ready() -> None:
    whole = street()
    assert (await ask(whole.edge, path="/readyz")).status == 200
    whole = street()
    whole.services["alerts"].ready = False
    told = await ask(whole.edge, path="/readyz")
    assert (told.status, json.loads(told.body)["parts"]) == (503, {"registry": "ok", "alerts": "down", "gateway": "ok"})
    assert (await ask(whole.edge, "POST", "/livez")).status == 405


async def test_requests_are_counted_by_template_and_never_by_path() -> None:
    whole = street()
    token = whole.keys.token("county_officer")
    for number in range(3):
        await ask(whole.edge, path=f"/registry/v1/people/{number}", token=token, headers=[(b"purpose", b"audit")])
    await ask(whole.edge, path="/registry/v1/people/7")
    await ask(whole.edge, "TRACE", "/x")
    value = whole.registry.get_sample_value
    labels = {"method": "GET", "route": "/registry/v1/people/{id}"}
    assert value("guikang_edge_requests_total", {**labels, "status": "200"}) == 3
    assert value("guikang_edge_requests_total", {**labels, "status": "401"}) == 1
    assert value("guikang_edge_requests_total", {"method": "other", "route": "unrouted", "status": "404"}) == 1
    assert value("guikang_edge_seconds_count", {"route": "/registry/v1/people/{id}"}) == 4


async def test_a_websocket_is_turned_away() -> None:
    said = []

    async def send(message: object) -> None:
        said.append(message)

    async def receive() -> dict[str, object]:
        return {"type": "websocket.connect"}

    await street().edge({"type": "websocket", "path": "/"}, receive, send)
    assert said == [{"type": "websocket.close", "code": 1008}]
