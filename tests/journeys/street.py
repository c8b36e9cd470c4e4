"""`./dev up` as a person starts it, for journeys: the real command in its own process, over real HTTP, with somebody signed in for every role.

Without the demo's ledgers the county begins empty, in the demo's year and with its fictitious ID numbers.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
from pyotp.totp import TOTP

from deploy.clocks import kept_clock
from deploy.compose import HouseSettings
from deploy.database import owner_dsn, product_dsn
from deploy.demo import accounts, county
from deploy.folder import DataFolder, process_lives, read_json
from deploy.ports import free_port
from deploy.postgres import die_with_parent
from deploy.serving import answers
from kit.clock import Clock, clock_from

PROJECT = Path(__file__).parents[2]
MORNING = "2021-07-01T08:00:00+08:00"
TOWN = "610822100000"
OPENING, ENDING = 180, 60
"""Seconds that a start and a stop may take on a busy machine."""

LAG = """
select (select count(*) from {publisher}.outbox o where (o.xid, o.id) > (split_part(c.position, '.', -2)::xid8, split_part(c.position, '.', -1)::bigint))
     + (select count(*) from {follower}.procrastinate_jobs j where j.status in ('todo', 'doing') and coalesce(j.scheduled_at, now()) < now() + interval '1 minute')
  from (select coalesce((select position from {follower}.inbox_cursor where feed = '{publisher}'), '0.0') as position) c"""
"""Events that the follower has not passed, and jobs of its that are not done."""


@dataclass
class Caller:
    """Somebody signed in at the gateway."""

    http: httpx.AsyncClient
    token: str

    async def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Call; keyword headers use `_` for `-` (if_match='"v1"'). Raises httpx.TransportError when no answer came."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Authorization": f"Bearer {self.token}", "Purpose": "supervision", **named}
        return await self.http.request(method, path, json=body, headers=sent)

    async def surely(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """Call as a phone on a mountain road does: again and again with the same key, until somebody answers for good."""
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = await self(method, path, body, **headers)
                if answer.status_code not in (429, 502, 503, 504):
                    return answer
            await asyncio.sleep(0.1)


@dataclass
class Street:
    """One run of `./dev up`."""

    data_dir: Path
    processes: bool
    demo: bool = False
    port: int = field(default_factory=free_port)
    lines: list[str] = field(default_factory=list)
    process: asyncio.subprocess.Process | None = None
    seen: set[int] = field(default_factory=set)
    _reading: asyncio.Task[None] | None = None
    _callers: dict[str, Caller] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        """Where clients knock."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def folder(self) -> DataFolder:
        """The data folder, to read in."""
        return DataFolder(self.data_dir)

    @property
    def pids(self) -> dict[str, int]:
        """Process numbers as the house tells them now."""
        told = self.folder.read("ready.json").get("pids", {})
        assert isinstance(told, dict)
        return {str(name): int(pid) for name, pid in told.items()}

    @property
    def clock(self) -> Clock:
        """The county's clock."""
        return clock_from(kept_clock(self.folder))

    async def start(self) -> None:
        """Start it and read on until it says that it is open."""
        if not self.demo and not (self.data_dir / "kind.json").exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            (self.data_dir / "lock").touch()
            (self.data_dir / "kind.json").write_text('{"demo": true}')
            (self.data_dir / "demo.json").write_text('{"loaded": true}')
        command = [sys.executable, "-P", "-m", "deploy", "up", "--data-dir", str(self.data_dir), "--port", str(self.port)]
        command += ["--processes"] if self.processes else []
        command += [] if (self.data_dir / "clock.json").exists() else ["--clock", MORNING]
        self.process = await asyncio.create_subprocess_exec(
            *command, cwd=self.data_dir.parent, env=os.environ | {"PYTHONPATH": str(PROJECT)},
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            preexec_fn=lambda: die_with_parent(signal.SIGTERM), start_new_session=True,
        )  # fmt: skip
        async with asyncio.timeout(OPENING):
            opened = await self._read_until("is open at")
        assert opened, "it ended before it was open:\n" + self.told()
        self.seen |= family(self.process.pid) | set(self.pids.values())
        self._reading = asyncio.create_task(self._read_on())

    async def _read_until(self, words: str) -> bool:
        assert self.process is not None and self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode(errors="replace").rstrip())
            if words in self.lines[-1]:
                return True
        return False

    async def _read_on(self) -> None:
        await self._read_until("\0 no line holds this")

    async def end(self, number: int = signal.SIGTERM) -> int:
        """Send the first process a signal and wait for its end; the exit code (-9 for a kill)."""
        assert self.process is not None and self._reading is not None
        if self.process.returncode is None:
            self.seen |= family(self.process.pid)
            self.process.send_signal(number)
        async with asyncio.timeout(ENDING):
            await self._reading
            return await self.process.wait()

    async def gone(self) -> None:
        """Wait until no process that ever belonged to it is left: no orphan."""
        for pid in self.seen:
            await ended(pid, ENDING)

    async def kill(self, app: str) -> int:
        """kill -9 one app, or `postgres`; its process number. Returns when it is dead."""
        pid = self.pids[app]
        self.seen |= family(pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        await ended(pid, ENDING)
        return pid

    async def back(self, *apps: str) -> None:
        """Wait until the supervisor has started apps again and they answer."""
        urls = self.folder.read("addresses.json")["urls"]
        assert isinstance(urls, dict)
        for app in apps:
            assert await answers(int(str(urls[app]).rpartition(":")[2]), self._over), f"{app} does not come back:\n{self.told()}"

    async def whole(self) -> None:
        """Wait until the gateway says that every part is ready."""
        assert await answers(self.port, self._over), self.told()

    def _over(self) -> bool:
        return self.process is None or self.process.returncode is not None

    @asynccontextmanager
    async def knock(self) -> AsyncIterator[httpx.AsyncClient]:
        """A client of one's own."""
        async with httpx.AsyncClient(base_url=self.base_url, timeout=20, trust_env=False) as http:
            yield http

    async def open_accounts(self, http: httpx.AsyncClient) -> None:
        """Open one account per role, the first administrator by hand, the others through the API; once per data folder."""
        if self.demo or (self.data_dir / accounts.FILE).exists():
            return
        with owner_dsn(self.data_dir, None) as owner:
            settings = HouseSettings(self.data_dir, product_dsn(owner), demo=True, clock=self.clock().isoformat(), background=False)
        await accounts.open_all(settings, http, self.clock)

    async def sign_in(self, http: httpx.AsyncClient, role: str) -> Caller:
        """Somebody of a role, or the account of this name, signed in once."""
        if role not in self._callers:
            listed: Any = read_json(self.data_dir / accounts.FILE)["accounts"]
            account = next(item for item in listed if role in (item["role"], item["username"]))
            body = {"username": account["username"], "password": account["password"]}
            for ahead in (0, 30, 0):  # a code works once: the next one is taken half a minute early, or waited for
                if account.get("totp_secret"):
                    body["totp"] = TOTP(account["totp_secret"]).at(self.clock() + timedelta(seconds=ahead))
                answer = await http.post("/auth/v1/login", json=body)
                if answer.status_code != 401:
                    break
                await asyncio.sleep(0 if ahead == 0 else 31)
            assert answer.status_code == 200, answer.text
            self._callers[role] = Caller(http, answer.json()["access_token"])
        return self._callers[role]

    async def phone_of(self, http: httpx.AsyncClient, person_id: str) -> Caller:
        """A supervised person's own account, asked for by one administrator and confirmed by the other at first."""
        if person_id not in self._callers:
            who = {"username": f"phone-{person_id[-12:]}", "password": "seven-locks-and-a-phone"}
            answer = await http.post("/auth/v1/login", json=who)
            if answer.status_code == 401:  # nobody has opened it yet
                administrator, second = await self.sign_in(http, "admin"), await self.sign_in(http, "admin2")
                made = await administrator(
                    "POST", "/auth/v1/accounts", {**who, "roles": ["subject"], "scope": ["610822"], "person_id": person_id}
                )
                assert made.status_code == 202, made.text
                confirmed = await second("POST", f"/auth/v1/approvals/{made.json()['id']}/confirmation")
                assert confirmed.status_code < 300, confirmed.text
                answer = await http.post("/auth/v1/login", json=who)
            assert answer.status_code == 200, answer.text
            self._callers[person_id] = Caller(http, answer.json()["access_token"])
        return self._callers[person_id]

    def query(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Look behind the walls, as the database's owner."""
        with owner_dsn(self.data_dir, None) as owner, psycopg.connect(product_dsn(owner)) as connection:
            return connection.execute(statement.encode(), parameters).fetchall()

    async def heard(self, publisher: str, *followers: str) -> None:
        """Wait until followers have passed all that was published, and their jobs are done."""
        async with asyncio.timeout(ENDING):
            for follower in followers:
                lag = LAG.format(publisher=publisher, follower=follower)
                while await asyncio.to_thread(self.query, lag) != [(0,)]:  # noqa: ASYNC110 - another process's table has no event here
                    await asyncio.sleep(0.1)

    def told(self) -> str:
        """What it printed, and the ends of its logs."""
        logs = sorted((self.data_dir / "logs").glob("*.log"))
        ends = ["\n".join([f"--- {log.name}", *log.read_text(errors="replace").splitlines()[-30:]]) for log in logs]
        return "\n".join([*self.lines, *ends])


@asynccontextmanager
async def street(data_dir: Path, *, processes: bool, demo: bool = False, port: int | None = None) -> AsyncIterator[Street]:
    """A running street; the same folder again goes on where the last run ended. It is stopped with the block, however that ends."""
    run = Street(data_dir, processes, demo, port or free_port())
    try:
        await run.start()
        yield run
    except BaseException as error:
        error.add_note(run.told())
        raise
    finally:
        if run.process is not None and run.process.returncode is None:
            run.process.terminate()
            await run.process.communicate() if run._reading is None else await run.end()


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                yield int(entry.name), int((entry / "stat").read_text().rpartition(") ")[2].split()[1])


def family(pid: int) -> set[int]:
    """A process and all that descend from it."""
    found, parents = {pid}, list(_parents())
    while more := {child for child, parent in parents if parent in found} - found:
        found |= more
    return found


async def ended(pid: int, seconds: float) -> None:
    """Wait until a process is dead. Raises AssertionError when it lives on."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    with os.fdopen(descriptor, "rb") as watched:
        readable, _, _ = await asyncio.to_thread(select.select, [watched], [], [], seconds)
        assert readable or not process_lives(pid), f"process {pid} lives on"


async def load_towns(officer: Caller) -> None:
    """The county's divisions."""
    answer = await officer("POST", "/registry/v1/divisions/load", county.divisions())
    assert answer.status_code in (200, 201), answer.text
