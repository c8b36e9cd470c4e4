"""Every operation of every role is called with what the published document allows and forbids; each answer must be one that the document tells of.

The long form of the contract tests (`./dev test --long`): a real house over real HTTP, and schemathesis as the client that reads nothing but the document.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from kit.roles import Role
from tests.boards import Board
from tests.journeys.street import Street

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.long]

ROLES = tuple(role for role in Role if role not in (Role.SERVICE, Role.AGENCY, Role.PARTNER, Role.SUBJECT))
"""Everybody who signs in with a password; machines sign in with assertions, and the person has an account only once somebody is registered."""
LEFT_OUT = (
    "/alerts/v1/stream",
    "/auth/v1/logout",
    "/auth/v1/sessions",
    "/auth/v1/refresh",
    "/auth/v1/login",
    "/auth/v1/password",
    "/auth/v1/accounts/{account_id}",
)
"""The stream has no end, and these would end the very session that asks."""
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance"
EXAMPLES = 12
MINUTES = 25


def seen_by(document: dict[str, Any], role: str) -> dict[str, Any]:
    """The part of the document that a role can call."""
    paths = {
        path: kept
        for path, operations in document["paths"].items()
        if not path.startswith(LEFT_OUT)
        and (kept := {method: operation for method, operation in operations.items() if role in operation["x-roles"]})
    }
    return {**document, "paths": paths}


async def fuzz(street: Street, role: str, token: str, document: dict[str, Any], folder: Path) -> tuple[int, str]:
    """Run the client for one role; its exit code and what it said."""
    file = folder / f"{role}.json"
    file.write_text(json.dumps(seen_by(document, role), ensure_ascii=False), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "schemathesis.cli",
        "run",
        str(file),
        "--url",
        street.base_url,
        "--checks",
        CHECKS,
        "--max-examples",
        str(EXAMPLES),
    ]
    command += [
        "--header",
        f"Authorization: Bearer {token}",
        "--header",
        "Purpose: supervision",
        "--seed",
        "20210701",
        "--rate-limit",
        "40/s",
    ]
    command += ["--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-color", "--request-timeout", "20"]
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    async with asyncio.timeout(MINUTES * 60):
        said, _ = await process.communicate()
    return process.returncode or 0, said.decode(errors="replace")


@pytest.fixture(scope="module")
async def street(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A house that begins empty, with an account for every role."""
    opened = Street(tmp_path_factory.mktemp("fuzz") / "data", processes=False)
    await opened.start()
    yield opened
    await opened.end()


@pytest.mark.parametrize("role", ROLES)
async def test_every_answer_is_one_that_the_document_tells_of(street: Street, role: str, tmp_path: Path, board: Board) -> None:
    async with street.knock() as http:
        await street.open_accounts(http)
        document = (await http.get("/openapi.json")).json()
        caller = await street.sign_in(http, role)
        code, said = await fuzz(street, role, caller.token, document, tmp_path)
    summary = [line.strip() for line in said.splitlines() if "generated" in line or "Operations" in line or "passed" in line]
    board("fuzz by the published document", f"{role}: {'; '.join(summary[-3:])}")
    assert code == 0, said[-8000:]
