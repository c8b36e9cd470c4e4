"""Every SQL statement of imports: set-based, whatever the number of rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from kit.intake.errors import NotNow
from kit.intake.tables import IntakeTables
from kit.scope import Scope
from kit.steps.machine import START, Step
from kit.steps.taking import declared
from kit.work import Work

COPY_COLUMNS = "import_id, number, sheet, row, kind, disposition, codes, problems, division_code, key_index, record_sealed"


async def lock(session: AsyncSession, tables: IntakeTables, what: str) -> None:
    """One at a time until the end of the transaction: the same file twice, two commits into one register."""
    await session.execute(
        text("select pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"{tables.schema.name}.ledgers.{what}"}
    )


async def lock_now(session: AsyncSession, tables: IntakeTables, what: str) -> bool:
    """The same lock when nobody holds it; whether it was got.

    For requests: work that would wait becomes a job, which waits without the request's connection.
    """
    statement = text("select pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
    return bool((await session.execute(statement, {"name": f"{tables.schema.name}.ledgers.{what}"})).scalar_one())


async def add_import(session: AsyncSession, tables: IntakeTables, values: Mapping[Any, Any]) -> None:
    """A new job."""
    await session.execute(insert(tables.imports).values(**values))


async def found(session: AsyncSession, tables: IntakeTables, import_id: UUID, *, for_update: bool = False) -> sa.RowMapping | None:
    """One import."""
    query = select(tables.imports).where(tables.imports.c.id == import_id)
    return (await session.execute(query.with_for_update() if for_update else query)).mappings().first()


async def free(session: AsyncSession, tables: IntakeTables, import_id: UUID) -> bool:
    """Lock an import's row if nobody else works on it; False when somebody does."""
    query = select(tables.imports.c.id).where(tables.imports.c.id == import_id).with_for_update(skip_locked=True)
    return (await session.execute(query)).first() is not None


async def with_digest(session: AsyncSession, tables: IntakeTables, digest: bytes) -> Sequence[sa.RowMapping]:
    """Imports of the same bytes that were not given up, a committed one first."""
    t = tables.imports
    query = select(t).where(t.c.sha256 == digest, t.c.state.not_in(("failed", "discarded")))
    return (await session.execute(query.order_by((t.c.state == "committed").desc(), t.c.created_at))).mappings().all()


async def kept_imports(session: AsyncSession, tables: IntakeTables) -> Sequence[sa.RowMapping]:
    """id, state and `since` of every import: its commit, or when it was last touched (read, or corrected by hand)."""
    t, c = tables.imports, tables.corrections
    touched = select(func.max(c.c.recorded_at)).where(c.c.import_id == t.c.id).scalar_subquery()
    since = func.coalesce(t.c.committed_at, func.greatest(t.c.moved_at, touched), t.c.created_at).label("since")
    return (await session.execute(select(t.c.id, t.c.state, since))).mappings().all()


def imports_within(tables: IntakeTables, scope: Scope, uploaded_by: str | None, state: str | None, code: str | None) -> sa.Select[Any]:
    """Imports whose whole scope lies within `scope`; `code`: a problem that some row has."""
    t = tables.imports
    prefix = func.jsonb_array_elements_text(t.c.scope).table_valued("value").render_derived("prefix")
    outside = sa.exists().select_from(prefix).where(sa.not_(prefix.c.value.like(sa.any_(sa.literal(scope.towns, ARRAY(sa.Text))))))
    query = select(t).where(func.jsonb_array_length(t.c.scope) > 0, ~outside)
    if uploaded_by is not None:
        query = query.where(t.c.uploaded_by == uploaded_by)
    if state:
        query = query.where(t.c.state == state)
    return query.where(t.c.codes.has_key(code)) if code else query


async def change_import(session: AsyncSession, tables: IntakeTables, import_id: UUID, **values: Any) -> None:
    """Write facts about an import; its version grows."""
    t = tables.imports
    await session.execute(update(t).where(t.c.id == import_id).values(**values, version=t.c.version + 1))


async def move(
    work: Work, tables: IntakeTables, found: Mapping[Any, Any], event: str, *, to: str = "", reason: str = "", **values: Any
) -> None:
    """Take a declared step with an import: state, version and history. The caller notes what it did. Raises NotNow."""
    step = declared(tables.machine, found["state"], event, NotNow)
    state = to or step.target
    await change_import(work.session, tables, found["id"], state=state, moved_at=work.now, **values)
    await _remember(work, tables, found["id"], step, found["state"], state, reason)


async def begin(work: Work, tables: IntakeTables, values: Mapping[str, Any]) -> None:
    """Write a new import with its first step."""
    step = declared(tables.machine, START, "upload")
    await add_import(work.session, tables, {**values, "state": step.target})
    await _remember(work, tables, values["id"], step, START, step.target, "")


async def _remember(work: Work, tables: IntakeTables, import_id: UUID, step: Step, before: str, after: str, reason: str) -> None:
    row = {
        "object_id": import_id,
        "event": step.event,
        "from_state": before,
        "to_state": after,
        "happened_on": work.today,
        "source": step.source,
        "reason": reason,
        "recorded_by": work.principal.subject,
        "recorded_at": work.now,
    }
    await work.session.execute(sa.insert(tables.changes).values(**row))


async def note_effects(session: AsyncSession, tables: IntakeTables, import_id: UUID, effects: Mapping[str, int] | None) -> None:
    """What a commit would write; None: that is not known any more. The version stays: nothing of the import itself changed."""
    t = tables.imports
    await session.execute(update(t).where(t.c.id == import_id).values(effects=dict(effects) if effects is not None else None))


async def note_progress(session: AsyncSession, tables: IntakeTables, import_id: UUID, values: Mapping[Any, Any]) -> None:
    """How far the reading is. The version stays the same, because no decision depends on it."""
    t = tables.imports
    await session.execute(update(t).where(t.c.id == import_id, t.c.state == "reading").values(**values))


async def drop_rows(session: AsyncSession, tables: IntakeTables, import_id: UUID) -> None:
    """Nothing staged."""
    await session.execute(delete(tables.rows).where(tables.rows.c.import_id == import_id))


async def settle(
    session: AsyncSession, tables: IntakeTables, import_id: UUID, hold: Sequence[str], numbers: Sequence[int] | None = None
) -> None:
    """Give rows the disposition that follows from their codes; a discarded row stays discarded."""
    narrowed = "and r.number = any(:numbers)" if numbers is not None else ""
    statement = text(
        f"""update {tables.schema.name}.ledger_row r set disposition = n.wanted, version = r.version + 1
              from (select import_id, number, case when 'DUP_IN_FILE' = any(codes) then 'duplicate' when codes && cast(:hold as text[]) then 'hold'
                           else 'accept' end as wanted
                      from {tables.schema.name}.ledger_row where import_id = :import) n
             where r.import_id = n.import_id and r.number = n.number and r.disposition not in ('discard', n.wanted) {narrowed}"""
    )
    parameters: dict[str, Any] = {"import": import_id, "hold": list(hold)}
    await session.execute(statement, parameters if numbers is None else {**parameters, "numbers": list(numbers)})


async def hold(session: AsyncSession, tables: IntakeTables, import_id: UUID, numbers: Sequence[int]) -> None:
    """Hold accepted rows; `settle` gives them the same by their codes."""
    t = tables.rows
    where = (t.c.import_id == import_id, t.c.number == func.any(sa.cast(list(numbers), ARRAY(sa.Integer))), t.c.disposition == "accept")
    await session.execute(update(t).where(*where).values(disposition="hold", version=t.c.version + 1))


async def forget_codes(
    session: AsyncSession, tables: IntakeTables, import_id: UUID, codes: Sequence[str], numbers: Sequence[int] | None = None
) -> None:
    """Take own codes off rows, so that a check can set them anew."""
    narrowed = "and number = any(:numbers)" if numbers is not None else ""
    statement = text(
        f"""update {tables.schema.name}.ledger_row
               set codes = array(select c from unnest(codes) c where c <> all(cast(:codes as text[]))),
                   problems = (select jsonb_agg(p) from jsonb_array_elements(problems) p where p ->> 'code' <> all(cast(:codes as text[])))
             where import_id = :import and codes && cast(:codes as text[]) {narrowed}"""
    )
    parameters: dict[str, Any] = {"import": import_id, "codes": list(codes)}
    await session.execute(statement, parameters if numbers is None else {**parameters, "numbers": list(numbers)})


_CELL = """coalesce(
  (select c.key from jsonb_array_elements(i.layout -> 'tables') t cross join jsonb_each_text(t -> 'columns') c
    where t ->> 'sheet' = r.sheet and r.row between (t ->> 'first_data_row')::int and (t ->> 'last_data_row')::int and c.value = cast(:field as text)
    limit 1), 'A') || r.row"""


async def add_code(
    session: AsyncSession, tables: IntakeTables, import_id: UUID, code: str, field: str, found_rows: Iterable[tuple[int, Mapping[Any, Any]]]
) -> None:
    """Put a code with its arguments on rows, at the cell of the field (the row's first cell when no column was read for it)."""
    rows = list(found_rows)
    if not rows:
        return
    statement = text(
        f"""update {tables.schema.name}.ledger_row r
               set codes = array_append(r.codes, cast(:code as text)),
                   problems = coalesce(r.problems, '[]'::jsonb)
                              || jsonb_build_array(jsonb_build_object('code', cast(:code as text), 'field', cast(:field as text), 'cell', {_CELL}, 'args', a.args))
              from unnest(cast(:numbers as int[]), cast(:args as jsonb[])) as a(number, args), {tables.schema.name}.ledger_import i
             where i.id = :import and r.import_id = :import and r.number = a.number and not cast(:code as text) = any(r.codes)"""
    )
    parameters = {
        "import": import_id,
        "code": code,
        "field": field,
        "numbers": [number for number, _ in rows],
        "args": [json.dumps(dict(args), ensure_ascii=False) for _, args in rows],
    }
    await session.execute(statement, parameters)


async def counts(session: AsyncSession, tables: IntakeTables, import_id: UUID) -> tuple[dict[str, int], dict[str, int]]:
    """Rows by disposition, problems by code."""
    t = tables.rows
    by_disposition = await session.execute(
        select(t.c.disposition, func.count()).where(t.c.import_id == import_id).group_by(t.c.disposition)
    )
    code = func.unnest(t.c.codes).label("code")
    by_code = await session.execute(
        select(sa.column("code"), func.count())
        .select_from(select(code).where(t.c.import_id == import_id).subquery())
        .group_by(sa.column("code"))
    )
    return {str(name): n for name, n in by_disposition}, {str(name): n for name, n in by_code}


def rows_of(tables: IntakeTables, import_id: UUID, filters: Mapping[str, Any], *where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Staged rows. Filters: disposition, code, problems_only."""
    t = tables.rows
    query = select(t).where(t.c.import_id == import_id, *where)
    if filters.get("disposition"):
        query = query.where(t.c.disposition == filters["disposition"])
    if filters.get("code"):
        query = query.where(t.c.codes.contains([filters["code"]]))
    return query.where(func.cardinality(t.c.codes) > 0) if filters.get("problems_only") else query


async def row(
    session: AsyncSession, tables: IntakeTables, import_id: UUID, number: int, *where: sa.ColumnElement[bool], for_update: bool = False
) -> sa.RowMapping | None:
    """One staged row, if `where` holds of it."""
    t = tables.rows
    query = select(t).where(t.c.import_id == import_id, t.c.number == number, *where)
    return (await session.execute(query.with_for_update() if for_update else query)).mappings().first()


async def any_row(session: AsyncSession, tables: IntakeTables, import_id: UUID, *where: sa.ColumnElement[bool]) -> bool:
    """Whether `where` holds of a row of this import."""
    t = tables.rows
    return (await session.execute(select(t.c.number).where(t.c.import_id == import_id, *where).limit(1))).first() is not None


async def accepted(session: AsyncSession, tables: IntakeTables, import_id: UUID, kind: str | None = None) -> Sequence[sa.RowMapping]:
    """Every accepted row, in order."""
    t = tables.rows
    query = select(t).where(t.c.import_id == import_id, t.c.disposition == "accept")
    if kind is not None:
        query = query.where(t.c.kind == kind)
    return (await session.execute(query.order_by(t.c.number))).mappings().all()


async def change_row(session: AsyncSession, tables: IntakeTables, import_id: UUID, number: int, **values: Any) -> None:
    """Write a row."""
    t = tables.rows
    await session.execute(update(t).where(t.c.import_id == import_id, t.c.number == number).values(**values, version=t.c.version + 1))


async def twin_in_file(session: AsyncSession, tables: IntakeTables, changed: Mapping[Any, Any], key: bytes) -> sa.RowMapping | None:
    """Another row of the same kind in this import that has the key and counts as the first."""
    t = tables.rows
    query = select(t).where(
        t.c.import_id == changed["import_id"],
        t.c.number != changed["number"],
        t.c.kind == changed["kind"],
        t.c.key_index == key,
        t.c.disposition.in_(("accept", "hold")),
    )
    return (await session.execute(query.order_by(t.c.number).limit(1))).mappings().first()


async def twins_elsewhere(
    session: AsyncSession, tables: IntakeTables, import_id: UUID, numbers: Sequence[int] | None = None
) -> Sequence[sa.RowMapping]:
    """Accepted rows whose key is accepted in another import that waits for its commit: number, other_import, other_number, other file and place."""
    mine, theirs, job = tables.rows.alias("mine"), tables.rows.alias("theirs"), tables.imports
    query = (
        select(
            mine.c.number,
            mine.c.kind,
            theirs.c.import_id.label("other_import"),
            theirs.c.number.label("other_number"),
            job.c.file_name,
            job.c.uploaded_by,
            job.c.scope,
            theirs.c.sheet,
            theirs.c.row,
        )
        .join(theirs, (theirs.c.key_index == mine.c.key_index) & (theirs.c.kind == mine.c.kind) & (theirs.c.import_id != mine.c.import_id))
        .join(job, job.c.id == theirs.c.import_id)
        .where(mine.c.import_id == import_id, mine.c.disposition == "accept", theirs.c.disposition == "accept", job.c.state == "reported")
        .order_by(mine.c.number, job.c.id, theirs.c.number)
    )
    if numbers is not None:
        query = query.where(mine.c.number.in_(numbers))
    return (await session.execute(query)).mappings().all()


async def add_correction(session: AsyncSession, tables: IntakeTables, values: Mapping[Any, Any]) -> None:
    """What a person changed."""
    await session.execute(insert(tables.corrections).values(**values))


async def corrections(session: AsyncSession, tables: IntakeTables, import_id: UUID) -> Sequence[sa.RowMapping]:
    """What was changed by hand, oldest first."""
    t = tables.corrections
    return (await session.execute(select(t).where(t.c.import_id == import_id).order_by(t.c.id))).mappings().all()


async def mappings(session: AsyncSession, tables: IntakeTables, scope: Sequence[str]) -> dict[str, dict[str, str]]:
    """Kind (or *) → header → field: what was taught for all of this scope, the word of the nearest office before that of a wider one."""
    t = tables.mappings
    taught = (await session.execute(select(t).order_by(func.length(t.c.office)))).mappings().all()
    for_each: list[dict[tuple[str, str], str]] = [
        {(one["kind"], one["header"]): one["field"] for one in taught if Scope((one["office"],)).reaches(prefix)} for prefix in scope
    ]
    learned: dict[str, dict[str, str]] = {}
    for (kind, header), field in for_each[0].items() if for_each else ():
        if all(others.get((kind, header)) == field for others in for_each):  # what one town taught says nothing about another's rows
            learned.setdefault(kind, {})[header] = field
    return learned


async def teach(session: AsyncSession, tables: IntakeTables, values: Mapping[Any, Any]) -> None:
    """Remember what a header means; the latest word of an office counts."""
    statement = upsert(tables.mappings).values(**values)
    newer = {name: statement.excluded[name] for name in ("field", "taught_by", "taught_at")}
    await session.execute(statement.on_conflict_do_update(index_elements=["office", "kind", "header"], set_=newer))


async def places_of(session: AsyncSession, tables: IntakeTables, import_id: UUID) -> Sequence[sa.RowMapping]:
    """Sheet, row and number of every staged row."""
    t = tables.rows
    return (await session.execute(select(t.c.sheet, t.c.row, t.c.number).where(t.c.import_id == import_id))).mappings().all()


async def with_problems(session: AsyncSession, tables: IntakeTables, import_id: UUID, codes: Sequence[str]) -> Sequence[sa.RowMapping]:
    """Rows with one of these codes, in order."""
    t = tables.rows
    query = select(t.c.sheet, t.c.row, t.c.problems).where(
        t.c.import_id == import_id, t.c.codes.overlap(sa.cast(list(codes), t.c.codes.type))
    )
    return (await session.execute(query.order_by(t.c.number))).mappings().all()
