"""An account that acts for a laboratory or an authority says so in every token, as far as the services."""

from __future__ import annotations

import json

import pytest

from kit.auth import InvalidToken, Organisation, Principal, principal_claims, principal_of
from tests.gateway.identity.conftest import PASSWORD, Door

LABORATORY = "018f0000-0000-7000-8000-00000000aa01"
TECHNICIAN = {
    "username": "wang.lab",
    "password": PASSWORD,
    "roles": ["lab_technician"],
    "scope": ["610822"],
    "organisation": {"kind": "laboratory", "id": LABORATORY},
}


async def test_a_technician_is_bound_to_a_laboratory_in_the_token(administrator: Door, stranger: Door) -> None:
    made = await administrator.open(TECHNICIAN)
    assert made["organisation"] == {"kind": "laboratory", "id": LABORATORY}
    assert (await stranger.sign_in("wang.lab")).status == 200
    assert json.loads((await stranger("GET", "/auth/v1/me")).body)["organisation"] == {"kind": "laboratory", "id": LABORATORY}


async def test_no_officer_of_the_county_acts_for_a_laboratory(administrator: Door) -> None:
    officer = {**TECHNICIAN, "roles": ["county_officer"]}
    assert (await administrator("POST", "/auth/v1/accounts", officer)).status == 422
    authority = {**TECHNICIAN, "organisation": {"kind": "authority", "id": "customs"}}
    assert (await administrator("POST", "/auth/v1/accounts", authority)).status == 422


def test_the_binding_is_carried_whole_or_the_token_is_refused() -> None:
    for kind, name in (("laboratory", LABORATORY), ("authority", "customs"), ("institution", "yulin-isolation-2")):
        principal = Principal("a", "s", frozenset({"inspector"}), ("610822",), organisation=Organisation(kind, name))
        assert principal_of(principal_claims(principal)) == principal
    assert principal.institution_id == "yulin-isolation-2"
    assert (principal.laboratory_id, principal.authority) == (None, None)
    for wrong in ("laboratory", "laboratory:", "bank:1", "authority:a b", 7, ["laboratory:x"]):
        with pytest.raises(InvalidToken):
            principal_of({**principal_claims(principal), "org": wrong})
