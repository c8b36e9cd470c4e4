"""HTTP of imports, made for one service: `intake_router(INTAKE)`."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, File, Form, Response, UploadFile
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from kit.etags import IfMatch, etag
from kit.intake import service
from kit.intake.committing import confirmation
from kit.intake.errors import NotNow
from kit.intake.intake import Intake
from kit.intake.schemas import (
    CellProblemAnswer,
    Commit,
    Disposition,
    EffectsAnswer,
    HeaderAnswer,
    ImportAnswer,
    ImportsAnswer,
    LayoutAnswer,
    Mappings,
    OpenRowAnswer,
    ProblemCode,
    Reason,
    RowAnswer,
    RowCorrection,
    State,
)
from kit.intake.staging import open_record
from kit.lists import Asked, Key, Made, Rows, answer, answers, ask, find_made, find_rows
from kit.problems import TooLarge, may_answer
from kit.sealed import masked
from kit.sheets.messages import FILE_MESSAGES
from kit.steps.taking import next_steps
from kit.work import UnitRoute, Work, allow

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BOOK = {"content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}
UPLOAD_BYTES = 64 * 2**20
IMPORTS = Rows(
    name="ledger-imports",
    item=ImportAnswer,
    sorts={"id": ("id",)},
    default="-id",
    counted={"state": "state"},
    action="ledger.list",
    object_type="ledger_import",
)
ROWS = Rows(
    name="ledger-rows",
    item=RowAnswer,
    sorts={"row_id": ("number",)},
    default="row_id",
    counted={"disposition": "disposition", "kind": "kind"},
    action="ledger.read_rows",
    object_type="ledger_import",
    noted="import_id",
)
HEADERS = Made(name="ledger-headers", item=HeaderAnswer, sorts={"sheet": (Key("sheet"),)}, default="sheet", counted={"sheet": "sheet"})


def import_answer(work: Work, intake: Intake, found: Mapping[Any, Any]) -> ImportAnswer:
    """An import as the API shows it."""
    tables = found["layout"].get("tables") if found["layout"] else None
    held = found["dispositions"].get("hold", 0)
    error = problem_answer(intake, {"code": found["error"], "field": "", "cell": "", "args": {}}) if found["error"] else None
    effects: dict[str, int] | None = found["effects"] if found["state"] == "reported" else None
    confirm = confirmation(intake, found["id"], effects) if effects is not None else None
    fields = {"commit": ["confirm"]} if confirm is not None else {}
    at_once = found["dispositions"].get("accept", 0) <= service.INLINE_ROWS
    leads = {"commit": "committed" if at_once else "committing"}
    following = next_steps(intake.tables.machine, found["state"], work.principal, service.blocked(work, found), fields=fields, to=leads)
    return ImportAnswer(
        **{
            name: found[name]
            for name in ("id", "file_name", "size", "state", "as_of", "done", "total", "dispositions", "codes", "effects", "taken")
        },
        **{name: found[name] for name in ("uploaded_by", "created_at", "committed_at", "version")},
        layout=layout_answer(intake, found["layout"]),
        confirm=confirm,
        next_steps=following,
        sha256=bytes(found["sha256"]).hex(),
        error=error,
        problems=held,
        eta=_eta(work, found),
        recognised=bool(tables) if tables is not None else None,
    )


def layout_answer(intake: Intake, layout: Mapping[str, Any]) -> LayoutAnswer:
    """What was found, with the kinds of list by name."""
    answer = LayoutAnswer.model_validate(layout)
    named = [
        table.model_copy(update={"kind_zh": kind.zh, "kind_en": kind.en}) if (kind := intake.kinds.get(table.kind)) else table
        for table in answer.tables
    ]
    return answer.model_copy(update={"tables": named})


def _eta(work: Work, found: Mapping[Any, Any]) -> int | None:
    if found["state"] != "reading" or not found["done"] or not found["total"] or found["started_at"] is None:
        return None
    spent = (work.now - found["started_at"]).total_seconds()
    return max(round(spent * (found["total"] - found["done"]) / found["done"]), 0)


def problem_answer(intake: Intake, problem: Mapping[Any, Any]) -> CellProblemAnswer:
    """A problem in both languages."""
    code = problem["code"]
    zh, en = FILE_MESSAGES[code] if code in FILE_MESSAGES else intake.message(code, problem["args"])
    return CellProblemAnswer(
        code=code,
        field=problem["field"],
        cell=problem["cell"],
        hold=code in intake.hold_codes,
        message_zh=zh,
        message_en=en,
        args=problem["args"] or {},
    )


_NUMBER_OF_SOMEBODY = re.compile(
    r"(?<!\d)(?:\d(?:[\s-]?\d){13}(?:[\s-]?\d)?(?:[\s-]?\d){0,2}[\s-]?[\dXx]|1[3-9](?:[\s-]?\d){9}|0\d{2,3}[\s-]?\d{7,8})(?!\d)"
)
"""An ID number (15 or 18 characters), a mobile or a landline phone inside a text."""


def shown(intake: Intake, kind: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as lists show it: personal fields masked, and numbers of persons in every free text.

    Which column a number was read from is what people taught; that it is somebody's number does not depend on it.
    """
    fields = intake.kinds[kind].fields
    values: dict[str, Any] = {}
    for name, value in record.items():
        if name in intake.masks and value:
            values[name] = masked(str(value), *intake.masks[name])
        elif isinstance(value, str) and name in fields and fields[name].type == "text" and name not in intake.open_fields:
            values[name] = _NUMBER_OF_SOMEBODY.sub(lambda match: masked(match[0], 3, 0), value)
        else:
            values[name] = value
    return values


async def rows_values(work: Work, intake: Intake, found: Sequence[Mapping[Any, Any]]) -> list[dict[str, Any]]:
    """The fields of rows' answers, without the ids of objects that the caller may not know."""
    seen = await intake.seen(work, {row["object_id"] for row in found if row["object_id"] is not None})
    return [{**row_values(work, intake, row), "object_id": row["object_id"] if row["object_id"] in seen else None} for row in found]


def row_values(work: Work, intake: Intake, found: Mapping[Any, Any], *, opened: bool = False) -> dict[str, Any]:
    """The fields of a row's answer."""
    record, raw = open_record(work.sealer, found["import_id"], found["number"], found["record_sealed"])
    record = intake.renamed(record)
    if not opened:
        record = shown(intake, found["kind"], record)
    values: dict[str, Any] = {
        "row_id": found["number"],
        "record": record,
        "problems": [problem_answer(intake, problem) for problem in found["problems"] or []],
        **{name: found[name] for name in ("sheet", "row", "kind", "disposition", "object_id", "version")},
    }
    return {**values, "raw": raw} if opened else values


def intake_router(intake: Intake) -> APIRouter:
    """The routes of one service's imports."""
    router = APIRouter(prefix=intake.prefix, tags=["ledger-imports"], route_class=UnitRoute)
    writer = allow(*intake.roles)
    reader = allow(*intake.roles, personal=True)
    office = allow(intake.everything)

    def shown_import(work: Work, found: Mapping[Any, Any], response: Response) -> ImportAnswer:
        response.headers["ETag"] = etag(found["version"])
        return import_answer(work, intake, found)

    async def opened(work: Work, found: Mapping[Any, Any], response: Response) -> OpenRowAnswer:
        response.headers["ETag"] = etag(found["version"])
        seen = found["object_id"] is not None and await intake.seen(work, {found["object_id"]})
        return OpenRowAnswer(**{**row_values(work, intake, found, opened=True), "object_id": found["object_id"] if seen else None})

    @router.post("", status_code=202)
    async def upload(
        work: Annotated[Work, writer],
        response: Response,
        files: Annotated[list[UploadFile], File()],
        as_of: Annotated[date | None, Form()] = None,
    ) -> ImportsAnswer:
        """Upload one or more ledgers (xlsx, xls, csv); each becomes a job. `as_of`: the day of the ledgers; else what the file says, else today."""
        if sum(file.size or 0 for file in files) > UPLOAD_BYTES:
            raise TooLarge
        uploads = [(file.filename or "unnamed", await file.read()) for file in files]
        jobs = await service.receive(work, intake, uploads, as_of)
        response.headers["Location"] = f"{intake.prefix}/{jobs[0]['id']}" if len(jobs) == 1 else intake.prefix
        return ImportsAnswer(items=[import_answer(work, intake, job) for job in jobs])

    @router.get("", responses=answers(IMPORTS))
    async def list_imports(
        work: Annotated[Work, writer], asked: Annotated[Asked, ask(IMPORTS)], state: State | None = None, code: ProblemCode | None = None
    ) -> Response:
        """Imports, newest first. `code`: those with a row that has this problem, as COUNTY_DECIDES for what waits for the county office."""
        query = service.imports(work, intake, state, code)
        filters = {"state": state, "code": code}
        return answer(asked, await find_rows(work, IMPORTS, asked, query, filters, shape=lambda found: import_answer(work, intake, found)))

    @router.put("/mappings")
    async def teach(work: Annotated[Work, writer], wanted: Mappings) -> dict[str, dict[str, str]]:
        """Remember what unknown headers mean."""
        return await service.teach(work, intake, wanted)

    @router.get("/{import_id}")
    async def read_import(work: Annotated[Work, writer], import_id: UUID, response: Response) -> ImportAnswer:
        """One import: how far it is, and its report in figures."""
        return shown_import(work, await service.one(work, intake, import_id), response)

    @router.get("/{import_id}/headers", responses=answers(HEADERS))
    async def read_headers(work: Annotated[Work, reader], asked: Annotated[Asked, ask(HEADERS)], import_id: UUID) -> Response:
        """The headers of unread columns in clear, to be taught: in some layouts a header is somebody's name."""
        found = [HeaderAnswer(**one) for one in await service.headers(work, intake, import_id)]
        return answer(asked, await find_made(work, HEADERS, asked, found))

    @router.get("/{import_id}/effects", responses=may_answer(NotNow))
    async def foresee_commit(work: Annotated[Work, writer], import_id: UUID) -> EffectsAnswer:
        """What a commit would write now, and what confirms it."""
        effects, confirm = await service.effects(work, intake, import_id)
        return EffectsAnswer(effects=effects, confirm=confirm)

    @router.get("/{import_id}/rows", responses=answers(ROWS))
    async def list_rows(
        work: Annotated[Work, reader],
        asked: Annotated[Asked, ask(ROWS)],
        import_id: UUID,
        disposition: Disposition | None = None,
        code: ProblemCode | None = None,
        problems_only: bool = False,
    ) -> Response:
        """The report by row: what was read (masked) and what is wrong."""
        filters = {"disposition": disposition, "code": code, "problems_only": problems_only or None}

        async def shapes(found: Sequence[Any]) -> list[RowAnswer]:
            return [RowAnswer(**values) for values in await rows_values(work, intake, found)]

        return answer(
            asked, await find_rows(work, ROWS, asked, await service.rows(work, intake, import_id, filters), filters, shapes=shapes)
        )

    @router.get("/{import_id}/rows/{row_id}")
    async def open_row(work: Annotated[Work, reader], import_id: UUID, row_id: int, response: Response) -> OpenRowAnswer:
        """One row in clear, with the texts that could not be read."""
        return await opened(work, await service.row(work, intake, import_id, row_id), response)

    @router.patch("/{import_id}/rows/{row_id}")
    async def correct_row(
        work: Annotated[Work, reader], import_id: UUID, row_id: int, wanted: RowCorrection, response: Response, if_match: IfMatch = None
    ) -> OpenRowAnswer:
        """Correct cells by hand."""
        return await opened(
            work, await service.correct_row(work, intake, import_id, row_id, wanted.values, wanted.reason, if_match), response
        )

    @router.post("/{import_id}/rows/{row_id}/discard")
    async def discard_row(
        work: Annotated[Work, reader], import_id: UUID, row_id: int, wanted: Reason, response: Response, if_match: IfMatch = None
    ) -> OpenRowAnswer:
        """Leave a row out."""
        return await opened(work, await service.discard_row(work, intake, import_id, row_id, wanted.reason, if_match), response)

    @router.get("/{import_id}/marked", response_class=FileResponse, responses={200: BOOK, **may_answer(NotNow)})
    async def marked_workbook(work: Annotated[Work, reader], import_id: UUID) -> FileResponse:
        """The workbook with its problem cells in red and explained."""
        found = await service.one(work, intake, import_id)
        path = await service.marked(work, intake, import_id)
        name = found["file_name"].rsplit(".", 1)[0] + ".marked.xlsx"
        return FileResponse(path, media_type=XLSX, filename=name, background=BackgroundTask(path.unlink, missing_ok=True))

    @router.post("/{import_id}/reread", status_code=202)
    async def reread(work: Annotated[Work, writer], import_id: UUID, response: Response, if_match: IfMatch = None) -> ImportAnswer:
        """Read the file again with what was taught since."""
        return shown_import(work, await service.reread(work, intake, import_id, if_match), response)

    @router.post("/{import_id}/discard")
    async def discard(
        work: Annotated[Work, writer], import_id: UUID, wanted: Reason, response: Response, if_match: IfMatch = None
    ) -> ImportAnswer:
        """Give the import up; nothing of it stays but the job."""
        return shown_import(work, await service.discard(work, intake, import_id, wanted.reason, if_match), response)

    @router.post("/{import_id}/take-up", status_code=202)
    async def take_up(work: Annotated[Work, office], import_id: UUID, response: Response) -> ImportAnswer:
        """Begin a new import of the same file with the office's reach: for rows that a town's import may not decide."""
        found = await service.take_up(work, intake, import_id)
        response.headers["Location"] = f"{intake.prefix}/{found['id']}"
        return shown_import(work, found, response)

    @router.post("/{import_id}/commit", status_code=202)
    async def commit(
        work: Annotated[Work, writer], import_id: UUID, response: Response, wanted: Commit | None = None, if_match: IfMatch = None
    ) -> ImportAnswer:
        """Take the accepted rows over, all or nothing. What closes, ends, starts or moves something needs `confirm`."""
        return shown_import(work, await service.commit(work, intake, import_id, if_match, wanted.confirm if wanted else None), response)

    return router
