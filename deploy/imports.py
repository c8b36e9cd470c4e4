"""`./dev import FILES…`: ledgers go through the front door like anybody's, and a person reads what came of it.

What it relies on (the same at `/registry/v1`, `/testing/v1` and `/precursor/v1`):
    POST ledger-imports                      multipart `files` → 202 a job, `Location`
    GET  ledger-imports/{id}                 `state, done, total, problems, eta`, and `files` once they are read
    GET  ledger-imports/{id}/problems        pages of `file, sheet, cell, code, message_zh`
    GET  ledger-imports/{id}/conflicts       pages of what a person must decide
    POST ledger-imports/{id}/commit          takes the accepted rows over, all or nothing per file
    GET  ledger-imports/{id}/files/{file}/marked   the workbook with its problem cells marked
"""

from __future__ import annotations

import getpass
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.folder import read_json
from deploy.problems import NotRunning, Refused

PATH = "/{service}/v1/ledger-imports"
AT_WORK = frozenset({"queued", "running"})
EXAMPLES = 3
"""Cells shown per kind of problem; the marked workbook shows all."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Wish:
    """What the command line said."""

    files: list[Path]
    data_dir: Path
    user: str | None = None
    password_file: Path | None = None
    commit: bool = False
    marked: Path | None = None
    code: str | None = None
    """The six digits of the second factor, where it is enrolled."""


class Client:
    """A signed-in caller of the gateway."""

    def __init__(self, base_url: str) -> None:
        # No proxy of the environment: the house answers on loopback.
        self.http = httpx.Client(base_url=base_url, timeout=60, trust_env=False)
        self._again: Callable[[], None] | None = None

    def sign_in(self, username: str, password: str, code: str | None) -> None:
        """Sign in; the token goes with every later call. Raises Refused."""
        self.http.headers.pop("authorization", None)
        self._again = None if code else lambda: self.sign_in(username, password, None)
        body = {"username": username, "password": password} | ({"totp": code} if code else {})
        self.http.headers["authorization"] = "Bearer " + self.call("POST", "/auth/v1/login", json=body).json()["access_token"]
        self.http.headers["purpose"] = "supervision"

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A call that must succeed. Raises Refused with the problem's own words, in both languages."""
        answer = self.http.request(method, path, **more)
        if answer.status_code == 401 and self._again and "authorization" in self.http.headers:
            self._again()  # a token lives ten minutes; a large ledger may take longer
            answer = self.http.request(method, path, **more)
        if answer.is_error:
            problem: Json = answer.json() if "json" in answer.headers.get("content-type", "") else {}
            words = str(problem.get("detail") or problem.get("title") or answer.reason_phrase)
            details = "; ".join(str(error.get("message_zh", "")) for error in problem.get("errors", [])[:3])
            raise Refused(what=f"{method} {path}", status=answer.status_code, reason=f"{words} {details}".strip().rstrip("。."))
        return answer

    def pages(self, path: str) -> Iterator[Json]:
        """Every item of a list, page by page."""
        cursor: str | None = None
        while True:
            page = self.call("GET", path, params={"limit": 200} | ({"cursor": cursor} if cursor else {})).json()
            yield from page["items"]
            cursor = page.get("next")
            if not cursor:
                return


def credentials(wish: Wish) -> tuple[str, str, str | None]:
    """Whom to sign in as: the given user, else the demo's county officer. Raises NotRunning, Refused."""
    if wish.user:
        password = (
            wish.password_file.read_text(encoding="utf-8").strip() if wish.password_file else getpass.getpass(f"Password of {wish.user}: ")
        )
        return wish.user, password, wish.code
    for account in read_json(wish.data_dir / "demo-accounts.json").get("accounts", []):  # pyright: ignore[reportGeneralTypeIssues] - our own file
        if account.get("role") == "county_officer":
            code = None
            if account.get("totp_secret"):
                from pyotp.totp import TOTP  # only a demo account carries its secret along

                code = TOTP(account["totp_secret"]).now()
            return account["username"], account["password"], code
    raise Refused(what="demo-accounts.json", status="-", reason="no county officer there; give --user")


def run(wish: Wish) -> int:
    """Upload, watch, report; 0 when every file was read, 1 when one was not. Raises NotRunning, Refused."""
    ready = read_json(wish.data_dir / "ready.json")
    if "base_url" not in ready:
        raise NotRunning(path=wish.data_dir)
    client, console = Client(str(ready["base_url"])), Console()
    client.sign_in(*credentials(wish))
    waiting: dict[str, list[Path]] = {"registry": wish.files}
    failed = False
    while waiting:
        service, files = waiting.popitem()
        path, job = _upload(client, console, service, files)
        failed = failed or job["state"] == "failed"
        by_name = {file.name: file for file in files}
        elsewhere: dict[str, list[Path]] = defaultdict(list)
        for entry in job.get("files", []):
            owner = entry.get("belongs_to")
            if owner and owner != service and entry["name"] in by_name:
                elsewhere[owner].append(by_name[entry["name"]])
            else:
                failed = _report(client, console, path, entry, wish) or failed
        for owner, theirs in elsewhere.items():
            console.print(f"  {', '.join(file.name for file in theirs)} → {owner}", highlight=False, markup=False)
            waiting.setdefault(owner, []).extend(theirs)
        stay = [entry for entry in job.get("files", []) if entry.get("belongs_to") in (None, service)]
        if wish.commit and stay and job["state"] != "failed":
            _commit(client, console, path)
    return 1 if failed else 0


def _upload(client: Client, console: Console, service: str, files: list[Path]) -> tuple[str, Json]:
    """Post the files and watch the job until it rests; its path and its last state."""
    parts = [("files", (file.name, file.read_bytes(), "application/octet-stream")) for file in files]
    answer = client.call("POST", PATH.format(service=service), files=parts, headers={"Idempotency-Key": str(uuid4())})
    job: Json = answer.json()
    path = answer.headers.get("location") or f"{PATH.format(service=service)}/{job['id']}"
    return path, _watch(client, console, path, job, f"{service}: {len(files)} file(s)")


def _watch(client: Client, console: Console, path: str, job: Json, title: str) -> Json:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[note]}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=None, note="")
        while True:
            note = f"{job.get('problems') or 0} problems" + (f", about {job['eta']} left" if job.get("eta") else "")
            progress.update(task, completed=job.get("done") or 0, total=job.get("total") or None, note=note)
            if job["state"] not in AT_WORK:
                return job
            time.sleep(0.2)
            job = client.call("GET", path).json()


def _report(client: Client, console: Console, path: str, entry: Json, wish: Wish) -> bool:
    """Print one file's outcome; True when the file could not be read."""
    console.rule(str(entry["name"]), align="left")
    if entry.get("error"):
        console.print(f"  ✗ {entry['error']}", markup=False, highlight=False)
        return True
    counts = {name: entry.get(name, 0) for name in ("rows", "accepted", "held", "duplicates", "conflicts")}
    console.print("  " + "   ".join(f"{name} {count}" for name, count in counts.items()), highlight=False)
    grouped: dict[str, list[Json]] = defaultdict(list)
    for problem in client.pages(f"{path}/problems?file={quote(str(entry['id']))}"):
        grouped[str(problem["code"])].append(problem)
    if grouped:
        table = Table("code", "times", "where", "what", box=None)
        for code, found in sorted(grouped.items(), key=lambda item: -len(item[1])):
            cells = ", ".join(f"{item.get('sheet', '')}!{item.get('cell', '')}" for item in found[:EXAMPLES])
            table.add_row(code, str(len(found)), cells + (" …" if len(found) > EXAMPLES else ""), str(found[0].get("message_zh", "")))
        console.print(table)
    conflicts = list(client.pages(f"{path}/conflicts?file={quote(str(entry['id']))}")) if counts["conflicts"] else []
    for conflict in conflicts[:EXAMPLES]:
        sides = " | ".join(f"{side.get('name', '')} {side.get('cell', '')}: {side.get('value', '')}" for side in conflict.get("sides", []))
        console.print(f"  ? {conflict.get('field', '')}: {sides}", markup=False, highlight=False)
    if len(conflicts) > EXAMPLES:
        console.print(f"  ? … {len(conflicts)} to decide in all", highlight=False)
    if wish.marked:
        wish.marked.mkdir(parents=True, exist_ok=True)
        marked = client.call("GET", f"{path}/files/{quote(str(entry['id']))}/marked")
        target = wish.marked / f"{Path(str(entry['name'])).stem}.marked.xlsx"
        target.write_bytes(marked.content)
        console.print(f"  marked: {target}", markup=False, highlight=False, soft_wrap=True)
    return False


def _commit(client: Client, console: Console, path: str) -> None:
    job = client.call("POST", f"{path}/commit", headers={"Idempotency-Key": str(uuid4())}).json()
    job = _watch(client, console, path, job, "commit")
    for entry in job.get("files", []):
        console.print(f"  ✓ {entry['name']}: {entry.get('committed', 0)} rows taken over", markup=False, highlight=False)
