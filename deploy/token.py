"""`./dev token <role>`: an access token of a demo account, for trying the API with curl. Demo only: a real county's passwords are in no file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import jwt
from pyotp.totp import TOTP

from deploy.folder import DataFolder, read_json
from deploy.problems import BadOption, NotRunning, Refused
from gateway.identity.machines import ASSERTION_TYPE, GRANT
from gateway.identity.service import ISSUER

FILE = "demo-accounts.json"
ENROL = "/problems/second-factor-enrolment-required"


KEPT = "demo-tokens.json"


def token(data_dir: Path, who: str) -> str:
    """A token for the demo account of a role, a user name, or a client id: the one of before while it is good. Raises NotRunning, BadOption, Refused."""
    folder = DataFolder(data_dir)
    ready = folder.read("ready.json")
    if not ready:
        raise NotRunning(path=folder.path)
    known = read_json(folder.path / FILE)
    kept = folder.read(KEPT)
    with httpx.Client(base_url=str(ready["base_url"]), timeout=30, trust_env=False) as http:
        before = kept.get(who)
        if isinstance(before, str) and http.get("/auth/v1/me", headers={"authorization": f"Bearer {before}"}).status_code == 200:
            return before
        found = _found(http, folder, known, who)
    if found is None:
        listed = folder.path / FILE
        raise BadOption(
            option=who, reason=f"no demo account or client is called so; see {listed}", reason_zh=f"示范账号中没有此名,见 {listed}"
        )
    folder.write(KEPT, {**kept, who: found})
    return found


def _found(http: httpx.Client, folder: DataFolder, known: dict[str, object], who: str) -> str | None:
    for account in _listed(known, "accounts"):
        if who in (account["username"], account["role"]):
            return _sign_in(http, folder, known, account)
    for client in _listed(known, "clients"):
        if who in (client["id"], client["role"]):
            return _authenticate(http, client, _moment(http))
    return None


def _listed(known: dict[str, object], name: str) -> list[dict[str, Any]]:
    found = known.get(name, [])
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _moment(http: httpx.Client) -> int:
    """The product's time: the demo county lives in 2021 (ADR 0009)."""
    from datetime import datetime

    told = http.get("/.well-known/oauth-authorization-server").json().get("demo_time")
    return int(datetime.fromisoformat(told).timestamp()) if told else int(time.time())


def _sign_in(http: httpx.Client, folder: DataFolder, known: dict[str, object], account: dict[str, Any]) -> str:
    """Sign in; an account that needs a second factor and has none gets one, which is kept beside its password. A code works once (RFC 6238 5.2): when that of
    this half minute was used, the next one is taken early, and then the next half minute is waited for."""
    body = {"username": account["username"], "password": account["password"]}
    secret = account.get("totp_secret")
    answer = http.post("/auth/v1/login", json={**body, **_code(http, secret, 0)})
    if answer.status_code == 403 and answer.json().get("type") == ENROL:
        secret = account["totp_secret"] = http.post("/auth/v1/totp/enrolment", json=body).raise_for_status().json()["secret"]
        folder.write(FILE, known)
        answer = http.post("/auth/v1/login", json={**body, **_code(http, secret, 0)})
    if answer.status_code == 401 and secret:
        answer = http.post("/auth/v1/login", json={**body, **_code(http, secret, 30)})
    if answer.status_code == 401 and secret:
        time.sleep(30 - _moment(http) % 30 + 0.5)
        answer = http.post("/auth/v1/login", json={**body, **_code(http, secret, 30)})
    if answer.status_code != 200:
        raise _refused(f"the sign-in of {account['username']}", answer)
    return str(answer.json()["access_token"])


def _code(http: httpx.Client, secret: str | None, ahead: int) -> dict[str, str]:
    return {"totp": TOTP(secret).at(_moment(http) + ahead)} if secret else {}


def _authenticate(http: httpx.Client, client: dict[str, Any], moment: int) -> str:
    claims = {"iss": client["id"], "sub": client["id"], "aud": ISSUER, "iat": moment, "exp": moment + 50, "jti": f"demo-{time.time_ns()}"}
    assertion = jwt.encode(claims, client["private_key"], algorithm="EdDSA", headers={"kid": client["kid"]})
    form = {"grant_type": GRANT, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
    answer = http.post("/auth/v1/token", data=form)
    if answer.status_code != 200:
        raise _refused(f"the client {client['id']}", answer)
    return str(answer.json()["access_token"])


def _refused(what: str, answer: httpx.Response) -> Refused:
    return Refused(what=what, status=answer.status_code, reason=str(answer.json().get("title", "")).rstrip("。."))
