"""Step 1: people and machines sign in, nobody else gets anywhere, and the documents are whole."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import jwt
from pyotp.totp import TOTP

from gateway.edge.routes import PUBLIC, shipped_table
from gateway.identity.machines import ASSERTION_TYPE, GRANT
from gateway.identity.service import ISSUER
from tests.journeys.county.office import Office


async def officers_sign_in_and_out(office: Office) -> None:
    """Login, me, refresh with rotation, a stolen refresh token, logout."""
    username, password, secret = office.accounts.of("town_officer")
    assert secret is not None
    code = TOTP(secret)

    def login() -> dict[str, str]:
        """Name, password and a code that was not used yet."""
        office.clock.advance(timedelta(seconds=31))
        return {"username": username, "password": password, "totp": code.at(office.clock())}

    async with httpx.AsyncClient(base_url=office.url, timeout=30) as browser:
        wrong = await browser.post("/auth/v1/login", json={"username": username, "password": "not this one at all"})
        assert wrong.status_code == 401
        first = await browser.post("/auth/v1/login", json=login())
        assert first.status_code == 200, first.text
        alone = await browser.post("/auth/v1/login", json={"username": username, "password": password})
        assert alone.status_code == 401, "an officer's password alone opens nothing"
        assert first.json()["expires_in"] == 600
        cookie = first.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        kept = browser.cookies["gk_refresh"]
        await _is_signed_by_us(office, first.json()["access_token"])
        me = await browser.get("/auth/v1/me", headers=_bearer(first))
        assert (me.json()["roles"], me.json()["scope"], me.json()["staff_code"]) == (["town_officer"], ["610822100"], "T001")

        second = await browser.post("/auth/v1/refresh")
        assert second.status_code == 200, second.text
        assert browser.cookies["gk_refresh"] != kept
        office.clock.advance(timedelta(seconds=11))  # two tabs may refresh at once; later it is a thief
        async with httpx.AsyncClient(base_url=office.url, cookies={"gk_refresh": kept}) as thief:
            assert (await thief.post("/auth/v1/refresh")).status_code == 401
        family = await browser.post("/auth/v1/refresh")
        assert family.status_code == 401, "a refresh token that is used twice ends the whole family"

        third = await browser.post("/auth/v1/login", json=login())
        left = await browser.post("/auth/v1/logout", headers=_bearer(third))
        assert left.status_code == 204
        async with asyncio.timeout(5):  # the end of a session reaches every process within a moment
            while (await browser.get("/auth/v1/me", headers=_bearer(third))).status_code != 401:
                pass
        assert (await browser.post("/auth/v1/refresh")).status_code == 401


def _bearer(answer: httpx.Response) -> dict[str, str]:
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


async def _is_signed_by_us(office: Office, token: str) -> None:
    """A stranger's library verifies the token with the published key."""
    keys = (await office.http.get("/.well-known/jwks.json")).json()
    kid = jwt.get_unverified_header(token)["kid"]
    key = next(key for key in jwt.PyJWKSet.from_dict(keys).keys if key.key_id == kid)
    # The token lives in July 2021, the library in its own time: it checks everything but the instants.
    claims: dict[str, Any] = jwt.decode(
        token, key.key, algorithms=["EdDSA"], issuer=ISSUER, options={"verify_exp": False, "verify_aud": False, "verify_iat": False}
    )
    assert claims["exp"] - claims["iat"] == 600
    assert claims["iat"] <= office.clock().timestamp()


def assertion(office: Office, client: dict[str, Any], **more: Any) -> dict[str, str]:
    """The form of a machine that proves itself by its private key (RFC 7523)."""
    now = int(office.clock().timestamp())
    claims = {"iss": client["id"], "sub": client["id"], "aud": ISSUER, "iat": now, "exp": now + 50, "jti": uuid4().hex, **more}
    signed = jwt.encode(claims, client["private_key"], algorithm="EdDSA", headers={"kid": client["kid"]})
    return {"grant_type": GRANT, "client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}


def machine(office: Office, name: str) -> dict[str, Any]:
    """What a machine client knows of itself."""
    return next(client for client in office.accounts.kept["clients"] if client["id"] == name)


async def machine_token(office: Office, name: str) -> str:
    """A token of ten minutes for a machine."""
    answer = await office.http.post("/auth/v1/token", data=assertion(office, machine(office, name)))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def machines_sign_in(office: Office) -> None:
    """private_key_jwt: once per assertion, and only for what is granted."""
    form = assertion(office, machine(office, "demo-agency"))
    answer = await office.http.post("/auth/v1/token", data=form)
    assert answer.status_code == 200, answer.text
    headers = {"authorization": f"Bearer {answer.json()['access_token']}"}
    me = (await office.http.get("/auth/v1/me", headers=headers)).json()
    assert (me["roles"], me["grants"]) == (["agency"], ["precursor:read"])
    assert (await office.http.get("/precursor/v1/catalogue", headers=headers)).status_code == 200
    assert (await office.http.get("/registry/v1/people", headers={**headers, "purpose": "supervision"})).status_code == 403
    assert (await office.http.post("/auth/v1/token", data=form)).status_code == 401, "an assertion is good for once"
    late = assertion(office, machine(office, "demo-agency"), exp=int(office.clock().timestamp()) - 1)
    assert (await office.http.post("/auth/v1/token", data=late)).status_code == 401


async def nobody_gets_in_unasked(office: Office) -> None:
    """Every route that is not public refuses a stranger; what stands in no table is not there; a role gets what the table gives it."""
    sample = "018f0000-0000-7000-8000-000000000001"
    for route in shipped_table().routes:
        if PUBLIC not in route.roles:
            path = "/".join(sample if part.startswith("{") else part for part in route.path.split("/"))
            answer = await office.http.request(route.method, path)
            assert answer.status_code == 401, (route.method, route.path, answer.status_code)
            assert answer.headers["content-type"] == "application/problem+json"
    leader, auditor = await office.official("leader"), await office.official("auditor")
    for closed in ("/registry/v1/people", "/registry/v1/measures", "/alerts/v1/alerts", "/testing/v1/plans/due"):
        await leader.refused("GET", closed, status=403)
        await auditor.refused("GET", closed, status=403)
    await leader.refused("GET", "/internal/events", status=404)
    await leader.refused("GET", "/registry/v1/nothing-here", status=404)
    officer = await office.official("county_officer")
    blind = await officer.refused("GET", "/registry/v1/people", status=422, purpose="curiosity")
    assert blind["errors"][0]["code"] == "purpose_required"
    unknown = await officer.refused("GET", "/registry/v1/people?colour=red", status=422)
    assert unknown["errors"][0]["pointer"] == "/query/colour"


async def documents_are_whole(office: Office) -> None:
    """One OpenAPI for the whole street, pages for people, code lists with labels."""
    begin = time.process_time()  # what it costs, not how long others keep the machine
    document = (await office.http.get("/openapi.json")).json()
    for route in shipped_table().routes:
        if route.path.split("/")[1] in ("registry", "testing", "alerts", "precursor"):
            assert route.method.lower() in document["paths"].get(route.path, {}), route
    assert time.process_time() - begin < 10
    page = await office.http.get("/docs")
    assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (200, "text/html")
    codes = (await office.http.get("/meta/v1/codes")).json()
    assert "三年" in str(codes)
