"""A gateway over a fresh database, without its services, and an account to sign in with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from gateway.identity.passwords import hash_password
from kit.call import AsgiNeighbour, Reply
from kit.db import new_id
from tests.houses import Template, TestHouse, open_house
from tests.published import published

PASSWORD = "demo password 府谷"


@dataclass
class Door:
    """A client outside the gateway, which holds every answer against the published document."""

    house: TestHouse
    token: str = ""
    second: Door | None = None
    """Another administrator, who confirms what this one asks."""
    headers: dict[str, str] = field(default_factory=dict)

    async def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Knock."""
        sent = {"host": "localhost", **self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.token:
            sent["authorization"] = f"Bearer {self.token}"
        content = None
        if isinstance(body, bytes):
            content = body
        elif body is not None:
            content, sent["content-type"] = json.dumps(body).encode(), "application/json"
        if content is not None:
            sent["content-length"] = str(len(content))
        reply = await AsgiNeighbour(self.house.house.app).request(method, path, headers=sent, body=content, timeout=30)
        assert published().faults(method, path, reply) == []
        return reply

    async def give(self, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        """Ask for something that gives access, and have it confirmed: the decided request."""
        asked = await self(method, path, body, **headers)
        assert asked.status == 202, asked.body
        assert self.second is not None
        done = await self.second("POST", f"/auth/v1/approvals/{json.loads(asked.body)['id']}/confirmation")
        assert done.status == 200, done.body
        return json.loads(done.body)

    async def open(self, account: dict[str, Any]) -> dict[str, Any]:
        """Have an account opened by two administrators: the account."""
        done = await self.give("POST", "/auth/v1/accounts", account)
        return json.loads((await self("GET", f"/auth/v1/accounts/{done['result_id']}")).body)

    async def enrol(self, username: str, password: str = PASSWORD) -> str:
        """The secret of one-time codes for an account that has none."""
        reply = await self("POST", "/auth/v1/totp/enrolment", {"username": username, "password": password})
        assert reply.status == 200, reply.body
        return json.loads(reply.body)["secret"]

    async def sign_in(self, username: str, password: str = PASSWORD, **more: str) -> Reply:
        """Sign in and keep the token."""
        reply = await self("POST", "/auth/v1/login", {"username": username, "password": password, **more})
        if reply.status == 200:
            self.token = json.loads(reply.body)["access_token"]
        return reply


STAFF = (
    ("C001", "county_officer", "610822000000"),
    ("C002", "county_officer", "610822000000"),
    ("T001", "town_officer", "610822100000"),
    ("S001", "social_worker", "610822100000"),
    ("P001", "police_officer", "610822105000"),
)
"""Numbers, posts and places of the members of staff that the registry knows here."""


def plant_staff(owner: str) -> None:
    """Members of staff and two towns in the registry."""
    with psycopg.connect(owner) as connection:
        for code, post, place in STAFF:
            connection.execute(
                "insert into registry.staff_member (id, code, name, post, division_code, valid_from) values (%s, %s, %s, %s, %s, '2020-01-01')",
                (new_id(), code, f"演示{code}", post, place),
            )
        for code, name, level in (("610822000000", "府谷县", "county"), ("610822100000", "演示镇", "town")):
            connection.execute(
                "insert into registry.division (code, name, level, parent_code, statutory, aliases, valid_from, note) "
                "values (%s, %s, %s, '', true, '[]', '2000-01-01', '')",
                (code, name, level),
            )


def plant_account(owner: str, username: str, role: str, password_hash: str) -> None:
    """An account as the landed release made it, without a second factor."""
    with psycopg.connect(owner) as connection:
        connection.execute(
            """insert into gateway.account (id, username, password_hash, roles, scope, totp_step, failures, state, version, created_at)
               values (%s, %s, %s, %s, '["610822"]', 0, 0, 'active', 1, now())""",
            (new_id(), username, password_hash, json.dumps([role])),
        )


@pytest.fixture
async def strict(template: Template) -> AsyncIterator[TestHouse]:
    """The whole house as it is delivered: officers need a second factor."""
    async with open_house(template) as opened:
        plant_staff(opened.owner)
        yield opened


@pytest.fixture
async def house(template: Template, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TestHouse]:
    """The whole house in a county that asks nobody for a second factor, which most tests here are not about."""
    monkeypatch.setenv("GUIKANG_GATEWAY_SECOND_FACTOR_ROLES", "")
    async with open_house(template) as opened:
        plant_staff(opened.owner)
        yield opened


@pytest.fixture(scope="session")
def password_hash() -> str:
    """The hash of PASSWORD: argon2id is slow on purpose."""
    return asyncio.run(hash_password(PASSWORD))


@pytest.fixture
async def administrator(house: TestHouse, password_hash: str) -> Door:
    """A door through which an administrator has signed in, with a second one who confirms."""
    for name in ("root", "root2"):
        plant_account(house.owner, name, "administrator", password_hash)
    door, second = Door(house), Door(house)
    assert (await door.sign_in("root")).status == 200
    assert (await second.sign_in("root2")).status == 200
    door.second = second
    return door


@pytest.fixture
async def auditor(house: TestHouse, password_hash: str) -> Door:
    """A door through which an auditor has signed in."""
    plant_account(house.owner, "reads-logs", "auditor", password_hash)
    door = Door(house)
    assert (await door.sign_in("reads-logs")).status == 200
    return door


@pytest.fixture
def stranger(house: TestHouse) -> Door:
    """A door without a token."""
    return Door(house)
