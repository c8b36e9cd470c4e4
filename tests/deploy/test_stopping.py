"""A process ends within its bound after a signal, whatever refuses to end in it, and tells what that was."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import asyncio, sys, threading, time
from pathlib import Path
from deploy.serving import StopSignals
from deploy.stopping import StopWatch, run_until_stopped

async def deaf_to_its_end():
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass

async def in_order():
    await asyncio.Event().wait()

def never_returns():
    time.sleep(600)

async def main(watch):
    kind = sys.argv[1]
    with StopSignals(watch).watch():
        task = asyncio.create_task({"deaf": deaf_to_its_end, "fine": in_order, "thread": in_order}[kind](), name="the task")
        if kind == "thread":
            asyncio.get_running_loop().run_in_executor(None, never_returns)
        print("ready", flush=True)
        await asyncio.Event().wait()

watch = StopWatch(last=lambda: print("the database has stopped", flush=True), seconds=1.0)
run_until_stopped(main(watch), None, watch)
print("ended in order", flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "code", "told"), [("deaf", 70, "deaf_to_its_end"), ("thread", 70, "never_returns"), ("fine", 0, "")])
def test_a_stop_ends_within_its_bound_and_tells_what_did_not(kind: str, code: int, told: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, kind], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert told in out + err
    assert ("the database has stopped" in out) == (code != 0)
    assert ("ended in order" in out) == (code == 0)
