"""Every question to the measures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, RowMapping, Uuid, cast, delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.db import copy_rows
from kit.lists import Json, Key
from services.registry.divisions.repository import NAME
from services.registry.measures.rules.life import Stretch
from services.registry.measures.rules.states import EXCLUSIVE, EXPIRING, OPEN
from services.registry.measures.schemas import MeasureRow
from services.registry.measures.tables import Measure, MeasureEvent, MeasureStretch
from services.registry.staff.repository import CARED_FOR

_BRIEF = (
    col(Measure.id),
    col(Measure.person_id),
    col(Measure.kind),
    col(Measure.state),
    col(Measure.division_code),
    col(Measure.ordered_on),
    col(Measure.report_in_due),
    col(Measure.term_start),
    col(Measure.term_end),
    col(Measure.suspended_on),
)


def _of(person_ids: Sequence[UUID]) -> ColumnElement[bool]:
    """One array instead of a parameter for each: a ledger may name more persons than a statement may have parameters (65,535)."""
    return col(Measure.person_id) == func.any(cast(list(person_ids), ARRAY(Uuid)))


async def open_measures_of(session: AsyncSession, person_ids: Sequence[UUID], *, lock: bool = False) -> Sequence[RowMapping]:
    """The open measures of these persons, by id so that two sweeps lock in the same order."""
    query = select(*_BRIEF).where(_of(person_ids), col(Measure.state).in_(OPEN)).order_by(col(Measure.id))
    return (await session.execute(query.with_for_update() if lock else query)).mappings().all()


async def expired_measures(session: AsyncSession, day: date, person_ids: Sequence[UUID] | None = None) -> Sequence[RowMapping]:
    """The measures whose term was over on a day and whose row does not say so yet; locked, passing over rows that somebody else is ending."""
    query = select(*_BRIEF).where(col(Measure.state).in_(EXPIRING), col(Measure.term_end) <= day)
    if person_ids is not None:
        query = query.where(_of(person_ids))
    query = query.order_by(col(Measure.id)).with_for_update(skip_locked=person_ids is None)
    return (await session.execute(query)).mappings().all()


async def measure(session: AsyncSession, measure_id: UUID, *, for_update: bool = False) -> Measure | None:
    """One measure."""
    query = select(Measure).where(col(Measure.id) == measure_id)
    return (await session.execute(query.with_for_update() if for_update else query)).scalar_one_or_none()


async def measures_by_ids(session: AsyncSession, measure_ids: Sequence[UUID]) -> Sequence[Measure]:
    """These measures, as the database has them now."""
    query = select(Measure).where(col(Measure.id) == func.any(cast(list(measure_ids), ARRAY(Uuid)))).order_by(col(Measure.id))
    return (await session.execute(query.execution_options(populate_existing=True))).scalars().all()


async def measures_of(session: AsyncSession, person_id: UUID) -> Sequence[Measure]:
    """All measures of a person, newest first."""
    query = select(Measure).where(col(Measure.person_id) == person_id).order_by(col(Measure.id).desc())
    return (await session.execute(query)).scalars().all()


async def history_of(session: AsyncSession, measure_id: UUID) -> Sequence[MeasureEvent]:
    """The transitions of a measure, oldest first."""
    query = select(MeasureEvent).where(col(MeasureEvent.measure_id) == measure_id).order_by(col(MeasureEvent.id))
    return (await session.execute(query)).scalars().all()


async def histories_of(session: AsyncSession, measure_ids: Sequence[UUID]) -> dict[UUID, list[MeasureEvent]]:
    """The histories of measures, in one question; an empty one for a measure that has none."""
    found: dict[UUID, list[MeasureEvent]] = {measure_id: [] for measure_id in measure_ids}
    of_them = col(MeasureEvent.measure_id) == func.any(cast(list(measure_ids), ARRAY(Uuid)))
    for row in (await session.execute(select(MeasureEvent).where(of_them).order_by(col(MeasureEvent.id)))).scalars():
        found[row.measure_id].append(row)
    return found


async def measures_after(session: AsyncSession, after: UUID | None, limit: int) -> Sequence[Measure]:
    """Measures in the order of their ids, from behind one on."""
    query = select(Measure).order_by(col(Measure.id)).limit(limit)
    return (await session.execute(query if after is None else query.where(col(Measure.id) > after))).scalars().all()


async def stretches_of(session: AsyncSession, measure_ids: Sequence[UUID]) -> dict[UUID, list[Stretch]]:
    """The stored stretches of measures, the earliest first."""
    found: dict[UUID, list[Stretch]] = {measure_id: [] for measure_id in measure_ids}
    of_them = col(MeasureStretch.measure_id) == func.any(cast(list(measure_ids), ARRAY(Uuid)))
    for row in (await session.execute(select(MeasureStretch).where(of_them).order_by(col(MeasureStretch.since)))).scalars():
        found[row.measure_id].append(Stretch(row.held, row.since, row.until))
    return found


async def replace_stretches(session: AsyncSession, stretches: Mapping[UUID, Iterable[Stretch]]) -> None:
    """Write the stretches of measures in the place of those that were written before."""
    if not stretches:
        return
    await session.execute(delete(MeasureStretch).where(col(MeasureStretch.measure_id) == func.any(cast(list(stretches), ARRAY(Uuid)))))
    rows = [
        {"measure_id": measure_id, "since": one.since, "until": one.until, "held": one.state}
        for measure_id, of_it in stretches.items()
        for one in of_it
    ]
    await copy_rows(session, MeasureStretch.metadata.tables["registry.measure_stretch"], rows)


def _words(words: Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


MONITORING_OVER = f"""coalesce((
  select not bool_or(c.is_open) and (max(c.since) + interval '3 years')::date <= :day
    from (select m.state in ({_words(OPEN)}) and (m.state not in ({_words(EXPIRING)}) or m.term_end is null or m.term_end > :day) as is_open,
                 greatest(case when m.kind = 'compulsory_isolation_treatment' then coalesce(m.ended_on, m.term_end) else m.term_start end,
                          (select max(e.happened_on) from registry.measure_event e
                            where e.measure_id = m.id and e.event = 'report_reuse'
                              and not exists (select 1 from registry.measure_event k where k.corrects_id = e.id))) as since
            from registry.measure m
           where m.person_id = {{person}} and m.kind in ({_words(EXCLUSIVE)}) and m.state <> 'revoked') c), false)"""
"""`monitoring.Monitoring.over_on` as a condition on a person's id and a `:day`, for questions about many persons."""


async def findings_of(session: AsyncSession, measure_ids: Sequence[UUID]) -> dict[UUID, list[date]]:
    """Measure → days of police findings of re-use that stand (DRR art. 7: only these set a clean time back)."""
    taken_back = select(col(MeasureEvent.corrects_id)).where(col(MeasureEvent.corrects_id).is_not(None))
    query = select(col(MeasureEvent.measure_id), col(MeasureEvent.happened_on)).where(
        col(MeasureEvent.measure_id).in_(measure_ids), col(MeasureEvent.event) == "report_reuse", col(MeasureEvent.id).not_in(taken_back)
    )
    found: dict[UUID, list[date]] = {}
    for measure_id, day in await session.execute(query):
        found.setdefault(measure_id, []).append(day)
    return found


_STATE_ON = f"""case when m.state in ({_words(EXPIRING)}) and m.term_end <= %(today)s::date
        then case when m.kind = 'compulsory_isolation_treatment' then 'released' else 'discharged' end else m.state end"""

MEASURES = Json(
    name="registry.measures",
    item=MeasureRow,
    columns=f"""m.id, m.person_id, p.name, m.kind, {_STATE_ON} as state, m.division_code,
         {NAME.format(code="m.division_code")} as division_name, m.ordered_on, m.report_in_due, m.reported_in_on, m.agreement_on,
         m.term_start, m.term_end, m.ended_on, m.end_reason, m.source, m.version""",
    source="registry.measure m join registry.person p on p.id = m.person_id",
    always="p.state = 'open'",
    filters={
        "today": "%(today)s::date is not null",
        "towns": "(m.division_code like any(%(towns)s::text[]) or p.division_code like any(%(towns)s::text[]))",
        "team": CARED_FOR.format(person="p.id"),
        "ours": "(%(ours)s and p.status <> all(array['transferred_out', 'erroneous']))",
        "untreated": "(%(untreated)s and m.kind <> 'maintenance_treatment')",
        "person": "m.person_id = %(person)s::uuid",
        "division": "m.division_code like any(%(division)s::text[])",
        "kind": "m.kind = %(kind)s",
        "state": f"{_STATE_ON} = %(state)s",
        "due_before": f"""(m.state in ({_words(OPEN)}) and least(m.term_end,
            case when m.state in ('ordered', 'awaiting_report_in') then m.report_in_due when m.state = 'transfer_pending' then m.transfer_due end)
            < %(due_before)s::date)""",
    },
    sorts={
        "id": (Key("m.id", "uuid"),),
        "term_end": (Key("coalesce(m.term_end, date '9999-12-31')", "date"), Key("m.id", "uuid")),
        "ordered_on": (Key("coalesce(m.ordered_on, m.term_start, date '9999-12-31')", "date"), Key("m.id", "uuid")),
        "report_in_due": (Key("coalesce(m.report_in_due, date '9999-12-31')", "date"), Key("m.id", "uuid")),
    },
    default="id",
    counted={"kind": "m.kind", "state": _STATE_ON, "division_code": "m.division_code"},
    action="measure.list",
    object_type="measure",
)

RUNNING = """
select m.id, m.kind, m.state, m.division_code, m.term_start, m.term_end
  from registry.measure m
 where m.person_id = :person and m.kind = any(:kinds)
   and (m.term_start is null or m.term_start <= :day) and (m.ended_on is null or m.ended_on > :day)
   and not (m.state = any(:expiring) and coalesce(m.term_end <= :day, false))
   and (m.ended_on is not null or m.state = any(:open))
   and coalesce(m.term_start, m.ordered_on, m.created_at::date) <= :day
 order by m.term_start desc nulls last, m.id desc limit 1"""


async def running_on(session: AsyncSession, person_id: UUID, day: date) -> RowMapping | None:
    """The measure that binds a person on a day, or None: by its dates, not by what a job has written.

    Voluntary treatment, maintenance treatment and a stay at a centre bind nobody (NCL art. 36, 49, 51): they are not a basis of supervision.
    """
    parameters = {"person": person_id, "day": day, "kinds": list(EXCLUSIVE), "expiring": list(EXPIRING), "open": list(OPEN)}
    return (await session.execute(text(RUNNING), parameters)).mappings().first()
