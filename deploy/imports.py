"""`./dev import FILES…`: ledgers go through the front door like anybody's, and a person reads what came of it.

Each file is offered to the services in turn until one finds a table of its own in it (the same at `/registry/v1`, `/testing/v1` and `/precursor/v1`):
    POST ledger-imports                 multipart `files` → 202 `items`: one job a file
    GET  ledger-imports/{id}            state, done, total, problems, eta, recognised, dispositions
    GET  ledger-imports/{id}/rows       the report by row, with its problems by cell
    GET  ledger-imports/{id}/conflicts  what a person must decide (registry)
    GET  ledger-imports/{id}/marked     the workbook with its problem cells marked
    POST ledger-imports/{id}/commit     takes the accepted rows over, all or nothing
    POST ledger-imports/{id}/discard    gives it up, where nothing was recognised
"""

from __future__ import annotations

import getpass
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.folder import read_json
from deploy.problems import NotRunning, Refused

PATH = "/{service}/v1/ledger-imports"
AT_WORK = frozenset({"queued", "reading", "committing"})
OWNERS = ("registry", "testing", "precursor")
"""Who is asked, in this order. A table of persons is nobody else's; other workbooks may hold tables of two services."""
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

    def pages(self, path: str, **filters: str) -> Iterator[Json]:
        """Every item of a list, page by page."""
        cursor: str | None = None
        while True:
            page = self.call("GET", path, params={"limit": "200", **filters} | ({"cursor": cursor} if cursor else {})).json()
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
    failed = False
    for file in wish.files:
        failed = not _take_in(client, console, file, wish) or failed
    return 1 if failed else 0


def _take_in(client: Client, console: Console, file: Path, wish: Wish) -> bool:
    """Find the service whose tables the file holds and report; False when the file could not be read or nobody knows it."""
    for service in SERVICES:
        path, job = _upload(client, console, service, file)
        if job["state"] == "failed":
            console.rule(file.name, align="left")
            console.print(f"  ✗ {job['error']['message_zh']}  {job['error']['message_en']}", markup=False, highlight=False)
            return False
        if job["recognised"]:
            _report(client, console, path, job, wish)
            if wish.commit and job["state"] == "reported":
                _commit(client, console, path, job)
            return True
        if job["state"] == "reported":
            client.call("POST", f"{path}/discard", json={"reason": "没有认出本单位的表"}, headers=_as_seen(job))
    console.rule(file.name, align="left")
    console.print("  ✗ 没有认出任何表  no table was recognised", markup=False, highlight=False)
    return False


def _as_seen(job: Json) -> dict[str, str]:
    return {"If-Match": f'"v{job["version"]}"', "Idempotency-Key": str(uuid4())}


def _upload(client: Client, console: Console, service: str, file: Path) -> tuple[str, Json]:
    """Post the file and watch the job until it rests; its path and its last state."""
    parts = [("files", (file.name, file.read_bytes(), "application/octet-stream"))]
    answer = client.call("POST", PATH.format(service=service), files=parts, headers={"Idempotency-Key": str(uuid4())})
    job: Json = answer.json()["items"][0]
    path = f"{PATH.format(service=service)}/{job['id']}"
    return path, _watch(client, console, path, job, f"{service}: {file.name}")


def _watch(client: Client, console: Console, path: str, job: Json, title: str) -> Json:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[note]}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=None, note="")
        while True:
            note = f"{job.get('problems') or 0} problems" + (f", about {job['eta']} s left" if job.get("eta") else "")
            progress.update(task, completed=job.get("done") or 0, total=job.get("total") or None, note=note)
            if job["state"] not in AT_WORK:
                return job
            time.sleep(0.2)
            job = client.call("GET", path).json()


def _report(client: Client, console: Console, path: str, job: Json, wish: Wish) -> None:
    """Print one file's outcome."""
    console.rule(str(job["file_name"]), align="left")
    counts = {name: job["dispositions"].get(name, 0) for name in ("accept", "hold", "duplicate", "discard")}
    console.print(f"  {job['state']}   " + "   ".join(f"{name} {count}" for name, count in counts.items()), highlight=False)
    grouped: dict[str, list[Json]] = defaultdict(list)
    for row in client.pages(f"{path}/rows?problems_only=true"):
        for problem in row["problems"]:
            grouped[str(problem["code"])].append({**problem, "sheet": row["sheet"]})
    if grouped:
        table = Table("code", "times", "where", "what", box=None)
        for code, found in sorted(grouped.items(), key=lambda item: -len(item[1])):
            cells = ", ".join(f"{item['sheet']}!{item['cell'].rpartition('!')[2]}" for item in found[:EXAMPLES])
            table.add_row(code, str(len(found)), cells + (" …" if len(found) > EXAMPLES else ""), str(found[0]["message_zh"]))
        console.print(table)
    conflicts = list(client.pages(f"{path}/conflicts?state=open")) if path.startswith("/registry") else []
    for conflict in conflicts[:EXAMPLES]:
        sides = " | ".join(f"{side['name']} {side['cell']}: {side['value']}" for side in conflict["sides"])
        console.print(f"  ? {conflict['field']}: {sides}", markup=False, highlight=False)
    if len(conflicts) > EXAMPLES:
        console.print(f"  ? … {len(conflicts)} to decide in all", highlight=False)
    if wish.marked:
        wish.marked.mkdir(parents=True, exist_ok=True)
        target = wish.marked / f"{Path(str(job['file_name'])).stem}.marked.xlsx"
        target.write_bytes(client.call("GET", f"{path}/marked").content)
        console.print(f"  marked: {target}", markup=False, highlight=False, soft_wrap=True)


def _commit(client: Client, console: Console, path: str, job: Json) -> None:
    seen = client.call("GET", path).json()
    job = client.call("POST", f"{path}/commit", headers=_as_seen(seen)).json()
    job = _watch(client, console, path, job, "commit")
    taken = "   ".join(f"{name} {count}" for name, count in job["taken"].items())
    mark = "✓" if job["state"] == "committed" else "✗"
    console.print(f"  {mark} {job['file_name']}: {job['state']}   {taken}", markup=False, highlight=False)
