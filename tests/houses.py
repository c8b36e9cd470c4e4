"""Real houses for tests: the real apps over the real embedded Postgres, a stepped clock, and callers with real tokens.

A database is prepared (roles, schemas, migrations, grants) once per test session and copied by Postgres for each test that writes.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from fastapi.dependencies import models
from psycopg import sql
from psycopg.conninfo import make_conninfo

from deploy import database, nameplate
from deploy.compose import House, HouseSettings, build
from deploy.folder import DataFolder
from deploy.keys import GATEWAY_ISSUER, Keys
from deploy.nameplate import Wanted
from kit.auth import INNER, SERVICE, Principal, mint, principal_claims
from kit.call import AsgiNeighbour, Reply
from kit.clock import SteppedClock
from kit.idempotency import MACHINES

KEPT_CALLS = [kept for kept in vars(models).values() if hasattr(kept, "cache_clear")]
"""What FastAPI remembers of each route's function, for ever: through them every app that was built would stay in memory, and a worker builds hundreds."""
COUNTY = "610822"
START = datetime(2021, 7, 1, 0, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Template:
    """Prepared databases that others are copied from: one per set of services, made when first asked for."""

    owner: str
    data_dir: Path
    _made: dict[str, str] = field(default_factory=dict)

    def name(self, only: str | None) -> str:
        """The prepared database with all schemas, or with those of one service alone."""
        key = only or "all"
        if key not in self._made:
            name = f"template_{key}_{uuid4().hex[:8]}"
            with psycopg.connect(self.owner, autocommit=True) as connection:
                database.create_database(connection, name)
            services = [only] if only else list(database.PACKAGES)
            database.prepare(make_conninfo(self.owner, dbname=name), self.data_dir, lambda *_: None, services, Wanted(COUNTY, True))
            self._made[key] = name
        return self._made[key]


def own_logins(data_dir: Path) -> Path:
    """A data folder whose house keeps out of the way of the template's: its logins get names of their own, whoever comes first to the server."""
    DataFolder(data_dir).write(nameplate.FILE, {"logins": f"_{uuid4().hex[:8]}"})
    return data_dir


def prepare_template(postgres: str, data_dir: Path) -> Template:
    """The templates of one server."""
    data_dir.mkdir(parents=True, exist_ok=True)
    return Template(postgres, data_dir)


@contextlib.contextmanager
def copied(template: Template, only: str | None = None) -> Iterator[str]:
    """A fresh copy of the template: the owner's address of it. Copied as files: a copy through the log would write everything twice."""
    name = f"copy_{uuid4().hex[:10]}"
    with psycopg.connect(template.owner, autocommit=True) as connection:
        connection.execute(
            sql.SQL("create database {} template {} strategy file_copy").format(sql.Identifier(name), sql.Identifier(template.name(only)))
        )
        try:
            yield make_conninfo(template.owner, dbname=name)
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@dataclass
class Caller:
    """Somebody with a token for one service, calling its app directly."""

    neighbour: AsgiNeighbour
    token: Callable[[], str]
    headers: dict[str, str] = field(default_factory=dict)
    machine: bool = False
    """Another house's system: it sends a fresh Idempotency-Key with each POST, unless the call names one ("" for none)."""

    async def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """Call; keyword headers use `_` for `-` (if_match='"v1"')."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.machine and method == "POST" and not named.setdefault("idempotency-key", uuid4().hex):
            del named["idempotency-key"]
        all_headers = {"authorization": f"Bearer {self.token()}", "purpose": "supervision", **self.headers, **named}
        content = None if body is None else json.dumps(body, ensure_ascii=False, default=str).encode()
        if content is not None:
            all_headers.setdefault("content-type", "application/json")
        return await self.neighbour.request(method, path, headers=all_headers, body=content, timeout=30)


@dataclass
class TestHouse:
    """A composed house with hands on its clock, keys and followers."""

    __test__ = False

    house: House
    keys: Keys
    clock: SteppedClock
    owner: str
    """The owner's address of this house's database, for looking behind the wall in a test."""

    def caller(self, service: str, *roles: str, scope: tuple[str, ...] = (COUNTY,), **more: Any) -> Caller:
        """A caller with these roles, in this scope. `person_id=`, `staff_id=`, `grants=`, `subject=` as in Principal."""
        principal = Principal(more.pop("subject", f"test-{'-'.join(roles)}"), "s1", frozenset(roles), scope, **more)
        key, claims = self.keys.signing("inner"), principal_claims(principal)

        def token() -> str:
            return mint(key, typ=INNER, issuer=GATEWAY_ISSUER, audience=service, claims=claims, now=self.clock(), life=60)

        return Caller(AsgiNeighbour(self.house.apps[service]), token, machine=principal.has(*MACHINES))

    def neighbour(self, caller: str, callee: str) -> Caller:
        """A neighbouring service calling `/internal/…`."""
        key = self.keys.signing(caller)

        def token() -> str:
            return mint(key, typ=SERVICE, issuer=caller, audience=callee, claims={"sub": caller}, now=self.clock(), life=60)

        return Caller(AsgiNeighbour(self.house.apps[callee]), token)

    async def step(self) -> int:
        """Let followers and jobs catch up."""
        return await self.house.step()


@contextlib.asynccontextmanager
async def open_house(
    template: Template, *, only: str | None = None, demo: bool = True, start: datetime = START
) -> AsyncIterator[TestHouse]:
    """A house over a fresh copy of the template. `only`: one service without its neighbours."""
    with copied(template, only) as owner:
        clock = SteppedClock(start)
        settings = HouseSettings(template.data_dir, owner, demo=demo, background=False)
        house = build(settings, only=only, clock=clock)
        await house.start()
        try:
            yield TestHouse(house, Keys(DataFolder(template.data_dir)), clock, owner)
        finally:
            await house.stop()
            for kept in KEPT_CALLS:
                kept.cache_clear()
