"""Accounts of the demo: one per role, two demo agencies and a demo partner. Passwords and keys are random and stand only in `demo-accounts.json`."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

import httpx

from deploy import administrator
from deploy.compose import HouseSettings
from deploy.demo.client import Client
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
ADMINISTRATOR = "admin"
MACHINES: tuple[tuple[str, str, str], ...] = (
    ("demo-agency", "agency", "应急管理局(演示)"),
    ("demo-institution", "agency", "强制隔离戒毒所(演示)"),
    ("demo-partner", "partner", "保德县禁毒办(演示)"),
)
GRANTS = {"demo-agency": ["precursor:read"], "demo-institution": ["handover:announce"]}


@dataclass
class Accounts:
    """The accounts of this run, and where they are kept."""

    folder: DataFolder
    kept: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"accounts": [], "clients": []})

    def of(self, role: str) -> tuple[str, str, str | None]:
        """User name, password and TOTP secret of a role's account."""
        found = next(account for account in self.kept["accounts"] if account["role"] == role)
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


async def open_all(settings: HouseSettings, http: httpx.AsyncClient, clock: Clock) -> tuple[Accounts, Client]:
    """Open what is missing; the accounts, and the signed-in administrator. Raises DemoFailed."""
    folder = DataFolder(settings.data_dir)
    accounts = Accounts(folder)
    known = folder.read(FILE)
    for kind in accounts.kept:
        entries = known.get(kind)
        if isinstance(entries, list):
            accounts.kept[kind] = [entry for entry in entries if isinstance(entry, dict)]
    if not accounts.has("accounts", ADMINISTRATOR):
        password = _password()
        accounts.add("accounts", {"username": ADMINISTRATOR, "role": "administrator", "password": password})
        accounts.kept["accounts"][-1]["totp_secret"] = await administrator.open_first(settings, ADMINISTRATOR, password, with_totp=True)
        folder.write(FILE, dict(accounts.kept))
    admin = Client(http, clock)
    await admin.sign_in(*accounts.of("administrator"))
    for role, username, scope, staff in PEOPLE:
        if not accounts.has("accounts", username):
            await open_account(admin, accounts, role, username, scope, staff_code=staff)
    for name, role, title in MACHINES:
        if not accounts.has("clients", name):
            await _register(admin, accounts, name, role, title)
    return accounts, admin


async def open_account(admin: Client, accounts: Accounts, role: str, username: str, scope: str, **more: Any) -> None:
    """Open one account with a random password."""
    password = _password()
    await admin.send("POST", "/auth/v1/accounts", {"username": username, "password": password, "roles": [role], "scope": [scope], **more})
    accounts.add("accounts", {"username": username, "role": role, "password": password, "scope": scope})


async def _register(admin: Client, accounts: Accounts, name: str, role: str, title: str) -> None:
    key = SigningKey.generate()
    jwk = {part: value for part, value in key.public_jwk().items() if part in ("kty", "crv", "x")}
    grants = GRANTS.get(name, [])
    await admin.send("POST", "/auth/v1/clients", {"id": name, "name": title, "role": role, "scope": [COUNTY], "grants": grants, "jwk": jwk})
    accounts.add("clients", {"id": name, "role": role, "kid": key.kid, "private_key": key.pem().decode()})


async def grant_agreement(admin: Client, agreement_id: str) -> None:
    """Let the demo partner pull one agreement."""
    clients = await admin.send("GET", "/auth/v1/clients")
    partner = next(client for client in clients if client["id"] == "demo-partner")
    patch = {"grants": [f"agreement:{agreement_id}"], "reason": "共管协议已签(演示)"}
    await admin.send("PATCH", "/auth/v1/clients/demo-partner", patch, If_Match=f'"v{partner["version"]}"')
