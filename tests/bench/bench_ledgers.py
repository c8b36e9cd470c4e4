"""How fast a ledger is imported: read, checked, sealed, staged, matched and reported through the API, against libraries that merely read the file.

    python -m tests.bench.bench_ledgers [rows] [--commit]

One generated person ledger (rows x 20 columns), one run: the import goes through a real registry over a real Postgres, its job in the same process;
openpyxl and pandas read the same file in processes of their own. Ratios are what counts. With `--commit` the accepted rows are also taken over.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import subprocess
import sys
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path

import psycopg

from deploy.folder import DataFolder
from deploy.memory import give_back_large_buffers
from deploy.postgres import Postgres
from kit.roles import Role
from tests.bench.bench_sheets import HEADERS, ROOT, TODAY, TOWNS, VILLAGES, generate, peak_mb
from tests.houses import Template, TestHouse, open_house, prepare_template
from tests.registry.ledgers.desk import Desk

GOAL_ROWS_PER_MINUTE, GOAL_MB = 600_000, 400


class Watch:
    """The parsing process's peak resident memory, looked at while it runs (its parent's ru_maxrss would count other children)."""

    def __init__(self) -> None:
        self.parser_mb = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.02):
            for task in Path("/proc/self/task").iterdir():
                with contextlib.suppress(OSError, ValueError, IndexError):
                    for child in (task / "children").read_text(encoding="ascii").split():
                        if b"kit.sheets.worker" in Path(f"/proc/{child}/cmdline").read_bytes():
                            status = Path(f"/proc/{child}/status").read_text(encoding="ascii")
                            self.parser_mb = max(self.parser_mb, int(status.partition("VmHWM:")[2].split()[0]) // 1024)


def add_divisions(house: TestHouse) -> None:
    """The generated county."""
    with psycopg.connect(house.owner) as connection:
        rows = [
            (p.code, p.name, p.level, p.parents[0] if p.parents else "990822000000", json.dumps(list(p.aliases)))
            for p in (*TOWNS, *VILLAGES)
        ]
        connection.cursor().executemany(
            "insert into registry.division (code, name, level, parent_code, statutory, aliases, valid_from, note) values (%s, %s, %s, %s, true, %s, '2000-01-01', '')",
            rows,
        )


async def imported(template: Template, path: Path, *, commit: bool) -> dict[str, float]:
    """One import, timed from the upload to the report (and the commit)."""
    async with open_house(template, only="registry") as house:
        add_divisions(house)
        desk = Desk(house, house.caller("registry", Role.COUNTY_OFFICER, scope=("990822", "610822")))
        house.clock.advance(timedelta(days=365 * 4))  # the generated ledger is of the end of 2024
        before_mb, started = peak_mb(), time.perf_counter()
        status, body = await desk.post((path.name, _bytes(path)), as_of=TODAY.isoformat())
        assert status == 202, body
        uploaded = time.perf_counter()
        upload_mb = peak_mb()
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # noqa: ASYNC240  # the peak counts anew: the client that uploads is no part of the service
        with Watch() as watch:
            await house.step()
        reported = time.perf_counter()
        job = await desk.get(f"/{body['items'][0]['id']}")
        assert job["state"] == "reported", job["error"]
        result: dict[str, float] = {
            "rows": job["done"],
            "upload_s": uploaded - started,
            "report_s": reported - uploaded,
            **job["dispositions"],
        }
        result |= {"before_mb": before_mb, "upload_with_client_mb": upload_mb, "peak_mb": peak_mb()}
        result["parser_mb"] = watch.parser_mb
        if commit:
            before = time.perf_counter()
            done = await desk.commit(job)
            assert done["state"] == "committed", done["error"]
            result |= {"commit_s": time.perf_counter() - before, "persons": done["taken"]["persons"], "peak_with_commit_mb": peak_mb()}
        return result


def _bytes(path: Path) -> bytes:
    return path.read_bytes()


def merely_read(way: str, path: Path) -> float:
    """Seconds that a library takes to read the file, in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.bench_sheets", way, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout)["seconds"])


def main() -> None:
    """Generate, import, compare, print."""
    give_back_large_buffers()  # as every server of the product does
    numbers = [argument for argument in sys.argv[1:] if argument.isdigit()]
    rows = int(numbers[0]) if numbers else 100_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.xlsx"
        subprocess.run(
            [
                sys.executable,
                "-c",
                f"from pathlib import Path; from tests.bench.bench_sheets import generate; generate(Path({str(path)!r}), {rows})",
            ],
            cwd=ROOT,
            check=True,
        )  # its memory must not count
        print(f"{rows:,} rows x {len(HEADERS)} columns, {path.stat().st_size / 1e6:.1f} MB")
        data = DataFolder(Path(folder) / "pg")
        data.take()
        server = Postgres(data, durable=False)
        server.start()
        try:
            template = prepare_template(server.dsn(), Path(folder) / "house")
            result = asyncio.run(imported(template, path, commit="--commit" in sys.argv))
        finally:
            server.stop()
            data.release()
        print(json.dumps({name: round(value, 2) for name, value in result.items()}))
        spent = result["upload_s"] + result["report_s"]
        print(f"imported at {60 * rows / spent:,.0f} rows/min (goal {GOAL_ROWS_PER_MINUTE:,}), from upload to report")
        print(f"memory: service {result['peak_mb']:.0f} MB + parser {result['parser_mb']:.0f} MB (goal below {GOAL_MB} together)")
        for way in ("openpyxl", "pandas"):
            seconds = merely_read(way, path)
            print(f"{way} merely reading: {seconds:.1f} s = {seconds / spent:.1f} x the whole import")


__all__ = ["generate", "main"]

if __name__ == "__main__":
    main()
