"""Every question to the persons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Uuid, bindparam, cast, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.db import Database
from services.registry.people.rules import ENDS_SUPERVISION
from services.registry.people.tables import Person, PersonChange, Standing

_SHOWN = """p.id, p.name, p.sex, extract(year from p.birth_date)::int as birth_year, p.division_code, p.village_code,
            p.status, p.status_since, p.id_number_masked as id_number, p.phone_masked as phone, p.state"""

_FILTERS = {
    "towns": "p.division_code like any(%(towns)s::text[])",
    "division": "p.division_code = %(division)s",
    "status": "p.status = %(status)s",
    "person": "p.id = %(person)s::uuid",
    "index": "p.id_number_index = %(index)s",
    "phone": "p.phone_index = %(phone)s",
    "name": "p.name like %(name)s",
    "pinyin": "(replace(p.name_pinyin, ' ', '') like %(pinyin)s or p.name_initials like %(pinyin)s)",
    "after": "p.id > %(after)s::uuid",
}
_STILL_OURS = "p.status <> all(array['transferred_out', 'erroneous'])"

# One statement: the page, its audit row (law 8: one row per page, with the ids), and the JSON that goes to the client as it is (docs/performance.md).
_PAGE = """
with page as (select {shown} from registry.person p where p.state = 'open' and {where} order by p.id limit %(size)s),
     noted as (insert into registry.audit (at, actor, roles, action, purpose, reason, object_type, object_ids, request_id, details)
               select %(now)s, %(actor)s, %(roles)s, {noted} from page{having})
select convert_to(coalesce(json_agg(page)::text, '[]'), 'UTF8') as body, count(*) as shown, (array_agg(id order by id desc))[1]::text as last from page"""

_LIST = "'person.list', %(purpose)s, %(reason)s, 'person', jsonb_agg(id), %(request_id)s, '{}'"
_SEARCH = "'person.search', %(purpose)s, %(reason)s, 'person', coalesce(jsonb_agg(id), '[]'), %(request_id)s, %(asked)s::jsonb"
"""A search is noted without a hit too: whoever tries one value after another must leave a row for each."""


@lru_cache(maxsize=2 ** (len(_FILTERS) + 1))
def _page(given: frozenset[str]) -> bytes:
    """The statement for the filters that are given: fewer parameters, and a plan of its own for each combination."""
    clauses = [clause for name, clause in _FILTERS.items() if name in given]
    if "status" not in given:
        clauses.append(_STILL_OURS)
    noted, having = (_SEARCH, "") if "asked" in given else (_LIST, " having count(*) > 0")
    statement = _PAGE.replace("{shown}", _SHOWN).replace("{noted}", noted).replace("{having}", having)
    return statement.replace("{where}", " and ".join(clauses)).encode()


async def page_of_people(database: Database, parameters: Mapping[str, Any]) -> tuple[bytes, int, str | None]:
    """JSON of a page as bytes that nobody decodes, how many it shows, and the last id; the audit row is written by the same statement."""
    given = {name: value for name, value in parameters.items() if value is not None}
    async with database.reader() as connection:
        cursor = await connection.execute(_page(frozenset((_FILTERS.keys() | {"asked"}) & given.keys())), given, prepare=True, binary=True)
        row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1], row[2]


async def person(session: AsyncSession, person_id: UUID, *, for_update: bool = False) -> Person | None:
    """One person."""
    query = select(Person).where(col(Person.id) == person_id)
    return (await session.execute(query.with_for_update() if for_update else query)).scalar_one_or_none()


async def people_by_ids(session: AsyncSession, person_ids: Sequence[UUID]) -> Sequence[Person]:
    """These persons."""
    query = select(Person).where(col(Person.id) == func.any(cast(list(person_ids), ARRAY(Uuid))))
    return (await session.execute(query)).scalars().all()


async def person_by_index(session: AsyncSession, index: bytes) -> Person | None:
    """The person with this blind index of the ID number."""
    return (await session.execute(select(Person).where(col(Person.id_number_index) == index))).scalar_one_or_none()


async def brief_by_indexes(session: AsyncSession, indexes: Sequence[bytes]) -> dict[bytes, Row[bytes, UUID, str, str]]:
    """Index → (id, division_code, status) for those that are registered."""
    query = select(col(Person.id_number_index), col(Person.id), col(Person.division_code), col(Person.status))
    rows = await session.execute(query.where(col(Person.id_number_index).in_(indexes)))
    return {bytes(row.id_number_index): row for row in rows}


async def standing_now(session: AsyncSession, person_ids: Sequence[UUID]) -> Sequence[Any]:
    """Id, town, present standing and its day of these persons."""
    query = select(col(Person.id), col(Person.division_code), col(Person.status), col(Person.status_since))
    return (await session.execute(query.where(col(Person.id) == func.any(cast(list(person_ids), ARRAY(Uuid)))))).all()


async def standings_of(session: AsyncSession, person_id: UUID) -> Sequence[Standing]:
    """The standings of a person, oldest first, without the corrected ones."""
    corrected = select(col(Standing.corrects_id)).where(col(Standing.person_id) == person_id, col(Standing.corrects_id).is_not(None))
    query = select(Standing).where(col(Standing.person_id) == person_id, col(Standing.id).not_in(corrected))
    return (await session.execute(query.order_by(col(Standing.since), col(Standing.recorded_at), col(Standing.id)))).scalars().all()


async def standing(session: AsyncSession, person_id: UUID, standing_id: UUID) -> Standing | None:
    """One standing of a person."""
    return (
        await session.execute(select(Standing).where(col(Standing.id) == standing_id, col(Standing.person_id) == person_id))
    ).scalar_one_or_none()


async def recorded_at(session: AsyncSession, person_id: UUID, status: str, moment: datetime) -> Standing | None:
    """The standing that was written in the same act as something else, when nobody has taken it back."""
    corrected = select(col(Standing.corrects_id)).where(col(Standing.person_id) == person_id, col(Standing.corrects_id).is_not(None))
    query = select(Standing).where(
        col(Standing.person_id) == person_id,
        col(Standing.status) == status,
        col(Standing.recorded_at) == moment,
        col(Standing.id).not_in(corrected),
    )
    return (await session.execute(query)).scalars().first()


async def all_standings_of(session: AsyncSession, person_id: UUID) -> Sequence[Standing]:
    """Every standing of a person as it was recorded, oldest first."""
    query = select(Standing).where(col(Standing.person_id) == person_id)
    return (await session.execute(query.order_by(col(Standing.since), col(Standing.recorded_at), col(Standing.id)))).scalars().all()


_LATEST = """
select distinct on (s.person_id) s.person_id, s.id, s.status, s.since from registry.standing s
 where s.person_id = any(:people) and not exists (select 1 from registry.standing c where c.corrects_id = s.id)
 order by s.person_id, s.since desc, s.recorded_at desc, s.id desc"""

# A closed record opens again when the standing that now holds is one of supervision.
_FOLLOW = f"""
with latest as ({_LATEST})
update registry.person p
   set status = l.status, status_since = l.since, version = p.version + 1, updated_at = :now,
       state = case when p.state = 'closed' and l.status <> all(:ends) then 'open' else p.state end,
       closed_on = case when p.state = 'closed' and l.status <> all(:ends) then null else p.closed_on end
  from latest l
 where p.id = l.person_id and (p.status, p.status_since) is distinct from (l.status, l.since)
returning p.id, p.status, p.status_since, p.division_code"""


async def lock_people(session: AsyncSession, person_ids: Sequence[UUID]) -> None:
    """Hold these persons until the end of the transaction, in an order in which no two ledgers wait for each other."""
    await session.execute(text("select 1 from registry.person where id = any(:people) order by id for update"), {"people": person_ids})


async def latest_standings(session: AsyncSession, person_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Person → the standing that holds: the latest by its day, then by its recording, that nothing corrects."""
    return {row.person_id: row.id for row in await session.execute(text(_LATEST), {"people": person_ids})}


async def follow_standings(session: AsyncSession, person_ids: Sequence[UUID], now: datetime) -> Sequence[Any]:
    """Let the persons' rows say what their latest standings say; id, status, status_since and division_code of those that changed."""
    parameters = {"people": person_ids, "now": now, "ends": sorted(ENDS_SUPERVISION)}
    return (await session.execute(text(_FOLLOW), parameters)).all()


async def changes_of(session: AsyncSession, person_id: UUID) -> Sequence[PersonChange]:
    """The history of a person, newest first."""
    query = select(PersonChange).where(col(PersonChange.person_id) == person_id).order_by(col(PersonChange.id).desc())
    return (await session.execute(query)).scalars().all()


async def close_records(session: AsyncSession, days: Mapping[UUID, date], now: datetime) -> None:
    """Close the records of persons whose supervision ended, each from its day (domain 2.5). A closed one stays as it is."""
    table = Person.metadata.tables["registry.person"]
    statement = (
        update(table)
        .where(table.c.id == bindparam("person"), table.c.state == "open")
        .values(state="closed", closed_on=bindparam("day"), version=table.c.version + 1, updated_at=now)
    )
    connection = await session.connection()
    await connection.execute(statement, [{"person": person_id, "day": day} for person_id, day in sorted(days.items())])
