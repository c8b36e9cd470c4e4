"""Every question to the persons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Uuid, bindparam, cast, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.db import copy_rows, new_id
from kit.lists import Json, Key
from kit.work import Work
from services.registry.divisions.repository import NAME
from services.registry.people.rules import ACTIONS, ENDS_SUPERVISION, RECORD
from services.registry.people.schemas import PersonNamed, PersonRow
from services.registry.people.tables import Person, PersonChange, Standing
from services.registry.staff.repository import CARED_FOR

_SHOWN = f"""p.id, p.name, p.sex, extract(year from p.birth_date)::int as birth_year, p.division_code, {NAME.format(code="p.division_code")} as division_name,
            p.village_code, {NAME.format(code="p.village_code")} as village_name,
            {{status}} as status, p.status_since, {{support}} as support, p.id_number_masked as id_number, p.phone_masked as phone, p.state"""
_TREATED = "p.status = 'maintenance_treatment'"
_WITHHELD = "nullif(p.status, 'maintenance_treatment')"
_FILTERS = {
    "towns": "p.division_code like any(%(towns)s::text[])",
    "person": "p.id = %(person)s::uuid",
    "team": CARED_FOR.format(person="p.id"),
    "today": "%(today)s::date is not null",
    "ours": "(%(ours)s and p.status <> all(array['transferred_out', 'erroneous']))",
    "status": "p.status = %(status)s",
    "index": "p.id_number_index = %(index)s",
    "phone": "p.phone_index = %(phone)s",
    "name": "p.name like %(name)s",
    "pinyin": "(replace(p.name_pinyin, ' ', '') like %(pinyin)s or p.name_initials like %(pinyin)s)",
}
PEOPLE = Json(
    name="registry.people",
    item=PersonRow,
    columns=_SHOWN.format(status="p.status", support=_TREATED),
    source="registry.person p",
    always="p.state = 'open'",
    filters=_FILTERS,
    sorts={
        "id": (Key("p.id", "uuid"),),
        "name": (Key("p.name_pinyin"), Key("p.id", "uuid")),
        "status_since": (Key("p.status_since", "date"), Key("p.id", "uuid")),
    },
    default="id",
    counted={"status": "p.status", "division_code": "p.division_code"},
    action="person.list",
    object_type="person",
)
PEOPLE_IN_CARE = replace(
    PEOPLE,
    name="registry.people_in_care",
    columns=_SHOWN.format(status=_WITHHELD, support=_TREATED),
    filters={**_FILTERS, "status": f"{_WITHHELD} = %(status)s"},
    counted={"status": _WITHHELD, "division_code": "p.division_code"},
)
"""The same for those who may not know who is in maintenance treatment: a support flag stands for it (domain 11.1)."""
NAMED = replace(
    PEOPLE,
    name="registry.people_named",
    item=PersonNamed,
    columns="p.id, p.name",
    filters={**_FILTERS, "ids": "p.id = any(%(ids)s::uuid[])"},
    action="person.names",
)
"""Names beside the ids of other lists and answers, for whoever would find the persons in this one."""
SEARCH = replace(PEOPLE, name="registry.people_found", action="person.search")
SEARCH_IN_CARE = replace(PEOPLE_IN_CARE, name="registry.people_found_in_care", action="person.search")


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
       state = case when p.state = :closed and l.status <> all(:ends) then :open else p.state end,
       closed_on = case when p.state = :closed and l.status <> all(:ends) then null else p.closed_on end
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
    again = RECORD.step("closed", "standing")
    (closed,) = again.origins
    parameters = {"people": person_ids, "now": now, "ends": sorted(ENDS_SUPERVISION), "open": again.target, "closed": closed}
    return (await session.execute(text(_FOLLOW), parameters)).all()


async def changes_of(session: AsyncSession, person_id: UUID) -> Sequence[PersonChange]:
    """The history of a person, newest first."""
    query = select(PersonChange).where(col(PersonChange.person_id) == person_id).order_by(col(PersonChange.id).desc())
    return (await session.execute(query)).scalars().all()


async def close_records(work: Work, days: Mapping[UUID, date]) -> None:
    """Close the records of persons whose supervision ended, each from its day (domain 2.5). A closed one stays as it is."""
    declared = RECORD.step("open", "close")
    table = Person.metadata.tables["registry.person"]
    ids = func.any(cast(sorted(days), ARRAY(Uuid)))
    statement = update(table).where(table.c.id == ids, table.c.state.in_(sorted(declared.origins)))
    closed = (
        await work.session.execute(
            statement.values(state=declared.target, version=table.c.version + 1, updated_at=work.now).returning(table.c.id)
        )
    ).scalars()
    changes = [
        {
            "id": new_id(),
            "person_id": person_id,
            "action": ACTIONS["close"],
            "before": {},
            "after": {"closed_on": days[person_id].isoformat()},
            "legal_source": declared.source,
            "reason": "",
            "recorded_by": work.principal.subject,
            "recorded_at": work.now,
        }
        for person_id in sorted(closed)
    ]
    if changes:
        day = update(table).where(table.c.id == bindparam("person")).values(closed_on=bindparam("day"))
        connection = await work.session.connection()
        await connection.execute(day, [{"person": change["person_id"], "day": days[change["person_id"]]} for change in changes])
        await copy_rows(work.session, Person.metadata.tables["registry.person_change"], changes)
