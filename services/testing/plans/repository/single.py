"""Questions to the schemes and to single due tests; the statements over many are in `many`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.lists import Json, Key
from services.testing.plans.rules import Phase
from services.testing.plans.schemas import PlanRow
from services.testing.plans.tables import DueTest, PlanChange, Scheme, SchemePhase
from services.testing.subjects.rules import ENDS_SUPERVISION

DUE = Json(
    name="testing.due_test",
    item=PlanRow,
    columns="d.id, d.person_id, d.measure_id, s.sex, d.division_code, d.kind, d.specimen_type, d.due_on, d.window_from, d.window_to, d.state, d.version",
    source="testing.due_test d left join testing.subject s on s.person_id = d.person_id",
    always=f"coalesce(s.standing, '') not in ({', '.join(repr(word) for word in sorted(ENDS_SUPERVISION))})",
    sorts={
        "window_to": (Key("d.window_to", "date"), Key("d.id", "uuid")),
        "due_on": (Key("d.due_on", "date"), Key("d.id", "uuid")),
    },
    default="window_to",
    filters={
        "towns": "d.division_code like any(%(towns)s::text[])",
        "cared": "d.person_id = any(%(cared)s::uuid[])",
        "first": "d.window_to >= %(first)s",
        "last": "d.window_from <= %(last)s",
        "states": "d.state = any(%(states)s::text[])",
    },
    counted={"state": "d.state", "specimen_type": "d.specimen_type", "division_code": "d.division_code"},
    noted="person_id",
    action="plan.list",
    object_type="person",
)
"""When the record of a person closes, their due tests close too (domain 2.5), in the list and in the detail."""


async def plan(session: AsyncSession, plan_id: UUID, *, for_update: bool = False) -> DueTest | None:
    """One due test."""
    query = select(DueTest).where(col(DueTest.id) == plan_id)
    return (await session.execute(query.with_for_update() if for_update else query)).scalar_one_or_none()


async def plans_of(session: AsyncSession, person_id: UUID) -> Sequence[DueTest]:
    """The due tests of a person, the latest first."""
    query = select(DueTest).where(col(DueTest.person_id) == person_id).order_by(col(DueTest.due_on).desc(), col(DueTest.id).desc())
    return (await session.execute(query)).scalars().all()


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
