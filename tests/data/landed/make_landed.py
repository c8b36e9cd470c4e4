#!/usr/bin/env python3
"""Makes `county.sql.xz` and `answers.json`: the demo county as a landed version filled it, and what that version answered about it.

It runs against a running house of the LANDED code, never of this copy; README.md beside it gives every step. Needs httpx, pyotp and psycopg, and
Postgres' own pg_dump. The county is invented (演示数据), and so are the keys: `roots` writes roots that anybody can compute, so that a test opens
the sealed values of the dump and no secret is kept.

    python make_landed.py roots --data-dir DIR                          # before the first start of the landed house
    python make_landed.py dump  --data-dir DIR --programs DIR --commit HASH  # while it runs
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import subprocess
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

LEDGERS = ("registry", "testing", "precursor")
CUT = "delete from {0}.ledger_row r where r.number % 16 <> 0"
KEPT = """ and not exists (select 1 from registry.ledger_conflict c
 where (c.import_id, c.number) = (r.import_id, r.number) or (c.other_import_id, c.other_number) = (r.import_id, r.number))"""
"""Rows of ledgers that wait for nobody: two thirds of the dump, and sealed, so that nothing makes them small. One in sixteen stays."""
SERVICES = ("registry", "testing", "alerts", "precursor", "gateway")
HERE = Path(__file__).parent
QUESTIONS = (
    "/registry/v1/indicators?as_of=2020-12-31",
    "/registry/v1/indicators?as_of=2021-06-30",
    "/registry/v1/indicators/staffing",
    "/registry/v1/divisions/610822000000/population",
    "/registry/v1/people?limit=200",
    "/registry/v1/measures?limit=200",
    "/registry/v1/handovers?limit=200",
    "/registry/v1/co-management/transfers-out?limit=200",
    "/registry/v1/staff?limit=200",
    "/testing/v1/figures?from=2021-01-01&to=2021-06-30",
    "/alerts/v1/figures",
    "/alerts/v1/scorecard",
    "/alerts/v1/alerts?limit=200",
    "/precursor/v1/figures?from=2021-01-01&to=2021-06-30",
    "/precursor/v1/firms/counts",
    "/precursor/v1/venues/counts",
    "/precursor/v1/firms?limit=200",
    "/precursor/v1/draws",
)
"""Asked as the county officer. A list is asked for its first page: its rows are counted in the tables."""


def root_of(service: str) -> str:
    """The root key of a service in this county: known to everybody, because the county is invented."""
    return sha256(f"Guikang, the landed demo county, {service}".encode()).hexdigest()


def write_roots(data_dir: Path) -> None:
    """Lay the roots down before the first start, which would make random ones."""
    folder = data_dir / "secrets"
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    (data_dir / "lock").touch()
    for service in SERVICES:
        path = folder / f"{service}.root"
        path.write_text(root_of(service), encoding="utf-8")
        path.chmod(0o600)


def ask_all(base_url: str, data_dir: Path, now: datetime) -> dict[str, Any]:
    """The landed version's answers, and the published bulletins as it shows them."""
    import httpx
    from pyotp.totp import TOTP

    accounts = json.loads((data_dir / "demo-accounts.json").read_text(encoding="utf-8"))["accounts"]
    officer = next(account for account in accounts if account["role"] == "county_officer")
    body = {"username": officer["username"], "password": officer["password"]}
    if officer.get("totp_secret"):
        body["totp"] = TOTP(officer["totp_secret"]).at(now)
    with httpx.Client(base_url=base_url, timeout=120) as client:
        token = client.post("/auth/v1/login", json=body).raise_for_status().json()["access_token"]
        client.headers.update({"authorization": f"Bearer {token}", "purpose": "supervision"})
        found = {path: client.get(path).raise_for_status().json() for path in QUESTIONS}
        for issue in client.get("/alerts/v1/bulletins").raise_for_status().json()["items"]:
            path = f"/alerts/v1/bulletins/{issue['id']}"
            found[path] = client.get(path).raise_for_status().json()
        for draw in found["/precursor/v1/draws"]["items"]:
            path = f"/precursor/v1/draws/{draw['id']}/proof"
            found[path] = client.get(path).raise_for_status().json()
    return found


def counts(dsn: str) -> dict[str, int]:
    """Rows of every table."""
    import psycopg

    with psycopg.connect(dsn) as connection:
        tables = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables where table_type = 'BASE TABLE'"
            " and table_schema = any(%s) order by 1",
            (list(SERVICES),),
        ).fetchall()
        return {str(name): int(connection.execute(f"select count(*) from {name}").fetchone()[0]) for (name,) in tables}  # type: ignore[index,arg-type]


def dump(data_dir: Path, programs: Path, commit: str) -> None:
    """Ask, then dump, cut a copy and dump that: nothing works in the demo by itself after its load, and the landed house is left as it is."""
    ready = json.loads((data_dir / "ready.json").read_text(encoding="utf-8"))
    port = json.loads((data_dir / "postgres.json").read_text(encoding="utf-8"))["port"]
    password = (data_dir / "secrets" / "postgres").read_text(encoding="utf-8").strip()
    clock = json.loads((data_dir / "clock.json").read_text(encoding="utf-8"))
    now = datetime.fromisoformat(str(clock["start"])) + (datetime.now(UTC) - datetime.fromisoformat(str(clock["began_at"])))
    answers = ask_all(ready["base_url"], data_dir, now)
    server = {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": "guikang", "PGPASSWORD": password}

    def run(*command: str, given: bytes | None = None) -> bytes:
        return subprocess.run(
            [str(programs / command[0]), *command[1:]], env=os.environ | server, input=given, stdout=subprocess.PIPE, check=True
        ).stdout

    plain = ("pg_dump", "--no-owner", "--no-privileges")
    run("createdb", "-T", "template0", "landed_cut")
    try:
        run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "landed_cut", given=run(*plain, "guikang"))
        for service in LEDGERS:
            run(
                "psql",
                "-X",
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                "-c",
                CUT.format(service) + (KEPT if service == "registry" else ""),
                "landed_cut",
            )
        rows = counts(f"host=127.0.0.1 port={port} user=guikang password={password} dbname=landed_cut")
        (HERE / "county.sql.xz").write_bytes(lzma.compress(run(*plain, "landed_cut"), preset=9 | lzma.PRESET_EXTREME))
    finally:
        run("dropdb", "landed_cut")
    told = {"commit": commit, "now": now.isoformat(), "rows": rows, "answers": answers}
    (HERE / "answers.json.xz").write_bytes(lzma.compress(json.dumps(told, ensure_ascii=False, indent=0, sort_keys=True).encode()))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Make the dump of a landed version")
    parser.add_argument("what", choices=["roots", "dump"])
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--programs", type=Path, help="the folder of pg_dump")
    parser.add_argument("--commit", default="")
    arguments = parser.parse_args()
    if arguments.what == "roots":
        write_roots(arguments.data_dir)
    else:
        dump(arguments.data_dir, arguments.programs, arguments.commit)


if __name__ == "__main__":
    main()
