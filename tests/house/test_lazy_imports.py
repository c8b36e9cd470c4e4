"""A start loads what answers requests and nothing else: heavy libraries wait until the first workbook, document or map needs them (DESIGN 7 and 8)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.houses import Template, copied

PROJECT = Path(__file__).parents[2]
HEAVY = ("typst", "xlsxwriter", "h3", "python_calamine", "pypinyin", "holidays", "alembic", "numpy", "pandas", "openpyxl")
"""Some 20 to 150 ms or some 5 to 30 MB each. Alembic runs in the errand that brings the schemas up to date, or before the composition."""

OPEN = """
import asyncio, json, sys
from pathlib import Path
from deploy.compose import HouseSettings, build

async def main(data_dir, dsn, only):
    house = build(HouseSettings(Path(data_dir), dsn, background=False), only=only or None)
    await house.start()
    loaded = sorted(sys.modules)
    await house.stop()
    print(json.dumps(loaded))

asyncio.run(main(*sys.argv[1:]))
"""


def loaded_after_opening(template: Template, only: str = "") -> set[str]:
    """What a fresh Python holds once the house, or one app of it, is open."""
    with copied(template) as owner:
        done = subprocess.run(
            [sys.executable, "-P", "-c", OPEN, str(template.data_dir), owner, only],
            env=os.environ | {"PYTHONPATH": str(PROJECT)}, check=True, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("only", ["", "alerts", "gateway"])
def test_an_open_house_has_loaded_nothing_heavy(template: Template, only: str) -> None:
    loaded = loaded_after_opening(template, only)
    assert "fastapi" in loaded
    assert [name for name in HEAVY if name in loaded] == []


def test_the_supervisor_of_several_processes_stays_small() -> None:
    code = "import sys; from deploy import children, up; print(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    loaded = set(done.stdout.split())
    assert {"sqlalchemy", "fastapi", "pydantic", "httpx", *HEAVY} & loaded == set()
