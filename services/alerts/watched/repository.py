"""Every question to the projection."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.alerts.watched.rules import over_sql, running_sql

_TELL = text("""
insert into alerts.watched (measure_id, person_id, kind, state, division_code, since, until, ended_on, told_at)
values (:measure_id, :person_id, :kind, :state, :division_code, :since, :until, :ended_on, :told_at)
on conflict (measure_id) do update set person_id = excluded.person_id, kind = excluded.kind, state = excluded.state,
       division_code = excluded.division_code, since = excluded.since, until = excluded.until, ended_on = excluded.ended_on, told_at = excluded.told_at
 where alerts.watched.told_at <= excluded.told_at""")


async def tell(session: AsyncSession, values: dict[str, Any]) -> None:
    """Store the registry's event about a measure, unless a newer one is stored."""
    await session.execute(_TELL, values)


async def move_person(session: AsyncSession, person_id: UUID, division_code: str, told_at: datetime) -> None:
    """Another town became responsible for a person's open measures."""
    statement = text(
        "update alerts.watched set division_code = :code, told_at = :told where person_id = :person and ended_on is null and told_at <= :told"
    )
    await session.execute(statement, {"code": division_code, "told": told_at, "person": person_id})


async def end_person(session: AsyncSession, person_id: UUID, on: date, told_at: datetime) -> None:
    """Nothing is owed from a day on, whatever the measure: death, transfer out, three years clean."""
    statement = text(
        """update alerts.watched set ended_on = :on, told_at = :told
            where person_id = :person and (ended_on is null or ended_on > :on) and told_at <= :told"""
    )
    await session.execute(statement, {"on": on, "told": told_at, "person": person_id})


async def division_of(session: AsyncSession, person_id: UUID, day: date) -> str | None:
    """The town of a person with a running measure, else None."""
    statement = text(
        f"select division_code from alerts.watched w where person_id = :person and {running_sql('w', ':day')} order by since desc limit 1"
    )
    return (await session.execute(statement, {"person": person_id, "day": day})).scalar_one_or_none()


async def hold_person(session: AsyncSession, person_id: UUID) -> None:
    """Let nobody else record something of this person until the end of the transaction."""
    await session.execute(
        text("select 1 from alerts.watched where person_id = :person order by measure_id for update"), {"person": person_id}
    )


async def divisions_of(session: AsyncSession, person_ids: Sequence[UUID], day: date) -> dict[UUID, str]:
    """Person → town, for those whose measure runs."""
    statement = text(
        f"select distinct on (person_id) person_id, division_code from alerts.watched w where person_id = any(:persons) and {running_sql('w', ':day')} order by person_id, since desc"
    )
    return {row[0]: row[1] for row in await session.execute(statement, {"persons": list(person_ids), "day": day})}


async def ending_between(session: AsyncSession, today: date, last: date) -> Sequence[Any]:
    """Running measures whose term ends after today and up to a day."""
    statement = text(
        f"select measure_id, person_id, division_code, until from alerts.watched w where {running_sql('w', ':today')} and until <= :last order by until, measure_id"
    )
    return (await session.execute(statement, {"today": today, "last": last})).mappings().all()


async def counts(session: AsyncSession, day: date) -> dict[str, int]:
    """People with a running measure per town."""
    statement = text(f"select division_code, count(distinct person_id) from alerts.watched w where {running_sql('w', ':day')} group by 1")
    return {row[0]: row[1] for row in await session.execute(statement, {"day": day})}


async def forget_ended(session: AsyncSession, day: date) -> int:
    """Drop the measures of people for whom everything was over by a day. How many."""
    found = await session.execute(text(f"delete from alerts.watched g where {over_sql('g.person_id', ':day')} returning 1"), {"day": day})
    return len(found.all())


async def forget_homes(session: AsyncSession, day: date) -> int:
    """Drop what is registered of people for whom everything is over. How many."""
    statement = f"delete from alerts.ordinary_places g where {over_sql('g.person_id', ':day')} returning 1"
    return len((await session.execute(text(statement), {"day": day})).all())


async def forget_absences(session: AsyncSession, day: date) -> int:
    """Drop the reports of absence of people for whom everything was over by a day. How many."""
    statement = f"delete from alerts.announced_absence g where {over_sql('g.person_id', ':day')} returning 1"
    return len((await session.execute(text(statement), {"day": day})).all())
