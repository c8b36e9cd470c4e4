"""`./dev import FILES…`: ledgers go through the gateway like every request, and a person reads the result.

What it relies on (the same at `/registry/v1`, `/testing/v1` and `/precursor/v1`):
    POST ledger-imports                      multipart `files` → 202 `items`: a job for each file
    GET  ledger-imports/{id}                 `state, done, total, problems, eta`; once read: `recognised, dispositions, codes, layout`
    PUT  ledger-imports/mappings             what unknown headers mean, remembered for the office
    POST ledger-imports/{id}/reread          reads a waiting file again with what was taught
    GET  ledger-imports/{id}/rows            pages of rows with their problems
    GET  ledger-imports/{id}/conflicts       pages of what a person must decide (registry)
    GET  ledger-imports/{id}/headers         headers of unread columns in clear
    GET  ledger-imports/{id}/effects         what a commit would write now, and the word that confirms it
    POST ledger-imports/{id}/commit          takes the accepted rows over, all or nothing; `confirm` where it ends something
    POST ledger-imports/{id}/discard         gives an import up: the file was another service's
    GET  ledger-imports/{id}/marked          the workbook with its problem cells marked
"""

from __future__ import annotations

import getpass
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from deploy.folder import read_json
from deploy.problems import BadOption, NotRunning, Refused
from deploy.token import FILE, token
from kit.codes import load_codes
from kit.sheets import Vocabulary

PATH = "/{service}/v1/ledger-imports"
AT_WORK = frozenset({"queued", "reading", "committing"})
OWNERS = ("registry", "testing", "precursor")
"""The services that are asked, in this order. Only the registry takes tables of persons; other workbooks may hold tables of two services."""
EXAMPLES = 3
"""Cells shown per kind of problem; the marked workbook shows all."""

CODE = re.compile(r"\d{6}[0-9L]\d{5}")
"""A division's code."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Options:
    """The options of the command line."""

    files: list[Path]
    data_dir: Path
    user: str | None = None
    password_file: Path | None = None
    commit: bool = False
    marked: Path | None = None
    code: str | None = None
    """The six digits of the second factor, where it is enrolled."""
    means: tuple[str, ...] = ()
    """`header=field`: what unknown headers mean; the field by its name, or by a header that is known."""
    yes: bool = False
    """Whether what a commit would end is confirmed beforehand."""


EFFECTS = {
    "persons": "登记人员", "amended": "补充或更正人员", "standings": "登记状态", "measures": "开始措施", "measures_ended": "终止措施",
    "closed": "办结封存档案", "deaths": "登记死亡", "moved": "变更责任乡镇", "transfers_out": "移交外地", "visits": "走访", "assessments": "风险评估",
    "unchanged": "无变化", "withheld": "依法未写入", "open_conflicts": "待裁定", "tests": "检测", "known": "已有", "positive": "初筛阳性",
    "closed_due_tests": "冲抵应检", "screenings": "单位筛查", "screened": "受检人次", "presumptive_positive": "筛查阳性", "firms": "登记企业",
    "firms_changed": "变更企业", "venues": "登记场所", "venues_changed": "变更场所", "doubts": "存疑",
}  # fmt: skip
"""What a commit does, in words."""
DISPOSITIONS = {"accept": "可导入", "hold": "待核查", "duplicate": "重复", "discard": "已舍弃"}


@lru_cache(maxsize=len(OWNERS))
def words(service: str) -> Vocabulary:
    """The words of a service's ledgers."""
    return Vocabulary.load(Path(__file__).parents[1] / "services" / service / "ledgers" / "words.toml")


def field_zh(service: str, name: str) -> str:
    """A field as an officer calls it: the first of its headers."""
    found = next((kind.fields[name] for kind in words(service).kinds.values() if name in kind.fields), None)
    return found.headers[0] if found and found.headers else name


def field_of(service: str, text: str) -> str | None:
    """The field that a text names, by its own name or by one of its headers; "" leaves a column out."""
    fields = [field for kind in words(service).kinds.values() for field in kind.fields.values()]
    return text if text == "" or any(field.name == text for field in fields) else next((f.name for f in fields if text in f.headers), None)


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

    def carry(self, token: Callable[[], str]) -> None:
        """Take a token from whoever gives them, and a new one when it is over: the demo's officer, whose codes are in the data folder. Raises Refused."""

        def anew() -> None:
            self.http.headers["authorization"] = f"Bearer {token()}"

        self.http.headers["purpose"] = "supervision"
        self._again = anew
        anew()

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


def credentials(options: Options) -> tuple[str, str, str | None]:
    """Whom to sign in as. Raises BadOption."""
    if options.user:
        password = (
            options.password_file.read_text(encoding="utf-8").strip()
            if options.password_file
            else getpass.getpass(f"Password of {options.user}: ")
        )
        return options.user, password, options.code
    raise BadOption(
        option="--user", reason="give a name: this data folder holds no demo account", reason_zh="请给出用户名:此数据目录没有示范账号"
    )


def enter(client: Client, options: Options) -> None:
    """Sign in as the given user, else as the demo's county officer. Raises BadOption, Refused."""
    if not options.user and (options.data_dir / FILE).exists():
        client.carry(partial(token, options.data_dir, "county_officer"))
    else:
        client.sign_in(*credentials(options))


def run(options: Options) -> int:
    """Upload, watch, report; 0 when every file was read, 1 when one was not. Raises NotRunning, BadOption, Refused."""
    ready = read_json(options.data_dir / "ready.json")
    if "base_url" not in ready:
        raise NotRunning(path=options.data_dir)
    client, console = Client(str(ready["base_url"])), Console()
    enter(client, options)
    failed = False
    for file in options.files:
        failed = _one(client, console, file, options) or failed
    return 1 if failed else 0


def _one(client: Client, console: Console, file: Path, options: Options) -> bool:
    """Offer one file to the services that may know it, report and commit; True when nobody could read it."""
    console.rule(file.name, align="left")
    strange: list[tuple[str, Json]] = []
    known = False
    for service in OWNERS:
        taught = _teach(client, service, options.means)
        path, job = _upload(client, console, service, file)
        if taught and job["state"] == "reported":
            again = client.call("POST", f"{path}/reread", json={}, headers=_fresh(job)).json()
            job = _watch(client, console, path, again, f"{service}: {file.name}")
        if job["state"] == "failed":
            error = job["error"] or {}
            console.print(f"  ✗ {error.get('code', '')}: {error.get('message_zh', '')}", markup=False, highlight=False)
            return True
        if not job.get("recognised"):
            strange.append((path, job))
            continue
        known = True
        console.print(f"  → {service}", highlight=False)
        _report(client, console, path, job, file, options)
        if options.commit:
            _commit(client, console, path, options)
        if service == "registry":
            break
    if not known:
        # The likely owner: the service that has a guess for the most headers.
        _print_headers(client, console, *max(strange, key=lambda one: _guesses(one[1])))
    for path, job in strange[0 if known else 1 :]:
        if job["state"] == "reported":
            client.call("POST", f"{path}/discard", json={"reason": "not a ledger of this service"}, headers=_fresh(job))
    return not known


def _teach(client: Client, service: str, means: tuple[str, ...]) -> bool:
    """Teach a service what headers mean, as far as it has such fields; whether it has any."""
    pairs = [(header.strip(), field_of(service, text.strip())) for header, _, text in (one.partition("=") for one in means)]
    mappings = [{"header": header, "field": name} for header, name in pairs if header and name is not None]
    if mappings:
        client.call("PUT", f"{PATH.format(service=service)}/mappings", json={"mappings": mappings})
    return bool(mappings)


def _fresh(job: Json) -> dict[str, str]:
    return {"If-Match": f'"v{job["version"]}"', "Idempotency-Key": str(uuid4())}


def _upload(client: Client, console: Console, service: str, file: Path) -> tuple[str, Json]:
    """Post a file and watch its job until it stops; its path and its last state."""
    parts = [("files", (file.name, file.read_bytes(), "application/octet-stream"))]
    answer = client.call("POST", PATH.format(service=service), files=parts, headers={"Idempotency-Key": str(uuid4())})
    job: Json = answer.json()["items"][0]
    path = f"{PATH.format(service=service)}/{job['id']}"
    return path, _watch(client, console, path, job, f"{service}: {file.name}")


def _watch(client: Client, console: Console, path: str, job: Json, title: str) -> Json:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[note]}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=None, note="")
        while True:
            note = f"{job.get('problems') or 0} to check" + (f", about {job['eta']} s left" if job.get("eta") else "")
            progress.update(task, completed=job.get("done") or 0, total=job.get("total") or None, note=note)
            if job["state"] not in AT_WORK:
                return job
            time.sleep(0.2)
            job = client.call("GET", path).json()


def _report(client: Client, console: Console, path: str, job: Json, file: Path, options: Options) -> None:
    """Print what was read: counts, problems by code with examples, contradictions, headers that nobody knows."""
    service = path.split("/")[1]
    if job["state"] == "committed":
        console.print(
            f"  此文件已于 {job['committed_at'][:10]} 导入,再次上传不改变任何数据 · imported before, nothing changes", highlight=False
        )
    counts = "   ".join(f"{DISPOSITIONS[name]} {name} {count}" for name, count in sorted(job["dispositions"].items()))
    console.print(f"  {counts}   (截止日 as of {job['as_of']})", highlight=False)
    for kind in dict.fromkeys(f"{part['kind_zh']} {part['kind_en']}" for part in job["layout"]["tables"]):
        console.print(f"  认作 taken for: {kind}", markup=False, highlight=False)
    if job["state"] == "reported" and job["effects"] is not None:
        console.print(f"  提交将写入 a commit would write: {_effects(job['effects'])}", markup=False, highlight=False)
    for warning in job["layout"]["warnings"]:
        console.print(f"  ! {warning['message_zh']} · {warning['message_en']}", markup=False, highlight=False)
    if job["codes"]:
        found: dict[str, list[tuple[str, Json]]] = defaultdict(list)
        for row in client.pages(f"{path}/rows", problems_only="true"):
            for problem in row["problems"]:
                found[problem["code"]].append((f"{row['sheet']}!{problem['cell'] or row['row']}", problem))
        table = Table("代码 code", "次 times", "位置 where", Column("说明 what", overflow="fold"), box=None)
        for code, problems in sorted(found.items(), key=lambda item: -len(item[1])):
            where = ", ".join(cell for cell, _ in problems[:EXAMPLES]) + (" …" if len(problems) > EXAMPLES else "")
            what = str(problems[0][1]["message_zh"])
            table.add_row(code, str(len(problems)), where, f"{what} (须核查 hold)" if problems[0][1]["hold"] else what)
        console.print(table)
    conflicts = list(client.pages(f"{path}/conflicts", state="open")) if path.startswith("/registry") else []
    for conflict in conflicts[:EXAMPLES]:
        sides = " | ".join(f"{side['name']} {side['cell']}: {_side_text(client, side['value'])}" for side in conflict["sides"])
        console.print(f"  ? {field_zh(service, conflict['field'])} {conflict['field']}: {sides}", markup=False, highlight=False)
    if len(conflicts) > EXAMPLES:
        console.print(f"  ? … 共 {len(conflicts)} 处待裁定 to decide in all", highlight=False)
    clear = _headers(client, path)
    for part in job["layout"]["tables"]:
        for header in part["unknown_headers"]:
            maybe = "、".join(f"{field_zh(service, name)} {name}" for name in header["suggestions"])
            told = f"不认识的列,未导入 not known, left out{f'(可能是 maybe: {maybe})' if maybe else ''}"
            if header["claims"]:
                told = f"另一列已作为 another column is read for: {field_zh(service, header['claims'])} {header['claims']}"
            text = clear.get((part["sheet"], header["column"])) or str(header["header"])
            console.print(f"  + {part['sheet']}!{header['column']} {_line(text)}: {told}", markup=False, highlight=False)
    if options.marked:
        options.marked.mkdir(parents=True, exist_ok=True)
        target = options.marked / f"{file.stem}.marked.xlsx"
        target.write_bytes(client.call("GET", f"{path}/marked").content)
        console.print(f"  marked: {target}", markup=False, highlight=False, soft_wrap=True)


def _effects(effects: Json) -> str:
    return "   ".join(f"{EFFECTS.get(name, name)} {name} {count}" for name, count in effects.items()) or "无 nothing"


def _headers(client: Client, path: str) -> dict[tuple[str, str], str]:
    """The headers of unread columns as they stand there, by sheet and column."""
    return {(one["sheet"], one["column"]): one["header"] for one in client.pages(f"{path}/headers")}


def _side_text(client: Client, value: Any) -> str:
    """A side of a conflict in words: codes of places and standings by their names."""
    if value is None:
        return "(不可见 not shown)"
    if isinstance(value, dict):
        told: Json = value
        names = load_codes(Path(__file__).parents[1] / "services" / "registry")["standing.status"]
        return f"{names.get(str(told['status']), (told['status'],))[0]} {told['since'] or ''}".strip()
    if isinstance(value, str) and CODE.fullmatch(value):
        return str(client.call("GET", f"/registry/v1/divisions/{value}").json()["name"])
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)


def _guesses(job: Json) -> int:
    return sum(bool(header["suggestions"]) for part in job["layout"]["unrecognised"] for header in part["headers"])


def _line(header: str) -> str:
    """A header in one line."""
    return " ".join(header.split())


def _print_headers(client: Client, console: Console, path: str, job: Json) -> None:
    """Ask what the headers mean, each with the fields that it may be."""
    service = path.split("/")[1]
    parts = [part for part in job["layout"]["unrecognised"] if not part["summary"]]
    clear = _headers(client, path)
    console.print(f"  ✗ {service}: 没有认出本系统的表 no table of ours was recognised", highlight=False)
    for part in parts:
        for header in part["headers"]:
            maybe = "、".join(f"{field_zh(service, name)} {name}" for name in header["suggestions"]) or "?"
            text = clear.get((part["sheet"], header["column"])) or str(header["header"])
            console.print(f"    {part['sheet']}!{header['column']} {_line(text)} → {maybe}", markup=False, highlight=False)
    if any(part["headers"] for part in parts):
        told = '请说明表头的意思后重读 say what headers mean: ./dev import --means "表头=姓名" --means "另一表头=id_no" …'
        console.print(f"    {told}", markup=False, highlight=False)


def _agreed(console: Console, effects: Json) -> bool:
    """Whether whoever sits at the terminal says yes to what a commit would do; nobody there is no yes."""
    console.print(f"  提交将写入 a commit would write: {_effects(effects)}", markup=False, highlight=False)
    return console.is_terminal and console.input("  确认提交? commit? [y/N] ").strip().lower() in ("y", "yes", "是")


def _commit(client: Client, console: Console, path: str, options: Options) -> None:
    before = client.call("GET", path).json()
    if before["state"] == "committed":
        return
    if not before["dispositions"].get("accept"):
        console.print("  没有可导入的行 nothing to take over", highlight=False)
        return
    asked = client.call("GET", f"{path}/effects").json()
    if asked["confirm"] and not options.yes and not _agreed(console, asked["effects"]):
        console.print("  未提交 not committed: 核对数目后加 --yes 再运行 check the counts, then add --yes", markup=False, highlight=False)
        return
    body = {"confirm": asked["confirm"]} if asked["confirm"] else {}
    job = client.call("POST", f"{path}/commit", json=body, headers=_fresh(before)).json()
    job = _watch(client, console, path, job, "commit")
    taken = _effects(job["taken"])
    console.print(f"  {'✓' if job['state'] == 'committed' else '✗'} {taken}", markup=False, highlight=False)
    if held := job["dispositions"].get("hold", 0):
        told = f"{held} 行待核查,未导入;请在原表改正后再交,已导入的行不会重复 · rows were held: correct them and upload again"
        console.print(f"  ! {told}", markup=False, highlight=False)
