"""Questions to stations, staff and care teams."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from sqlalchemy import Select, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.db import new_id
from kit.lists import Rows
from kit.scope import Scope
from services.registry.staff.schemas import StaffAnswer, StationAnswer
from services.registry.staff.tables import CareTeamMember, StaffMember, Station

KEPT = frozenset({"sex"})
"""What a list that leaves it out does not take away: older lists never had the column."""


async def put(session: AsyncSession, table: type[Station] | type[StaffMember], rows: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """Insert or replace by `code`; how many are new and how many differ."""
    codes = [row["code"] for row in rows]
    known = set((await session.execute(select(col(table.code)).where(col(table.code).in_(codes)))).scalars())
    statement = insert(table).values([{**row, "id": new_id()} for row in rows])
    fields = [name for name in rows[0] if name != "code"]
    new = statement.excluded
    after = {name: func.coalesce(new[name], col(getattr(table, name))) if name in KEPT else new[name] for name in fields}
    different = or_(*(col(getattr(table, name)).is_distinct_from(after[name]) for name in fields))
    statement = statement.on_conflict_do_update(index_elements=["code"], set_=after, where=different)
    written = len((await session.execute(statement.returning(col(table.code)))).scalars().all())
    return len(codes) - len(known), written - (len(codes) - len(known))


STATIONS = Rows(
    name="registry.stations",
    item=StationAnswer,
    sorts={"code": (col(Station.code),), "name": (col(Station.name), col(Station.code))},
    default="code",
    counted={"kind": col(Station.kind), "division_code": col(Station.division_code)},
    action="station.list",
    object_type="station",
)


def stations_on(day: date, division_code: str | None) -> Select[Any]:
    """The stations of a day."""
    query = select(Station).where(col(Station.valid_from) <= day, or_(col(Station.valid_to).is_(None), col(Station.valid_to) > day))
    if division_code:
        query = query.where(col(Station.division_code) == division_code)
    return query


async def station_ids(session: AsyncSession, codes: Sequence[str]) -> dict[str, UUID]:
    """Station code → id."""
    rows = await session.execute(select(col(Station.code), col(Station.id)).where(col(Station.code).in_(codes)))
    return {row.code: row.id for row in rows}


STAFF = Rows(
    name="registry.staff",
    item=StaffAnswer,
    sorts={"code": (col(StaffMember.code),), "name": (col(StaffMember.name), col(StaffMember.code))},
    default="code",
    counted={"post": col(StaffMember.post), "division_code": col(StaffMember.division_code)},
    action="staff.list",
    object_type="staff",
)


def staff_of(scope: Scope, day: date, post: str | None) -> Select[Any]:
    """Staff of a day in these places."""
    query = select(StaffMember).where(
        col(StaffMember.valid_from) <= day,
        or_(col(StaffMember.valid_to).is_(None), col(StaffMember.valid_to) > day),
        scope.where(col(StaffMember.division_code)),
    )
    return query.where(col(StaffMember.post) == post) if post else query


async def staff_member(session: AsyncSession, code: str) -> StaffMember | None:
    """The staff member with a number."""
    return (await session.execute(select(StaffMember).where(col(StaffMember.code) == code))).scalar_one_or_none()


async def members(session: AsyncSession, codes: Sequence[str]) -> Sequence[StaffMember]:
    """The staff members with these numbers, those who left among them."""
    return (
        (await session.execute(select(StaffMember).where(col(StaffMember.code).in_(codes)).order_by(col(StaffMember.code)))).scalars().all()
    )


async def names_of(connection: AsyncConnection[Any], codes: Sequence[str]) -> dict[str, str]:
    """Staff number → name, of those who left too."""
    found = await connection.execute(
        b"select code, name from registry.staff_member where code = any(%s::text[])", [list(codes)], prepare=True
    )
    return dict(await found.fetchall())


async def cared_for_by(session: AsyncSession, code: str, day: date) -> list[UUID]:
    """The persons on whose care teams a member of staff in service is on a day."""
    query = (
        select(col(CareTeamMember.person_id))
        .join(StaffMember, col(StaffMember.id) == col(CareTeamMember.staff_id))
        .where(
            col(StaffMember.code) == code,
            col(StaffMember.valid_from) <= day,
            or_(col(StaffMember.valid_to).is_(None), col(StaffMember.valid_to) > day),
            col(CareTeamMember.since) <= day,
            or_(col(CareTeamMember.until).is_(None), col(CareTeamMember.until) > day),
        )
    )
    return list((await session.execute(query.order_by(col(CareTeamMember.person_id)).distinct())).scalars())


async def cares_for(session: AsyncSession, code: str, person_id: UUID, day: date) -> bool:
    """Whether a member of staff in service is on a person's care team on a day."""
    query = _CARE.where(col(StaffMember.code) == code, col(CareTeamMember.person_id) == person_id)
    in_force = query.where(
        col(StaffMember.valid_from) <= day,
        or_(col(StaffMember.valid_to).is_(None), col(StaffMember.valid_to) > day),
        col(CareTeamMember.since) <= day,
        or_(col(CareTeamMember.until).is_(None), col(CareTeamMember.until) > day),
    )
    return (await session.execute(in_force.limit(1))).first() is not None


_CARE = select(col(CareTeamMember.id)).join(StaffMember, col(StaffMember.id) == col(CareTeamMember.staff_id))

CARED_FOR = """exists (select 1 from registry.care_team_member t join registry.staff_member w on w.id = t.staff_id
   where t.person_id = {person} and w.code = %(team)s and t.since <= %(today)s::date and (t.until is null or t.until > %(today)s::date)
     and w.valid_from <= %(today)s::date and (w.valid_to is null or w.valid_to > %(today)s::date))"""
"""`cares_for` as a condition of a list: the person's column, and the parameters `team` (staff number) and `today`."""


async def end_memberships(session: AsyncSession, staff_id: UUID, on: date) -> int:
    """End what a leaving staff member still cares for; the number of memberships."""
    statement = update(CareTeamMember).where(col(CareTeamMember.staff_id) == staff_id, col(CareTeamMember.until).is_(None))
    return len((await session.execute(statement.values(until=on).returning(col(CareTeamMember.id)))).scalars().all())


TEAM = text(
    """select t.id, t.person_id, s.code as staff_code, s.name, t.post, t.since, t.until
         from registry.care_team_member t join registry.staff_member s on s.id = t.staff_id
        where t.person_id = :person and (:all or (t.since <= :day and (t.until is null or t.until > :day)))
        order by t.post, t.since, t.id"""
)


async def team_of(session: AsyncSession, person_id: UUID, day: date, *, past: bool) -> Sequence[Any]:
    """The care team of a person on a day, or with everybody who ever was in it."""
    return (await session.execute(TEAM, {"person": person_id, "day": day, "all": past})).mappings().all()


async def membership(session: AsyncSession, membership_id: UUID) -> CareTeamMember | None:
    """One membership."""
    return await session.get(CareTeamMember, membership_id)


# Persons of a town and the town's workers of one post are numbered and dealt round: nobody gets more than one person above anybody else.
FILL = text(
    """
with lacking as (
  select p.id, p.division_code, p.village_code, row_number() over (partition by p.division_code order by p.id) - 1 as number
    from registry.person p
   where p.state = 'open' and p.status <> all(:ending) and p.division_code like any(:towns)
     and not exists (select 1 from registry.care_team_member t where t.person_id = p.id and t.post = :post and t.until is null)),
workers as (
  select s.id, s.division_code, row_number() over (partition by s.division_code order by s.code) - 1 as number, count(*) over (partition by s.division_code) as many
    from registry.staff_member s
   where s.post = :post and s.valid_from <= :day and (s.valid_to is null or s.valid_to > :day)),
matched as (
  select l.id as person_id, w.id as staff_id from lacking l
    join workers w on w.division_code = l.division_code and l.number % w.many = w.number
   where :post <> 'grid_worker'
  union all
  select distinct on (l.id) l.id, w.id from lacking l join workers w on w.division_code like l.village_code || 'G%'
   where :post = 'grid_worker' order by 1, 2)
select person_id, staff_id from matched"""
)


async def fill_teams(session: AsyncSession, post: str, towns: Sequence[str], day: date, ending: Sequence[str]) -> int:
    """Give everybody without a team member of this post one of their town (grid workers: of their village); the number of memberships."""
    parameters = {"post": post, "towns": list(towns), "day": day, "ending": list(ending)}
    found = (await session.execute(FILL, parameters)).all()
    rows = [{"id": new_id(), "person_id": person, "staff_id": staff, "post": post, "since": day} for person, staff in found]
    for start in range(0, len(rows), 5000):
        await session.execute(insert(CareTeamMember).values(rows[start : start + 5000]).on_conflict_do_nothing())
    return len(rows)
