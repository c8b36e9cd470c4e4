"""How long uploads are kept, and the sweep that ends it (PIPL art. 19: no longer than the purpose needs; art. 47: then deleted).

A committed ledger's file stays for a while, so that a doubt can be held against what people really sent; its rows and the register stay. An import that
nobody commits holds personal data for no purpose: it is given up. Files that no import knows (a request failed after its file was written) go at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from kit.clock import local_day
from kit.intake import files, store
from kit.intake.intake import Intake
from kit.jobs import in_work
from kit.settings import ServiceSettings
from kit.work import House, Work

SWEEP_JOB = "sweep_ledgers"
SWEEP_CRON = "50 18 * * *"
"""UTC: ten to three at night in Shanghai."""
GIVEN_UP = ("failed", "discarded")
UNREAD = ("queued", "reading")
STUCK = timedelta(hours=2)
"""After which a reading that did not move belongs to no job any more: the queue tries one again for half an hour (kit.jobs.AGAIN)."""


class LedgerSettings(ServiceSettings):
    """How long uploads are kept: set by a county, each under its service's prefix."""

    ledger_file_days: int = 30
    """Days for which the file of a committed import is kept. DEFAULT."""
    ledger_waiting_days: int = 90
    """Days after which an import that nobody touched and nobody committed is given up, with rows and file. DEFAULT."""
    ledger_days_from: date | None = None
    """The day (Shanghai) from which these numbers hold: imports committed, or left, before it are kept by the DEFAULTs. Empty: they always hold."""


def kept_until(settings: LedgerSettings, state: str, since: datetime) -> datetime | None:
    """When a file goes: `since` is the commit of a committed import, the last touch of one that waits. None for one that is at work; pure."""
    name = {"committed": "ledger_file_days", "reported": "ledger_waiting_days"}.get(state)
    if name is None:
        return None
    held = settings.ledger_days_from is None or local_day(since) >= settings.ledger_days_from
    days: int = getattr(settings, name) if held else LedgerSettings.model_fields[name].default
    return since + timedelta(days=days)


def is_stuck(state: str, since: datetime, now: datetime) -> bool:
    """Whether an import is said to be read and nobody reads it; pure."""
    return state in UNREAD and since + STUCK <= now


def sweep_job(intake: Intake) -> Callable[..., Coroutine[Any, Any, None]]:
    """The job SWEEP_JOB of a service."""

    async def run(house: House, **_: Any) -> None:
        """Delete uploaded files whose time is over, give up imports that nobody commits, and sweep files that no import knows."""
        gone: set[UUID] = set()

        async def settle(work: Work) -> None:
            gone.update(await sweep(work, intake))

        await in_work(house, SWEEP_JOB, settle)
        # After the commit: a file that is gone while its import still counts on it could not be brought back.
        await asyncio.to_thread(files.remove_all, house, gone)

    return run


async def sweep(work: Work, intake: Intake) -> set[UUID]:
    """Decide which files are deleted, give up abandoned imports, and record both. The ids whose files must be deleted after the commit."""
    rule = work.house.part(LedgerSettings)
    await store.lock(work.session, intake.tables, "receive")  # no upload is in progress, so a file without a row has no owner
    stored = await asyncio.to_thread(files.stored, work.house)
    known = {found["id"]: found for found in await store.kept_imports(work.session, intake.tables)}
    orphans = {key for key in stored if key not in known or known[key]["state"] in GIVEN_UP}
    over: set[UUID] = set()
    left: set[UUID] = set()
    stuck = {key for key, found in known.items() if is_stuck(found["state"], found["since"], work.now)}
    for key, found in known.items():
        until = kept_until(rule, found["state"], found["since"])
        if until is not None and until <= work.now:
            if found["state"] == "reported":
                left.add(key)
            elif key in stored:
                over.add(key)
    for key in sorted(left):
        await store.drop_rows(work.session, intake.tables, key)
        await store.move(work, intake.tables, known[key], "give_up", layout={}, headers_sealed=None, effects=None)
    for key in sorted(stuck):
        await store.drop_rows(work.session, intake.tables, key)
        await store.move(work, intake.tables, known[key], "give_up_reading", error="READ_FAILED", layout={})
    told = {"ledger.forget_file": over, "ledger.give_up": left, "ledger.give_up_reading": stuck, "ledger.sweep_file": orphans}
    for action, ids in told.items():
        if ids:
            await work.note(action, "ledger_import", *sorted(ids), details={"files": len(ids)})
    return over | left | stuck | orphans
