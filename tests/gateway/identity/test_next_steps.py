"""`next_steps` of accounts, clients and requests keep their word: the walk takes each open step and tries each blocked one."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import count
from typing import Any

import psycopg

from gateway.approvals.rules import APPROVAL
from gateway.identity.rules import ACCOUNT, CLIENT
from kit.auth import SigningKey, public_key, thumbprint
from kit.call import Reply
from tests.gateway.identity.conftest import PASSWORD, Door
from tests.gateway.identity.test_two_people import confirmation, jwk_of
from tests.houses import TestHouse
from tests.walks import Shown, Walk

NUMBERS = count(1)


async def confirmed(second: Door, asked: Reply) -> Reply:
    """What another administrator answers to a request; what needed no second one stands as it is."""
    return await second("POST", confirmation(asked)) if asked.status == 202 else asked


async def named(door: Door, path: str, name: str) -> Shown:
    """The object of a list that has this id."""
    found = json.loads((await door("GET", path)).body)["items"]
    return next(one for one in found if one["id"] == name)


def of_accounts(door: Door, second: Door) -> Walk:
    """A walk of an administrator from an account of a leader."""

    async def begin() -> Shown:
        new = {"username": f"leader{next(NUMBERS)}", "password": PASSWORD, "roles": ["leader"], "scope": ["610822"], "holder": "演示甲"}
        return await door.open(new)

    async def read(shown: Shown) -> Shown:
        return json.loads((await door("GET", f"/auth/v1/accounts/{shown['id']}")).body)

    async def send(shown: Shown, event: str, fields: list[str]) -> Reply:
        path = f"/auth/v1/accounts/{shown['id']}"
        if event == "reset_second_factor":
            return await confirmed(second, await door("POST", f"{path}/second-factor/reset"))
        values: dict[str, Any] = {"roles": ["auditor"], "state": "active" if event == "enable" else "disabled", "reason": "演示"}
        body = {name: values[name] for name in fields}
        return await confirmed(second, await door("PATCH", path, body, if_match=f'"v{shown["version"]}"'))

    return Walk(ACCOUNT, begin, read, send, longest=3)


async def test_the_steps_of_an_account_keep_their_word(administrator: Door, house: TestHouse) -> None:
    assert administrator.second is not None
    walk = await of_accounts(administrator, administrator.second).run()
    assert walk.untaken() == set()
    assert walk.states == {"active", "disabled"}
    with psycopg.connect(house.owner) as connection:
        query = (
            "select distinct event, from_state, to_state, source from gateway.account_change where event in ('open', 'enable') order by 1"
        )
        assert connection.execute(query).fetchall() == [
            ("enable", "disabled", "active", "PIPL art. 51; domain 11"),
            ("open", "none", "active", "PIPL art. 51; domain 11"),
        ]


async def test_the_own_rights_are_shown_as_anothers_to_change(administrator: Door) -> None:
    me = json.loads((await administrator("GET", "/auth/v1/me")).body)["subject"]
    shown = json.loads((await administrator("GET", f"/auth/v1/accounts/{me}")).body)
    blocked = {one["event"]: [reason["code"] for reason in one["blocked_by"]] for one in shown["next_steps"]}
    assert blocked == {"amend": ["own-rights"], "disable": [], "reset_second_factor": ["own-rights"]}
    body = {"roles": ["leader"], "reason": "演示"}
    for refused in (
        await administrator("PATCH", f"/auth/v1/accounts/{me}", body, if_match=f'"v{shown["version"]}"'),
        await administrator("POST", f"/auth/v1/accounts/{me}/second-factor/reset"),
    ):
        assert json.loads(refused.body)["type"].endswith("/own-rights")


async def test_the_steps_of_a_client_keep_their_word(administrator: Door) -> None:
    second = administrator.second
    assert second is not None
    keys: dict[str, str] = {}

    async def begin() -> Shown:
        name, jwk = f"partner-{next(NUMBERS)}", jwk_of(SigningKey.generate())
        keys[name] = thumbprint(public_key(jwk))
        await administrator.give("POST", "/auth/v1/clients", {"id": name, "name": "演示县", "role": "partner", "grants": [], "jwk": jwk})
        return await named(administrator, "/auth/v1/clients", name)

    async def read(shown: Shown) -> Shown:
        return await named(administrator, "/auth/v1/clients", shown["id"])

    async def send(shown: Shown, event: str, fields: list[str]) -> Reply:
        path = f"/auth/v1/clients/{shown['id']}"
        if event == "revoke":
            return await administrator("DELETE", path)
        if event == "withdraw_key":
            return await administrator("DELETE", f"{path}/keys/{keys[shown['id']]}")
        if event == "add_key":
            return await confirmed(second, await administrator("POST", f"{path}/keys", {"jwk": jwk_of(SigningKey.generate())}))
        body = {name: {"grants": [], "reason": "演示"}[name] for name in fields}
        return await confirmed(second, await administrator("PATCH", path, body, if_match=f'"v{shown["version"]}"'))

    walk = await Walk(CLIENT, begin, read, send, longest=3).run()
    assert walk.untaken() == set()
    assert walk.states == {"active", "revoked"}


async def test_a_revoked_client_is_given_nothing(administrator: Door) -> None:
    new = {"id": "gone", "name": "演示县", "role": "partner", "grants": [], "jwk": jwk_of(SigningKey.generate())}
    await administrator.give("POST", "/auth/v1/clients", new)
    for _ in range(2):  # revoked again, it stays revoked
        assert (await administrator("DELETE", "/auth/v1/clients/gone")).status == 204
    version = (await named(administrator, "/auth/v1/clients", "gone"))["version"]
    for refused in (
        await administrator("POST", "/auth/v1/clients/gone/keys", {"jwk": jwk_of(SigningKey.generate())}),
        await administrator("PATCH", "/auth/v1/clients/gone", {"scope": ["610822"], "reason": "演示"}, if_match=f'"v{version}"'),
    ):
        assert (refused.status, json.loads(refused.body)["type"].rpartition("/")[2]) == (409, "step-not-allowed")


async def test_the_steps_of_a_request_keep_their_word(administrator: Door, house: TestHouse) -> None:
    second = administrator.second
    assert second is not None

    async def begin() -> Shown:
        new = {"username": f"reader{next(NUMBERS)}", "password": PASSWORD, "roles": ["auditor"], "scope": ["610822"], "holder": "演示乙"}
        asked = json.loads((await administrator("POST", "/auth/v1/accounts", new)).body)
        return await named(second, "/auth/v1/approvals", asked["id"])

    def of(door: Door) -> Walk:
        async def read(shown: Shown) -> Shown:
            return await named(door, "/auth/v1/approvals", shown["id"])

        async def first() -> Shown:
            return await read(await begin())

        async def send(shown: Shown, event: str, fields: list[str]) -> Reply:
            path = f"/auth/v1/approvals/{shown['id']}/{'confirmation' if event == 'confirm' else 'refusal'}"
            return await door("POST", path, dict.fromkeys(fields, "不需要") if fields else None)

        return Walk(APPROVAL, first, read, send, longest=2)

    another = await of(second).run()
    assert another.untaken() == set()
    own = await of(administrator).run()
    assert own.taken == {("pending", "refuse")}
    assert own.refused == {("pending", "confirm", "own-request")}
    late = await begin()
    house.clock.advance(timedelta(days=8))
    for door in (administrator, second):
        await door.sign_in("root" if door is administrator else "root2")
    shown = await named(second, "/auth/v1/approvals", late["id"])
    assert {reason["code"] for one in shown["next_steps"] for reason in one["blocked_by"]} == {"approval-decided"}
    refused = await second("POST", f"/auth/v1/approvals/{late['id']}/confirmation")
    assert json.loads(refused.body)["type"].endswith("/approval-decided")


async def test_what_was_asked_by_who_is_an_administrator_no_more_is_shown_as_over(administrator: Door) -> None:
    second = administrator.second
    assert second is not None
    me = json.loads((await administrator("GET", "/auth/v1/me")).body)["subject"]
    new = {"username": "reader", "password": PASSWORD, "roles": ["auditor"], "scope": ["610822"], "holder": "演示乙"}
    asked = json.loads((await administrator("POST", "/auth/v1/accounts", new)).body)
    account = json.loads((await second("GET", f"/auth/v1/accounts/{me}")).body)
    done = await second("PATCH", f"/auth/v1/accounts/{me}", {"state": "disabled", "reason": "离任"}, if_match=f'"v{account["version"]}"')
    assert done.status == 200, done.body
    shown = await named(second, "/auth/v1/approvals", asked["id"])
    (confirm,) = [one for one in shown["next_steps"] if one["event"] == "confirm"]
    assert [reason["code"] for reason in confirm["blocked_by"]] == ["asker_gone"]
    refused = await second("POST", f"/auth/v1/approvals/{asked['id']}/confirmation")
    assert (refused.status, json.loads(refused.body)["errors"][0]["code"]) == (409, "asker_gone")
