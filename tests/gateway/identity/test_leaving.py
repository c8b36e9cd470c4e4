"""Who leaves the registry's staff is out the same minute, and who moves keeps nothing of the old town."""

from __future__ import annotations

import json
from datetime import timedelta

from gateway.identity.revocations import Revocations
from kit.names import KEPT
from kit.roles import Role
from tests.gateway.identity.conftest import PASSWORD, Door
from tests.gateway.identity.test_sign_in import cookie
from tests.houses import TestHouse

WORKER = {"username": "town.one", "password": "demo password 府谷", "roles": ["town_officer"], "scope": ["610822100"], "staff_code": "T001"}


async def heard(house: TestHouse) -> None:
    """The gateway's follower catches up, and the deny list with it."""
    local = house.house.apps["gateway"]
    for follower in local.state.followers:
        await follower.drain()
    await local.state.house.part(Revocations).reload(local.state.house)


async def test_who_leaves_today_is_out_at_once(administrator: Door, stranger: Door, house: TestHouse) -> None:
    await administrator.open(WORKER)
    kept = cookie(await stranger.sign_in("town.one"))
    assert (await stranger("GET", "/auth/v1/me")).status == 200
    county = house.caller("registry", Role.COUNTY_OFFICER)
    assert (await county("POST", "/registry/v1/staff/T001/departure", {"on": "2021-07-01"})).status == 200
    await heard(house)
    assert (await stranger("GET", "/auth/v1/me")).status == 401
    assert (await stranger("POST", "/auth/v1/refresh", cookie=f"gk_refresh={kept}")).status == 401
    assert (await stranger.sign_in("town.one")).status == 401
    account = next(a for a in json.loads((await administrator("GET", "/auth/v1/accounts")).body)["items"] if a["username"] == "town.one")
    assert (account["state"], account["staff_until"]) == ("disabled", "2021-07-01")
    back = {"state": "active", "reason": "误停"}
    again = await administrator("PATCH", f"/auth/v1/accounts/{account['id']}", back, if_match=f'"v{account["version"]}"')
    assert (again.status, json.loads(again.body)["errors"][0]["code"]) == (422, "staff_left")


async def test_who_leaves_on_a_day_to_come_is_out_on_that_day_by_itself(administrator: Door, stranger: Door, house: TestHouse) -> None:
    await administrator.open(WORKER)
    county = house.caller("registry", Role.COUNTY_OFFICER)
    assert (await county("POST", "/registry/v1/staff/T001/departure", {"on": "2021-07-02"})).status == 200
    await heard(house)
    house.clock.advance(timedelta(hours=15, minutes=55))  # five minutes before midnight in Shanghai
    kept = cookie(await stranger.sign_in("town.one"))
    assert (await stranger("GET", "/auth/v1/me")).status == 200
    house.clock.advance(timedelta(minutes=6))
    await heard(house)
    assert (await stranger("GET", "/auth/v1/me")).status == 401
    assert (await stranger("POST", "/auth/v1/refresh", cookie=f"gk_refresh={kept}")).status == 401
    assert (await stranger.sign_in("town.one")).status == 401


async def test_who_moves_to_another_town_or_post_starts_anew(administrator: Door, stranger: Door, house: TestHouse) -> None:
    await administrator.open(WORKER)
    await administrator.open({**WORKER, "username": "worker", "roles": ["social_worker"], "staff_code": "S001"})
    other = Door(house)
    assert (await stranger.sign_in("town.one")).status == 200
    assert (await other.sign_in("worker")).status == 200
    county = house.caller("registry", Role.COUNTY_OFFICER)
    moved = {"code": "T001", "name": "演示T001", "post": "town_officer", "division_code": "610822105", "valid_from": "2020-01-01"}
    same = {"code": "S001", "name": "改名演示", "post": "social_worker", "division_code": "610822100000", "valid_from": "2020-01-01"}
    assert (await county("POST", "/registry/v1/staff/load", [moved, same])).status == 200
    await heard(house)
    assert (await stranger("GET", "/auth/v1/me")).status == 401
    assert (await stranger.sign_in("town.one")).status == 401
    me = json.loads((await other("GET", "/auth/v1/me")).body)
    assert (me["name"], me["post"], me["towns"]) == ("改名演示", "social_worker", [{"code": "610822100000", "name": "演示镇"}])
    assert (me["now"], me["time_zone"]) == ("2021-07-01T00:00:00Z", "Asia/Shanghai")


async def test_officers_find_the_names_of_colleagues_in_their_towns_and_nothing_more(
    administrator: Door, stranger: Door, house: TestHouse
) -> None:
    ids = [
        (await administrator.open({**WORKER, "username": f"u-{code.lower()}", "roles": [role], "scope": [scope], "staff_code": code}))["id"]
        for code, role, scope in (
            ("T001", "town_officer", "610822100"),
            ("S001", "social_worker", "610822100"),
            ("P001", "police_officer", "610822105"),
        )
    ]
    assert (await stranger.sign_in("u-t001")).status == 200
    reply = await stranger("POST", "/auth/v1/colleagues/search", {"ids": [*ids, "018f0000-0000-7000-8000-000000000001"]})
    assert [(item["id"], item["name"], item["post"]) for item in json.loads(reply.body)["items"]] == [
        (ids[0], "演示T001", "town_officer"),
        (ids[1], "演示S001", "social_worker"),
    ]
    assert {"username", "staff_code", "scope"}.isdisjoint(json.loads(reply.body)["items"][0])


async def test_officers_choose_from_a_directory_of_their_towns(administrator: Door, stranger: Door, house: TestHouse) -> None:
    """Name, post and town, of accounts in use; other towns, and what else stands in an account, are not shown."""
    given = (
        ("T001", "town_officer", "610822100"),
        ("S001", "social_worker", "610822100"),
        ("P001", "police_officer", "610822105"),
        ("C001", "county_officer", "610822"),
    )
    ids = {
        code: (
            await administrator.open({**WORKER, "username": f"u-{code.lower()}", "roles": [role], "scope": [scope], "staff_code": code})
        )["id"]
        for code, role, scope in given
    }
    boss = {"username": "boss", "password": PASSWORD, "roles": ["leader"], "scope": ["610822100"], "holder": "演示镇领导"}
    ids["boss"] = (await administrator.open(boss))["id"]
    assert (await stranger.sign_in("u-t001")).status == 200
    page = json.loads((await stranger("GET", "/auth/v1/colleagues?count=true")).body)
    town = {"division_code": "610822100000", "division_name": "演示镇"}
    assert page["items"] == [
        {"account_id": ids["T001"], "account_name": "演示T001", "post": "town_officer", **town, "roles": ["town_officer"]},
        {"account_id": ids["S001"], "account_name": "演示S001", "post": "social_worker", **town, "roles": ["social_worker"]},
        {"account_id": ids["boss"], "account_name": "演示镇领导", "post": None, **town, "roles": ["leader"]},
    ]
    assert page["total"] == 3
    chosen = json.loads((await stranger("GET", "/auth/v1/colleagues?role=social_worker")).body)["items"]
    assert [item["account_id"] for item in chosen] == [ids["S001"]]
    assert (await stranger("GET", "/auth/v1/colleagues?division_code=610822105")).status == 403
    everybody = json.loads((await administrator("GET", "/auth/v1/colleagues")).body)["items"]
    assert {ids["P001"], ids["C001"]} < {item["account_id"] for item in everybody}


async def test_who_did_it_is_named_beside_the_account(administrator: Door, stranger: Door, house: TestHouse) -> None:
    """A step in the registry holds the account alone; officers read the name of the member of staff, machines none, and a change of name shows within a minute."""
    opened = {**WORKER, "username": "u-c001", "roles": ["county_officer"], "scope": ["610822"], "staff_code": "C001"}
    account = (await administrator.open(opened))["id"]
    officer = house.caller("registry", Role.COUNTY_OFFICER, subject=account)
    new = {"code": "2021-07", "name": "七月走访", "starts_on": "2021-07-01", "ends_on": "2021-07-31"}
    assert (await officer("POST", "/registry/v1/rounds", new)).status == 201

    async def actor(*roles: str) -> str | None:
        trail = await house.caller("registry", *roles)("GET", "/registry/v1/audit?limit=200", purpose="audit")
        return next(row["actor_name"] for row in json.loads(trail.body)["items"] if row["actor"] == account)

    assert await actor(Role.AUDITOR) == "演示C001"
    same = {"code": "C001", "name": "改名演示", "post": "county_officer", "division_code": "610822000000", "valid_from": "2020-01-01"}
    assert (await officer("POST", "/registry/v1/staff/load", [same])).status == 200
    assert await actor(Role.AUDITOR) == "演示C001"
    house.clock.advance(2 * KEPT)
    assert await actor(Role.AUDITOR) == "改名演示"


async def test_the_gateway_names_no_person_under_supervision(administrator: Door, house: TestHouse) -> None:
    """Not even where an account is bound to one; and accounts are asked about with a service token alone."""
    person = "018f0000-0000-7000-8000-0000000000cc"
    mine = {"username": "own.record", "password": PASSWORD, "roles": ["subject"], "scope": [], "person_id": person, "holder": "演示本人"}
    ids = [(await administrator.open(mine))["id"], "0" * 60]
    for neighbour in ("registry", "testing", "alerts", "precursor"):
        reply = await house.neighbour(neighbour, "gateway")("POST", "/internal/names", {"accounts": ids})
        assert json.loads(reply.body) == {"accounts": {}}
    assert (await administrator("POST", "/internal/names", {"accounts": ids})).status == 404
