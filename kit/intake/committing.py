"""The commit of an import: checked again with the reach of who started it, counted, confirmed where it ends something, all or nothing.

What a commit would write is not estimated: it is done, counted and taken back (`foresee`). The real commit counts again, and where the counts call for a
confirmation it must be the one that was given for these counts, or nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any
from uuid import UUID

import structlog

from kit.intake import store
from kit.intake.errors import ConfirmationNeeded
from kit.intake.intake import OUT_OF_SCOPE, Intake
from kit.intake.policy import acting
from kit.jobs import in_work
from kit.work import House, Work

log = structlog.get_logger()
COMMIT_JOB = "commit_ledger"
RunJob = Callable[..., Coroutine[Any, Any, None]]


def as_started(work: Work, intake: Intake, found: Mapping[Any, Any]) -> Work:
    """The same unit of work, by the same person, with the reach of who started the import."""
    return replace(work, principal=acting(found, work.principal.subject), purpose=work.purpose or intake.purpose)


async def recheck(work: Work, intake: Intake, found: Any, numbers: list[int] | None) -> None:
    """Let the owner look at rows again, and bring dispositions and counts into line with what it found."""
    own = [code for code in intake.own_codes if code != OUT_OF_SCOPE]
    await store.forget_codes(work.session, intake.tables, found["id"], own, numbers)
    await store.settle(work.session, intake.tables, found["id"], intake.hold_codes, numbers)
    await intake.check(as_started(work, intake, found), found, numbers)
    await store.settle(work.session, intake.tables, found["id"], intake.hold_codes, numbers)
    dispositions, codes = await store.counts(work.session, intake.tables, found["id"])
    await store.change_import(work.session, intake.tables, found["id"], dispositions=dispositions, codes=codes, effects=None)


async def foresee(work: Work, intake: Intake, found: Mapping[Any, Any]) -> dict[str, int]:
    """What a commit would write now: it is written inside a savepoint, counted, and taken back."""
    savepoint = await work.session.begin_nested()
    try:
        return await intake.take_over(as_started(work, intake, found), found)
    finally:
        await savepoint.rollback()


def confirmation(intake: Intake, import_id: UUID, effects: Mapping[str, int]) -> str | None:
    """What a commit with these counts must be given to go through; None when nothing in them asks for it."""
    asked = {name: count for name, count in effects.items() if name in intake.asks and count}
    if not asked:
        return None
    told = "|".join(f"{name}={count}" for name, count in sorted(asked.items()))
    return sha256(f"{import_id}|{told}".encode()).hexdigest()[:32]


async def finish_commit(work: Work, intake: Intake, found: Mapping[Any, Any], confirmed: str | None) -> None:
    """The commit itself, in this transaction: looked at again first, because the register may have moved since the report. Raises ConfirmationNeeded."""
    await recheck(work, intake, found, None)
    taken = await intake.take_over(as_started(work, intake, found), found)
    needed = confirmation(intake, found["id"], taken)
    if needed is not None and needed != confirmed:
        raise ConfirmationNeeded(taken, needed)
    await store.move(work, intake.tables, found, "finish", taken=taken, committed_at=work.now)
    await work.note("ledger.commit", "ledger_import", found["id"], details=taken)


def commit_job(intake: Intake) -> RunJob:
    """The job COMMIT_JOB of a service: for imports too large to be taken over while the caller waits."""

    async def run(house: House, import_id: str) -> None:
        key = UUID(import_id)

        async def commit(work: Work) -> None:
            await store.lock(work.session, intake.tables, "commit")
            found = await store.found(work.session, intake.tables, key, for_update=True)
            if found is None or found["state"] != "committing":
                return
            work.principal, work.purpose = acting(found, found["committed_by"]), intake.purpose
            await finish_commit(work, intake, found, found["confirmed"])

        async def back(work: Work) -> None:
            found = await store.found(work.session, intake.tables, key, for_update=True)
            if found is not None:
                await store.move(work, intake.tables, found, "give_back", error=error_code, effects=None)

        error_code = ""
        try:
            await in_work(house, COMMIT_JOB, commit)
        except ConfirmationNeeded:
            error_code = "COMMIT_CHANGED"
        except Exception as error:
            # No text of the error: the database quotes the row that it refused, and a statement may be as long as the ledger.
            state = getattr(getattr(error, "orig", None), "sqlstate", None) or ""
            log.error("ledger_commit_failed", import_id=import_id, kind=type(error).__name__, sqlstate=state)
            error_code = "COMMIT_FAILED"
        if error_code:
            await in_work(house, COMMIT_JOB, back)

    return run
