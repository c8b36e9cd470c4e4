"""The README keeps its word: its tour is pasted into a shell beside a running `./dev up`, and every line of it is answered."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from deploy.__main__ import app
from gateway.edge.routes import shipped_table
from tests.journeys import street as streets
from tests.journeys.street import PROJECT, street

TOUR = re.compile(r"^```bash tour\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OPENING = 500
"""Seconds that a first start with its demo county may take on a busy machine."""
MARK = "\t<- answered"


def tour() -> str:
    """The shell lines that a newcomer pastes."""
    found = TOUR.search((PROJECT / "README.md").read_text(encoding="utf-8"))
    assert found is not None
    return found[1]


def the_json_at_the_end_of(text: str) -> Any:
    """What curl printed; a report of another command may stand before it."""
    lines = text.splitlines()
    for first in range(len(lines)):
        with contextlib.suppress(ValueError):
            return json.loads("\n".join(lines[first:]))
    return None


def test_the_readme_names_only_files_that_are_there() -> None:
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        assert (PROJECT / target).exists(), target
    for ledger in re.findall(r"deploy/demo/ledgers/\S+", text):
        assert (PROJECT / ledger).is_file(), ledger


@pytest.mark.parametrize("page", ["README.md", *sorted(str(path.relative_to(PROJECT)) for path in (PROJECT / "docs/guides").glob("*.md"))])
def test_routes_and_commands_that_a_page_names_are_there(page: str) -> None:
    text = (PROJECT / page).read_text(encoding="utf-8")
    known = {re.sub(r"\{[a-z_]+\}", "{}", route.path) for route in shipped_table().routes}
    named = {match.rstrip("/") for match in re.findall(r"/(?:registry|testing|alerts|precursor|auth)/v1/[a-z/{}_-]+", text)}
    assert {path for path in named if re.sub(r"\{[a-z_]*\}", "{}", path) not in known} == set()
    commands = {command.name or getattr(command.callback, "__name__", "").replace("_", "-") for command in app.registered_commands}
    commands |= {"test", "check", "bench"}
    assert set(re.findall(r"(?<![\w/])\./dev ([a-z]+)", text)) <= commands


@pytest.mark.slow
async def test_the_tour_is_answered_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streets, "OPENING", OPENING)
    # Any answer but 2xx ends the shell, and each answer says what it was.
    (tmp_path / ".curlrc").write_text(f'fail-with-body\nwrite-out = "{MARK} %{{http_code}} %{{content_type}}\\n"\n')
    async with street(tmp_path / "data", processes=False, demo=True) as run:
        given = {"BASE": run.base_url, "GUIKANG_DATA_DIR": str(run.data_dir), "CURL_HOME": str(tmp_path), "NO_PROXY": "127.0.0.1"}
        shell = await asyncio.create_subprocess_exec(
            "bash", "-euo", "pipefail", "-c", tour(),
            cwd=PROJECT, env=os.environ | given, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        told, complaints = (text.decode() for text in await shell.communicate())
        assert shell.returncode == 0, told[-3000:] + complaints[-3000:]
    pieces = re.split(rf"{MARK} (\d+) (\S*)\n", told)
    answers = list(zip(pieces[0::3], pieces[1::3], pieces[2::3], strict=False))
    asked = [line for line in tour().splitlines() if re.match(r"(get |curl )", line)]
    assert len(answers) == len(asked) > 10
    for line, (text, status, kind) in zip(asked, answers, strict=True):
        assert (status, kind) == ("200", "application/json"), line
        shown = the_json_at_the_end_of(text)
        assert shown is not None, line
        assert shown.get("items", True) if isinstance(shown, dict) else shown, f"a newcomer sees an empty list: {line}"
    assert "04_黄甫镇台账.csv" in told
    assert "Traceback" not in complaints
