"""The demo county's nineteen ledgers, taken in as the office would: upload, read the report, correct, decide, commit; file by file, in order.

The officer's hand work (which held cell is right by the original file, which of two ledgers is right) is data: `decisions.csv`.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deploy.demo.client import Client, DemoFailed

HERE = Path(__file__).parent
FOLDER = HERE / "ledgers"
BEFORE, AFTER = "2020-12-31", "2021-06-30"
LAST_OF_BEFORE = 10
"""Ledgers 01 to 10 are of the end of 2020, the others of the middle of 2021."""
SERVICES = ("registry", "testing", "precursor")
PATIENCE = 240
Place = tuple[str, str, int]
Progress = Callable[[int, int], None]


async def load(officer: Client, progress: Progress) -> None:
    """Take every ledger in. A file that was committed before is answered with its earlier import and changes nothing. Raises DemoFailed."""
    files = sorted(FOLDER.glob("[0-9][0-9]_*"))  # the tables beside them are not ledgers
    corrections, decisions = hand_work()
    for done, path in enumerate(files):
        progress(done, len(files))
        as_of = BEFORE if int(path.name[:2]) <= LAST_OF_BEFORE else AFTER
        for service in SERVICES:
            desk = Desk(officer, service)
            job = await desk.read(path.name, path.read_bytes(), as_of)
            if not job["recognised"]:
                await desk.give_up(job)
                continue
            if job["state"] == "reported":
                await desk.settle(job, path.name, corrections, decisions)
                await desk.commit(job["id"])
            if service == "registry":
                break  # only the registry takes a table of persons
    progress(len(files), len(files))


def hand_work() -> tuple[dict[Place, dict[str, str]], dict[tuple[Place, str], str]]:
    """Corrections by place (file, sheet, row), decisions by place and field."""
    corrections: dict[Place, dict[str, str]] = defaultdict(dict)
    decisions: dict[tuple[Place, str], str] = {}
    with (HERE / "decisions.csv").open(encoding="utf-8") as file:
        for line in csv.DictReader(file):
            place = (line["file"], line["sheet"], int(line["row"]))
            if line["decision"]:
                decisions[place, line["field"]] = line["decision"]
            else:
                corrections[place][line["field"]] = line["value"]
    return corrections, decisions


class Desk:
    """The officer at one service's imports."""

    def __init__(self, officer: Client, service: str) -> None:
        self._officer = officer
        self._path = f"/{service}/v1/ledger-imports"

    async def read(self, name: str, content: bytes, as_of: str) -> dict[str, Any]:
        """Upload one file and wait for its report."""
        made = await self._officer.upload(self._path, [(name, content)], as_of=as_of)
        return await self._until(made["items"][0]["id"], "queued", "reading")

    async def give_up(self, job: dict[str, Any]) -> None:
        """Leave a file to another service."""
        if job["state"] == "reported":
            body = {"reason": "没有认出本单位的表(演示)"}
            await self._officer.send("POST", f"{self._path}/{job['id']}/discard", body, If_Match=f'"v{job["version"]}"')

    async def settle(
        self, job: dict[str, Any], name: str, corrections: dict[Place, dict[str, str]], decisions: dict[tuple[Place, str], str]
    ) -> None:
        """Correct held rows and decide conflicts, as far as the officer knows."""
        for row in await self._officer.pages(f"{self._path}/{job['id']}/rows?disposition=hold"):
            values = corrections.get((name, row["sheet"], row["row"]))
            if values:
                body = {"values": values, "reason": "查阅原始档案(演示)"}
                await self._officer.send("PATCH", f"{self._path}/{job['id']}/rows/{row['row_id']}", body, If_Match=f'"v{row["version"]}"')
        if not self._path.startswith("/registry"):
            return  # only the register has contradicting ledgers
        for conflict in await self._officer.pages(f"{self._path}/{job['id']}/conflicts?state=open"):
            sheet, _, number = conflict["sides"][0]["cell"].rpartition("!")
            choice = decisions.get(((name, sheet, int(number)), conflict["field"]), "keep")
            body = {"choice": choice, "reason": "核实户籍和现住地(演示)"}
            path = f"{self._path}/{job['id']}/conflicts/{conflict['id']}/decide"
            await self._officer.send("POST", path, body, If_Match=f'"v{conflict["version"]}"')

    async def commit(self, import_id: str) -> None:
        """Take the accepted rows over and wait for it."""
        asked = await self._officer.send("GET", f"{self._path}/{import_id}/effects")
        job = await self._officer.send("GET", f"{self._path}/{import_id}")
        body = {"confirm": asked["confirm"]} if asked["confirm"] else {}
        await self._officer.send("POST", f"{self._path}/{import_id}/commit", body, If_Match=f'"v{job["version"]}"')
        job = await self._until(import_id, "reported", "committing")
        if job["state"] != "committed":
            raise DemoFailed(reason=f"{job['file_name']} was not taken over: {job['error']}")

    async def _until(self, import_id: str, *waiting: str) -> dict[str, Any]:
        for tick in range(PATIENCE * 10):
            job = await self._officer.send("GET", f"{self._path}/{import_id}")
            if job["state"] not in waiting:
                return job
            await self._officer.wait(0.05 if tick < 20 else 0.2)
        raise DemoFailed(reason=f"import {import_id} does not come to rest")
