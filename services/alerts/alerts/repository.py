"""Every question to the alerts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.lists import Json, Key
from services.alerts.alerts.schemas import AlertRow
from services.alerts.alerts.tables import Alert, AlertChange, AlertNote
from services.alerts.watched.rules import open_sql, running_sql

_SHOWN = """replace(to_char(a.{0} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '.000000Z', 'Z') as {0}"""
"""A moment as every other answer shows it (kit.clock.shown): Postgres alone writes `+00:00`."""
_MOMENTS = ", ".join(_SHOWN.format(name) for name in ("first_at", "last_at", "raised_at", "due_at", "closed_at"))

ALERTS = Json(
    name="alerts.alerts",
    item=AlertRow,
    columns=f"""a.id, a.kind, a.severity, a.state, a.division_code, a.occurrence, a.due_on, {_MOMENTS}, cardinality(a.person_ids) as persons,
         a.escalated_at is not null as escalated, a.assigned_to, a.assigned_name, a.finding, a.version""",
    source="alerts.alert a",
    filters={
        "towns": "a.division_code like any(%(towns)s::text[])",
        "cared": "(a.person_ids = '{}' or a.person_ids && %(cared)s::uuid[])",
        "state": "a.state = %(state)s",
        "kind": "a.kind = %(kind)s",
        "severity": "a.severity = %(severity)s",
        "assigned_to": "a.assigned_to = %(assigned_to)s",
        "open": "(a.state <> 'closed') = %(open)s",
        "overdue": "(a.state <> 'closed' and a.due_at <= %(now)s) = %(overdue)s",
    },
    sorts={"id": (Key("a.id", "uuid"),), "due_at": (Key("a.due_at", "timestamptz"), Key("a.id", "uuid"))},
    default="-id",
    counted={"state": "a.state", "kind": "a.kind", "severity": "a.severity", "division_code": "a.division_code"},
    action="alert.list",
    object_type="alert",
)
"""One of the hottest lists (docs/performance.md): it holds numbers and codes, no person."""


async def alert(session: AsyncSession, alert_id: UUID, *, for_update: bool = False) -> Alert | None:
    """One alert."""
    query = select(Alert).where(col(Alert.id) == alert_id)
    return (await session.execute(query.with_for_update() if for_update else query)).scalar_one_or_none()


async def newest_of_key(session: AsyncSession, key: str) -> Alert | None:
    """The newest occurrence of a duty, locked."""
    query = select(Alert).where(col(Alert.key) == key).order_by(col(Alert.occurrence).desc()).limit(1)
    return (await session.execute(query.with_for_update())).scalar_one_or_none()


async def open_of_key(session: AsyncSession, key: str) -> Sequence[Alert]:
    """Every open occurrence of a duty, oldest first, locked."""
    query = select(Alert).where(col(Alert.key) == key, col(Alert.state) != "closed").order_by(col(Alert.occurrence))
    return (await session.execute(query.with_for_update())).scalars().all()


async def open_reminders(session: AsyncSession) -> Sequence[Alert]:
    """Open reminders of measures about to end, locked."""
    query = select(Alert).where(col(Alert.kind) == "measure_ending", col(Alert.state) != "closed").order_by(col(Alert.id))
    return (await session.execute(query.with_for_update())).scalars().all()


async def note_word(session: AsyncSession, alert_id: UUID, at: datetime, event_id: UUID, cause_ended_at: datetime | None = None) -> None:
    """Store the newest event about a duty on its newest occurrence. It concerns the duty, so the alert's version stays."""
    values: dict[str, Any] = {"told_at": at, "told_by": event_id}
    if cause_ended_at is not None:
        values["cause_ended_at"] = cause_ended_at
    await session.execute(update(Alert).where(col(Alert.id) == alert_id).values(values).execution_options(synchronize_session="fetch"))


async def alerts_in_clear(session: AsyncSession, size: int = 500) -> Sequence[Alert]:
    """Alerts whose words stand in clear, as the first release kept them, locked."""
    query = select(Alert).where(or_(col(Alert.action_taken).is_not(None), text("alert.notes <> '{}'")))
    return (await session.execute(query.order_by(col(Alert.id)).limit(size).with_for_update(skip_locked=True))).scalars().all()


async def gatherings_sharing(session: AsyncSession, checkin_ids: Sequence[UUID]) -> Sequence[Alert]:
    """Gatherings that rest on any of these check-ins, oldest first, locked: whatever their key, they are the same matter."""
    query = select(Alert).where(col(Alert.kind) == "gathering", col(Alert.checkin_ids).op("&&")(list(checkin_ids)))
    return (await session.execute(query.order_by(col(Alert.id)).with_for_update())).scalars().all()


async def gatherings_of_some(session: AsyncSession, person_ids: Sequence[UUID], since: datetime, until: datetime) -> Sequence[Alert]:
    """Open gatherings between two moments in which any of these people were, oldest first, locked."""
    query = select(Alert).where(
        col(Alert.kind) == "gathering",
        col(Alert.state) != "closed",
        col(Alert.person_ids).op("&&")(list(person_ids)),
        col(Alert.first_at) <= until,
        col(Alert.last_at) >= since,
    )
    return (await session.execute(query.order_by(col(Alert.id)).with_for_update())).scalars().all()


async def episodes_of(session: AsyncSession, person_id: UUID, since: datetime, until: datetime) -> Sequence[Alert]:
    """Flow alerts of a person whose span touches this one, oldest first, locked."""
    query = select(Alert).where(
        col(Alert.kind) == "flow_frequency",
        col(Alert.person_ids).op("&&")([person_id]),
        col(Alert.first_at) <= until,
        col(Alert.last_at) >= since,
    )
    return (await session.execute(query.order_by(col(Alert.id)).with_for_update())).scalars().all()


async def open_alerts_of(session: AsyncSession, person_id: UUID) -> Sequence[Alert]:
    """Open alerts that concern a person, locked."""
    query = select(Alert).where(col(Alert.state) != "closed", col(Alert.person_ids).op("&&")([person_id]))
    return (await session.execute(query.order_by(col(Alert.id)).with_for_update())).scalars().all()


async def checkins_of(session: AsyncSession, checkin_ids: Sequence[UUID], person_id: UUID) -> set[UUID]:
    """Which of these check-ins are that person's."""
    statement = text("select id from alerts.checkin_record where id = any(:ids) and person_id = :person")
    return set((await session.execute(statement, {"ids": list(checkin_ids), "person": person_id})).scalars())


async def checkins_of_people(session: AsyncSession, checkin_ids: Sequence[UUID], person_ids: Sequence[UUID]) -> list[UUID]:
    """Which of these check-ins are these persons', in time order."""
    statement = text("select id from alerts.checkin_record where id = any(:ids) and person_id = any(:persons) order by at, id")
    return list((await session.execute(statement, {"ids": list(checkin_ids), "persons": list(person_ids)})).scalars())


async def people_without_basis(session: AsyncSession, day: date) -> Sequence[UUID]:
    """People in open alerts for whom no measure runs on a day."""
    statement = text(
        f"""select distinct p.person_id from alerts.alert a cross join lateral unnest(a.person_ids) as p(person_id)
             where a.state <> 'closed' and not exists (select 1 from alerts.watched w where w.person_id = p.person_id and {running_sql("w", ":day")})"""
    )
    return list((await session.execute(statement, {"day": day})).scalars())


async def unlooked_at(session: AsyncSession, raised_before: datetime) -> Sequence[Alert]:
    """Raised, nobody has looked, not yet escalated."""
    query = select(Alert).where(col(Alert.state) == "raised", col(Alert.raised_at) < raised_before, col(Alert.escalated_at).is_(None))
    return (await session.execute(query.order_by(col(Alert.id)).with_for_update(skip_locked=True))).scalars().all()


async def overdue(session: AsyncSession, now: datetime) -> Sequence[Alert]:
    """Open although their time for review is over."""
    query = select(Alert).where(
        or_(*(col(Alert.state) == state for state in ("raised", "acknowledged", "assigned"))), col(Alert.due_at) <= now
    )
    return (await session.execute(query.order_by(col(Alert.id)).with_for_update(skip_locked=True))).scalars().all()


async def changes_of(session: AsyncSession, alert_id: UUID) -> Sequence[AlertChange]:
    """The life of an alert, oldest first."""
    query = select(AlertChange).where(col(AlertChange.alert_id) == alert_id).order_by(col(AlertChange.id))
    return (await session.execute(query)).scalars().all()


async def notes_of(session: AsyncSession, alert_id: UUID) -> Sequence[AlertNote]:
    """What was written at the steps of an alert, sealed."""
    return (await session.execute(select(AlertNote).where(col(AlertNote.alert_id) == alert_id))).scalars().all()


async def forget_closed(session: AsyncSession, dismissed_before: datetime, ended_by: date, now: datetime) -> int:
    """Take persons, check-ins and words out of closed alerts: those that nobody confirmed some time after their closing, all others when everything was
    long over for everybody they concern. The rows stay as numbers. How many.
    """
    concerned = open_sql("p.person_id", ":ended")
    statement = text(
        f"""with forgotten as (
              update alerts.alert a set person_ids = '{{}}', checkin_ids = '{{}}', reasons = '[]', cell = null, action_taken = null, action_sealed = null,
                     notes = '{{}}', key = 'forgotten:' || id, occurrence = 1, due_on = null, told_by = null, forgotten_at = :now
               where state = 'closed' and forgotten_at is null
                 and ((finding <> 'confirmed' and closed_at < :before)
                      or (cardinality(person_ids) > 0 and not exists (select 1 from unnest(a.person_ids) as p(person_id) where {concerned})))
           returning id),
            notes as (delete from alerts.alert_note n using forgotten f where n.alert_id = f.id)
            select id from forgotten"""
    )
    return len((await session.execute(statement, {"before": dismissed_before, "ended": ended_by, "now": now})).all())


_REVIEWED = "closed_at <= due_at and finding in ('confirmed', 'innocent', 'data_error')"
_DUE = """due_at >= :since and due_at < :until and raised_at < :until
              and not (finding in ('measure_ended', 'withdrawn', 'merged') and closed_at < :until and finding is not null)"""


async def handling(session: AsyncSession, since: datetime, until: datetime) -> dict[str, tuple[int, int]]:
    """Town → (reviewed by a person in time, due for review) of the alerts whose review fell due in [since, until) (domain 4.3, row A).

    Alerts that ended with the measure or were merged needed no review. Only what was known at the end of the span counts.
    """
    statement = text(
        f"select division_code, count(*) filter (where {_REVIEWED}) as done, count(*) as due from alerts.alert where {_DUE} group by division_code"
    )
    rows = await session.execute(statement, {"since": since, "until": until})
    return {row[0]: (row[1], row[2]) for row in rows}


async def handled_items(session: AsyncSession, since: datetime, until: datetime) -> dict[str, tuple[list[str], list[str]]]:
    """Town → ids of the alerts that `handling` counts: reviewed in time, and all others."""
    statement = text(
        f"""select division_code, coalesce(array_agg(id::text order by id) filter (where {_REVIEWED}), '{{}}'),
                   coalesce(array_agg(id::text order by id) filter (where ({_REVIEWED}) is not true), '{{}}')
              from alerts.alert where {_DUE} group by division_code"""
    )
    rows = await session.execute(statement, {"since": since, "until": until})
    return {row[0]: (row[1], row[2]) for row in rows}
