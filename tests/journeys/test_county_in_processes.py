"""The whole demo county against one process per service.

What fills it (divisions, nineteen ledgers with their decisions, measures, tests, check-ins, bulletins, a draw's commitment, the partner's agreement, releases) is done
through the gateway's port, as the role that does it; the services hear of each other over their own ports.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.folder import read_json
from deploy.token import token
from tests.journeys.street import Caller, street
from tests.journeys.test_processes import told

pytestmark = pytest.mark.slow

VERIFY = Path(__file__).parents[2] / "docs" / "partner" / "verify.py"


async def figures(officer: Caller, day: str) -> dict[str, Any]:
    """The county's counts of a day, by indicator."""
    lines = told(await officer("GET", f"/registry/v1/indicators?as_of={day}"))["lines"]
    whole = next(line["figures"] for line in lines if line["division_code"] == "610822000000")
    return {code: figure["numerator"] for code, figure in whole.items()}


async def test_the_demo_county_goes_through_five_processes(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with street(data, processes=True, demo=True) as run, run.knock() as http:
        officer = Caller(http, await asyncio.to_thread(token, data, "county_officer"))
        before, after = await figures(officer, "2020-12-31"), await figures(officer, "2021-06-30")
        assert (before["managed_total"], before["current_users"]) == (2168, 1066)
        assert (after["managed_total"], after["current_users"], after["three_years_clean"]) == (2003, 852, 1110)

        assert told(await officer("GET", "/testing/v1/plans/due?from=2021-07-01&to=2021-07-31&limit=1"))["items"]
        assert told(await officer("GET", "/alerts/v1/alerts?limit=1"))["items"][0]["kind"] == "gathering"
        assert told(await officer("GET", "/precursor/v1/draws"))["items"][0]["state"] == "committed"
        bulletin = told(await officer("GET", "/alerts/v1/bulletins"))["items"][0]
        printed = await officer("GET", f"/alerts/v1/bulletins/{bulletin['id']}/pdf")
        assert printed.content.startswith(b"%PDF-")

        partner = {"Authorization": f"Bearer {await asyncio.to_thread(token, data, 'demo-partner')}", "Purpose": "exchange"}
        agreement = told(await http.get("/registry/v1/co-management/agreements", headers=partner))["items"][0]["id"]
        clients: Any = read_json(data / "demo-accounts.json")["clients"]
        key = tmp_path / "partner.pem"
        key.write_text(next(client["private_key"] for client in clients if client["id"] == "demo-partner"))
        words = ["--base-url", run.base_url, "--agreement", agreement, "--client", "demo-partner", "--private-key", str(key)]
        words += ["--state", str(tmp_path / "list.json"), "--now", str(int(run.clock().timestamp()))]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", str(VERIFY), *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        said, _ = await process.communicate()
        assert process.returncode == 0, said.decode()
        assert b"proven" in said
        assert await run.end(signal.SIGTERM) == 0
        await run.gone()
