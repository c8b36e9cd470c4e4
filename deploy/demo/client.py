"""A small client of the house's API for the demo loader: signs in, sends JSON, tells what went wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx
from pyotp.totp import TOTP

from kit.clock import Clock


class DemoFailed(RuntimeError):
    """A step of loading the demo county was refused."""


@dataclass
class Client:
    """One signed-in caller."""

    http: httpx.AsyncClient
    clock: Clock
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    async def sign_in(self, username: str, password: str, totp_secret: str | None = None) -> None:
        """Sign in and keep the access token. Raises DemoFailed."""
        body = {"username": username, "password": password}
        if totp_secret:
            body["totp"] = TOTP(totp_secret).at(self.clock())
        self.token = (await self.send("POST", "/auth/v1/login", body))["access_token"]

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send JSON; the parsed answer. Raises DemoFailed for any problem."""
        answer = await self.raw(method, path, json=body, **headers)
        return answer.json() if answer.content else None

    async def raw(self, method: str, path: str, *, json: Any = None, **headers: str) -> httpx.Response:
        """Send; the answer with its headers. Raises DemoFailed for any problem."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Purpose": "supervision", **self.headers, **named}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        answer = await self.http.request(method, path, json=json, headers=sent)
        return _checked(method, path, answer)

    async def upload_text(self, path: str, content: bytes, kind: str, *, tolerate: int = 0) -> Any:
        """POST text as it is; the parsed answer, also of a problem with status `tolerate`. Raises DemoFailed."""
        headers = {"Authorization": f"Bearer {self.token}", "Purpose": "supervision", "Content-Type": kind}
        answer = await self.http.post(path, content=content, headers=headers)
        return answer.json() if answer.status_code == tolerate else _checked("POST", path, answer).json()

    async def upload(self, path: str, files: list[tuple[str, bytes]], **form: str) -> Any:
        """Send files as multipart. Raises DemoFailed."""
        parts = [("files", (name, content)) for name, content in files]
        answer = await self.http.post(
            path, files=parts, data=form, headers={"Authorization": f"Bearer {self.token}", "Purpose": "supervision"}
        )
        return _checked("POST", path, answer).json()


def _checked(method: str, path: str, answer: httpx.Response) -> httpx.Response:
    if answer.status_code >= 400:
        told = answer.text[:600]
        with_errors = (
            json.dumps(answer.json().get("errors", []), ensure_ascii=False)[:600]
            if "json" in answer.headers.get("content-type", "")
            else ""
        )
        raise DemoFailed(f"{method} {path} answered {answer.status_code}: {told} {with_errors}")
    return answer
