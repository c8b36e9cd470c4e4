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
from kit.intake.committing import COMMIT_JOB, confirmation, finish_commit, foresee, recheck
from kit.intake.errors import ConfirmationNeeded, NothingToTakeOver, NotNow, RowNotFound
from kit.intake.intake import FILE_LIMITS, Intake
from kit.intake.keeping import is_stuck
from kit.intake.policy import kept_scope, may_start, may_use, same_reach
from kit.intake.reading import READ_JOB
from kit.intake.schemas import Mappings
from kit.intake.staging import open_headers, open_record
from kit.problems import Forbidden, Invalid, TooLarge, Unavailable, invalid
from kit.sheets import Remark
from kit.sheets.reading import mark
from kit.steps.taking import Reason, declared, refuse
from kit.work import Work

INLINE_ROWS = 5_000
"""Up to so many accepted rows a commit is done before the answer; more become a job."""
NAME_LENGTH = 200


async def receive(work: Work, intake: Intake, uploads: Sequence[tuple[str, bytes]], as_of: date | None) -> list[Mapping[Any, Any]]:
    """Take files in and queue their reading; the same bytes again give the earlier import. Raises Invalid, TooLarge, Forbidden."""
    may_start(work.principal)
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
        # Only an import that acts as this one would: another town's must not be told of, and the office takes over what a town cannot.
        mine = earlier["state"] == "committed" or earlier["uploaded_by"] == work.principal.subject
        lost = is_stuck(earlier["state"], earlier["moved_at"] or earlier["created_at"], work.now)
        if mine and not lost and same_reach(work.principal, earlier):
            await work.note("ledger.upload_again", "ledger_import", earlier["id"])
            return earlier
    return await _begin(work, intake, _plain_name(name)[-NAME_LENGTH:] or "unnamed", data, as_of)


async def _begin(work: Work, intake: Intake, name: str, data: bytes, as_of: date | None) -> Mapping[Any, Any]:
    import_id = new_id()
    values = {
        "id": import_id,
        "sha256": sha256(data).digest(),
        "file_name": name,
        "size": len(data),
        "as_of": as_of or work.today,
        "as_of_given": as_of is not None,
        "scope": kept_scope(work.principal),
        "roles": sorted(work.principal.roles),
        "uploaded_by": work.principal.subject,
        "created_at": work.now,
        "moved_at": work.now,
    }
    await store.begin(work, intake.tables, values)
    await asyncio.to_thread(files.keep, work.house, import_id, data)
    await jobs.defer(work.session, READ_JOB, import_id=str(import_id))
    await work.note("ledger.upload", "ledger_import", import_id, details={"size": len(data)})
    return await one(work, intake, import_id)


async def take_up(work: Work, intake: Intake, import_id: UUID) -> Mapping[Any, Any]:
    """Begin a new import of the same file with the caller's own reach: how the office decides about rows that a town's import may not touch.

    The other import stays as it is. Raises ImportNotFound, NotNow, Invalid when the file is no longer kept.
    """
    found = await one(work, intake, import_id)
    if found["state"] not in ("reported", "committed"):
        raise NotNow
    if same_reach(work.principal, found):
        raise invalid("", "own_import", "本导入已按您的权限读取", "this import acts with your own reach already")
    try:
        data = await asyncio.to_thread(files.read, work.house, import_id)
    except OSError as error:
        raise Invalid("原文件已过保存期限并删除", "the uploaded file is no longer kept") from error
    await work.note("ledger.take_up", "ledger_import", import_id)
    return await _receive_one(work, intake, found["file_name"], data, found["as_of"] if found["as_of_given"] else None)


def _plain_name(name: str) -> str:
    """The last part of a file's name, without invisible characters that no column can hold."""
    return Path("".join(sign for sign in name if sign.isprintable()).replace("\\", "/")).name


async def one(work: Work, intake: Intake, import_id: UUID, *, for_update: bool = False) -> Mapping[Any, Any]:
    """An import that the caller may use now (kit.intake.policy). Raises ImportNotFound."""
    return may_use(work.principal, intake.everything, await store.found(work.session, intake.tables, import_id, for_update=for_update))


async def _open(work: Work, intake: Intake, import_id: UUID, *states: str) -> Mapping[Any, Any]:
    found = await one(work, intake, import_id, for_update=True)
    if found["state"] not in states:
        raise NotNow
    return found


def imports(work: Work, intake: Intake, state: str | None, code: str | None) -> sa.Select[Any]:
    """The imports that the caller may use: their own, or all within their reach."""
    mine = None if work.principal.has(intake.everything) else work.principal.subject
    return store.imports_within(intake.tables, work.principal.reach, mine, state, code)


async def headers(work: Work, intake: Intake, import_id: UUID) -> list[dict[str, str]]:
    """The headers of unread columns as they stand there; [] when all were read. Audited: where cards are kept, they name persons."""
    found = await one(work, intake, import_id)
    await work.note("ledger.read_headers", "ledger_import", import_id)
    return open_headers(work.sealer, import_id, found["headers_sealed"]) if found["headers_sealed"] else []


def _concealed(work: Work, intake: Intake, found: Mapping[Any, Any]) -> list[sa.ColumnElement[bool]]:
    """What is hidden: nothing while the office still works on an import, afterwards what the owner declares."""
    hidden = intake.concealed(work) if found["state"] == "committed" else None
    return [] if hidden is None else [hidden]


async def rows(work: Work, intake: Intake, import_id: UUID, filters: Mapping[str, Any]) -> sa.Select[Any]:
    """The staged rows of an import that the caller is shown. Raises ImportNotFound."""
    job = await one(work, intake, import_id)
    return store.rows_of(intake.tables, import_id, filters, *(~hidden for hidden in _concealed(work, intake, job)))


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
    places = any(name in fields and fields[name].type == "place" for name in values)
    vocabulary = await intake.vocabulary(work, found["scope"], places=places)
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
    """Remember what headers mean, for every later reading of the caller's own divisions; what is known so far for them.

    A header that is known stays what it is: whoever could call a phone a remark, or an ID number nothing, would unmask or lose it for the whole office.
    Raises Forbidden, Invalid for a field that no kind has, and for a header that is known as another field.
    """
    may_start(work.principal)
    kinds = intake.kinds
    for position, mapping in enumerate(wanted.mappings):
        known = kinds.values() if mapping.kind == "*" else [kinds[mapping.kind]] if mapping.kind in kinds else []
        if not known or (mapping.field and not any(mapping.field in kind.fields for kind in known)):
            raise invalid(f"/mappings/{position}/field", "unknown_field", "没有这一项", "no such field")
        names = intake.known_as(mapping.kind, mapping.header)
        if names and mapping.field not in names:
            raise invalid(
                f"/mappings/{position}/header",
                "known_header",
                f"此表头的含义已确定({'、'.join(sorted(names))}),不能另作解释",
                f"this header is known as {', '.join(sorted(names))} and cannot mean anything else",
            )
        for office in kept_scope(work.principal):
            values = {
                "office": office,
                "kind": mapping.kind,
                "header": mapping.header,
                "field": mapping.field,
                "taught_by": work.principal.subject,
                "taught_at": work.now,
            }
            await store.teach(work.session, intake.tables, values)
    await work.note("ledger.teach", "ledger_mapping", *(mapping.field for mapping in wanted.mappings))
    return await store.mappings(work.session, intake.tables, kept_scope(work.principal))


async def reread(work: Work, intake: Intake, import_id: UUID, if_match: str | None) -> Mapping[Any, Any]:
    """Read the file again, with what was taught since; corrections by hand are applied again. Raises NotNow, StaleVersion."""
    found = await one(work, intake, import_id, for_update=True)
    declared(intake.tables.machine, found["state"], "reread", NotNow)
    check_version(if_match, found["version"])
    await store.move(work, intake.tables, found, "reread", done=0, total=None, effects=None)
    await jobs.defer(work.session, READ_JOB, import_id=str(import_id))
    await work.note("ledger.reread", "ledger_import", import_id)
    return await one(work, intake, import_id)


async def discard(work: Work, intake: Intake, import_id: UUID, reason: str, if_match: str | None) -> Mapping[Any, Any]:
    """Give an import up: its rows and its file go, the job stays with what happened. Raises NotNow, StaleVersion."""
    found = await one(work, intake, import_id, for_update=True)
    refuse(blocked(work, found)["discard"], NotNow)
    check_version(if_match, found["version"])
    await store.drop_rows(work.session, intake.tables, import_id)
    await store.move(work, intake.tables, found, "discard", reason=reason, layout={}, headers_sealed=None, effects=None)
    await asyncio.to_thread(files.remove, work.house, import_id)
    await work.note("ledger.discard", "ledger_import", import_id, details={"reason": reason})
    return await one(work, intake, import_id)


def blocked(work: Work, found: Mapping[Any, Any]) -> dict[str, list[Reason]]:
    """What stands in the way of steps of an import: a reading that goes on is not discarded, and nothing accepted is nothing to commit."""
    state, since = found["state"], found["moved_at"] or found["created_at"]
    busy = state == "reading" and not is_stuck(state, since, work.now)
    empty = state == "reported" and not found["dispositions"].get("accept")
    return {
        "discard": [Reason(code=NotNow.slug, zh="正在读取", en="it is being read")] if busy else [],
        "commit": [Reason(code=NothingToTakeOver.slug, zh=NothingToTakeOver.title_zh, en=NothingToTakeOver.title_en)] if empty else [],
    }


async def effects(work: Work, intake: Intake, import_id: UUID) -> tuple[dict[str, int], str | None]:
    """(what a commit would write now, what confirms it): rows, decisions and the register may have changed since the report. Raises NotNow, Unavailable."""
    await one(work, intake, import_id)
    if not (await store.lock_now(work.session, intake.tables, "commit") and await store.free(work.session, intake.tables, import_id)):
        raise _busy()
    found = await _open(work, intake, import_id, "reported")
    counted = await foresee(work, intake, found)
    await store.note_effects(work.session, intake.tables, import_id, counted)
    return counted, confirmation(intake, import_id, counted)


def _busy() -> Unavailable:
    """What is answered instead of waiting for another commit: a wait would hold a connection for each click."""
    return Unavailable("另一导入正在提交,请稍后重试", "another import is being committed; try again", headers={"Retry-After": "2"})


async def commit(work: Work, intake: Intake, import_id: UUID, if_match: str | None, confirmed: str | None) -> Mapping[Any, Any]:
    """Take the accepted rows over, all or nothing. Committed again it changes nothing. A large one, or one that would have to wait, becomes a job.

    Raises NotNow, NothingToTakeOver, StaleVersion, ConfirmationNeeded, Unavailable.
    """
    found = await one(work, intake, import_id)
    if found["state"] == "committed":
        return found
    if not await store.free(work.session, intake.tables, import_id):
        raise NotNow  # somebody else pressed the button a moment ago
    found = await one(work, intake, import_id)
    if found["state"] == "committed":
        return found
    declared(intake.tables.machine, found["state"], "commit", NotNow)
    check_version(if_match, found["version"])
    refuse(blocked(work, found)["commit"], NothingToTakeOver)
    alone = await store.lock_now(work.session, intake.tables, "commit")
    values = {"error": None, "committed_by": work.principal.subject, "confirmed": confirmed}
    if alone and found["dispositions"]["accept"] <= INLINE_ROWS:
        await store.move(work, intake.tables, found, "commit", **values)
        await finish_commit(work, intake, await one(work, intake, import_id), confirmed)
        return await one(work, intake, import_id)
    if found["effects"] is None and not alone:
        raise _busy()
    counted = dict(found["effects"]) if found["effects"] is not None else await foresee(work, intake, found)
    needed = confirmation(intake, import_id, counted)
    if needed is not None and needed != confirmed:
        raise ConfirmationNeeded(counted, needed)
    await store.move(work, intake.tables, found, "commit", **values)
    await jobs.defer(work.session, COMMIT_JOB, import_id=str(import_id))
    return await one(work, intake, import_id)


async def marked(work: Work, intake: Intake, import_id: UUID) -> Path:
    """The workbook with its problems in red, as a file that the caller deletes. Raises NotNow, Forbidden, FileRefused."""
    found = await one(work, intake, import_id)
    if found["state"] not in ("reported", "committing", "committed"):
        raise NotNow
    hidden = _concealed(work, intake, found)
    if hidden and await store.any_row(work.session, intake.tables, import_id, *hidden):
        # The workbook is returned as it was sent: no line can be left out.
        raise Forbidden(
            "原表中有记录已封存的人员,不再出标注件", "the workbook names persons whose records are closed; it is not given out any more"
        )
    own = set(intake.own_codes)
    remarks = [
        Remark(entry["sheet"], problem["cell"] or f"A{entry['row']}", intake.message(problem["code"], problem["args"])[0], problem["code"])
        for entry in await store.with_problems(work.session, intake.tables, import_id, sorted(own))
        for problem in entry["problems"]
        if problem["code"] in own
    ]
    vocabulary = await intake.vocabulary(work, found["scope"])
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
