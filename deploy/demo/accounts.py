"""Accounts of the demo: one per role, two administrators, two demo agencies and a demo partner.

Passwords, secrets of one-time codes and keys are random and stand only in `demo-accounts.json` (0600). What one administrator asks the second one confirms, as
in a real county; the first two are opened by the operator.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

import httpx

from deploy import administrator
from deploy.compose import HouseSettings
from deploy.demo.client import Client
from deploy.demo.county import table
from deploy.folder import DataFolder
from kit.auth import SigningKey
from kit.clock import Clock

FILE = "demo-accounts.json"
COUNTY, TOWN = "610822", "610822100"
PEOPLE: tuple[tuple[str, str, str, str | None], ...] = (
    ("county_officer", "county", COUNTY, "C001"),
    ("town_officer", "town", TOWN, "T001"),
    ("social_worker", "worker", TOWN, "S001"),
    ("grid_worker", "grid", TOWN, "G001"),
    ("police_officer", "police", TOWN, "P001"),
    ("inspector", "inspector", COUNTY, "I001"),
    ("leader", "leader", COUNTY, None),
    ("auditor", "auditor", COUNTY, None),
)
"""Role, user name, scope, staff number: of the registry, for the inspector of the inspectors' directory (`work.INSPECTORS`)."""
ADMINISTRATORS = (("admin", "系统管理员甲(演示)"), ("admin2", "系统管理员乙(演示)"))
HOLDERS = {"lab_technician": "检测员(演示)", "leader": "分管领导(演示)", "auditor": "审计员(演示)", "inspector": "演示执法员甲"}
SECOND_FACTOR = frozenset({"county_officer", "town_officer", "police_officer", "inspector", "auditor", "administrator"})
"""Whose sign-in needs a one-time code by default (gateway.settings)."""
MACHINES: tuple[tuple[str, str, str], ...] = (
    ("demo-agency", "agency", "应急管理局(演示)"),
    ("demo-institution", "agency", "强制隔离戒毒所(演示)"),
    ("demo-partner", "partner", "保德县禁毒办(演示)"),
)
GRANTS = {"demo-agency": ["precursor:read"], "demo-institution": ["handover:announce"]}


@dataclass
class Administrators:
    """Two people who confirm what the other one asks."""

    asks: Client
    confirms: Client

    async def pages(self, path: str) -> list[Any]:
        """A whole list, read by the first one."""
        return await self.asks.pages(path)

    async def give(self, method: str, path: str, body: Any, **headers: str) -> str:
        """Ask for something that gives access, and have it confirmed; the id of the account or client."""
        asked = await self.asks.send(method, path, body, **headers)
        done = await self.confirms.send("POST", f"/auth/v1/approvals/{asked['id']}/confirmation")
        return str(done["result_id"])


@dataclass
class Accounts:
    """The accounts of this run, and where they are kept."""

    folder: DataFolder
    kept: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"accounts": [], "clients": []})

    def of(self, role: str) -> tuple[str, str, str | None]:
        """User name, password and TOTP secret of a role's account."""
        return self.named(next(account["username"] for account in self.kept["accounts"] if account["role"] == role))

    def named(self, username: str) -> tuple[str, str, str | None]:
        """User name, password and TOTP secret of an account."""
        found = next(account for account in self.kept["accounts"] if account["username"] == username)
        return found["username"], found["password"], found.get("totp_secret")

    def add(self, kind: str, entry: dict[str, Any]) -> None:
        """Remember an account or client, in the file at once: a killed load must not lose a password."""
        self.kept[kind].append(entry)
        self.folder.write(FILE, dict(self.kept))

    def has(self, kind: str, name: str) -> bool:
        """Whether it was made before."""
        return any(name in (entry.get("username"), entry.get("id")) for entry in self.kept[kind])


def _password() -> str:
    return secrets.token_urlsafe(15)


async def open_all(settings: HouseSettings, http: httpx.AsyncClient, clock: Clock) -> tuple[Accounts, Administrators]:
    """Open what is missing; the accounts, and the signed-in administrators. Raises DemoFailed."""
    folder = DataFolder(settings.data_dir)
    accounts = Accounts(folder)
    known = folder.read(FILE)
    for kind in accounts.kept:
        entries = known.get(kind)
        if isinstance(entries, list):
            accounts.kept[kind] = [entry for entry in entries if isinstance(entry, dict)]
    for name, holder in ADMINISTRATORS:
        if not accounts.has("accounts", name):
            password = _password()
            accounts.add("accounts", {"username": name, "role": "administrator", "password": password})
            secret = await administrator.open_by_operator(settings, name, password, holder)
            accounts.kept["accounts"][-1]["totp_secret"] = secret
            folder.write(FILE, dict(accounts.kept))
    both = await sign_in_both(accounts, http, clock)
    await both.asks.send("POST", "/registry/v1/staff/load", _first_staff(settings.county))
    for role, username, scope, staff in PEOPLE:
        if not accounts.has("accounts", username):
            await open_account(both, accounts, role, username, scope, staff_code=staff, **_holder_of(role))
    for name, role, title in MACHINES:
        if not accounts.has("clients", name):
            await _register(both, accounts, name, role, title)
    return accounts, both


async def sign_in_both(accounts: Accounts, http: httpx.AsyncClient, clock: Clock) -> Administrators:
    """Both administrators, signed in. Raises DemoFailed."""
    asks, confirms = Client(http, clock), Client(http, clock)
    await asks.sign_in(*accounts.named("admin"))
    await confirms.sign_in(*accounts.named("admin2"))
    return Administrators(asks, confirms)


def _first_staff(county: str) -> list[dict[str, Any]]:
    """The members of staff behind the accounts: an administrator enters them before anybody can sign in."""
    wanted = {staff for role, _, _, staff in PEOPLE if staff and role != "inspector"}
    return [
        {**row, "station_code": None} for row in table("staff.csv") if row["code"] in wanted and row["division_code"].startswith(county)
    ]


def _holder_of(role: str) -> dict[str, Any]:
    """What else an account of a role names: who holds it, and for whom it acts."""
    more: dict[str, Any] = {"holder": HOLDERS[role]} if role in HOLDERS else {}
    return {**more, "organisation": {"kind": "authority", "id": "emergency_management"}} if role == "inspector" else more


async def open_account(both: Administrators, accounts: Accounts, role: str, username: str, scope: str, **more: Any) -> None:
    """Open one account with a random password, and enrol its second factor where the role needs one."""
    password = _password()
    new = {"username": username, "password": password, "roles": [role], "scope": [scope], **more}
    await both.give("POST", "/auth/v1/accounts", new)
    entry: dict[str, Any] = {"username": username, "role": role, "password": password, "scope": scope}
    if role in SECOND_FACTOR:
        entry["totp_secret"] = await enrol(both.asks, username, password)
    accounts.add("accounts", entry)


async def enrol(client: Client, username: str, password: str) -> str:
    """The secret of one-time codes of an account that has none; it counts from the first sign-in with its code on."""
    asked = {"username": username, "password": password}
    return str((await client.send("POST", "/auth/v1/totp/enrolment", asked))["secret"])


async def _register(both: Administrators, accounts: Accounts, name: str, role: str, title: str) -> None:
    key = SigningKey.generate()
    jwk = {part: value for part, value in key.public_jwk().items() if part in ("kty", "crv", "x")}
    grants = GRANTS.get(name, [])
    new = {"id": name, "name": title, "role": role, "scope": [COUNTY], "grants": grants, "jwk": jwk}
    await both.give("POST", "/auth/v1/clients", new)
    accounts.add("clients", {"id": name, "role": role, "kid": key.kid, "private_key": key.pem().decode()})


async def grant_agreement(both: Administrators, agreement_id: str) -> None:
    """Let the demo partner pull one agreement."""
    partner = next(client for client in await both.pages("/auth/v1/clients") if client["id"] == "demo-partner")
    patch = {"grants": [f"agreement:{agreement_id}"], "reason": "共管协议已签(演示)"}
    await both.give("PATCH", "/auth/v1/clients/demo-partner", patch, If_Match=f'"v{partner["version"]}"')
