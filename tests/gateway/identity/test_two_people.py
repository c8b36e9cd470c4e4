"""Nobody gives access alone: what one administrator asks another person confirms, and everything is checked anew when it takes effect."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from kit.auth import SigningKey
from tests.gateway.identity.conftest import PASSWORD, Door, plant_account
from tests.gateway.identity.test_machines import ask, assertion, plant_agreement, register
from tests.gateway.identity.test_sign_in import OFFICER
from tests.houses import TestHouse


def jwk_of(key: SigningKey) -> dict[str, str]:
    """The public half, as a client sends it."""
    return {part: value for part, value in key.public_jwk().items() if part in ("kty", "crv", "x")}


def confirmation(asked: Any) -> str:
    """Where a request is confirmed."""
    return f"/auth/v1/approvals/{json.loads(asked.body)['id']}/confirmation"


async def test_an_administrator_alone_opens_nothing_and_reads_nobody(administrator: Door, stranger: Door, house: TestHouse) -> None:
    """The whole attack: a client with an own key and a grant for persons, an officer, a second administrator to confirm with."""
    key, grant = SigningKey.generate(), plant_agreement(house.owner, "mine")
    client = {"id": "mine", "name": "自建", "role": "partner", "grants": [grant], "jwk": jwk_of(key)}
    accomplice = {"username": "root3", "password": PASSWORD, "roles": ["administrator"], "scope": ["610822"], "holder": "演示丙"}
    for path, body in (("clients", client), ("accounts", OFFICER), ("accounts", accomplice)):
        asked = await administrator("POST", f"/auth/v1/{path}", body)
        assert asked.status == 202
        assert (await administrator("POST", confirmation(asked))).status == 403
    assert (await ask(stranger, assertion(house, key, client="mine"))).status == 401
    assert (await stranger.sign_in("officer")).status == 401
    assert (await stranger.sign_in("root3")).status == 401
    me = json.loads((await administrator("GET", "/auth/v1/me")).body)["subject"]
    other = next(a for a in json.loads((await administrator("GET", "/auth/v1/accounts")).body)["items"] if a["id"] != me)
    reset = {"password": PASSWORD + " 2", "reason": "遗忘"}
    assert (await administrator("PATCH", f"/auth/v1/accounts/{other['id']}", reset, if_match='"v1"')).status == 202
    assert (await stranger.sign_in(other["username"])).status == 200  # nothing changed


async def test_a_second_account_of_the_same_person_does_not_confirm(administrator: Door, house: TestHouse, password_hash: str) -> None:
    plant_account(house.owner, "root-again", "administrator", password_hash)
    with psycopg.connect(house.owner) as connection:
        connection.execute("update gateway.account set holder = '演示甲' where username in ('root', 'root-again')")
    again = Door(house)
    await again.sign_in("root-again")
    asked = await administrator("POST", "/auth/v1/accounts", OFFICER)
    assert (await again("POST", confirmation(asked))).status == 403
    assert administrator.second is not None
    assert (await administrator.second("POST", confirmation(asked))).status == 200


async def test_a_request_lapses_is_decided_once_and_can_be_refused(administrator: Door, auditor: Door, house: TestHouse) -> None:
    second = administrator.second
    assert second is not None
    first, late = [await administrator("POST", "/auth/v1/accounts", {**OFFICER, "username": name}) for name in ("li.si", "wang.wu")]
    refused = await second("POST", confirmation(first).replace("confirmation", "refusal"), {"reason": "岗位未批"})
    assert (refused.status, json.loads(refused.body)["state"]) == (200, "refused")
    assert (await second("POST", confirmation(first))).status == 409
    waiting = json.loads((await second("GET", "/auth/v1/approvals?state=pending")).body)["items"]
    assert [(item["object_id"], item["kind"], item["summary"]["roles"]) for item in waiting] == [
        ("wang.wu", "account_open", ["county_officer"])
    ]
    assert "password" not in str(waiting)
    house.clock.advance(timedelta(days=8))
    for door, name in ((administrator, "root"), (second, "root2"), (auditor, "reads-logs")):
        assert (await door.sign_in(name)).status == 200
    assert (await second("POST", confirmation(late))).status == 409
    states = {item["object_id"]: item["state"] for item in json.loads((await auditor("GET", "/auth/v1/approvals")).body)["items"]}
    assert states == {"li.si": "refused", "wang.wu": "lapsed"}
    trail = json.loads((await auditor("GET", "/auth/v1/audit?object_type=approval")).body)["items"]
    assert sorted(row["action"] for row in trail) == ["approval.ask", "approval.ask", "approval.list", "approval.list", "approval.refuse"]


async def test_what_was_true_when_it_was_asked_is_checked_again(administrator: Door, house: TestHouse) -> None:
    asked = await administrator("POST", "/auth/v1/accounts", OFFICER)
    with psycopg.connect(house.owner) as connection:
        connection.execute("update registry.staff_member set valid_to = '2021-06-30' where code = 'C001'")
    assert administrator.second is not None
    late = await administrator.second("POST", confirmation(asked))
    assert (late.status, json.loads(late.body)["errors"][0]["code"]) == (422, "staff_left")


async def test_taking_away_needs_no_second_person(administrator: Door, stranger: Door) -> None:
    made = await administrator.open({**OFFICER, "scope": ["610822100000", "610822105"]})
    assert made["scope"] == ["610822100", "610822105"]  # one form
    path = f"/auth/v1/accounts/{made['id']}"
    less = await administrator("PATCH", path, {"scope": ["610822105000"], "reason": "调整"}, if_match='"v1"')
    assert (less.status, json.loads(less.body)["scope"]) == (200, ["610822105"])
    more = await administrator("PATCH", path, {"scope": ["610822"], "reason": "调整"}, if_match='"v2"')
    assert more.status == 202
    assert (await administrator("PATCH", path, {"state": "disabled", "reason": "停职"}, if_match='"v2"')).status == 200
    assert (await administrator("PATCH", path, {"state": "active", "reason": "复职"}, if_match='"v3"')).status == 202
    assert (await stranger.sign_in("officer")).status == 401


async def test_more_for_a_machine_needs_two_and_less_one(administrator: Door, house: TestHouse, stranger: Door) -> None:
    key, grant, foreign = SigningKey.generate(), plant_agreement(house.owner), plant_agreement(house.owner, "somebody-else")
    await register(administrator, key)
    path = "/auth/v1/clients/baode"
    terms = {"word": grant, "valid_from": "2021-07-03", "valid_to": "2021-07-05"}
    for wrong in ("agreement:1", "people:read", "precursor:read", foreign, grant.upper(), {**terms, "valid_to": "2021-07-03"}):
        reply = await administrator("PATCH", path, {"grants": [wrong], "reason": "授权"}, if_match='"v1"')
        assert reply.status == 422, wrong
    await administrator.give("PATCH", path, {"grants": [terms], "reason": "授权"}, if_match='"v1"')
    shown: list[list[str]] = []
    for day in range(5):
        token = json.loads((await ask(stranger, assertion(house, key, jti=f"one-time-day-{day}"))).body)["access_token"]
        stranger.token = token
        shown.append(json.loads((await stranger("GET", "/auth/v1/me")).body)["grants"])
        house.clock.advance(timedelta(days=1))
    assert shown == [[], [], [grant], [grant], []]
    assert (await administrator.sign_in("root")).status == 200
    listed = json.loads((await administrator("GET", "/auth/v1/clients")).body)["items"][0]
    assert (listed["grants"], listed["grant_terms"][0]["tokens"]) == ([], 2)
    assert (await administrator("PATCH", path, {"grants": [], "reason": "收回"}, if_match='"v2"')).status == 200


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"scope": []}, "/scope"),
        ({"scope": ["610823"]}, "/scope/0"),
        ({"scope": ["610822", "61"]}, "/scope/1"),
        ({"scope": ["6108221000"]}, "/scope/0"),
        ({"staff_code": None}, "/staff_code"),
        ({"staff_code": "Z404"}, "/staff_code"),
        ({"roles": ["police_officer"]}, "/roles"),
        ({"roles": ["county_officer", "auditor"]}, "/roles"),
        ({"roles": ["administrator"], "staff_code": None}, "/holder"),
        ({"roles": []}, "/roles"),
    ],
)
async def test_an_account_that_reaches_nobody_or_belongs_to_nobody_is_not_opened(
    administrator: Door, change: dict[str, Any], pointer: str
) -> None:
    reply = await administrator("POST", "/auth/v1/accounts", {**OFFICER, **change})
    assert (reply.status, json.loads(reply.body)["errors"][0]["pointer"]) == (422, pointer)


async def test_a_member_of_staff_has_one_account(administrator: Door) -> None:
    await administrator.open(OFFICER)
    assert (await administrator("POST", "/auth/v1/accounts", {**OFFICER, "username": "other"})).status == 409
    await administrator.open({**OFFICER, "username": "other", "staff_code": "C002"})
