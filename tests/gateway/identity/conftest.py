"""A gateway over a fresh database, without its services, and an account to sign in with."""

from __future__ import annotations

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

PASSWORD = "demo password 府谷"


@dataclass
class Door:
    """A client outside the gateway."""

    house: TestHouse
    token: str = ""
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
        return await AsgiNeighbour(self.house.house.app).request(method, path, headers=sent, body=content, timeout=30)

    async def sign_in(self, username: str, password: str = PASSWORD, **more: str) -> Reply:
        """Sign in and keep the token."""
        reply = await self("POST", "/auth/v1/login", {"username": username, "password": password, **more})
        if reply.status == 200:
            self.token = json.loads(reply.body)["access_token"]
        return reply


@pytest.fixture
async def house(template: Template) -> AsyncIterator[TestHouse]:
    """The gateway alone."""
    async with open_house(template, only="gateway") as opened:
        yield opened


@pytest.fixture
async def administrator(house: TestHouse) -> Door:
    """A door through which an administrator has signed in."""
    with psycopg.connect(house.owner) as connection:
        connection.execute(
            """insert into gateway.account (id, username, password_hash, roles, scope, totp_step, failures, state, version, created_at)
               values (%s, 'root', %s, '["administrator"]', '["610822"]', 0, 0, 'active', 1, now())""",
            (new_id(), await hash_password(PASSWORD)),
        )
    door = Door(house)
    assert (await door.sign_in("root")).status == 200
    return door


@pytest.fixture
async def auditor(house: TestHouse) -> Door:
    """A door through which an auditor has signed in."""
    with psycopg.connect(house.owner) as connection:
        connection.execute(
            """insert into gateway.account (id, username, password_hash, roles, scope, totp_step, failures, state, version, created_at)
               values (%s, 'reads-logs', %s, '["auditor"]', '["610822"]', 0, 0, 'active', 1, now())""",
            (new_id(), await hash_password(PASSWORD)),
        )
    door = Door(house)
    assert (await door.sign_in("reads-logs")).status == 200
    return door


@pytest.fixture
def stranger(house: TestHouse) -> Door:
    """A door without a token."""
    return Door(house)
