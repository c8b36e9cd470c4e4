"""Questions to the schemes and to single due tests; the set-based ones are in `sets`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.db import driver
from services.testing.plans.rules import Phase
from services.testing.plans.tables import DueTest, PlanChange, Scheme, SchemePhase

# One statement: the page, its audit row with the ids (law 8), and the JSON that goes to the client as it is (docs/performance.md).
DUE_PAGE = """
with page as (
    select d.id, d.person_id, d.measure_id, s.sex, d.division_code, d.kind, d.specimen_type, d.due_on, d.window_from, d.window_to, d.state
      from testing.due_test d left join testing.subject s on s.person_id = d.person_id
     where d.division_code like any(%(towns)s::text[])
       and (%(division)s::text is null or d.division_code = %(division)s)
       and d.window_to >= %(first)s and d.window_from <= %(last)s
       and d.state = %(state)s
       and (%(after_day)s::date is null or (d.window_to, d.id) > (%(after_day)s::date, %(after_id)s::uuid))
     order by d.window_to, d.id limit %(size)s),
noted as (
    insert into testing.audit (at, actor, roles, action, purpose, reason, object_type, object_ids, request_id, details)
    select %(now)s, %(actor)s, %(roles)s, 'plan.list', %(purpose)s, %(reason)s, 'person', jsonb_agg(person_id), %(request_id)s, '{}'::jsonb
      from page having count(*) > 0)
select coalesce(json_agg(page)::text, '[]'), count(*), (array_agg(window_to::text order by window_to desc, id desc))[1],
       (array_agg(id::text order by window_to desc, id desc))[1] from page"""


async def due_page(session: AsyncSession, parameters: dict[str, Any]) -> tuple[str, int, str | None, str | None]:
    """JSON of a page of due tests, how many it shows, and the last row's day and id."""
    connection = await driver(session)
    cursor = await connection.execute(DUE_PAGE.encode(), parameters)
    row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1], row[2], row[3]


async def plan(session: AsyncSession, plan_id: UUID, *, for_update: bool = False) -> DueTest | None:
    """One due test."""
    query = select(DueTest).where(col(DueTest.id) == plan_id)
    return (await session.execute(query.with_for_update() if for_update else query)).scalar_one_or_none()


async def plans_of(session: AsyncSession, person_id: UUID, limit: int) -> Sequence[DueTest]:
    """The due tests of a person, the latest first."""
    query = select(DueTest).where(col(DueTest.person_id) == person_id).order_by(col(DueTest.due_on).desc(), col(DueTest.id).desc())
    return (await session.execute(query.limit(limit))).scalars().all()


async def history_of(session: AsyncSession, plan_id: UUID) -> Sequence[PlanChange]:
    """The steps of a due test, oldest first."""
    query = select(PlanChange).where(col(PlanChange.due_test_id) == plan_id).order_by(col(PlanChange.id))
    return (await session.execute(query)).scalars().all()


async def neighbours_of(session: AsyncSession, due: DueTest, day: date) -> tuple[date | None, date | None]:
    """Last day of the window before a day, and first day of the one after it, among the other owed tests of the same measure and specimen."""
    other = (
        col(DueTest.person_id) == due.person_id,
        col(DueTest.measure_id).is_not_distinct_from(due.measure_id),
        col(DueTest.specimen_type) == due.specimen_type,
        col(DueTest.state).in_(("scheduled", "paused")),
        col(DueTest.id) != due.id,
    )
    query = select(
        func.max(col(DueTest.window_to)).filter(col(DueTest.due_on) <= day),
        func.min(col(DueTest.window_from)).filter(col(DueTest.due_on) > day),
    ).where(*other)
    before, after = (await session.execute(query)).one()
    return before, after


async def schemes_on(session: AsyncSession, county: str, day: date) -> dict[tuple[str, str], tuple[Scheme, list[Phase]]]:
    """(Measure kind, specimen) → the scheme in force on a day for a county, with its phases; the longest matching prefix wins, then the latest start."""
    query = (
        select(Scheme, SchemePhase)
        .join(SchemePhase, col(SchemePhase.scheme_code) == col(Scheme.code))
        .where(col(Scheme.valid_from) <= day, (col(Scheme.valid_to).is_(None)) | (col(Scheme.valid_to) > day))
        .where(func.starts_with(county, col(Scheme.division_prefix)))
        .order_by(func.length(col(Scheme.division_prefix)), col(Scheme.valid_from), col(Scheme.code), col(SchemePhase.from_month))
    )
    found: dict[tuple[str, str], tuple[Scheme, list[Phase]]] = {}
    for scheme, phase in (await session.execute(query)).all():
        key = (scheme.measure_kind, scheme.specimen_type)
        if key not in found or found[key][0].code != scheme.code:
            found[key] = (scheme, [])
        found[key][1].append(Phase(phase.from_month, phase.step_half_months))
    return found
