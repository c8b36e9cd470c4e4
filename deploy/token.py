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


def token(data_dir: Path, who: str) -> str:
    """A fresh token for the demo account of a role, a user name, or a client id. Raises NotRunning, BadOption, Refused."""
    folder = DataFolder(data_dir)
    ready = folder.read("ready.json")
    if not ready:
        raise NotRunning(path=folder.path)
    known = read_json(folder.path / "demo-accounts.json")
    with httpx.Client(base_url=str(ready["base_url"]), timeout=30) as http:
        moment = _moment(http)
        for account in _listed(known, "accounts"):
            if who in (account["username"], account["role"]):
                return _sign_in(http, account, moment)
        for client in _listed(known, "clients"):
            if who in (client["id"], client["role"]):
                return _authenticate(http, client, moment)
    listed = folder.path / "demo-accounts.json"
    raise BadOption(option=who, reason=f"no demo account or client is called so; see {listed}", reason_zh=f"示范账号中没有此名,见 {listed}")


def _listed(known: dict[str, object], name: str) -> list[dict[str, Any]]:
    found = known.get(name, [])
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _moment(http: httpx.Client) -> int:
    """The product's time: the demo county lives in 2021 (ADR 0009)."""
    from datetime import datetime

    told = http.get("/.well-known/oauth-authorization-server").json().get("demo_time")
    return int(datetime.fromisoformat(told).timestamp()) if told else int(time.time())


def _sign_in(http: httpx.Client, account: dict[str, Any], moment: int) -> str:
    body = {"username": account["username"], "password": account["password"]}
    if account.get("totp_secret"):
        body["totp"] = TOTP(account["totp_secret"]).at(moment)
    answer = http.post("/auth/v1/login", json=body)
    if answer.status_code != 200:
        raise _refused(f"the sign-in of {account['username']}", answer)
    return str(answer.json()["access_token"])


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
