"""The demo county: a fictitious Fugu of July 2021, loaded through the API as its officers would (演示数据: nobody in it exists).

accounts   one per role, two agencies and a partner province, with random passwords and keys in `<data-dir>/demo-accounts.json` (0600)
county     divisions, stations, staff, population, catalogue of precursors
laboratories   two of them with an account each, and lots of test kits
ledgers    nineteen workbooks, the officer's corrections and decisions, committed file by file
work       check-ins of June with their alerts, the co-management agreement, inspectors and a draw, both bulletins of June
releases   people who come from isolation in June and July, each handed over to their town
"""

from __future__ import annotations

from collections.abc import Callable

import httpx

from deploy.compose import HouseSettings
from deploy.demo import accounts, county, laboratories, ledgers, work
from deploy.demo.client import Client
from kit.clock import clock_from

Report = Callable[[str, int, int], None]


async def load(settings: HouseSettings, base_url: str, report: Report) -> None:
    """Load everything; what a killed load left behind is found again and gone on with. Raises DemoFailed."""
    clock = clock_from(settings.clock)
    async with httpx.AsyncClient(base_url=base_url, timeout=120) as http:
        report("accounts", 0, 100)
        people, both = await accounts.open_all(settings, http, clock)
        officer = Client(http, clock)
        await officer.sign_in(*people.of("county_officer"))
        report("county", 10, 100)
        await county.load(officer)
        await laboratories.load(officer, both, people)
        await ledgers.load(officer, lambda done, total: report("ledgers", 20 + 55 * done // total, 100))
        report("work", 78, 100)
        await work.load(officer, both, people)
        report("", 100, 100)
