"""Every question of detection."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.work import Work
from services.alerts.checkins.points import points_of, points_since
from services.alerts.detection.tables import DetectionState, FirstSighting, LearnedPlace
from services.alerts.detectors.rules import CheckIn
from services.alerts.watched.rules import over_sql, running_sql

NAME = "checkins"


@dataclass(frozen=True, slots=True)
class Seen:
    """One check-in as detection takes it. `checkin` is None where the exact point is gone."""

    id: str
    person_id: str
    at: datetime
    county_code: str
    accuracy_m: float
    checkin: CheckIn | None
    usable: bool
    """The person's measure runs today, and detectors may look at check-ins of this source."""


_COLUMNS = f"""c.id, c.person_id::text as person_id, c.at, c.county_code, c.accuracy_m, c.source,
       exists (select 1 from alerts.watched w where w.person_id = c.person_id and {running_sql("w", "cast(:today as date)")})
       and (:phones or c.source <> 'app') as usable"""

# Two statements with arrays: a queue that has just been filled has no statistics yet, and a join would then read all of both tables.
_TAKE = text("""
delete from alerts.unobserved where checkin_id = any(array(select u.checkin_id from alerts.unobserved u order by u.at, u.checkin_id limit :size))
returning checkin_id, at""")

# The span of time lets Postgres open the one or two months that matter.
_TAKEN = text(
    f"select {_COLUMNS} from alerts.checkin_record c where c.id = any(:ids) and c.at >= :first and c.at <= :last order by c.at, c.id"
)

_REPLAY = text(f"""
select {_COLUMNS} from alerts.checkin_record c
 where c.at >= :since and not exists (select 1 from alerts.unobserved u where u.checkin_id = c.id)
 order by c.at, c.id""")


def _seen(row: Any, point: tuple[float, float] | None) -> Seen:
    checkin, accuracy_m = None, math.inf if row.accuracy_m is None else row.accuracy_m
    if point is not None:
        checkin = CheckIn(str(row.id), row.person_id, row.at, *point, accuracy_m, row.source)
    return Seen(str(row.id), row.person_id, row.at, row.county_code, accuracy_m, checkin, row.usable)


async def take_unobserved(work: Work, size: int, *, phones: bool) -> list[Seen]:
    """The oldest check-ins that no detector has taken: taken when this transaction commits. Points are opened here, and live in this process alone."""
    taken = (await work.session.execute(_TAKE, {"size": size})).all()
    if not taken:
        return []
    ids, first, last = [row.checkin_id for row in taken], min(row.at for row in taken), max(row.at for row in taken)
    points = await points_of(work, ids, first, last)
    parameters = {"ids": ids, "first": first, "last": last, "today": work.today, "phones": phones}
    return [_seen(row, points.get(row.id)) for row in await work.session.execute(_TAKEN, parameters)]


async def observed_since(work: Work, since: datetime, *, phones: bool) -> list[Seen]:
    """Check-ins already taken, from a moment on, whose point is still kept."""
    points = await points_since(work, since)
    rows = await work.session.execute(_REPLAY, {"since": since, "today": work.today, "phones": phones})
    return [_seen(row, points[row.id]) for row in rows if row.id in points]


async def held_state(session: AsyncSession, now: datetime) -> DetectionState:
    """How far detection has come, held until the end of the transaction: one process at a time."""
    await session.execute(
        text("insert into alerts.detection_state (name, counter, moved_at) values (:name, 0, :now) on conflict (name) do nothing"),
        {"name": NAME, "now": now},
    )
    return (await session.execute(select(DetectionState).where(col(DetectionState.name) == NAME).with_for_update())).scalar_one()


async def learned_places(session: AsyncSession, after: datetime) -> Sequence[LearnedPlace]:
    """Learned places that hold after a moment."""
    return (await session.execute(select(LearnedPlace).where(col(LearnedPlace.until) > after))).scalars().all()


async def add_learned(session: AsyncSession, rows: list[dict[str, Any]]) -> None:
    """Remember learned places."""
    if rows:
        await session.execute(insert(LearnedPlace), rows)


async def forget_learned(session: AsyncSession, day: date, before: datetime) -> int:
    """Drop learned places that ceased to hold before a moment, and what was learned of people for whom everything is over on a day. How many places."""
    over = over_sql("g.person_id", ":day")
    await session.execute(text(f"delete from alerts.first_sighting g where {over}"), {"day": day})
    statement = text(f"delete from alerts.learned_place g where g.until < :before or ({over}) returning 1")
    return len((await session.execute(statement, {"day": day, "before": before})).all())


async def first_sightings(session: AsyncSession) -> dict[str, datetime]:
    """Since when each person checks in."""
    rows = await session.execute(select(col(FirstSighting.person_id), col(FirstSighting.at)))
    return {str(person): at for person, at in rows}


async def add_first_sightings(session: AsyncSession, found: dict[str, datetime]) -> None:
    """Remember since when these persons check in."""
    if found:
        statement = text("insert into alerts.first_sighting (person_id, at) values (:person, :at) on conflict (person_id) do nothing")
        await session.execute(statement, [{"person": UUID(person), "at": at} for person, at in found.items()])


async def last_sightings(
    session: AsyncSession, county: str, since: datetime, *, phones: bool
) -> dict[str, tuple[datetime, str, datetime | None]]:
    """Person → time and county of the last check-in since a moment, and time of the last one out of the county."""
    statement = text(
        """select person_id::text, max(at), (array_agg(county_code order by at desc, id desc))[1], max(at) filter (where county_code <> :county)
             from alerts.checkin_record where at >= :since and (:phones or source <> 'app') group by person_id having bool_or(county_code <> :county)"""
    )
    rows = await session.execute(statement, {"county": county, "since": since, "phones": phones})
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


async def sightings_of(
    session: AsyncSession, person_ids: Sequence[str], since: datetime, maximum_accuracy_m: float, *, phones: bool
) -> Sequence[Any]:
    """(person, check-in, time, county) of these persons since a moment; poor fixes are left out."""
    statement = text(
        """select person_id::text as person_id, id::text as id, at, county_code from alerts.checkin_record c
            where person_id = any(:persons) and at >= :since and accuracy_m <= :accuracy and (:phones or source <> 'app')
              and (select u.checkin_id from alerts.unobserved u where u.checkin_id = c.id) is null
            order by person_id, at"""
    )
    parameters = {"persons": [UUID(person) for person in person_ids], "since": since, "accuracy": maximum_accuracy_m, "phones": phones}
    return (await session.execute(statement, parameters)).all()
