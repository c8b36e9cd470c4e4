"""What a large upload needed is given back."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import sys
from pathlib import Path
from deploy.memory import give_back_large_buffers

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

give_back_large_buffers()
for _ in range(3):
    held = [bytearray(b"x" * 20_000_000) for _ in range(2)]
    small = [bytes(2000) for _ in range(200)]
    before = resident()
    del held
    assert before - resident() > 30_000_000, "buffers stayed in the heap"
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_large_buffers_go_back_each_time_they_are_freed() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False, cwd=".")
    assert done.returncode == 0, done.stderr
