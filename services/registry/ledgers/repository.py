"""Every question of ledgers to the register: set-based, by blind index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import delete, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.work import Work
from services.registry.ledgers.tables import TABLES, LedgerConflict
from services.registry.people.policy import may_read_closed
from services.registry.people.tables import Person

_MATCH = """
update registry.ledger_row r set object_id = m.person_id
  from (select q.number, p.id as person_id from registry.ledger_row q
          left join registry.person p on p.id_number_index = q.key_index and (q.kind = 'person' or p.division_code like any(:scope))
         where q.import_id = :import and (cast(:numbers as int[]) is null or q.number = any(:numbers))) m
 where r.import_id = :import and r.number = m.number and r.object_id is distinct from m.person_id"""


async def match_people(session: AsyncSession, import_id: UUID, scope: Sequence[str], numbers: Sequence[int] | None = None) -> None:
    """Find the registered person of each row. For rows that only add to a person, persons outside `scope` do not exist."""
    parameters = {
        "import": import_id,
        "scope": [prefix + "%" for prefix in scope],
        "numbers": list(numbers) if numbers is not None else None,
    }
    await session.execute(text(_MATCH), parameters)


def concealed(work: Work) -> sa.ColumnElement[bool] | None:
    """Rows whose person's record is closed: of a committed ledger they are for the records officer alone (domain 2.5, 11.1)."""
    if may_read_closed(work.principal, work.purpose):
        return None
    return sa.exists().where(col(Person.id_number_index) == TABLES.rows.c.key_index, col(Person.state) == "closed").correlate(TABLES.rows)


def _shown(work: Work) -> list[sa.ColumnElement[bool]]:
    """Conflicts whose row is shown."""
    hidden, job, rows = concealed(work), TABLES.imports.alias("committed"), TABLES.rows
    if hidden is None:
        return []
    place = (rows.c.import_id == LedgerConflict.import_id, rows.c.number == LedgerConflict.number)
    return [~sa.exists().where(*place, job.c.id == rows.c.import_id, job.c.state == "committed", hidden).correlate(LedgerConflict)]


async def rows_where(session: AsyncSession, import_id: UUID, numbers: Sequence[int] | None, *where: Any) -> list[int]:
    """Numbers of accepted rows for which all of `where` holds."""
    t = TABLES.rows
    query = select(t.c.number).where(t.c.import_id == import_id, t.c.disposition == "accept", *where)
    if numbers is not None:
        query = query.where(t.c.number.in_(numbers))
    return list((await session.execute(query.order_by(t.c.number))).scalars())


_KNOWN = """
select r.number, r.kind, r.record_sealed, p.id as person_id, p.name, p.division_code, p.village_code, p.phone_sealed, p.address_sealed, p.drugs,
       p.registered_on, p.status, p.status_since, p.state, coalesce(s.since_month_only, false) as month_only, coalesce(s.reason, '') as reason
  from registry.ledger_row r
  join registry.person p on p.id = r.object_id
  left join lateral (select s.since_month_only, s.reason from registry.standing s
                      where s.person_id = p.id and s.since = p.status_since and s.status = p.status
                        and not exists (select 1 from registry.standing c where c.corrects_id = s.id)
                      order by s.recorded_at desc, s.id desc limit 1) s on true
 where r.import_id = :import and r.disposition = 'accept' and (cast(:numbers as int[]) is null or r.number = any(:numbers))
   and (cast(:people as bool) is null or (r.kind = 'person') = :people)
 order by r.number"""


async def known_people(
    session: AsyncSession, import_id: UUID, numbers: Sequence[int] | None = None, *, ledger: bool | None = None
) -> Sequence[sa.RowMapping]:
    """Accepted rows whose person is registered, with what the register says. `ledger`: only rows of person ledgers, or only the others."""
    parameters = {"import": import_id, "numbers": list(numbers) if numbers is not None else None, "people": ledger}
    return (await session.execute(text(_KNOWN), parameters)).mappings().all()


# Lateral: the doubles are few, and a table that was filled a moment ago has no statistics by which a join could know.
_DOUBLES = """
select m.number, m.record_sealed, f.number as other_number, f.record_sealed as other_sealed
  from registry.ledger_row m
  cross join lateral (select f.number, f.record_sealed from registry.ledger_row f
                       where f.key_index = m.key_index and f.import_id = m.import_id and f.kind = m.kind and f.disposition = 'accept'
                       order by f.number limit 1) f
 where m.import_id = :import and m.kind = 'person' and m.disposition = 'duplicate'
 order by m.number"""


async def doubles_in_file(session: AsyncSession, import_id: UUID) -> Sequence[sa.RowMapping]:
    """Duplicate rows with the accepted row of the same person: number, other_number, both records."""
    return (await session.execute(text(_DOUBLES), {"import": import_id})).mappings().all()


_BY_PLACE = """
select r.* from registry.ledger_row r
  join unnest(cast(:imports as uuid[]), cast(:numbers as int[])) as w(import_id, number) on r.import_id = w.import_id and r.number = w.number"""


async def rows_by_place(session: AsyncSession, places: Sequence[tuple[UUID, int]]) -> dict[tuple[UUID, int], sa.RowMapping]:
    """Rows by import and number."""
    parameters = {"imports": [owner for owner, _ in places], "numbers": [number for _, number in places]}
    found = await session.execute(text(_BY_PLACE), parameters)
    return {(row["import_id"], row["number"]): row for row in found.mappings()}


async def conflicts_of(session: AsyncSession, import_id: UUID) -> Sequence[LedgerConflict]:
    """Every conflict that an import's rows take part in, on either side."""
    query = select(LedgerConflict).where(or_(col(LedgerConflict.import_id) == import_id, col(LedgerConflict.other_import_id) == import_id))
    return (await session.execute(query.order_by(col(LedgerConflict.decided_at), col(LedgerConflict.id)))).scalars().all()


Place = tuple[str, int]
"""Sheet and row, which stay the same when a file is read again."""


async def conflicts_with_places(session: AsyncSession, import_id: UUID) -> list[tuple[LedgerConflict, Place, Place]]:
    """Every conflict that an import's rows take part in, with the places of its sides (the register's is empty). Detached: their rows may go."""
    mine, theirs = TABLES.rows.alias("mine"), TABLES.rows.alias("theirs")
    query = (
        select(LedgerConflict, mine.c.sheet, mine.c.row, theirs.c.sheet.label("other_sheet"), theirs.c.row.label("other_row"))
        .join(mine, (mine.c.import_id == LedgerConflict.import_id) & (mine.c.number == LedgerConflict.number))
        .outerjoin(theirs, (theirs.c.import_id == LedgerConflict.other_import_id) & (theirs.c.number == LedgerConflict.other_number))
        .where(or_(col(LedgerConflict.import_id) == import_id, col(LedgerConflict.other_import_id) == import_id))
    )
    found = (await session.execute(query)).all()
    for entry in found:
        session.expunge(entry[0])
    return [(conflict, (sheet, row), (other_sheet or "", other_row or 0)) for conflict, sheet, row, other_sheet, other_row in found]


async def conflicts_after(work: Work, import_id: UUID, state: str | None, after: tuple[int, UUID] | None, size: int) -> Sequence[Any]:
    """Conflicts of an import that the caller is shown, in the order of its rows, with the places of both sides."""
    mine, theirs = TABLES.rows.alias("mine"), TABLES.rows.alias("theirs")
    job, other = TABLES.imports.alias("job"), TABLES.imports.alias("other")
    query = (
        select(
            LedgerConflict,
            job.c.file_name,
            mine.c.sheet,
            mine.c.row,
            other.c.file_name.label("other_file"),
            theirs.c.sheet.label("other_sheet"),
            theirs.c.row.label("other_row"),
        )
        .join(mine, (mine.c.import_id == LedgerConflict.import_id) & (mine.c.number == LedgerConflict.number))
        .join(job, job.c.id == LedgerConflict.import_id)
        .outerjoin(theirs, (theirs.c.import_id == LedgerConflict.other_import_id) & (theirs.c.number == LedgerConflict.other_number))
        .outerjoin(other, other.c.id == LedgerConflict.other_import_id)
        .where(col(LedgerConflict.import_id) == import_id, *_shown(work))
    )
    if state is not None:
        query = query.where(col(LedgerConflict.state) == state)
    if after is not None:
        query = query.where(sa.tuple_(col(LedgerConflict.number), col(LedgerConflict.id)) > sa.tuple_(*after))
    return (await work.session.execute(query.order_by(col(LedgerConflict.number), col(LedgerConflict.id)).limit(size))).all()


async def conflict(work: Work, import_id: UUID, conflict_id: UUID) -> LedgerConflict | None:
    """One conflict of an import that the caller is shown, locked."""
    query = select(LedgerConflict).where(col(LedgerConflict.import_id) == import_id, col(LedgerConflict.id) == conflict_id, *_shown(work))
    return (await work.session.execute(query.with_for_update())).scalar_one_or_none()


async def mirror_of(session: AsyncSession, conflict: LedgerConflict) -> LedgerConflict | None:
    """The same contradiction between two ledgers as the other one has it on its list, locked."""
    if conflict.other_import_id is None or conflict.other_import_id == conflict.import_id:
        return None
    query = select(LedgerConflict).where(
        col(LedgerConflict.import_id) == conflict.other_import_id,
        col(LedgerConflict.number) == conflict.other_number,
        col(LedgerConflict.other_import_id) == conflict.import_id,
        col(LedgerConflict.other_number) == conflict.number,
        col(LedgerConflict.field) == conflict.field,
    )
    return (await session.execute(query.with_for_update())).scalars().first()


async def drop_conflicts(session: AsyncSession, conflict_ids: Sequence[UUID]) -> None:
    """Conflicts that are none any more."""
    if conflict_ids:
        await session.execute(delete(LedgerConflict).where(col(LedgerConflict.id).in_(conflict_ids)))


async def add_conflicts(session: AsyncSession, conflicts: Sequence[LedgerConflict]) -> None:
    """New conflicts."""
    session.add_all(conflicts)
    await session.flush()


async def reopen(session: AsyncSession, import_id: UUID, numbers: Sequence[int]) -> None:
    """What was decided about the standing of these rows cannot be written: it waits for a decision again."""
    table = LedgerConflict.metadata.tables["registry.ledger_conflict"]
    of_rows = sa.or_(
        sa.and_(table.c.import_id == import_id, table.c.number.in_(numbers)),
        sa.and_(table.c.other_import_id == import_id, table.c.other_number.in_(numbers)),
    )
    statement = sa.update(table).where(of_rows, table.c.field.in_(("status", "status_date")), table.c.state == "decided")
    cleared = {"state": "open", "choice": None, "reason": "", "decided_by": None, "decided_at": None}
    await session.execute(statement.values(**cleared, version=table.c.version + 1))


async def open_conflicts(session: AsyncSession, import_id: UUID) -> int:
    """How many wait for a decision."""
    query = select(sa.func.count()).select_from(LedgerConflict).where(col(LedgerConflict.import_id) == import_id)
    return int((await session.execute(query.where(col(LedgerConflict.state) == "open"))).scalar_one())
