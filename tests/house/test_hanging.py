"""A test that hangs fails with its stacks after its bound, and the rest of the run goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HANGING = """
import asyncio

async def waits_for_ever():
    await asyncio.Event().wait()

async def test_hangs():
    await waits_for_ever()

def test_goes_on():
    assert True
"""


@pytest.mark.slow
def test_a_hanging_test_fails_with_its_stacks_and_the_run_goes_on(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    (tmp_path / "test_planted.py").write_text(HANGING)
    (tmp_path / "conftest.py").write_text("from tests.conftest import anyio_backend, pytest_configure, pytest_timeout_set_timer\n")
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nanyio_mode = auto\npythonpath = {root}\naddopts = --import-mode=importlib\n")
    command = [sys.executable, "-m", "pytest", "-n1", "--timeout=3", "--timeout-method=thread", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(
        command, cwd=tmp_path, check=False, capture_output=True, text=True, timeout=180, env={**os.environ, "PYTHONPATH": str(root)}
    )
    told = done.stdout + done.stderr
    assert done.returncode == 1, told
    assert "1 failed, 1 passed" in told, told
    assert "has not ended after 3 s" in told, told
    assert "waits_for_ever" in told, told
