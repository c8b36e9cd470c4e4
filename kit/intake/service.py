"""Use cases of imports: one function, one verb, one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from kit import jobs
from kit.db import new_id
from kit.etags import check_version
from kit.intake import correcting, files, store
from kit.intake.errors import ImportNotFound, NothingToTakeOver, NotNow, RowNotFound
from kit.intake.intake import FILE_LIMITS, Intake
from kit.intake.reading import COMMIT_JOB, READ_JOB, recheck
from kit.intake.schemas import Mappings
from kit.intake.staging import open_record
from kit.pages import Cursors
from kit.problems import Forbidden, Invalid, TooLarge, invalid
from kit.sheets import Remark
from kit.sheets.reading import mark
from kit.work import Work

INLINE_ROWS = 5_000
"""Up to so many accepted rows a commit is done before the answer; more become a job."""
NAME_LENGTH = 200


async def receive(work: Work, intake: Intake, uploads: Sequence[tuple[str, bytes]], as_of: date | None) -> list[Mapping[Any, Any]]:
    """Take files in and queue their reading; the same bytes again give the earlier import. Raises Invalid, TooLarge."""
    if as_of is not None and as_of > work.today:
        raise invalid("/as_of", "date_future", "截止日不能晚于今天", "the day of the ledger must not lie in the future")
    if not uploads:
        raise invalid("/files", "missing", "没有文件", "no file was sent")
    taken: list[Mapping[Any, Any]] = []
    for name, data in uploads:
        if len(data) > FILE_LIMITS.file_bytes:
            raise TooLarge
        taken.append(await _receive_one(work, intake, name, data, as_of))
    return taken


async def _receive_one(work: Work, intake: Intake, name: str, data: bytes, as_of: date | None) -> Mapping[Any, Any]:
    digest = sha256(data).digest()
    await store.lock(work.session, intake.tables, "receive")
    for earlier in await store.with_digest(work.session, intake.tables, digest):
        if earlier["state"] == "committed" or earlier["uploaded_by"] == work.principal.subject:
            await work.note("ledger.upload_again", "ledger_import", earlier["id"])
            return earlier
    import_id = new_id()
    values = {
        "id": import_id,
        "sha256": digest,
        "file_name": _plain_name(name)[-NAME_LENGTH:] or "unnamed",
        "size": len(data),
        "state": "queued",
        "as_of": as_of or work.today,
        "as_of_given": as_of is not None,
        "scope": list(work.principal.scope),
        "uploaded_by": work.principal.subject,
        "created_at": work.now,
    }
    await store.add_import(work.session, intake.tables, values)
    await asyncio.to_thread(files.keep, work.house, import_id, data)
    await jobs.defer(work.session, READ_JOB, import_id=str(import_id))
    await work.note("ledger.upload", "ledger_import", import_id, details={"size": len(data)})
    return await one(work, intake, import_id)


def _plain_name(name: str) -> str:
    """The last part of a file's name, without the signs that nobody sees and no column holds."""
    return Path("".join(sign for sign in name if sign.isprintable()).replace("\\", "/")).name


async def one(work: Work, intake: Intake, import_id: UUID, *, for_update: bool = False) -> sa.RowMapping:
    """An import that the caller may see: the office sees all, others their own. Raises ImportNotFound."""
    found = await store.found(work.session, intake.tables, import_id, for_update=for_update)
    if found is None or (not work.principal.has(intake.everything) and found["uploaded_by"] != work.principal.subject):
        raise ImportNotFound
    return found


async def _open(work: Work, intake: Intake, import_id: UUID, *states: str) -> sa.RowMapping:
    found = await one(work, intake, import_id, for_update=True)
    if found["state"] not in states:
        raise NotNow
    return found


async def imports(
    work: Work, intake: Intake, state: str | None, cursor: str | None, size: int
) -> tuple[Sequence[sa.RowMapping], str | None]:
    """A page of imports and the next cursor, newest first."""
    filters = {"state": state} if state else {}
    cursors = Cursors(work.sealer)
    position = cursors.read(cursor, work.principal.subject, filters, 1)
    mine = None if work.principal.has(intake.everything) else work.principal.subject
    rows = await store.imports_after(work.session, intake.tables, mine, state, UUID(position[0]) if position else None, size + 1)
    following = cursors.make([str(rows[size - 1]["id"])], work.principal.subject, filters) if len(rows) > size else None
    return rows[:size], following


def _concealed(work: Work, intake: Intake, found: Mapping[Any, Any]) -> list[sa.ColumnElement[bool]]:
    """What is not shown: nothing while the office still works on an import, afterwards what its owner says."""
    hidden = intake.concealed(work) if found["state"] == "committed" else None
    return [] if hidden is None else [hidden]


async def rows(
    work: Work, intake: Intake, import_id: UUID, filters: dict[str, Any], cursor: str | None, size: int
) -> tuple[Sequence[sa.RowMapping], str | None]:
    """A page of staged rows and the next cursor. Audited: the rows show persons."""
    job = await one(work, intake, import_id)
    bound = {key: value for key, value in filters.items() if value} | {"import": str(import_id)}
    cursors = Cursors(work.sealer)
    position = cursors.read(cursor, work.principal.subject, bound, 1)
    after = int(position[0]) if position and position[0].isdigit() else 0
    shown = [~hidden for hidden in _concealed(work, intake, job)]
    found = await store.rows_after(work.session, intake.tables, import_id, filters, after, size + 1, *shown)
    following = cursors.make([str(found[size - 1]["number"])], work.principal.subject, bound) if len(found) > size else None
    await work.note("ledger.read_rows", "ledger_import", import_id, details={"rows": min(len(found), size)})
    return found[:size], following


async def row(work: Work, intake: Intake, import_id: UUID, number: int) -> sa.RowMapping:
    """One row, to be opened. Audited. Raises ImportNotFound, RowNotFound."""
    job = await one(work, intake, import_id)
    found = await store.row(work.session, intake.tables, import_id, number, *(~hidden for hidden in _concealed(work, intake, job)))
    if found is None:
        raise RowNotFound
    await work.note("ledger.open_row", "ledger_import", import_id, details={"row": number})
    return found


async def correct_row(
    work: Work, intake: Intake, import_id: UUID, number: int, values: Mapping[str, str | None], reason: str, if_match: str | None
) -> sa.RowMapping:
    """Type cells by hand. Raises Invalid, NotNow, RowNotFound, StaleVersion."""
    found = await _open(work, intake, import_id, "reported")
    before = await _row(work, intake, import_id, number, if_match)
    fields = intake.kinds[before["kind"]].fields
    vocabulary = await intake.vocabulary(work, places=any(name in fields and fields[name].type == "place" for name in values))
    record, _ = open_record(work.sealer, import_id, number, before["record_sealed"])
    fixed = correcting.parsed(intake, vocabulary, correcting.setting_of(work, found), before["kind"], record, values)
    await correcting.keep(work, intake, before, "correct", values, reason)
    await correcting.apply(work, intake, before, vocabulary, fixed)
    await recheck(work, intake, found, [number])
    await work.note("ledger.correct_row", "ledger_import", import_id, details={"row": number, "fields": sorted(values)})
    after = await store.row(work.session, intake.tables, import_id, number)
    assert after is not None
    return after


async def discard_row(work: Work, intake: Intake, import_id: UUID, number: int, reason: str, if_match: str | None) -> sa.RowMapping:
    """Leave a row out, with a reason. Raises NotNow, RowNotFound, StaleVersion."""
    found = await _open(work, intake, import_id, "reported")
    before = await _row(work, intake, import_id, number, if_match)
    await correcting.keep(work, intake, before, "discard", {}, reason)
    await store.change_row(work.session, intake.tables, import_id, number, disposition="discard")
    await recheck(work, intake, found, [number])
    await work.note("ledger.discard_row", "ledger_import", import_id, details={"row": number})
    after = await store.row(work.session, intake.tables, import_id, number)
    assert after is not None
    return after


async def _row(work: Work, intake: Intake, import_id: UUID, number: int, if_match: str | None) -> sa.RowMapping:
    found = await store.row(work.session, intake.tables, import_id, number, for_update=True)
    if found is None:
        raise RowNotFound
    check_version(if_match, found["version"])
    return found


async def teach(work: Work, intake: Intake, wanted: Mappings) -> dict[str, dict[str, str]]:
    """Remember what headers mean, for every later reading of the office. Raises Invalid for a field that no kind has."""
    kinds = intake.kinds
    for position, mapping in enumerate(wanted.mappings):
        known = kinds.values() if mapping.kind == "*" else [kinds[mapping.kind]] if mapping.kind in kinds else []
        if not known or (mapping.field and not any(mapping.field in kind.fields for kind in known)):
            raise invalid(f"/mappings/{position}/field", "unknown_field", "没有这一项", "no such field")
        await store.teach(
            work.session,
            intake.tables,
            {
                "kind": mapping.kind,
                "header": mapping.header,
                "field": mapping.field,
                "taught_by": work.principal.subject,
                "taught_at": work.now,
            },
        )
    await work.note("ledger.teach", "ledger_mapping", *(mapping.field for mapping in wanted.mappings))
    return await store.mappings(work.session, intake.tables)


async def reread(work: Work, intake: Intake, import_id: UUID, if_match: str | None) -> sa.RowMapping:
    """Read the file again, with what was taught since; corrections by hand are applied again. Raises NotNow, StaleVersion."""
    found = await _open(work, intake, import_id, "reported")
    check_version(if_match, found["version"])
    await store.change_import(work.session, intake.tables, import_id, state="queued", done=0, total=None)
    await jobs.defer(work.session, READ_JOB, import_id=str(import_id))
    await work.note("ledger.reread", "ledger_import", import_id)
    return await one(work, intake, import_id)


async def discard(work: Work, intake: Intake, import_id: UUID, reason: str, if_match: str | None) -> sa.RowMapping:
    """Give an import up: its rows and its file go, the job stays with what happened. Raises NotNow, StaleVersion."""
    found = await _open(work, intake, import_id, "queued", "reported")
    check_version(if_match, found["version"])
    await store.drop_rows(work.session, intake.tables, import_id)
    await store.change_import(work.session, intake.tables, import_id, state="discarded", layout={})
    await asyncio.to_thread(files.remove, work.house, import_id)
    await work.note("ledger.discard", "ledger_import", import_id, details={"reason": reason})
    return await one(work, intake, import_id)


async def commit(work: Work, intake: Intake, import_id: UUID, if_match: str | None) -> sa.RowMapping:
    """Take the accepted rows over, all or nothing. Committed again it changes nothing. Raises NotNow, NothingToTakeOver, StaleVersion."""
    found = await one(work, intake, import_id, for_update=True)
    if found["state"] == "committed":
        return found
    if found["state"] != "reported":
        raise NotNow
    check_version(if_match, found["version"])
    if not found["dispositions"].get("accept"):
        raise NothingToTakeOver
    await store.change_import(
        work.session, intake.tables, import_id, state="committing", error=None, committed_by=work.principal.subject, moved_at=work.now
    )
    if found["dispositions"]["accept"] > INLINE_ROWS or not await store.lock_now(work.session, intake.tables, "commit"):
        await jobs.defer(work.session, COMMIT_JOB, import_id=str(import_id))
    else:
        await finish_commit(work, intake, await one(work, intake, import_id))
    return await one(work, intake, import_id)


async def finish_commit(work: Work, intake: Intake, found: Mapping[Any, Any]) -> None:
    """The commit itself, in this transaction: looked at again first, because the register may have moved since the report."""
    await store.lock(work.session, intake.tables, "commit")
    await recheck(work, intake, found, None)
    taken = await intake.take_over(work, found)
    await store.change_import(work.session, intake.tables, found["id"], state="committed", taken=taken, committed_at=work.now)
    await work.note("ledger.commit", "ledger_import", found["id"], details=taken)


async def marked(work: Work, intake: Intake, import_id: UUID) -> Path:
    """The workbook with its problems in red, as a file that the caller deletes. Raises NotNow, Forbidden, FileRefused."""
    found = await one(work, intake, import_id)
    if found["state"] not in ("reported", "committing", "committed"):
        raise NotNow
    hidden = _concealed(work, intake, found)
    if hidden and await store.any_row(work.session, intake.tables, import_id, *hidden):
        # The workbook is what was sent: no line of it can be left out.
        raise Forbidden(
            "原表中有记录已封存的人员,不再出标注件", "the workbook names persons whose records are closed; it is not given out any more"
        )
    own = set(intake.own_codes)
    remarks = [
        Remark(entry["sheet"], f"A{entry['row']}", intake.message(problem["code"], problem["args"])[0], problem["code"])
        for entry in await store.with_problems(work.session, intake.tables, import_id, sorted(own))
        for problem in entry["problems"]
        if problem["code"] in own
    ]
    vocabulary = await intake.vocabulary(work)
    target = files.marked_path(work.house, import_id)
    await work.note("ledger.read_marked", "ledger_import", import_id)

    def write() -> None:
        data = files.read(work.house, import_id)
        mark(
            data,
            target,
            vocabulary,
            as_of=found["as_of"],
            demo=work.house.demo,
            name=found["file_name"],
            remarks=remarks,
            limits=FILE_LIMITS,
        )

    try:
        await asyncio.to_thread(write)
        target.chmod(0o600)
    except OSError as error:
        target.unlink(missing_ok=True)
        raise Invalid("原文件已过保存期限并删除,无法再出标注件", "the uploaded file is no longer kept, so it cannot be marked") from error
    return target
