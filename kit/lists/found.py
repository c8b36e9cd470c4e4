"""Finds what a list holds: through SQL text whose JSON Postgres makes, or through SQLAlchemy."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any
from uuid import UUID

from pydantic import BaseModel, TypeAdapter
from sqlalchemy import Select, func, literal, select, tuple_

from kit.lists.cursors import READ, following, position
from kit.lists.listing import Asked, Casts, Found, Json, Listing, Made, Rows
from kit.lists.workbook import workbook_of
from kit.work import Work

Filters = Mapping[str, Any]
CHUNK = 1000
"""Rows of one step of a stream or a workbook."""


# --- lists in SQL text


@lru_cache(maxsize=512)
def _page_of(schema: str, listing: Json, given: frozenset[str], sort: str, after: bool) -> bytes:
    """The statement of a page for one set of filters: it has only the parameters that are given, and so a plan of its own."""
    falling, keys = sort.startswith("-"), listing.sorts[sort.removeprefix("-")]
    where = _conditions(listing, given)
    if after:
        row, values = ", ".join(key.sql for key in keys), ", ".join(f"%(after_{n})s::{key.cast}" for n, key in enumerate(keys))
        where += f" and ({row}) {'<' if falling else '>'} ({values})"
    order = ", ".join(key.sql + (" desc" if falling else "") for key in keys)
    mark = ", ".join(f"({key.sql})::text" for key in keys)
    return f"""
with page as (select row_to_json(item)::text as body, item.{listing.noted} as noted, array[{mark}] as mark
                from {listing.source} cross join lateral (select {listing.columns}) item
               where {where} order by {order} limit %(size)s + 1),
     placed as (select *, row_number() over () as place from page),
     shown as (select * from placed where place <= %(size)s),
     noted as (insert into {schema}.audit (at, actor, roles, action, purpose, reason, object_type, object_ids, request_id, details)
               select %(now)s, %(actor)s, %(roles)s, %(action)s, %(purpose)s, %(reason)s, %(object_type)s, coalesce(jsonb_agg(noted), '[]'),
                      %(request_id)s, %(details)s::jsonb
                 from shown having count(*) > 0 or %(details)s <> '{{}}')
select convert_to(coalesce(string_agg(body, %(joint)s order by place), ''), 'UTF8'), (select count(*) from page) > %(size)s,
       (select mark from shown order by place desc limit 1) from shown""".encode()


@lru_cache(maxsize=512)
def _counts_of(listing: Json, given: frozenset[str]) -> bytes:
    """One row a group and value, and one for the total."""
    where = _conditions(listing, given)
    groups = [
        f"select '{group}', ({sql})::text, count(*) from {listing.source} where {where} group by 2"
        for group, sql in listing.counted.items()
    ]
    return " union all ".join([f"select '', '', count(*) from {listing.source} where {where}", *groups]).encode()


def _conditions(listing: Json, given: frozenset[str]) -> str:
    return " and ".join([listing.always, *(clause for name, clause in listing.filters.items() if name in given)])


async def find_json(work: Work, listing: Json, asked: Asked, filters: Filters, *, noted: Mapping[str, Any] | None = None) -> Found:
    """What a list in SQL text holds for this caller. `filters`: name → value, None when not asked; the scope is one of them. `noted`: codes for the audit
    row, which is then written even without a hit, so that trying many values leaves a row for each. Raises BadCursor.
    """
    given = {name: value for name, value in filters.items() if value is not None}
    unknown = given.keys() - listing.filters.keys()
    assert not unknown, f"{listing.name} has no filter {unknown}"
    names = frozenset(given)
    keys = listing.sorts[asked.by]
    start = position(work, listing, asked, given, [key.cast for key in keys])
    parameters = {
        **given,
        "now": work.now,
        "actor": work.principal.subject,
        "roles": " ".join(sorted(work.principal.roles)),
        "action": listing.action,
        "purpose": work.purpose,
        "reason": work.reason,
        "object_type": listing.object_type,
        "request_id": work.request_id,
        "details": json.dumps(noted or {}),
    }

    async def page(after: Sequence[Any] | None, size: int, joint: str) -> tuple[bytes, bool, list[str]]:
        statement = _page_of(work.house.schema.name, listing, names, asked.sort, after is not None)
        places = {f"after_{number}": value for number, value in enumerate(after or ())}
        async with work.house.database.reader() as connection:
            cursor = await connection.execute(statement, {**parameters, **places, "size": size, "joint": joint}, prepare=True, binary=True)
            row = await cursor.fetchone()
        assert row is not None
        return row[0], row[1], row[2]

    async def lines() -> AsyncIterator[bytes]:
        after, more = start, True
        while more:
            body, more, mark = await page(after, CHUNK, "\n")
            after = [READ[key.cast](value) for key, value in zip(keys, mark, strict=True)] if more else None
            if body:
                yield body + b"\n"

    if asked.form == "ndjson":
        return Found(lines=lines())
    if asked.form == "xlsx":
        return Found(book=await workbook_of(work, listing.item, [line async for chunk in lines() for line in chunk.splitlines()]))
    body, more, mark = await page(start, asked.limit, ",")
    found = Found(b"[" + body + b"]", following(work, listing, asked, given, mark) if more else None)
    if asked.count:
        async with work.house.database.reader() as connection:
            rows = await (await connection.execute(_counts_of(listing, names), given)).fetchall()
        found.total, found.counts = _counted(rows, listing.counted)
    return found


def _counted(rows: Sequence[Sequence[Any]], groups: Iterable[str]) -> tuple[int, dict[str, dict[str, int]]]:
    total, counts = 0, {group: dict[str, int]() for group in groups}
    for group, value, number in rows:
        if not group:
            total = number
        elif value is not None:
            counts[group][value] = number
    return total, counts


# --- lists through SQLAlchemy


_CASTS: Mapping[type, Casts] = {UUID: "uuid", date: "date", datetime: "timestamptz", int: "bigint", str: "text"}


async def find_rows(
    work: Work,
    listing: Rows,
    asked: Asked,
    query: Select[Any],
    filters: Filters,
    *,
    shape: Callable[[Any], BaseModel] | None = None,
    shapes: Callable[[Sequence[Any]], Awaitable[Sequence[BaseModel]]] | None = None,
    noted: Mapping[str, Any] | None = None,
    about: Sequence[UUID | str] = (),
) -> Found:
    """What a list through SQLAlchemy holds for this caller. `query` is already narrowed to scope and `filters`, which bind the cursor. `shape`: a row (the
    entity, the tuple of several columns, or the named row of a plain table) → an item; `shapes`: the same for a page, where that asks the database.
    `about`: whose list it is, which the audit row names in place of the items, also where there are none. Raises BadCursor.
    """
    columns = [query.selected_columns[key] if isinstance(key, str) else key for key in listing.sorts[asked.by]]
    casts = [_CASTS[column.type.python_type] for column in columns]
    start = position(work, listing, asked, filters, casts)
    width, named = len(query.column_descriptions), not any(described.get("entity") for described in query.column_descriptions)
    ordered = query.add_columns(*columns).order_by(None).order_by(*(column.desc() if asked.falling else column for column in columns))
    shaped = shape or listing.item.model_validate
    dumps = TypeAdapter(listing.item).dump_json

    async def page(after: Sequence[Any] | None, size: int) -> tuple[list[bytes], Sequence[Any] | None]:
        statement = ordered.limit(size + 1)
        if after is not None:
            row, there = tuple_(*columns), tuple_(*(literal(value, column.type) for value, column in zip(after, columns, strict=True)))
            statement = statement.where(row < there if asked.falling else row > there)
        rows = (await work.session.execute(statement)).all()
        shown = [row._mapping if named else row[0] if width == 1 else row[:width] for row in rows[:size]]
        if listing.action and (shown or noted or about):
            heads = [row if hasattr(row, listing.noted) else row[0] for row in rows[:size]]
            things = about or dict.fromkeys(thing for head in heads if (thing := getattr(head, listing.noted)) is not None)
            await work.note(listing.action, listing.object_type, *things, details=dict(noted or {}))
        last = tuple(rows[size - 1][width:]) if len(rows) > size else None
        return [dumps(item) for item in (await shapes(shown) if shapes else map(shaped, shown))], last

    if asked.form != "json":
        whole, after = list[bytes](), start
        while True:
            items, after = await page(after, CHUNK)
            whole += items
            if after is None:
                break
        return await _found(work, listing, asked, filters, whole, None)
    found = await _found(work, listing, asked, filters, *await page(start, asked.limit))
    if asked.count:
        found.total = (await work.session.execute(select(func.count()).select_from(query.order_by(None).subquery()))).scalar_one()
        for group, named_column in listing.counted.items():
            column = query.selected_columns[named_column] if isinstance(named_column, str) else named_column
            grouped = query.with_only_columns(column, func.count()).order_by(None).group_by(column)
            found.counts[group] = {str(value): number for value, number in await work.session.execute(grouped) if value is not None}
    return found


async def _found(work: Work, listing: Listing, asked: Asked, filters: Filters, items: Sequence[bytes], last: Sequence[Any] | None) -> Found:
    async def once() -> AsyncIterator[bytes]:
        yield b"".join(item + b"\n" for item in items)

    if asked.form != "json":
        return Found(book=await workbook_of(work, listing.item, items)) if asked.form == "xlsx" else Found(lines=once())
    return Found(b"[" + b",".join(items) + b"]", following(work, listing, asked, filters, last) if last is not None else None)


# --- lists that a use case has made


async def find_made(
    work: Work,
    listing: Made,
    asked: Asked,
    items: Sequence[BaseModel],
    filters: Filters | None = None,
    *,
    noted: Mapping[str, Any] | None = None,
    about: Sequence[UUID | str] = (),
) -> Found:
    """What a list that was made as a whole shows to this caller. `about`: whose list it is, which the audit row names in place of the items. Raises
    BadCursor.
    """
    keys, filters = listing.sorts[asked.by], filters or {}
    start = position(work, listing, asked, filters, [*(key.cast for key in keys), "int"])
    # The place in which an item was made tells equal ones apart: a history may hold two steps of one moment.
    values = [attrgetter(key.sql) for key in keys]
    ordered = sorted(((*(value(item) for value in values), place), item) for place, item in enumerate(items))
    if asked.falling:
        ordered.reverse()
    if start is not None:
        ordered = [(mark, item) for mark, item in ordered if (mark < tuple(start) if asked.falling else mark > tuple(start))]
    more = asked.form == "json" and len(ordered) > asked.limit
    shown = ordered[: asked.limit] if more else ordered
    if listing.action:
        things = about or dict.fromkeys(getattr(item, listing.noted) for _, item in shown)
        await work.note(listing.action, listing.object_type, *things, details=dict(noted or {}))
    dumps = TypeAdapter(listing.item).dump_json
    found = await _found(work, listing, asked, filters, [dumps(item) for _, item in shown], shown[-1][0] if more else None)
    if asked.count:
        found.total = len(items)
        for group, name in listing.counted.items():
            values = Counter(str(value) for item in items if (value := getattr(item, name)) is not None)
            found.counts[group] = dict(sorted(values.items()))
    return found
