"""Every operation of every caller is called with what the published document allows and forbids; each answer must be one that the document tells of.

The long form of the contract tests (`./dev test --long`): the demo county over real HTTP, and schemathesis as the client that reads nothing but the document
and the ids that lists show.
"""

from __future__ import annotations

import asyncio
import copy
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

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
LEFT_OUT = (
    "/alerts/v1/stream",
    "/auth/v1/logout",
    "/auth/v1/sessions",
    "/auth/v1/refresh",
    "/auth/v1/login",
    "/auth/v1/password",
    "/auth/v1/accounts/{account_id}",
    "/auth/v1/clients/{client_id}",
    "/auth/v1/approvals/{approval_id}",
)
"""The stream has no end, and these would end the very session that asks."""
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance"
EXAMPLES = 12
KNOWN = 3
"""How many ids of a list stand in the document that the client reads."""
REFRESH_SECONDS = 240


def seen_by(document: dict[str, Any], caller: str, ids: dict[str, list[str]]) -> dict[str, Any]:
    """The part of the document that a caller can call, with ids that exist. Without a sign-in it is the whole: each must answer that one must sign in."""
    whole = copy.deepcopy(document)
    role = "agency" if caller == "demo-institution" else caller
    paths = {
        path: kept
        for path, operations in whole["paths"].items()
        if not path.startswith(LEFT_OUT)
        and (kept := {method: one for method, one in operations.items() if caller == ANONYMOUS or {role, "public"} & set(one["x-roles"])})
    }
    for path, operations in paths.items():
        first = path.partition("/{")[0]
        for operation in operations.values():
            for parameter in [one for one in operation.get("parameters", ()) if one["in"] == "path"][:1]:
                if ids.get(first):
                    parameter["schema"] = {"anyOf": [{"type": "string", "enum": ids[first]}, parameter["schema"]]}
                    parameter["example"] = ids[first][0]
    return {**whole, "paths": paths}


async def ids_of(http: httpx.AsyncClient, document: dict[str, Any], headers: dict[str, str]) -> dict[str, list[str]]:
    """A few ids of what each list of the document shows to this caller: the path of the list → ids or codes."""
    found: dict[str, list[str]] = {}
    for path in document["paths"]:
        objects = [other for other in document["paths"] if other.startswith(path + "/{")]
        if objects and "get" in document["paths"][path] and "{" not in path:
            answer = await http.get(path, headers=headers)
            told = answer.json() if answer.status_code == 200 else []
            items = told.get("items", []) if isinstance(told, dict) else told
            key = objects[0][len(path) + 2 :].partition("}")[0]
            shown = [item.get(key, item.get("id", item.get("code"))) for item in items[:KNOWN] if isinstance(item, dict)]
            found[path] = [str(one) for one in shown if one is not None]
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


async def fuzz(street: Street, file: Path, token_file: Path | None) -> tuple[int, str]:
    """Run the client; its exit code and what it said."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(file), "--url", street.base_url, "--checks", CHECKS]
    command += ["--max-examples", os.environ.get("GUIKANG_TEST_FUZZ_EXAMPLES", str(EXAMPLES)), "--seed", "20210701", "--rate-limit", "40/s"]
    command += ["--header", "Purpose: supervision", "--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-color"]
    command += ["--request-timeout", "20", "--warnings", "off", "--suppress-health-check", "all"]
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "SCHEMATHESIS_HOOKS": "tests.gateway.fuzz_hooks"}
    if token_file is not None:
        environment[TOKEN_FILE] = str(token_file)
    process = await asyncio.create_subprocess_exec(
        *command, cwd=file.parent, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(MINUTES * 60):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, said.decode(errors="replace")


@pytest.fixture(scope="module")
async def street(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Street]:
    """The demo county: an account for every role, machines with keys, and thousands of records to be right or wrong about."""
    opened = Street(tmp_path_factory.mktemp("fuzz") / "data", processes=False, demo=True)
    await opened.start()
    yield opened
    await opened.end()


@pytest.mark.parametrize("caller", CALLERS)
async def test_every_answer_is_one_that_the_document_tells_of(street: Street, caller: str, tmp_path: Path, board: Board) -> None:
    file, token_file = tmp_path / "document.json", tmp_path / "token"
    async with street.knock() as http:
        document = (await http.get("/openapi.json")).json()
        if caller == ANONYMOUS:
            file.write_text(json.dumps(seen_by(document, caller, {}), ensure_ascii=False), encoding="utf-8")
            code, said = await fuzz(street, file, None)
        else:
            async with kept_token(street, caller, token_file):
                signed_in = {"Authorization": f"Bearer {token_file.read_text()}", "Purpose": "supervision"}
                known = await ids_of(http, document, signed_in)
                file.write_text(json.dumps(seen_by(document, caller, known), ensure_ascii=False), encoding="utf-8")
                code, said = await fuzz(street, file, token_file)
    summary = [line.strip() for line in said.splitlines() if "generated" in line or "Operations" in line or "passed" in line]
    board("fuzz by the published document", f"{caller}: {'; '.join(summary[-3:])}")
    assert code == 0, said[-8000:]
