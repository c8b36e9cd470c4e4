"""An account that acts for a laboratory or an authority says so in every token, as far as the services."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from kit.auth import InvalidToken, Organisation, Principal, SigningKey, principal_claims, principal_of
from kit.call import Reply
from tests.gateway.identity.conftest import PASSWORD, Door

LABORATORY = "018f0000-0000-7000-8000-00000000aa01"
TECHNICIAN = {
    "username": "wang.lab",
    "password": PASSWORD,
    "roles": ["lab_technician"],
    "scope": ["610822"],
    "organisation": {"kind": "laboratory", "id": LABORATORY},
}


@pytest.fixture(autouse=True)
def institutions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The county knows two institutions that release people."""
    monkeypatch.setenv("GUIKANG_REGISTRY_INSTITUTIONS", "yulin-isolation-2, fugu-detention")


def plant_laboratory(owner: str) -> None:
    """A designated laboratory in testing's list."""
    with psycopg.connect(owner) as connection:
        connection.execute(
            """insert into testing.lab (id, code, name, qualification, certificate_no, designated_by, valid_from, version, created_at, updated_at)
               values (%s, 'LAB-9', '演示检测机构', 'forensic', '演示-9', '府谷县公安局', '2020-01-01', 1, now(), now())""",
            (LABORATORY,),
        )


def agency(kind: str, name: str, role: str = "agency") -> dict[str, Any]:
    """Another agency's system that shall act for a body."""
    jwk = {part: value for part, value in SigningKey.generate().public_jwk().items() if part in ("kty", "crv", "x")}
    return {"id": "bound-system", "name": "演示系统", "role": role, "grants": [], "organisation": {"kind": kind, "id": name}, "jwk": jwk}


def faults(reply: Reply) -> list[tuple[str, str]]:
    """(pointer, code) of what was refused."""
    assert reply.status == 422, reply.body
    return [(error["pointer"], error["code"]) for error in json.loads(reply.body)["errors"]]


UNKNOWN = [("/organisation/id", "organisation_unknown")]


async def test_a_technician_is_bound_to_a_laboratory_in_the_token(administrator: Door, stranger: Door) -> None:
    plant_laboratory(administrator.house.owner)
    made = await administrator.open(TECHNICIAN)
    assert made["organisation"] == {"kind": "laboratory", "id": LABORATORY}
    assert (await stranger.sign_in("wang.lab")).status == 200
    assert json.loads((await stranger("GET", "/auth/v1/me")).body)["organisation"] == {"kind": "laboratory", "id": LABORATORY}


async def test_no_officer_of_the_county_acts_for_a_laboratory(administrator: Door) -> None:
    officer = {**TECHNICIAN, "roles": ["county_officer"]}
    assert (await administrator("POST", "/auth/v1/accounts", officer)).status == 422
    authority = {**TECHNICIAN, "organisation": {"kind": "authority", "id": "customs"}}
    assert (await administrator("POST", "/auth/v1/accounts", authority)).status == 422


async def test_nobody_acts_for_a_body_that_is_in_no_list(administrator: Door) -> None:
    assert faults(await administrator("POST", "/auth/v1/accounts", TECHNICIAN)) == UNKNOWN
    inspector = {**TECHNICIAN, "roles": ["inspector"], "organisation": {"kind": "authority", "id": "bank"}}
    assert faults(await administrator("POST", "/auth/v1/accounts", inspector)) == UNKNOWN
    for kind, name in (("laboratory", "not-an-id"), ("laboratory", LABORATORY.upper()), ("institution", "yulin"), ("authority", "police2")):
        assert faults(await administrator("POST", "/auth/v1/clients", agency(kind, name))) == UNKNOWN, (kind, name)
    assert faults(await administrator("POST", "/auth/v1/clients", agency("authority", "customs", "partner"))) == [
        ("/organisation", "organisation_unfit")
    ]


async def test_a_client_acts_for_an_institution_that_the_county_lists(administrator: Door) -> None:
    await administrator.give("POST", "/auth/v1/clients", agency("institution", "yulin-isolation-2"))
    shown = await administrator("GET", "/auth/v1/clients/bound-system")
    assert json.loads(shown.body)["organisation"] == {"kind": "institution", "id": "yulin-isolation-2"}
    change = {"organisation": {"kind": "institution", "id": "fugu-detention-2"}, "reason": "改归"}
    path = "/auth/v1/clients/bound-system"
    assert faults(await administrator("PATCH", path, change, if_match=shown.headers["etag"])) == UNKNOWN
    change["organisation"] = {"kind": "institution", "id": "fugu-detention"}
    await administrator.give("PATCH", path, change, if_match=shown.headers["etag"])


async def test_the_body_must_still_exist_when_a_second_administrator_confirms(administrator: Door) -> None:
    plant_laboratory(administrator.house.owner)
    asked = await administrator("POST", "/auth/v1/accounts", TECHNICIAN)
    assert asked.status == 202
    with psycopg.connect(administrator.house.owner) as connection:
        connection.execute("delete from testing.lab where id = %s", (LABORATORY,))
    assert administrator.second is not None
    confirmed = await administrator.second("POST", f"/auth/v1/approvals/{json.loads(asked.body)['id']}/confirmation")
    assert faults(confirmed) == UNKNOWN


async def test_an_account_is_not_moved_to_a_body_that_does_not_exist(administrator: Door) -> None:
    made = await administrator.open({**TECHNICIAN, "roles": ["inspector"], "organisation": {"kind": "authority", "id": "customs"}})
    path, tag = f"/auth/v1/accounts/{made['id']}", f'"v{made["version"]}"'
    moved = {"organisation": {"kind": "authority", "id": "navy"}, "reason": "调动"}
    assert faults(await administrator("PATCH", path, moved, if_match=tag)) == UNKNOWN
    assert (await administrator("PATCH", path, {"roles": ["inspector"], "reason": "核对"}, if_match=tag)).status == 200


def test_the_binding_is_carried_whole_or_the_token_is_refused() -> None:
    for kind, name in (("laboratory", LABORATORY), ("authority", "customs"), ("institution", "yulin-isolation-2")):
        principal = Principal("a", "s", frozenset({"inspector"}), ("610822",), organisation=Organisation(kind, name))
        assert principal_of(principal_claims(principal)) == principal
    assert principal.institution_id == "yulin-isolation-2"
    assert (principal.laboratory_id, principal.authority) == (None, None)
    for wrong in ("laboratory", "laboratory:", "bank:1", "authority:a b", 7, ["laboratory:x"]):
        with pytest.raises(InvalidToken):
            principal_of({**principal_claims(principal), "org": wrong})
