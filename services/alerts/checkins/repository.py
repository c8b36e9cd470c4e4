"""Every question to the check-ins: sets, never a row at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection, sql
from sqlalchemy import Select, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.db import driver
from kit.lists import Rows
from services.alerts.checkins.rules import ELSEWHERE, NEAR_KM, SKEW_NOTED
from services.alerts.checkins.schemas import TrajectoryPoint
from services.alerts.checkins.tables import CheckIn
from services.alerts.watched.rules import running_sql

CHANNEL = "alerts_checkins"
"""The channel that is notified at commit when there is something to observe."""


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
    sealed: bytes | None
    """The point, sealed; None when it is older than points are kept."""
    content: bytes
    """Keyed digest of the content under this name."""


_TODAY = "%(today)s::date"
_AT_DAY = "(g.at at time zone 'Asia/Shanghai')::date"
_RUNS = f"{running_sql('w', _TODAY)} and w.since <= {_AT_DAY}"

_FROM_ARRAYS = """(select * from unnest(%(n)s::int[], %(id)s::uuid[], %(person)s::uuid[], %(key)s::text[], %(at)s::timestamptz[],
              %(lon)s::float8[], %(lat)s::float8[], %(accuracy)s::real[], %(source)s::text[], %(cell)s::int8[], %(skew)s::int[], %(sealed)s::bytea[],
              %(content)s::bytea[])
              as a(n, id, person_id, client_key, at, lon, lat, accuracy_m, source, cell, skew_s, sealed, content))"""

KEY = "encode(substr(sha256(convert_to({person} || '|' || {key}, 'UTF8')), 1, 16), 'hex')::uuid"
"""The name of a check-in as it is kept."""

# One statement: who may be taken (scope and a measure that runs today and had begun on that day), the rows, and what the detectors have to look at.
# The county is that of the nearest known centre on a local plane: good to telling one county from the next, and to nothing far from all of them.
_STORE = """
with allowed as (
  select g.n, g.id, g.person_id, g.at, g.accuracy_m, g.source, g.cell, g.skew_s, g.sealed, g.content, {key} as key,
         town.division_code, coalesce(centre.county, %(county)s) as county_code
    from {given} g
    join lateral (select w.division_code from alerts.watched w
                   where w.person_id = g.person_id and {runs}
                     and (%(own)s::uuid is null or w.person_id = %(own)s)
                     and (%(towns)s::text[] is null or w.division_code like any(%(towns)s::text[]))
                   order by w.since desc limit 1) town on true
    left join lateral (select case when d.square <= (%(near_km)s / 111.195) ^ 2 then left(p.division_code, 6) else %(elsewhere)s end as county
                   from alerts.place p, lateral (select ((p.lon - g.lon) * cos(radians(g.lat))) ^ 2 + (p.lat - g.lat) ^ 2 as square) d
                   where p.kind in ('seat', 'station') order by d.square limit 1) centre on true),
named as (
  insert into alerts.checkin_key (key, at, content) select distinct on (key) key, at, content from allowed order by key, n
  on conflict (key) do nothing returning key),
added as (select distinct on (a.key) a.* from allowed a join named using (key) order by a.key, a.n),
recorded as (
  insert into alerts.checkin_record (id, person_id, at, division_code, county_code, cell, accuracy_m, source, skew_s, recorded_by, recorded_staff, received_at)
  select id, person_id, at, division_code, county_code, cell, accuracy_m, source, skew_s, %(actor)s, %(staff)s, %(now)s from added order by n
  returning id, at),
pointed as (
  insert into alerts.checkin_point (checkin_id, at, person_id, point_sealed)
  select id, at, person_id, sealed from added where sealed is not null order by n returning 1),
queued as (insert into alerts.unobserved (checkin_id, at) select id, at from recorded returning 1){noted}
select array(select n from allowed order by n), (select count(*) from recorded),
       array(select a.n from allowed a join alerts.checkin_key k using (key) where k.content <> a.content),
       (select count(*) from pointed), case when exists (select 1 from queued) then pg_notify('alerts_checkins', '') end"""


_NOTED = """,
noted as (
  insert into alerts.audit (at, actor, roles, action, purpose, reason, object_type, object_ids, request_id, details)
  select %(now)s, %(actor)s, %(roles)s, 'checkin.record', '', '', 'person', jsonb_agg(distinct person_id::text), %(request_id)s,
         jsonb_build_object('accepted', (select count(*) from recorded), 'duplicates', count(*) - (select count(*) from recorded),
                            'skewed', count(*) filter (where abs(skew_s) > %(skew_noted)s))
    from allowed having count(*) > 0)"""


def _store(given: LiteralString, noted: LiteralString) -> bytes:
    return _STORE.format(given=given, runs=_RUNS, noted=noted, key=KEY.format(person="g.person_id", key="g.client_key")).encode()


_STORE_ARRAYS = _store(_FROM_ARRAYS, _NOTED)
_STORE_STAGED = _store("checkin_stage", "")


@dataclass(frozen=True, slots=True)
class Bringer:
    """Who brings check-ins, and whose they may be: their own, or those of persons in their towns. Also what the audit row says."""

    own: UUID | None
    towns: list[str] | None
    actor: str
    staff: str | None
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
    """The result of storing rows: the numbers of those that stand (new or known), how many were new, and those whose key names another check-in."""

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
        "sealed": [r.sealed for r in rows],
        "content": [r.content for r in rows],
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
            accuracy_m real, source text, cell int8, skew_s int, sealed bytea, content bytea) on commit delete rows"""
_TYPES = ("int4", "uuid", "uuid", "text", "timestamptz", "float8", "float8", "float4", "text", "int8", "int4", "bytea", "bytea")


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
                await copy.write_row(
                    (
                        r.n,
                        r.id,
                        r.person_id,
                        r.client_key,
                        r.at,
                        r.lon,
                        r.lat,
                        r.accuracy_m,
                        r.source,
                        r.cell,
                        r.skew_s,
                        r.sealed,
                        r.content,
                    )
                )

    async def store(self, bringer: Bringer) -> Stored:
        """Store what was loaded since the last time; as `store_batch`, but the import notes itself once."""
        cursor = await self._connection.execute(_STORE_STAGED, bringer.parameters())
        stored = await _stored(cursor)
        await self._connection.execute(b"delete from checkin_stage")
        return stored


async def stage(session: AsyncSession) -> Stage:
    """The stage of this session's connection."""
    return Stage(await driver(session))


TRAJECTORY = Rows(
    name="alerts.trajectory",
    item=TrajectoryPoint,
    sorts={"at": (col(CheckIn.at), col(CheckIn.id))},
    default="at",
    counted={"source": col(CheckIn.source), "county_code": col(CheckIn.county_code)},
    action="checkin.trajectory",
    object_type="person",
    noted="person_id",
)


def trajectory(person_id: UUID, since: datetime, until: datetime) -> Select[Any]:
    """Check-ins of a person in [since, until)."""
    return select(CheckIn).where(col(CheckIn.person_id) == person_id, col(CheckIn.at) >= since, col(CheckIn.at) < until)


async def town_since(session: AsyncSession, towns: Sequence[str], since: datetime, until: datetime) -> dict[str, tuple[int, int]]:
    """Town → (check-ins, people who checked in) in [since, until), of the towns that these patterns name."""
    statement = text(
        """select division_code, count(*), count(distinct person_id) from alerts.checkin_record
            where division_code like any(:towns) and at >= :since and at < :until group by 1"""
    )
    rows = await session.execute(statement, {"towns": list(towns), "since": since, "until": until})
    return {row[0]: (row[1], row[2]) for row in rows}


async def assigned_to(session: AsyncSession, staff: str) -> frozenset[UUID]:
    """The people in open alerts that somebody was given to look at."""
    statement = text("select distinct unnest(person_ids) from alerts.alert where state <> 'closed' and assigned_to = :staff")
    return frozenset((await session.execute(statement, {"staff": staff})).scalars())


async def missing_days(session: AsyncSession, days: Sequence[date]) -> list[date]:
    """Those of these Shanghai days for which a check-in could not be stored yet."""
    statement = text(
        """select d from unnest(cast(:days as date[])) d
            where to_regclass('alerts.checkin_point_p' || to_char(d, 'YYYYMMDD')) is null
               or to_regclass('alerts.checkin_record_p' || to_char(d, 'YYYYMM')) is null order by 1"""
    )
    return list((await session.execute(statement, {"days": list(days)})).scalars())


async def make_partitions(session: AsyncSession, first: date, last: date) -> int:
    """Make what check-ins from a day to another need. How many partitions are new."""
    statement = text("select alerts.make_checkin_months(:first, :last) + alerts.make_checkin_days(:first, :last)")
    return int((await session.execute(statement, {"first": first, "last": last})).scalar_one())


async def drop_partitions(session: AsyncSession, points_before: date, records_before: date) -> int:
    """Drop the days of points and the months of records that lie wholly before these days. How many; one that is in use waits for the next time."""
    statement = text("select alerts.drop_checkin_partitions(:points, :records)")
    return int((await session.execute(statement, {"points": points_before, "records": records_before})).scalar_one())


async def people_not_running(session: AsyncSession, day: date) -> list[UUID]:
    """Known people for whom no measure runs on a day."""
    statement = text(
        f"""select distinct w.person_id from alerts.watched w
             where not exists (select 1 from alerts.watched r where r.person_id = w.person_id and {running_sql("r", ":day")})"""
    )
    return list((await session.execute(statement, {"day": day})).scalars())


async def erase_points(session: AsyncSession, person_ids: Sequence[UUID]) -> int:
    """Delete every point of these people, those that the first release kept among them. How many."""
    if not person_ids:
        return 0
    parameters = {"persons": list(person_ids)}
    landed = await session.execute(
        text("update alerts.checkin set lon = null, lat = null where lon is not null and person_id = any(:persons)"), parameters
    )
    sealed = await session.execute(text("delete from alerts.checkin_point where person_id = any(:persons)"), parameters)
    return _count(landed) + _count(sealed)


async def erase_records(session: AsyncSession, before: datetime, ended: Sequence[UUID], ended_before: datetime) -> int:
    """Delete records and names that are too old in the one month that still holds younger ones, and older records of people who owe nothing. How many."""
    old = await session.execute(text("delete from alerts.checkin_record where at < :before"), {"before": before})
    theirs = await session.execute(
        text("delete from alerts.checkin_record where person_id = any(:ended) and at < :before"),
        {"ended": list(ended), "before": ended_before},
    )
    await session.execute(text("delete from alerts.checkin_key where at < :before"), {"before": before})
    return _count(old) + _count(theirs)


def _count(result: Any) -> int:
    return max(0, int(result.rowcount))
