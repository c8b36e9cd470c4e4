"""Every question of ledgers to the register: set-based, by blind index."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import delete, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.lists import Rows
from kit.steps.machine import START
from kit.work import Work
from services.registry.ledgers.rules import CONFLICT, GONE
from services.registry.ledgers.schemas import ConflictAnswer
from services.registry.ledgers.tables import TABLES, LedgerConflict, LedgerConflictChange
from services.registry.measures.tables import Measure
from services.registry.people.policy import may_read_closed
from services.registry.people.repository import standing_now
from services.registry.people.rules import ENDS_SUPERVISION
from services.registry.people.tables import Person

_CANDIDATES = """
select r.number, r.kind, p.id as person_id, p.division_code, p.state, p.status, case when p.state = 'closed' or p.status = any(:gone) then r.record_sealed end
       as record_sealed
  from registry.ledger_row r left join registry.person p on p.id_number_index = r.key_index
 where r.import_id = :import and (cast(:numbers as int[]) is null or r.number = any(:numbers))"""


async def candidates(session: AsyncSession, import_id: UUID, numbers: Sequence[int] | None) -> Sequence[sa.RowMapping]:
    """Each row with the person registered under its number, in any town: only the policy may see this."""
    parameters = {"import": import_id, "gone": list(GONE), "numbers": list(numbers) if numbers is not None else None}
    return (await session.execute(text(_CANDIDATES), parameters)).mappings().all()


_LINK = """
update registry.ledger_row r set object_id = m.person_id
  from unnest(cast(:numbers as int[]), cast(:people as uuid[])) as m(number, person_id)
 where r.import_id = :import and r.number = m.number and r.object_id is distinct from m.person_id"""


async def link(session: AsyncSession, import_id: UUID, people: Mapping[int, UUID | None]) -> None:
    """Write which person a row is about, or none."""
    await session.execute(text(_LINK), {"import": import_id, "numbers": list(people), "people": list(people.values())})


_REGISTERED = """
update registry.ledger_row r set object_id = p.id from registry.person p
 where r.import_id = :import and r.number = any(:numbers) and p.id_number_index = r.key_index"""


async def link_registered(session: AsyncSession, import_id: UUID, numbers: Sequence[int]) -> None:
    """The rows that a moment ago registered their person."""
    await session.execute(text(_REGISTERED), {"import": import_id, "numbers": list(numbers)})


async def states_of(session: AsyncSession, import_id: UUID) -> set[UUID]:
    """The persons of an import whose record is open."""
    rows = TABLES.rows
    query = (
        select(col(Person.id))
        .join(rows, rows.c.object_id == col(Person.id))
        .where(rows.c.import_id == import_id, col(Person.state) == "open")
    )
    return set((await session.execute(query)).scalars())


_WRITTEN = """
select type, count(*) as number from registry.outbox where xid = pg_current_xact_id() and type = any(:types) group by type"""
_TOLD = {"person.moved": "moved", "measure.ended": "measures_ended"}


async def written(session: AsyncSession, before: Collection[UUID]) -> dict[str, int]:
    """What the running commit did to persons who were known before: moved, records closed, deaths, measures ended."""
    counts = {_TOLD[row.type]: row.number for row in await session.execute(text(_WRITTEN), {"types": list(_TOLD)})}
    closed = select(col(Person.status), sa.func.count()).where(
        col(Person.id) == sa.func.any(sa.cast(list(before), sa.ARRAY(sa.Uuid))), col(Person.state) == "closed"
    )
    ended = {str(row[0]): int(row[1]) for row in await session.execute(closed.group_by(col(Person.status)))}
    return {**counts, "closed": sum(ended.values()), "deaths": ended.get("dead", 0)}


async def measures_of_all(session: AsyncSession, people: Sequence[UUID]) -> Sequence[Measure]:
    """All measures of these persons."""
    query = select(Measure).where(col(Measure.person_id) == sa.func.any(sa.cast(list(people), sa.ARRAY(sa.Uuid))))
    return (await session.execute(query)).scalars().all()


async def standings_shown(session: AsyncSession, people: Sequence[UUID]) -> dict[UUID, tuple[str, date]]:
    """Person → the standing that the register shows and its day; nothing for whom supervision has ended."""
    found = await standing_now(session, people)
    return {one.id: (one.status, one.status_since) for one in found if one.status not in ENDS_SUPERVISION}


def _in_sight(work: Work) -> sa.ColumnElement[bool]:
    """Persons whose records the caller may open."""
    own = work.principal.reach.where(col(Person.division_code))
    return own if may_read_closed(work.principal, work.purpose) else own & (col(Person.state) == "open")


async def seen(work: Work, people: Collection[UUID]) -> Collection[UUID]:
    """Which of these persons the caller may know."""
    if not people:
        return ()
    wanted = sa.cast(list(people), sa.ARRAY(sa.Uuid))
    return set((await work.session.execute(select(col(Person.id)).where(col(Person.id) == sa.func.any(wanted), _in_sight(work)))).scalars())


def concealed(work: Work) -> sa.ColumnElement[bool]:
    """Rows that were taken over for a person whose record has closed since, or who belongs to another town now: of a committed ledger they are not shown.

    Only such rows have an object: a row that was held says nothing of the register and stays, as its sender wrote it.
    """
    return sa.exists().where(col(Person.id) == TABLES.rows.c.object_id, ~_in_sight(work)).correlate(TABLES.rows)


def _shown(work: Work) -> list[sa.ColumnElement[bool]]:
    """Conflicts whose row and whose person are shown."""
    hidden, job, rows = concealed(work), TABLES.imports.alias("committed"), TABLES.rows
    place = (rows.c.import_id == LedgerConflict.import_id, rows.c.number == LedgerConflict.number)
    gone = sa.exists().where(*place, job.c.id == rows.c.import_id, job.c.state == "committed", hidden).correlate(LedgerConflict)
    about = sa.exists().where(col(Person.id) == LedgerConflict.person_id, _in_sight(work)).correlate(LedgerConflict)
    return [~gone, col(LedgerConflict.person_id).is_(None) | about]


async def rows_where(session: AsyncSession, import_id: UUID, numbers: Sequence[int] | None, *where: Any) -> list[int]:
    """Numbers of accepted rows for which all of `where` holds."""
    t = TABLES.rows
    query = select(t.c.number).where(t.c.import_id == import_id, t.c.disposition == "accept", *where)
    if numbers is not None:
        query = query.where(t.c.number.in_(numbers))
    return list((await session.execute(query.order_by(t.c.number))).scalars())


async def records(session: AsyncSession, import_id: UUID, numbers: Sequence[int]) -> dict[int, bytes]:
    """Row → its sealed record."""
    t = TABLES.rows
    query = select(t.c.number, t.c.record_sealed).where(
        t.c.import_id == import_id, t.c.number == sa.func.any(sa.cast(list(numbers), sa.ARRAY(sa.Integer)))
    )
    return {number: bytes(record) for number, record in await session.execute(query)}


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
                         and not 'ROW_OUT_OF_SCOPE' = any(m.codes)
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


CONFLICTS = Rows(
    name="registry.conflicts",
    item=ConflictAnswer,
    sorts={"row_id": (col(LedgerConflict.number), col(LedgerConflict.id))},
    default="row_id",
    counted={"state": col(LedgerConflict.state), "field": col(LedgerConflict.field)},
    action="ledger.read_conflicts",
    object_type="person",
    noted="person_id",
)


def conflicts_shown(work: Work, import_id: UUID, state: str | None = None, conflict_id: UUID | None = None) -> Any:
    """Conflicts of an import that the caller is shown, or one of them, with the places of both sides."""
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
    if conflict_id is not None:
        query = query.where(col(LedgerConflict.id) == conflict_id)
    return query.where(col(LedgerConflict.state) == state) if state else query


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
    """Delete conflicts that no longer exist."""
    if conflict_ids:
        await session.execute(delete(LedgerConflict).where(col(LedgerConflict.id).in_(conflict_ids)))


async def add_conflicts(session: AsyncSession, conflicts: Sequence[LedgerConflict]) -> None:
    """New conflicts, or known ones that hang on other rows now."""
    session.add_all(conflicts)
    await session.flush()


async def begin_conflicts(work: Work, conflicts: Sequence[LedgerConflict]) -> None:
    """New conflicts with the step that made them: found, or decided with the other ledger's."""
    await add_conflicts(work.session, conflicts)
    event = {CONFLICT.step(START, name).target: name for name in ("find", "carry_over")}
    await _remember(work, [(one.id, event[one.state], START, one.choice) for one in conflicts])


async def reopen(work: Work, import_id: UUID, numbers: Sequence[int]) -> None:
    """What was decided about the standing of these rows cannot be written: it waits for a decision again."""
    table = LedgerConflict.metadata.tables["registry.ledger_conflict"]
    of_rows = sa.or_(
        sa.and_(table.c.import_id == import_id, table.c.number.in_(numbers)),
        sa.and_(table.c.other_import_id == import_id, table.c.other_number.in_(numbers)),
    )
    declared = CONFLICT.step("decided", "reopen")
    statement = sa.update(table).where(of_rows, table.c.field.in_(("status", "status_date")), table.c.state.in_(declared.origins))
    cleared = {"state": declared.target, "choice": None, "reason": "", "decided_by": None, "decided_at": None, "updated_at": work.now}
    reopened = await work.session.execute(statement.values(**cleared, version=table.c.version + 1).returning(table.c.id))
    await _remember(work, [(key, "reopen", "decided", None) for key in reopened.scalars()])


async def _remember(work: Work, steps: Sequence[tuple[UUID, str, str, str | None]]) -> None:
    """History of many steps at once: conflict, event, origin, choice."""
    rows = [
        {
            "object_id": key,
            "event": event,
            "from_state": origin,
            "to_state": CONFLICT.step(origin, event).target,
            "happened_on": work.today,
            "source": CONFLICT.step(origin, event).source,
            "reason": "",
            "choice": choice,
            "recorded_by": work.principal.subject,
            "recorded_at": work.now,
        }
        for key, event, origin, choice in steps
    ]
    if rows:
        await work.session.execute(sa.insert(LedgerConflictChange), rows)


async def open_conflicts(session: AsyncSession, import_id: UUID) -> int:
    """How many wait for a decision."""
    query = select(sa.func.count()).select_from(LedgerConflict).where(col(LedgerConflict.import_id) == import_id)
    return int((await session.execute(query.where(col(LedgerConflict.state) == "open"))).scalar_one())
