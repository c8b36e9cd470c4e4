"""`./dev test`, `./dev check` and `./dev bench`: the tools that check this copy, run one after the other."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from rich.console import Console
from rich.table import Table

PROJECT = Path(__file__).parent.parent
CLOSING_LINE = re.compile(r"\d+ (passed|failed|error|errors|skipped|deselected)\b.* in [\d.]+ ?s|no tests ran in")
"""How pytest ends: `12 passed, 1 skipped in 3.21s`, with or without a frame of `=`."""


@dataclass(frozen=True)
class Verdict:
    """The result of one tool."""

    name: str
    passed: bool
    seconds: float
    closing: str
    """Its last line, e.g. pytest's counts."""


def python(*arguments: str) -> list[str]:
    """A command of this interpreter."""
    return [sys.executable, *arguments]


def side_by_side(cores: int) -> list[str]:
    """pytest's arguments for a whole run: a worker per core (each has a Postgres of its own, so four at most), whole files at a time because their
    tests share houses, in the order of `tests/conftest.py`."""
    return ["-n", str(min(cores, 4)), "--dist", "loadfile", "--no-loadscope-reorder"] if cores > 1 else []


def whole_run() -> list[str]:
    """The command that runs every test on the cores that this process may use."""
    return python("-m", "pytest", *side_by_side(len(os.sched_getaffinity(0))))


def commands() -> dict[str, list[str]]:
    """Name and command line of everything that `check` runs, cheapest first."""
    return {
        "ruff check": python("-m", "ruff", "check", "."),
        "ruff format": python("-m", "ruff", "format", "--check", "."),
        "import contracts": python("-c", "import sys; from importlinter.cli import lint_imports_command as run; sys.exit(run())"),
        "types": python("-m", "basedpyright"),
        "tests": whole_run(),
    }


def run(name: str, command: Sequence[str]) -> Verdict:
    """Run a tool in the project's folder, pass its output through, keep the last line."""
    begun = time.monotonic()
    last, closing = "", ""
    # PYTHONSAFEPATH would hide the project from tools that rely on their working folder.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONSAFEPATH"}
    with subprocess.Popen(
        command,
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as tool:
        assert tool.stdout is not None
        for line in tool.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            if line.strip():
                last = line.strip()
            if CLOSING_LINE.search(line):
                closing = line.strip().strip("= ")
    return Verdict(name, tool.returncode == 0, time.monotonic() - begun, closing or last[:100])


def test(arguments: Sequence[str]) -> NoReturn:
    """Become pytest with these arguments (none, or `--long` alone: every test, side by side), in the project's folder, on this terminal.

    In its place and not beside it: a waiting parent would kill it a moment after Ctrl-C, before it has stopped what its tests started.
    """
    whole = not set(arguments) - {"--long"}
    command = [*whole_run(), *arguments] if whole else python("-m", "pytest", *arguments)
    os.chdir(PROJECT)
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


def check() -> int:
    """Run everything, even after a failure; print a table, then pytest's closing line; 0 when all passed, else 1."""
    console = Console()
    verdicts: list[Verdict] = []
    for name, command in commands().items():
        console.rule(name, align="left")
        verdicts.append(run(name, command))
    table = Table("", "check", "seconds", "last word", box=None)
    for verdict in verdicts:
        mark = "[green]✓[/green]" if verdict.passed else "[red]✗[/red]"
        table.add_row(mark, verdict.name, f"{verdict.seconds:.1f}", verdict.closing.replace("[", r"\["))
    console.rule("summary", align="left")
    console.print(table)
    print(verdicts[-1].closing)
    return 0 if all(verdict.passed for verdict in verdicts) else 1


def bench(names: Sequence[str]) -> int:
    """Run `tests/bench/bench_<name>.py` one after the other; each writes what it printed to docs/performance/<name>.md."""
    console = Console()
    scripts = sorted((PROJECT / "tests/bench").glob("bench_*.py"))
    chosen = [script for script in scripts if not names or script.stem.removeprefix("bench_") in names]
    if not chosen:
        known = ", ".join(script.stem.removeprefix("bench_") for script in scripts) or "none yet"
        console.print(f"No such bench; there are: {known}.", highlight=False)
        return 64
    failed = False
    target = PROJECT / "docs/performance"
    target.mkdir(parents=True, exist_ok=True)
    for script in chosen:
        name = script.stem.removeprefix("bench_")
        console.rule(name, align="left")
        module = ".".join(script.relative_to(PROJECT).with_suffix("").parts)
        done = subprocess.run(python("-m", module), cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=False)
        print(done.stdout)
        if done.returncode == 0 and done.stdout.strip():
            (target / f"{name}.md").write_text(done.stdout, encoding="utf-8")
        failed = failed or done.returncode != 0
    return 1 if failed else 0
