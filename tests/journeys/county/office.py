"""A county office in a test: the composition of `./dev up` behind a real port, a clock that moves by hand, and officials who signed in."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg

from deploy.compose import House, HouseSettings, build
from deploy.demo import accounts as demo_accounts
from deploy.demo.accounts import Accounts
from deploy.demo.client import Client
from deploy.serving import listen, server_for
from kit.clock import SteppedClock, local_day
from tests.houses import Template, copied

START = datetime(2021, 7, 1, 0, 0, tzinfo=UTC)
MOMENT = timedelta(milliseconds=50)
"""What every request takes on the county's clock: limits of rates are counted by it."""
TOWN, OTHER_TOWN = "610822100000", "610822105000"


class Wire(httpx.AsyncHTTPTransport):
    """Real HTTP; time passes with each request."""

    def __init__(self, clock: SteppedClock) -> None:
        super().__init__()
        self._clock = clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it."""
        self._clock.advance(MOMENT)
        return await super().handle_async_request(request)


@dataclass
class Official:
    """Somebody signed in at the gateway, as one role."""

    client: Client

    async def __call__(self, method: str, path: str, body: Any = None, *, status: int = 200, **headers: str) -> httpx.Response:
        """The answer, which must have this status; keyword headers use `_` for `-` (if_match='"v1"')."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.client.ask(method, path, named, json=body)
        assert answer.status_code == status, f"{method} {path} answered {answer.status_code}: {answer.text[:1500]}"
        return answer

    async def get(self, path: str) -> Any:
        """The JSON of a GET."""
        return (await self("GET", path)).json()

    async def post(self, path: str, body: Any, status: int = 200, **headers: str) -> Any:
        """The JSON of a POST."""
        return (await self("POST", path, body, status=status, **headers)).json()

    async def refused(self, method: str, path: str, body: Any = None, *, status: int, **headers: str) -> dict[str, Any]:
        """The problem that was answered."""
        answer = await self(method, path, body, status=status, **headers)
        assert answer.headers["content-type"] == "application/problem+json"
        problem: dict[str, Any] = answer.json()
        return problem

    async def pages(self, path: str) -> list[Any]:
        """Everything on a list."""
        found: list[Any] = []
        cursor = ""
        while True:
            page = await self.get(f"{path}{'&' if '?' in path else '?'}limit=200{cursor}")
            found += page["items"]
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"


@dataclass
class Office:
    """The served county."""

    house: House
    clock: SteppedClock
    settings: HouseSettings
    http: httpx.AsyncClient
    url: str
    accounts: Accounts = field(init=False)
    _signed_in: dict[str, Official] = field(default_factory=dict)

    @property
    def today(self) -> str:
        """The county's day."""
        return local_day(self.clock()).isoformat()

    async def open_accounts(self) -> None:
        """One account per role, an agency and a partner: the first administrator by hand, the others through the API."""
        self.accounts, self._both = await demo_accounts.open_all(self.settings, self.http, self.clock)

    async def both(self) -> demo_accounts.Administrators:
        """Both administrators, signed in anew: one asks, the other confirms."""
        self.clock.advance(timedelta(seconds=61))  # a code of the second factor is good for once
        return await demo_accounts.sign_in_both(self.accounts, self.http, self.clock)

    async def wait(self, seconds: float) -> None:
        """Let this much time pass, and followers and jobs catch up."""
        self.clock.advance(timedelta(seconds=seconds))
        await self.house.step()

    async def step(self) -> None:
        """Let followers and jobs catch up."""
        await self.house.step()

    async def run_job(self, service: str, name: str) -> None:
        """Run a periodic job now, whatever the clock on the wall says."""
        jobs = importlib.import_module(f"services.{service}.jobs").JOBS
        run = next(run for known, run, _ in jobs if known == name)
        await run(self.house.apps[service].state.house)

    async def official(self, role: str) -> Official:
        """Somebody of a role."""
        if role not in self._signed_in:
            self.clock.advance(timedelta(seconds=31))  # a code of the second factor is good for once
            client = Client(self.http, self.clock, self.wait)
            await client.sign_in(*self.accounts.of(role))
            self._signed_in[role] = Official(client)
        return self._signed_in[role]

    async def newcomer(self, username: str, role: str, scope: str, **more: Any) -> Official:
        """Somebody for whom the administrators open an account."""
        both, password = await self.both(), f"{username}-behind-seven-locks"
        new = {"username": username, "password": password, "roles": [role], "scope": [scope], **more}
        await both.give("POST", "/auth/v1/accounts", new)
        client = Client(self.http, self.clock, self.wait)
        secret = await demo_accounts.enrol(both.asks, username, password) if role in demo_accounts.SECOND_FACTOR else None
        await client.sign_in(username, password, secret)
        return Official(client)

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Look behind the walls, as the database's owner."""
        with psycopg.connect(self.settings.dsn) as connection:
            return connection.execute(statement.encode(), parameters).fetchall()


@asynccontextmanager
async def open_office(template: Template) -> AsyncIterator[Office]:
    """A county office over a fresh copy of the template, served on loopback as `./dev up` serves it."""
    with copied(template) as owner:
        clock = SteppedClock(START)
        settings = HouseSettings(template.data_dir, owner, demo=True, clock=START.isoformat(), background=False)
        house = build(settings, clock=clock)
        await house.start()
        door = listen(0)
        server = server_for(house.app, edge=True)
        serving = asyncio.create_task(server.serve(sockets=[door]))
        url = f"http://127.0.0.1:{door.getsockname()[1]}"
        try:
            async with httpx.AsyncClient(base_url=url, timeout=120, transport=Wire(clock)) as http:
                office = Office(house, clock, settings, http, url)
                await office.open_accounts()
                yield office
        finally:
            server.should_exit = True
            await serving
            await house.stop()
            (template.data_dir / demo_accounts.FILE).unlink(missing_ok=True)
