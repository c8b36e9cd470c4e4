"""Every row of the route table times every role: who gets in, and what everybody else is told."""

from __future__ import annotations

import pytest

from gateway.edge.routes import Route
from gateway.identity.service import ISSUER
from kit.auth import INNER, mint
from tests.gateway.matrix.front import ROLES, Front, needed_headers, pointers

pytestmark = pytest.mark.anyio

STREAM = "stream"


async def knock(front: Front, row: Route, role: str) -> int:
    """A careful request of a role, about something that does not exist."""
    token = front.token(role, person_id="018f0000-0000-7000-8000-00000000dead", staff_id="X-01")
    if row.rate == STREAM and role in row.roles:
        return await front.begin(front.path(row), token)
    body, kind = front.a_body(row)
    return (await front.ask(row.method, front.path(row), token, body, {**needed_headers(row), **kind})).status


async def test_nobody_gets_in_without_a_token_and_a_wrong_one_is_told_no_more(front: Front) -> None:
    """401 for none, for garbage, a forged one, one that no session could end, and one that the house itself made for a service: always the same problem."""
    different: list[str] = []
    good = front.token("county_officer", session="")
    forged = good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB")
    claims = {"sub": "x", "sid": "x", "roles": ["county_officer"], "scope": ["610822"], "grants": []}
    inner = mint(
        front.house.keys.signing("inner"), typ=INNER, issuer=ISSUER, audience="registry", claims=claims, now=front.house.clock(), life=600
    )
    for row in front.rows():
        bodies = []
        for token in (None, "garbage", good, forged, inner):
            reply = await front.ask(row.method, front.path(row), token, headers=needed_headers(row))
            bodies.append({**reply.json(), "instance": ""} if reply.status == 401 else reply.status)
            front.checks["tokens refused"] += 1
        if any(body != bodies[0] for body in bodies) or not isinstance(bodies[0], dict):
            different.append(f"{row.method} {row.path}: {bodies}")
    assert not different, "\n".join(different)


async def test_a_role_that_is_not_in_the_row_stays_outside(front: Front) -> None:
    """403 for every other role, whatever is asked."""
    inside: list[str] = []
    for row in front.rows():
        for role in ROLES:
            if role not in row.roles:
                status = await knock(front, row, role)
                front.checks["roles kept out"] += 1
                if status != 403:
                    inside.append(f"{row.method} {row.path} as {role}: {status}")
    assert not inside, "\n".join(inside)


OF_THE_POLICE = frozenset({("POST", "/testing/v1/collections")})
"""The body that is sent says `organ: police`, and only the police record their own test (DTP art. 4); other organs' are let in."""


async def test_a_role_in_the_row_gets_in(front: Front) -> None:
    """Not 401, and not 403: what it asks for does not exist, or is not filled in, but it may ask."""
    outside: list[str] = []
    for row in front.rows():
        for role in sorted(row.roles):
            status = await knock(front, row, role)
            front.checks["roles let in"] += 1
            if status in (401, 403, 405, 429) and not (status == 403 and (row.method, row.path) in OF_THE_POLICE):
                outside.append(f"{row.method} {row.path} as {role}: {status}")
    assert not outside, "\n".join(outside)


async def test_a_read_of_a_person_needs_its_purpose(front: Front) -> None:
    """422 that points at the header, without one and with one that is no purpose; an emergency needs its reason."""
    wrong: list[str] = []
    for row in front.rows():
        if row.purpose:
            body, kind = front.a_body(row)
            for purpose in (None, "curiosity", "emergency", "emergency; reason=x"):
                headers = {**needed_headers(row), **kind, "purpose": purpose or ""}
                if purpose is None:
                    del headers["purpose"]
                reply = await front.ask(row.method, front.path(row), front.somebody(row), body, headers)
                front.checks["purposes asked for"] += 1
                if reply.status != 422 or pointers(reply) != {"/header/Purpose"}:
                    wrong.append(f"{row.method} {row.path} for {purpose}: {reply.status} {reply.body[:200]!r}")
    assert not wrong, "\n".join(wrong)


async def test_a_method_that_is_not_in_the_table_is_told_which_are(front: Front) -> None:
    """405 with Allow, before anybody is asked for a token."""
    wrong: list[str] = []
    known: dict[str, set[str]] = {}
    for row in front.table.routes:
        known.setdefault(row.path, set()).add(row.method)
    for row in front.table.routes:
        for method in sorted({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - known[row.path]):
            reply = await front.ask(method, front.path(row).partition("?")[0])
            front.checks["methods refused"] += 1
            others = {other.strip() for other in reply.headers.get("allow", "").split(",")}
            if reply.status != 405 or method in others or not others:
                literal = reply.status in (401, 404, 422)  # another row's {name} answers to the same path
                wrong += [] if literal else [f"{method} {row.path}: {reply.status}"]
    assert not wrong, "\n".join(wrong)


async def test_nothing_internal_is_reached_from_outside(front: Front) -> None:
    """What is not in the table does not exist."""
    token = front.token("administrator")
    for path in ("/internal/events", "/internal/language", "/internal/figures", "/internal/people/resolve", "/metrics", "/nowhere"):
        assert (await front.ask("GET", path, token)).status == 404
        front.checks["hidden paths"] += 1
