"""How long a start takes and what an open house holds in memory, in both shapes: `python -m tests.bench.bench_start`.

A start runs from the command to the first answered request, of an empty county: the demo's ledgers are a load, not a start. Besides the seconds on the
clock it tells the CPU seconds of the whole family of processes, which a busy machine does not change: on an idle machine with two cores the clock shows
about those of the longest chain. Memory is told as PSS (each shared page in parts), without Postgres, whose 64 MB of shared buffers fill with use.
"""

from __future__ import annotations

import asyncio
import os
import platform
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.journeys.street import Street, family, street

WARM_ROUNDS = 3
TICK = os.sysconf("SC_CLK_TCK")
WARM_AIM, MEMORY_AIM = 5.0, 200.0
"""Seconds of a warm start and MB of the one process (issue, measured aims)."""


@dataclass(frozen=True)
class Figures:
    """One start."""

    seconds: float
    """From the command to the first answered request."""
    cpu: float
    """CPU seconds of all processes, Postgres among them, those that ended included."""
    memory: dict[str, float]
    """MB of PSS by process: at the first answer, and `… used` after the documents and the list of languages were asked for."""


def cpu_seconds(pids: set[int]) -> float:
    """User and system time of processes and of their ended children."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        except OSError:
            continue
        total += sum(int(value) for value in fields[11:15])
    return total / TICK


def pss_mb(pid: int) -> float:
    """Proportional set size of a process in MB (proc(5), smaps_rollup)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def memory(run: Street, word: str = "") -> dict[str, float]:
    """PSS by process."""
    return {name + word: pss_mb(pid) for name, pid in run.pids.items() if name != "postgres"}


async def measure(data_dir: Path, *, processes: bool) -> Figures:
    """Start, ask, look, stop."""
    begun = time.monotonic()
    async with street(data_dir, processes=processes) as run, run.knock() as http:
        assert (await http.get("/readyz")).status_code == 200
        seconds = time.monotonic() - begun
        assert run.process is not None
        cpu = cpu_seconds(family(run.process.pid))
        fresh = memory(run)
        for path in ("/openapi.json", "/docs", "/meta/v1/codes", "/.well-known/jwks.json"):
            assert (await http.get(path)).status_code == 200, path
        return Figures(seconds, cpu, fresh | memory(run, " used"))


def megabytes(figures: Figures, word: str) -> str:
    """Sum and parts."""
    parts = {name: mb for name, mb in figures.memory.items() if name.endswith(" used") == bool(word)}
    told = " + ".join(f"{name.removesuffix(' used')} {mb:.0f}" for name, mb in parts.items())
    return f"{sum(parts.values()):.0f} ({told})" if len(parts) > 1 else f"{sum(parts.values()):.0f}"


async def shape(name: str, folder: Path, *, processes: bool) -> bool:
    """The rows of one shape; whether its aims were reached."""
    cold = await measure(folder, processes=processes)
    warm = [await measure(folder, processes=processes) for _ in range(WARM_ROUNDS)]
    middle = sorted(warm, key=lambda one: one.seconds)[WARM_ROUNDS // 2]
    cpu = statistics.median(one.cpu for one in warm)
    print(f"| {name}: cold start | {cold.seconds:.1f} s | {cold.cpu:.1f} s |")
    print(f"| {name}: warm start, median of {WARM_ROUNDS} | {middle.seconds:.1f} s | {cpu:.1f} s |")
    print(f"| {name}: memory at the first answer, MB PSS | {megabytes(middle, '')} | |")
    print(f"| {name}: memory once documents were asked for, MB PSS | {megabytes(middle, 'used')} | |")
    return middle.seconds <= WARM_AIM and (processes or middle.memory["main used"] < MEMORY_AIM)


async def run() -> None:
    """Both shapes, the embedded one with its aims."""
    load = os.getloadavg()[0]
    print(f"# Start and memory: Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f} before the run\n")
    print("| what | clock | CPU |")
    print("|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        reached = await shape("one process", Path(folder) / "embedded", processes=False)
        await shape("five processes and a supervisor", Path(folder) / "processes", processes=True)
    print(f"\nAims (one process: warm start <= {WARM_AIM:.0f} s, below {MEMORY_AIM:.0f} MB): {'reached' if reached else 'MISSED'}")
    if load > 1:
        print("The machine was busy with other work: the seconds on the clock say more about that than about the start.")


def main() -> None:
    """Run the bench."""
    asyncio.run(run())


if __name__ == "__main__":
    main()
