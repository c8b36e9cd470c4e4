"""An officer's desk in a test: uploads ledgers, reads the report, corrects, decides, commits."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from tests.houses import Caller, TestHouse

LEDGERS = Path(__file__).resolve().parents[2] / "data" / "ledgers"
Json = dict[str, Any]


def add_county(house: TestHouse) -> None:
    """The practice county's divisions."""
    with (LEDGERS / "divisions_fugu.csv").open(encoding="utf-8") as file, psycopg.connect(house.owner) as connection:
        rows = [
            (d["code"], d["name"], d["level"], d["parent_code"], d["service_centre_code"] or None, d["statutory"] == "Y", json.dumps([a for a in d["aliases"].split("|") if a]))
            for d in csv.DictReader(file)
        ]  # fmt: skip
        connection.cursor().executemany(
            "insert into registry.division (code, name, level, parent_code, service_centre_code, statutory, aliases, valid_from, note) "
            "values (%s, %s, %s, %s, %s, %s, %s, '2000-01-01', '')",
            rows,
        )


class Desk:
    """One officer at one service."""

    def __init__(self, house: TestHouse, caller: Caller, service: str = "registry") -> None:
        self.house, self.caller, self.path = house, caller, f"/{service}/v1/ledger-imports"

    async def upload(self, *files: tuple[str, bytes], as_of: str | None = None) -> list[Json]:
        """Post files and let them be read; the jobs as they then are."""
        status, body = await self.post(*files, as_of=as_of)
        assert status == 202, body
        await self.house.step()
        return [await self.get(f"/{item['id']}") for item in body["items"]]

    async def post(self, *files: tuple[str, bytes], as_of: str | None = None) -> tuple[int, Json]:
        """The bare upload."""
        mark = uuid4().hex.encode()
        parts = [
            b'--%b\r\ncontent-disposition: form-data; name="files"; filename="%b"\r\ncontent-type: application/octet-stream\r\n\r\n%b\r\n'
            % (mark, name.encode(), data)
            for name, data in files
        ]
        if as_of is not None:
            parts.append(b'--%b\r\ncontent-disposition: form-data; name="as_of"\r\n\r\n%b\r\n' % (mark, as_of.encode()))
        headers = {
            "authorization": f"Bearer {self.caller.token()}",
            "content-type": f"multipart/form-data; boundary={mark.decode()}",
            "purpose": "supervision",
        }
        body = b"".join(parts) + b"--%b--\r\n" % mark
        reply = await self.caller.neighbour.request("POST", self.path, headers=headers, body=body, timeout=60)
        return reply.status, reply.json()

    async def get(self, path: str) -> Json:
        """A GET that succeeds."""
        reply = await self.caller("GET", self.path + path)
        assert reply.status == 200, reply.body
        found: Json = json.loads(reply.body)
        return found

    async def every(self, path: str, query: str = "") -> list[Json]:
        """All items of a list."""
        items: list[Json] = []
        cursor = ""
        while True:
            page = await self.get(f"{path}?limit=200{query}{cursor}")
            items += page["items"]
            if page["next"] is None:
                return items
            cursor = f"&cursor={page['next']}"

    async def rows(self, job: Json, query: str = "") -> list[Json]:
        """The report's rows."""
        return await self.every(f"/{job['id']}/rows", query)

    async def correct(self, job: Json, row: Json, values: dict[str, str | None]) -> Json:
        """Type cells by hand."""
        body = {"values": values, "reason": "查阅原始档案"}
        reply = await self.caller("PATCH", f"{self.path}/{job['id']}/rows/{row['row_id']}", body, if_match=f'"v{row["version"]}"')
        assert reply.status == 200, reply.body
        found: Json = json.loads(reply.body)
        return found

    async def decide(self, job: Json, conflict: Json, choice: str) -> Json:
        """Decide a conflict."""
        path = f"{self.path}/{job['id']}/conflicts/{conflict['id']}/decide"
        reply = await self.caller("POST", path, {"choice": choice, "reason": "核实"}, if_match=f'"v{conflict["version"]}"')
        assert reply.status == 200, reply.body
        found: Json = json.loads(reply.body)
        return found

    async def ask(self, job: Json) -> Json:
        """What a commit would write now, and what confirms it."""
        return await self.get(f"/{job['id']}/effects")

    async def commit(self, job: Json) -> Json:
        """Commit the import as it now is, with a yes to what it would write."""
        confirm = (await self.ask(job))["confirm"] if (await self.get(f"/{job['id']}"))["state"] == "reported" else None
        now = await self.get(f"/{job['id']}")
        reply = await self.caller("POST", f"{self.path}/{job['id']}/commit", {"confirm": confirm}, if_match=f'"v{now["version"]}"')
        assert reply.status == 202, reply.body
        await self.house.step()
        return await self.get(f"/{job['id']}")


def ledger(number: int) -> tuple[str, bytes]:
    """A practice ledger: its name and bytes."""
    path = next(path for path in sorted(LEDGERS.glob(f"{number:02d}_*")) if not path.name.endswith(".gz"))
    return path.name, path.read_bytes()
