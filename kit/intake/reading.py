"""The reading of an import, a job: a file becomes staged rows with a report.

Whatever goes wrong, the import comes to rest: what may pass by itself is tried again by the queue, everything else ends it as `failed` with a reason, and
the sweep ends what the queue gave up. Reading stages everything in one transaction: a crash leaves no row, and the job that was cut off
starts again. The job's row shows the progress; a unit of work of its own writes it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import date
from typing import Any
from uuid import UUID

import structlog

from kit.db import driver
from kit.intake import correcting, files, store
from kit.intake.committing import foresee, recheck
from kit.intake.intake import FILE_LIMITS, Intake
from kit.intake.policy import acting
from kit.intake.staging import HEADER, TRAILER, Stager, layout_plain, seal_headers
from kit.jobs import in_work
from kit.problems import Unavailable
from kit.sealed import CannotOpen
from kit.sheets import Block, FileRefused, Layout, Totals
from kit.sheets.reading import read_blocks
from kit.transient import TRANSIENT
from kit.work import House, Work

log = structlog.get_logger()
READ_JOB = "read_ledger"
PROGRESS_SECONDS = 0.5
RunJob = Callable[..., Coroutine[Any, Any, None]]


def read_job(intake: Intake) -> RunJob:
    """The job READ_JOB of a service."""

    async def run(house: House, import_id: str) -> None:
        await _read(house, intake, UUID(import_id))

    return run


async def _read(house: House, intake: Intake, import_id: UUID) -> None:
    begun: dict[str, Any] = {}

    async def begin(work: Work) -> None:
        found = await store.found(work.session, intake.tables, import_id, for_update=True)
        if found is not None and intake.tables.machine.find(found["state"], "begin"):
            begun.update(found)
            values = {"done": 0, "total": None, "error": None, "started_at": work.now}
            await store.move(work, intake.tables, found, "begin", **values)

    async def stage(work: Work) -> None:
        work.principal, work.purpose = acting(begun), intake.purpose
        await _stage(work, intake, begun)

    async def fail(work: Work) -> None:
        found = await store.found(work.session, intake.tables, import_id, for_update=True)
        if found is None or not intake.tables.machine.find(found["state"], "refuse"):
            return  # a person gave it up meanwhile
        await store.drop_rows(work.session, intake.tables, import_id)
        await store.move(work, intake.tables, found, "refuse", error=error_code)
        await work.note("ledger.refuse", "ledger_import", import_id, details={"code": error_code})

    await in_work(house, READ_JOB, begin)
    if not begun:
        return
    error_code = ""
    try:
        await in_work(house, READ_JOB, stage)
        return
    except FileRefused as refused:
        error_code = refused.code
    except (OSError, CannotOpen) as error:  # the kept file is gone or damaged: it must be uploaded again
        log.error("ledger_file_lost", import_id=str(import_id), kind=type(error).__name__)
        error_code = "FILE_LOST"
    except Unavailable:  # a neighbour that must be asked is down: the file can be sent again when it is back
        error_code = "NEIGHBOUR_DOWN"
    except TRANSIENT:
        raise
    except Exception as error:
        # No text of the error: it may quote the file.
        state = getattr(getattr(error, "orig", None), "sqlstate", None) or ""
        log.error("ledger_read_failed", import_id=str(import_id), kind=type(error).__name__, sqlstate=state)
        error_code = "READ_FAILED"
    await in_work(house, READ_JOB, fail)
    files.remove(house, import_id)


async def _stage(work: Work, intake: Intake, found: dict[str, Any]) -> None:
    import_id: UUID = found["id"]
    data = await asyncio.to_thread(files.read, work.house, import_id)
    vocabulary = await intake.vocabulary(work, found["scope"])
    stager = Stager(intake, work.sealer, import_id, found["scope"])
    progress = _Progress(work.house, intake, import_id)
    steps = read_blocks(
        data,
        vocabulary,
        as_of=found["as_of"],
        demo=work.house.demo,
        name=found["file_name"],
        limits=FILE_LIMITS,
        own_as_of=not found["as_of_given"],
    )
    del data
    plain: dict[str, Any] = {}
    headers: list[dict[str, str]] = []

    def step() -> bytes | Layout | Totals | None:
        part = next(steps, None)
        return stager.lines(part) if isinstance(part, Block) else part

    again = await intake.carry(work, import_id)
    await store.drop_rows(work.session, intake.tables, import_id)
    connection = await driver(work.session)
    schema = intake.tables.schema.name
    try:
        async with (
            connection.cursor() as cursor,
            cursor.copy(f"copy {schema}.ledger_row ({store.COPY_COLUMNS}) from stdin with (format binary)".encode()) as copy,
        ):
            await copy.write(HEADER)
            while (part := await asyncio.to_thread(step)) is not None:
                if isinstance(part, bytes):
                    await copy.write(part)
                    await progress.moved(stager.number)
                elif isinstance(part, Layout):
                    plain, headers = layout_plain(part)
                    await progress.planned(sum(table.last_data_row - table.first_data_row + 1 for table in part.tables))
            await copy.write(TRAILER)
    finally:
        await asyncio.to_thread(steps.close)
    await again()
    as_of = found["as_of"]
    if not found["as_of_given"] and plain.get("as_of") and len(plain["as_of"]) == 10:
        as_of = min(as_of, date.fromisoformat(plain["as_of"]))
    sealed = seal_headers(work.sealer, import_id, headers) if headers else None
    values = {"layout": plain, "headers_sealed": sealed, "as_of": as_of, "done": stager.number, "total": stager.number}
    await finish_reading(work, intake, import_id, values)


async def finish_reading(work: Work, intake: Intake, import_id: UUID, values: dict[str, Any]) -> None:
    """Check what was staged, count, say what a commit would do, and let the report be seen."""
    await store.change_import(work.session, intake.tables, import_id, **values)
    found = await store.found(work.session, intake.tables, import_id)
    assert found is not None
    await correcting.apply_again(work, intake, found)
    await recheck(work, intake, found, None)
    effects = await foresee(work, intake, found)
    await store.move(work, intake.tables, found, "read", effects=effects)
    await work.note("ledger.read", "ledger_import", import_id, details={"rows": values["done"]})


class _Progress:
    """Writes how far the reading is, at most twice a second."""

    def __init__(self, house: House, intake: Intake, import_id: UUID) -> None:
        self._house, self._intake, self._import = house, intake, import_id
        self._last = time.monotonic()

    async def planned(self, rows: int) -> None:
        await self._write(total=rows)

    async def moved(self, rows: int) -> None:
        if time.monotonic() - self._last >= PROGRESS_SECONDS:
            self._last = time.monotonic()
            await self._write(done=rows)

    async def _write(self, **values: Any) -> None:
        async def write(work: Work) -> None:
            await store.note_progress(work.session, self._intake.tables, self._import, {**values, "moved_at": work.now})

        await in_work(self._house, READ_JOB, write)
