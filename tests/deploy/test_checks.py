"""The check command's bookkeeping: every tool runs, the last words are kept, one failure fails all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import checks


@pytest.mark.parametrize(
    "line",
    [
        "12 passed in 3.21s",
        "===== 1 failed, 2 passed, 1 skipped in 0.50s =====",
        "3 passed, 1 warning in 61.20s (0:01:01)",
        "no tests ran in 0.01s",
    ],
)
def test_pytests_closing_line_is_known_with_and_without_its_frame(line: str) -> None:
    assert checks.CLOSING_LINE.search(line)


def test_a_tool_that_fails_says_so_and_its_last_word_is_kept(capfd: pytest.CaptureFixture[str]) -> None:
    verdict = checks.run(
        "tool", checks.python("-c", "print('first'); print('5 failed, 2 passed in 1.00s'); print('after'); raise SystemExit(3)")
    )
    assert not verdict.passed
    assert verdict.closing == "5 failed, 2 passed in 1.00s"
    assert "first" in capfd.readouterr().out


def test_everything_that_must_hold_is_asked_tests_last() -> None:
    assert list(checks.commands()) == ["ruff check", "ruff format", "import contracts", "types", "tests"]


def test_a_whole_run_uses_the_cores_there_are_up_to_four() -> None:
    assert checks.side_by_side(1) == []
    assert [checks.side_by_side(cores)[1] for cores in (2, 4, 64)] == ["2", "4", "4"]


def test_an_unknown_bench_names_those_that_exist() -> None:
    assert checks.bench(["no-such-bench"]) == 64


WAITING = """
import asyncio
import pytest

@pytest.fixture(scope="module")
async def street(anyio_backend):
    yield "open"
    await asyncio.sleep(0.5)  # longer than anybody waits for a child that was interrupted
    print("the street is closed")

@pytest.mark.anyio
async def test_that_waits(street):
    try:
        asyncio.get_running_loop().call_later(0.2, print, "it waits")
        await asyncio.sleep(60)
    finally:
        print("the client has ended")
"""


def test_an_interrupted_run_stops_what_its_tests_started(tmp_path: Path) -> None:
    """Ctrl-C: the fixtures end in their order, and the exit code is pytest's for an interrupt."""
    (tmp_path / "test_waiting.py").write_text(WAITING, encoding="utf-8")
    command = [
        sys.executable,
        "-P",
        "-m",
        "deploy",
        "test",
        str(tmp_path / "test_waiting.py"),
        *["-s", "-n0", "-p", "tests.conftest", "-p", "no:cacheprovider"],
    ]
    run = subprocess.Popen(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(checks.PROJECT), "PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    with run:
        assert run.stdout is not None
        said = ""
        while "it waits" not in said:
            line = run.stdout.readline()
            assert line, said
            said += line
        run.send_signal(signal.SIGINT)
        said += run.stdout.read()
    assert run.returncode == pytest.ExitCode.INTERRUPTED, said
    assert "the street is closed" in said
    assert "the client has ended" in said
