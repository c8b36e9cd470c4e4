"""Every question to the check-ins: sets, never a row at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection, sql
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kit.db import driver
from services.alerts.checkins.rules import ELSEWHERE, NEAR_KM, SKEW_NOTED
from services.alerts.watched.rules import running_sql

CHANNEL = "alerts_checkins"
"""Told at commit that there is something to observe."""


@dataclass(frozen=True, slots=True)
class Row:
    """One check-in ready to be stored."""

    n: int
    id: UUID
    person_id: UUID
    client_key: str
    at: datetime
    lon: float
    lat: float
    accuracy_m: float | None
    source: str
    cell: int
    skew_s: int


_TODAY = "%(today)s::date"
_AT_DAY = "(g.at at time zone 'Asia/Shanghai')::date"
_RUNS = f"{running_sql('w', _TODAY)} and w.since <= {_AT_DAY}"

_FROM_ARRAYS = """(select * from unnest(%(n)s::int[], %(id)s::uuid[], %(person)s::uuid[], %(key)s::text[], %(at)s::timestamptz[], %(lon)s::float8[], %(lat)s::float8[],
              %(accuracy)s::real[], %(source)s::text[], %(cell)s::int8[], %(skew)s::int[])
              as a(n, id, person_id, client_key, at, lon, lat, accuracy_m, source, cell, skew_s))"""

# One statement: who may be taken (scope and a measure that runs today and had begun on that day), the rows, and what the detectors have to look at.
# The county is that of the nearest known centre on a local plane: good to telling one county from the next, and to nothing far from all of them.
_STORE = """
with allowed as (
  select g.*, town.division_code, coalesce(centre.county, %(county)s) as county_code
    from {given} g
    join lateral (select w.division_code from alerts.watched w
                   where w.person_id = g.person_id and {runs}
                     and (%(own)s::uuid is null or w.person_id = %(own)s)
                     and (%(towns)s::text[] is null or w.division_code like any(%(towns)s::text[]))
                   order by w.since desc limit 1) town on true
    left join lateral (select case when d.square <= (%(near_km)s / 111.195) ^ 2 then left(p.division_code, 6) else %(elsewhere)s end as county
                   from alerts.place p, lateral (select ((p.lon - g.lon) * cos(radians(g.lat))) ^ 2 + (p.lat - g.lat) ^ 2 as square) d
                   where p.kind in ('seat', 'station') order by d.square limit 1) centre on true),
added as (
  insert into alerts.checkin (id, person_id, client_key, at, division_code, county_code, cell, lon, lat, accuracy_m, source, skew_s, recorded_by, received_at)
  select id, person_id, client_key, at, division_code, county_code, cell, lon, lat, accuracy_m, source, skew_s, %(actor)s, %(now)s from allowed order by n
  on conflict (person_id, client_key) do nothing
  returning id, at),
queued as (insert into alerts.unobserved (checkin_id, at) select id, at from added returning 1){noted}
select array(select n from allowed order by n), (select count(*) from added),
       array(select g.n from allowed g join alerts.checkin c using (person_id, client_key)
              where c.lon is not null and (c.lon, c.lat) is distinct from (g.lon, g.lat)),
       case when exists (select 1 from queued) then pg_notify('alerts_checkins', '') end"""


_NOTED = """,
noted as (
  insert into alerts.audit (at, actor, roles, action, purpose, reason, object_type, object_ids, request_id, details)
  select %(now)s, %(actor)s, %(roles)s, 'checkin.record', '', '', 'person', jsonb_agg(distinct person_id::text), %(request_id)s,
         jsonb_build_object('accepted', (select count(*) from added), 'duplicates', count(*) - (select count(*) from added),
                            'skewed', count(*) filter (where abs(skew_s) > %(skew_noted)s))
    from allowed having count(*) > 0)"""


def _store(given: LiteralString, noted: LiteralString) -> bytes:
    return _STORE.format(given=given, runs=_RUNS, noted=noted).encode()


_STORE_ARRAYS = _store(_FROM_ARRAYS, _NOTED)
_STORE_STAGED = _store("checkin_stage", "")


@dataclass(frozen=True, slots=True)
class Bringer:
    """Who brings check-ins, and whose they may be: their own, or those of persons in their towns. Also what the audit row says."""

    own: UUID | None
    towns: list[str] | None
    actor: str
    roles: str
    request_id: str
    today: date
    now: datetime
    county: str

    def parameters(self) -> dict[str, Any]:
        """The values by name, as statements take them (`dataclasses.asdict` would copy each one deeply, on the hottest path there is)."""
        return {"near_km": NEAR_KM, "elsewhere": ELSEWHERE, **{name: getattr(self, name) for name in _BRINGER}}


_BRINGER = tuple(field.name for field in fields(Bringer))


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of rows: the numbers of those that stand (new or known), how many were new, and those whose key names another check-in."""

    known: set[int]
    added: int
    clashing: set[int]


async def store_batch(session: AsyncSession, rows: Sequence[Row], bringer: Bringer) -> Stored:
    """Store a batch with its audit row, in one statement."""
    columns = {
        "n": [r.n for r in rows],
        "id": [r.id for r in rows],
        "person": [r.person_id for r in rows],
        "key": [r.client_key for r in rows],
        "at": [r.at for r in rows],
        "lon": [r.lon for r in rows],
        "lat": [r.lat for r in rows],
        "accuracy": [r.accuracy_m for r in rows],
        "source": [r.source for r in rows],
        "cell": [r.cell for r in rows],
        "skew": [r.skew_s for r in rows],
    }
    connection = await driver(session)
    cursor = await connection.execute(_STORE_ARRAYS, {**columns, **bringer.parameters(), "skew_noted": SKEW_NOTED.total_seconds()})
    return await _stored(cursor)


async def _stored(cursor: Any) -> Stored:
    row = await cursor.fetchone()
    assert row is not None
    clashing = set(row[2])
    return Stored(set(row[0]) - clashing, int(row[1]), clashing)


_STAGE = """create temporary table if not exists checkin_stage (n int, id uuid, person_id uuid, client_key text, at timestamptz, lon float8, lat float8,
            accuracy_m real, source text, cell int8, skew_s int) on commit delete rows"""
_TYPES = ("int4", "uuid", "uuid", "text", "timestamptz", "float8", "float8", "float4", "text", "int8", "int4")


class Stage:
    """A temporary table that an import fills by COPY and empties into the check-ins, in the caller's transaction."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    async def load(self, rows: Sequence[Row]) -> None:
        """Add rows by binary COPY."""
        await self._connection.execute(_STAGE.encode())
        async with self._connection.cursor() as cursor, cursor.copy(sql.SQL("copy checkin_stage from stdin (format binary)")) as copy:
            copy.set_types(_TYPES)
            for r in rows:
                await copy.write_row((r.n, r.id, r.person_id, r.client_key, r.at, r.lon, r.lat, r.accuracy_m, r.source, r.cell, r.skew_s))

    async def store(self, bringer: Bringer) -> Stored:
        """Store what was loaded since the last time; as `store_batch`, but the import notes itself once."""
        cursor = await self._connection.execute(_STORE_STAGED, bringer.parameters())
        stored = await _stored(cursor)
        await self._connection.execute(b"delete from checkin_stage")
        return stored


async def stage(session: AsyncSession) -> Stage:
    """The stage of this session's connection."""
    return Stage(await driver(session))


TRAJECTORY_MAX = 2000


async def trajectory(session: AsyncSession, person_id: UUID, since: datetime, until: datetime) -> Sequence[Any]:
    """Check-ins of a person in [since, until), oldest first; one more than the limit when there are more."""
    statement = text(
        """select id, at, lon, lat, accuracy_m, cell, county_code, source, skew_s from alerts.checkin
            where person_id = :person and at >= :since and at < :until order by at, id limit :size"""
    )
    parameters = {"person": person_id, "since": since, "until": until, "size": TRAJECTORY_MAX + 1}
    return (await session.execute(statement, parameters)).mappings().all()


async def sweep(session: AsyncSession, *, today: date, points_before: datetime, rows_before: datetime) -> dict[str, int]:
    """Drop what may no longer be kept: old points, points of people whose measure ended, old rows. How many of each."""
    running = f"exists (select 1 from alerts.watched w where w.person_id = c.person_id and {running_sql('w', ':today')})"
    points = await session.execute(
        text(f"update alerts.checkin c set lon = null, lat = null where c.lon is not null and (c.at < :points or not {running})"),
        {"points": points_before, "today": today},
    )
    rows = await session.execute(
        text(f"delete from alerts.checkin c where c.at < :rows or (c.at < :points and not {running})"),
        {"rows": rows_before, "points": points_before, "today": today},
    )
    return {"points": _count(points), "rows": _count(rows)}


def _count(result: Any) -> int:
    return max(0, int(result.rowcount))
