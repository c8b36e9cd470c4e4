"""Hostile files through the API: a problem each, quickly, the service unharmed, nothing left behind."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg

from deploy.folder import DataFolder
from tests.houses import Template
from tests.kit.sheets.test_hostile import CASES
from tests.registry.ledgers.desk import Desk, ledger

SECONDS_EACH = 15


async def test_every_hostile_file_becomes_a_problem_and_leaves_nothing(desk: Desk, template: Template) -> None:
    started = time.monotonic()
    jobs = {}
    for case, (name, data, codes) in CASES.items():
        status, body = await desk.post((name, data))
        assert status == 202, (case, body)
        jobs[case] = (body["items"][0]["id"], codes)
    await desk.house.step()
    for case, (import_id, codes) in jobs.items():
        job = await desk.get(f"/{import_id}")
        assert job["state"] == "failed", (case, job)
        assert job["error"]["code"] in codes | {"SHEET_TOO_LARGE"}, (case, job["error"])
        assert job["error"]["message_zh"] and job["error"]["message_en"]
    assert time.monotonic() - started < SECONDS_EACH * len(CASES)
    folder = Path(DataFolder(template.data_dir).path) / "files" / "registry" / "ledgers"
    left = {path.name.partition(".")[0] for path in folder.iterdir()} & {import_id for import_id, _ in jobs.values()}
    assert not left
    with psycopg.connect(desk.house.owner) as connection:
        assert connection.execute("select count(*) from registry.ledger_row").fetchone() == (0,)
    (job,) = await desk.upload(ledger(4))
    assert job["state"] == "reported"
