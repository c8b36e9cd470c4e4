"""Every operation of every caller is called with what the published document allows and forbids; each answer must be one that the document tells of.

The long form of the contract tests (`./dev test --long`): the demo county over real HTTP, and schemathesis as the client that reads nothing but the document
and the ids that lists show.
"""

from __future__ import annotations

import asyncio
import copy
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.postgres import die_with_parent
from deploy.token import KEPT, token
from kit.roles import Role
from tests.boards import Board
from tests.gateway.fuzz_hooks import TOKEN_FILE
from tests.journeys.street import PROJECT, Street

MINUTES = 25
pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.long, pytest.mark.timeout((MINUTES + 10) * 60)]

ANONYMOUS = "anonymous"
CALLERS = (*(str(role) for role in Role if role != Role.SERVICE), "demo-institution", ANONYMOUS)
"""A neighbouring service never comes through the gateway. There are two agencies, with different grants."""
LEFT_OUT = {
    ("GET", "/alerts/v1/stream"): "it has no end",
    ("POST", "/auth/v1/login"): "whoever fails from this address waits, and the callers' next sign-in with them",
    ("POST", "/auth/v1/password"): "as a sign-in",
    ("POST", "/auth/v1/logout"): "it ends the session that asks",
    ("DELETE", "/auth/v1/sessions/{session_id}"): "it ends the session that asks",
    ("PATCH", "/auth/v1/accounts/{account_id}"): "it changes the accounts of the callers",
    ("POST", "/auth/v1/approvals/{approval_id}/confirmation"): "it changes the accounts of the callers",
    ("PATCH", "/auth/v1/clients/{client_id}"): "it changes the clients of the callers",
    ("DELETE", "/auth/v1/clients/{client_id}"): "it ends the clients of the callers",
    ("DELETE", "/auth/v1/clients/{client_id}/keys/{kid}"): "it ends the clients of the callers",
}
"""What a caller who goes on calling cannot call at random, and why. `identity/test_outside_the_fuzz.py` holds each against the document."""
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance"
EXAMPLES = 12
KNOWN = 3
"""How many ids of a list stand in the document that the client reads."""
PERIOD = {"from": "2021-06-01", "to": "2021-12-31"}
"""The days of lists that need them: around the demo's today."""
REFRESH_SECONDS = 240


def may(caller: str, method: str, path: str, operation: Mapping[str, Any]) -> bool:
    """Whether a caller can call an operation. Without a sign-in it is every one: each must answer that one must sign in."""
    role = "agency" if caller == "demo-institution" else caller
    return (method.upper(), path) not in LEFT_OUT and (caller == ANONYMOUS or not {role, "public"}.isdisjoint(operation["x-roles"]))


def first_to_call(method: str, path: str, operation: Mapping[str, Any]) -> str | None:
    """Who tries every form of an operation's parameters and body: the forms are judged before the caller is looked at more closely, so once is enough."""
    return next((caller for caller in CALLERS if may(caller, method, path, operation)), None)


def seen_by(document: dict[str, Any], caller: str, ids: dict[str, list[str]], *, first: bool) -> dict[str, Any]:
    """The part of the document that a caller can call and is the first to call, or is not, with ids that exist."""
    whole = copy.deepcopy(document)
    paths = {
        path: kept
        for path, operations in whole["paths"].items()
        if (
            kept := {
                method: one
                for method, one in operations.items()
                if may(caller, method, path, one) and (first_to_call(method, path, one) == caller) is first
            }
        )
    }
    for path, operations in paths.items():
        for operation in operations.values():
            for parameter in [one for one in operation.get("parameters", ()) if one["in"] == "path"]:
                name = parameter["name"]
                begin = path.partition(f"/{{{name}}}")[0]
                lists = [begin, name, *(other for other in ids if other.startswith(f"{begin}/"))]
                if some := next((ids[one] for one in lists if ids.get(one)), None):
                    parameter["schema"] = {"anyOf": [{"type": "string", "enum": some}, parameter["schema"]]}
                    parameter["example"] = some[0]
    return {**whole, "paths": paths}


async def ids_of(http: httpx.AsyncClient, document: dict[str, Any], headers: dict[str, str]) -> dict[str, list[str]]:
    """A few ids of what each list of the document shows to this caller: the path of the list → ids or codes, and the name of a parameter → what any list
    calls so."""
    names, found = set(re.findall(r"{(\w+)}", " ".join(document["paths"]))), dict[str, list[str]]()
    reads = [path for path, operations in document["paths"].items() if "get" in operations and ("GET", path) not in LEFT_OUT]
    for path in sorted(reads, key=lambda path: path.count("{")):
        begin, _, _ = path.partition("/{")
        if path.count("{") > 1 or (
            begin != path and not (found.get(begin) and any(other.startswith(path + "/{") for other in document["paths"]))
        ):
            continue
        needed = {one["name"] for one in document["paths"][path]["get"].get("parameters", ()) if one["in"] == "query" and one["required"]}
        asked = re.sub(r"{\w+}", lambda _, begin=begin: found[begin][0], path)
        answer = await http.get(asked, headers=headers, params={name: day for name, day in PERIOD.items() if name in needed})
        if answer.status_code != 200 or not answer.headers["content-type"].startswith("application/json"):
            continue
        told = answer.json()
        items = [item for item in told.get("items", []) if isinstance(item, dict)][:KNOWN] if isinstance(told, dict) else []
        objects = next((other for other in document["paths"] if other.startswith(path + "/{")), "")
        key = objects[len(path) + 2 :].partition("}")[0]
        found[path] = [str(one) for item in items if (one := item.get(key, item.get("id", item.get("code")))) is not None]
        for name in sorted(names & {name for item in items for name in item} - found.keys()):
            if some := [str(item[name]) for item in items if item.get(name) is not None]:
                found[name] = some
    return found


@asynccontextmanager
async def kept_token(street: Street, caller: str, file: Path) -> AsyncIterator[None]:
    """A file that holds a token of this caller, a new one every few minutes."""

    def renew() -> None:
        (street.data_dir / KEPT).unlink(missing_ok=True)
        file.write_text(token(street.data_dir, caller), encoding="utf-8")

    async def on_and_on() -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            await asyncio.to_thread(renew)

    await asyncio.to_thread(renew)
    renewing = asyncio.create_task(on_and_on())
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)


async def fuzz(street: Street, file: Path, token_file: Path | None, phases: str) -> tuple[int, str]:
    """Run the client over the document of a file; its exit code and what it said."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(file), "--url", street.base_url, "--checks", CHECKS]
    command += ["--max-examples", os.environ.get("GUIKANG_TEST_FUZZ_EXAMPLES", str(EXAMPLES)), "--seed", "20210701", "--rate-limit", "40/s"]
    command += ["--header", "Purpose: supervision", "--phases", phases, "--continue-on-failure", "--no-color"]
    command += ["--request-timeout", "20", "--warnings", "off", "--suppress-health-check", "all"]
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "SCHEMATHESIS_HOOKS": "tests.gateway.fuzz_hooks"}
    if token_file is not None:
        environment[TOKEN_FILE] = str(token_file)
    process = await asyncio.create_subprocess_exec(
        *command, cwd=file.parent, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        preexec_fn=lambda: die_with_parent(signal.SIGTERM),
    )  # fmt: skip
    try:
        async with asyncio.timeout(MINUTES * 60):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, said.decode(errors="replace")


async def fuzz_as(
    street: Street, caller: str, folder: Path, document: dict[str, Any], known: dict[str, list[str]], token_file: Path | None
) -> tuple[int, str]:
    """Everything that a caller can call: in all forms where it is the first to call it, in some where others were before it."""
    worst, heard = 0, ""
    for first, phases in ((True, "examples,coverage,fuzzing"), (False, "examples,fuzzing")):
        part = seen_by(document, caller, known, first=first)
        if part["paths"]:
            file = folder / f"document-{first}.json"
            file.write_text(json.dumps(part, ensure_ascii=False), encoding="utf-8")
            code, said = await fuzz(street, file, token_file, phases)
            worst, heard = max(worst, code), heard + said
    return worst, heard


@pytest.fixture(scope="module")
async def street(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Street]:
    """The demo county: an account for every role, machines with keys, and thousands of records to be right or wrong about."""
    opened = Street(tmp_path_factory.mktemp("fuzz") / "data", processes=False, demo=True)
    await opened.start()
    yield opened
    await opened.end()


@pytest.mark.parametrize("caller", CALLERS)
async def test_every_answer_is_one_that_the_document_tells_of(street: Street, caller: str, tmp_path: Path, board: Board) -> None:
    token_file = tmp_path / "token"
    async with street.knock() as http:
        document = (await http.get("/openapi.json")).json()
        if caller == ANONYMOUS:
            code, said = await fuzz_as(street, caller, tmp_path, document, {}, None)
        else:
            async with kept_token(street, caller, token_file):
                signed_in = {"Authorization": f"Bearer {token_file.read_text()}", "Purpose": "supervision"}
                known = await ids_of(http, document, signed_in)
                code, said = await fuzz_as(street, caller, tmp_path, document, known, token_file)
    summary = [line.strip() for line in said.splitlines() if "generated" in line]
    board("fuzz by the published document", f"{caller}: {'; '.join(summary)}")
    assert code == 0, said[-8000:]
