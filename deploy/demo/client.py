"""A small client of the house's API for the demo loader: signs in, sends JSON, reports what went wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from pyotp.totp import TOTP

from deploy.problems import DemoFailed
from kit.clock import Clock

__all__ = ["Client", "DemoFailed"]


@dataclass
class Client:
    """One signed-in caller. It waits when it is told to (429), and signs in again when its ten minutes are over."""

    http: httpx.AsyncClient
    clock: Clock
    wait: Callable[[float], Awaitable[None]] = asyncio.sleep
    """How to wait some seconds for other work; a test steps the house instead."""
    token: str = ""
    _again: tuple[str, str, str | None] | None = None

    async def sign_in(self, username: str, password: str, totp_secret: str | None = None) -> None:
        """Sign in and keep the access token. Raises DemoFailed."""
        body = {"username": username, "password": password}
        if totp_secret:
            body["totp"] = TOTP(totp_secret).at(self.clock())
        self.token, self._again = "", None
        answer = await self._once("POST", "/auth/v1/login", {}, {"json": body})
        if answer.status_code == 401 and totp_secret:  # a code works once: the next one is taken half a minute early
            body["totp"] = TOTP(totp_secret).at(self.clock() + timedelta(seconds=30))
            answer = await self._once("POST", "/auth/v1/login", {}, {"json": body})
        if answer.status_code == 401 and totp_secret:
            await asyncio.sleep(30 - self.clock().timestamp() % 30 + 0.5)
            body["totp"] = TOTP(totp_secret).at(self.clock())
            answer = await self._once("POST", "/auth/v1/login", {}, {"json": body})
        self.token = _checked("POST", "/auth/v1/login", answer).json()["access_token"]
        self._again = (username, password, totp_secret)

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send JSON; the parsed answer. Raises DemoFailed for any problem."""
        answer = await self.raw(method, path, json=body, **headers)
        return answer.json() if answer.content else None

    async def pages(self, path: str) -> list[Any]:
        """A whole list, page by page. Raises DemoFailed for any problem."""
        found: list[Any] = []
        cursor = ""
        while True:
            page = await self.send("GET", f"{path}{'&' if '?' in path else '?'}limit=200{cursor}")
            found += page["items"]
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"

    async def raw(self, method: str, path: str, *, json: Any = None, **headers: str) -> httpx.Response:
        """Send; the answer with its headers. Raises DemoFailed for any problem."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return _checked(method, path, await self.ask(method, path, named, json=json))

    async def upload(self, path: str, files: list[tuple[str, bytes]], **form: str) -> Any:
        """Send files as multipart. Raises DemoFailed."""
        parts = [("files", (name, content)) for name, content in files]
        return _checked("POST", path, await self.ask("POST", path, {}, files=parts, data=form)).json()

    async def upload_text(self, path: str, content: bytes, kind: str, *, tolerate: int = 0) -> Any:
        """POST text as it is; the parsed answer, also of a problem with status `tolerate`. Raises DemoFailed."""
        answer = await self.ask("POST", path, {"Content-Type": kind}, content=content)
        return answer.json() if answer.status_code == tolerate else _checked("POST", path, answer).json()

    async def ask(self, method: str, path: str, headers: dict[str, str], **body: Any) -> httpx.Response:
        """Send; the answer, whatever its status."""
        answer = await self._once(method, path, headers, body)
        if answer.status_code == 401 and self._again is not None:
            await self.sign_in(*self._again)
            answer = await self._once(method, path, headers, body)
        for _ in range(60):
            if answer.status_code != 429:
                break
            await self.wait(float(answer.headers.get("retry-after", "1")))
            answer = await self._once(method, path, headers, body)
        return answer

    async def _once(self, method: str, path: str, headers: dict[str, str], body: dict[str, Any]) -> httpx.Response:
        sent = {"purpose": "supervision", **{name.lower(): value for name, value in headers.items()}}
        if self.token:
            sent["authorization"] = f"Bearer {self.token}"
        return await self.http.request(method, path, headers=sent, **body)


def _checked(method: str, path: str, answer: httpx.Response) -> httpx.Response:
    if answer.status_code >= 400:
        told = answer.text[:600]
        with_errors = (
            json.dumps(answer.json().get("errors", []), ensure_ascii=False)[:600]
            if "json" in answer.headers.get("content-type", "")
            else ""
        )
        raise DemoFailed(reason=f"{method} {path} answered {answer.status_code}: {told} {with_errors}")
    return answer
