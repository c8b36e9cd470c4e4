"""Every question to the inspections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.lists import Rows
from kit.scope import Scope
from services.precursor.firms.tables import Firm
from services.precursor.inspections.schemas import InspectionAnswer
from services.precursor.inspections.tables import (
    Inspection,
    InspectionOfficer,
    InspectionOutcome,
    InspectionPresence,
    InspectionPublication,
    InspectionReplacement,
    InspectionStep,
)
from services.precursor.inspectors.tables import Inspector


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters of a list."""

    scope: Scope
    state: str | None = None
    draw_id: UUID | None = None
    firm_id: UUID | None = None
    division_code: str | None = None
    officer: UUID | None = None
    hide_planned: bool = False
    unpublished_on: date | None = None
    """Completed, past the day by which it had to be published, and not published."""


INSPECTIONS = Rows(
    name="precursor.inspections",
    item=InspectionAnswer,
    action="inspection.list",
    object_type="inspection",
    default="id",
    sorts={"id": (col(Inspection.id),), "window_to": (col(Inspection.window_to), col(Inspection.id))},
    counted={"state": col(Inspection.state), "authority": col(Inspection.authority)},
)
"""Inspections in the caller's towns."""


def shown() -> Any:
    """(inspection, name of the firm, its officers in the order in which they were drawn with their names, who of them was there, and which items have an
    outcome, as JSON)."""
    officer = func.json_build_object("id", col(Inspector.id), "name", col(Inspector.name))
    officers = (
        select(func.json_agg(aggregate_order_by(officer, col(InspectionOfficer.position))))
        .join(Inspector, col(Inspector.id) == col(InspectionOfficer.inspector_id))
        .where(col(InspectionOfficer.inspection_id) == col(Inspection.id), ~_replaced())
        .correlate(Inspection)
        .scalar_subquery()
    )
    present = _gathered(col(InspectionPresence.inspector_id), col(InspectionPresence.inspection_id))
    answered = _gathered(col(InspectionOutcome.item_no), col(InspectionOutcome.inspection_id))
    return select(Inspection, col(Firm.name).label("firm_name"), officers.label("officers"), present, answered).join(
        Firm, col(Firm.id) == col(Inspection.firm_id)
    )


def _gathered(wanted: Any, inspection_id: Any) -> Any:
    return select(func.json_agg(wanted)).where(inspection_id == col(Inspection.id)).correlate(Inspection).scalar_subquery()


async def one_shown(session: AsyncSession, inspection_id: UUID) -> Any:
    """The same of one inspection."""
    return (await session.execute(shown().where(col(Inspection.id) == inspection_id))).one()


def narrowed(wanted: Wanted) -> Any:
    """The same of the inspections that match the filters."""
    query = shown().where(wanted.scope.where(col(Inspection.division_code)))
    for column, value in (
        (col(Inspection.state), wanted.state),
        (col(Inspection.draw_id), wanted.draw_id),
        (col(Inspection.firm_id), wanted.firm_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.officer is not None:
        query = query.where(
            col(Inspection.id).in_(
                select(col(InspectionOfficer.inspection_id)).where(col(InspectionOfficer.inspector_id) == wanted.officer, ~_replaced())
            )
        )
    if wanted.hide_planned:
        query = query.where(col(Inspection.state) != "planned")
    if wanted.unpublished_on is not None:
        published = select(col(InspectionPublication.inspection_id))
        query = query.where(col(Inspection.publish_by) < wanted.unpublished_on, col(Inspection.id).not_in(published))
    return query


async def inspection(session: AsyncSession, inspection_id: UUID, *, for_update: bool = False) -> Inspection | None:
    """One inspection."""
    query = select(Inspection).where(col(Inspection.id) == inspection_id)
    return (await session.execute(query.with_for_update() if for_update else query)).scalar_one_or_none()


async def inspections_of_draw(session: AsyncSession, draw_id: UUID, *, for_update: bool = True) -> Sequence[Inspection]:
    """The inspections of a draw, locked unless they are only looked at."""
    query = select(Inspection).where(col(Inspection.draw_id) == draw_id).order_by(col(Inspection.id))
    return (await session.execute(query.with_for_update() if for_update else query)).scalars().all()


def _replaced() -> sa.ColumnElement[bool]:
    """Whether an officer of an inspection was replaced."""
    left = select(col(InspectionReplacement.id)).where(
        col(InspectionReplacement.inspection_id) == col(InspectionOfficer.inspection_id),
        col(InspectionReplacement.leaves) == col(InspectionOfficer.inspector_id),
    )
    return sa.exists(left.correlate(InspectionOfficer))


async def officers_of(session: AsyncSession, inspection_ids: Sequence[UUID], *, ever: bool = False) -> dict[UUID, list[UUID]]:
    """Inspection → its officers in the order in which they were drawn; `ever`: with those who were replaced."""
    query = (
        select(InspectionOfficer).where(col(InspectionOfficer.inspection_id).in_(inspection_ids)).order_by(col(InspectionOfficer.position))
    )
    if not ever:
        query = query.where(~_replaced())
    found: dict[UUID, list[UUID]] = {}
    for row in (await session.execute(query)).scalars():
        found.setdefault(row.inspection_id, []).append(row.inspector_id)
    return found


def visits_left(draw_id: Any) -> Any:
    """Whether a draw has visits that have not come to their end."""
    return sa.exists(
        select(col(Inspection.id)).where(col(Inspection.draw_id) == draw_id, col(Inspection.state).in_(("planned", "started")))
    )


async def present_at(session: AsyncSession, inspection_id: UUID) -> set[UUID]:
    """Officers who were on the spot and showed their certificates."""
    query = select(col(InspectionPresence.inspector_id)).where(col(InspectionPresence.inspection_id) == inspection_id)
    return set((await session.execute(query)).scalars())


async def replacements_of_draw(session: AsyncSession, draw_id: UUID) -> Sequence[tuple[UUID, InspectionReplacement]]:
    """(firm, replacement) of a draw's inspections, oldest first."""
    query = (
        select(col(Inspection.firm_id), InspectionReplacement)
        .join(InspectionReplacement, col(InspectionReplacement.inspection_id) == col(Inspection.id))
        .where(col(Inspection.draw_id) == draw_id)
        .order_by(col(InspectionReplacement.id))
    )
    return [(firm_id, row) for firm_id, row in await session.execute(query)]


async def outcomes_of(session: AsyncSession, inspection_id: UUID) -> dict[str, InspectionOutcome]:
    """Item → the outcome that counts: the newest."""
    query = (
        select(InspectionOutcome)
        .where(col(InspectionOutcome.inspection_id) == inspection_id)
        .ext(distinct_on(col(InspectionOutcome.item_no)))
        .order_by(col(InspectionOutcome.item_no), col(InspectionOutcome.id).desc())
    )
    return {row.item_no: row for row in (await session.execute(query)).scalars()}


async def publication_of(session: AsyncSession, inspection_id: UUID) -> InspectionPublication | None:
    """The publication of a result."""
    return await session.get(InspectionPublication, inspection_id)


async def visits_of_year(session: AsyncSession, kind: str, year: int) -> dict[UUID, tuple[int, bool]]:
    """Firm → (planned visits of a calendar year, whether one of them was key supervision and took place or still will); cancelled ones do not count."""
    statement = sa.text(
        """select firm_id, count(*), bool_or(coalesce(stratum = 'key' and result_category is distinct from 'ended_without_result', false))
             from precursor.inspection
            where object_kind = :kind and source = 'draw' and state <> 'cancelled' and extract(year from window_from) = :year
            group by firm_id"""
    )
    return {firm_id: (number, key) for firm_id, number, key in await session.execute(statement, {"kind": kind, "year": year})}


async def last_officers(session: AsyncSession, kind: str) -> dict[UUID, list[UUID]]:
    """Firm → officers who were on the spot at its last inspection."""
    statement = sa.text(
        """with latest as (select distinct on (firm_id) firm_id, id from precursor.inspection i
                            where object_kind = :kind
                              and exists (select 1 from precursor.inspection_presence p where p.inspection_id = i.id)
                            order by firm_id, inspected_on desc nulls last, id desc)
           select latest.firm_id, p.inspector_id from latest join precursor.inspection_presence p on p.inspection_id = latest.id
            order by latest.firm_id, p.inspector_id"""
    )
    found: dict[UUID, list[UUID]] = {}
    for firm_id, inspector_id in await session.execute(statement, {"kind": kind}):
        found.setdefault(firm_id, []).append(inspector_id)
    return found


async def completion_by_town(session: AsyncSession, since: date, until: date, known_by: datetime) -> dict[str, tuple[int, int]]:
    """Town → (carried out, due): inspections whose window ends in a span, as far as recorded by an instant; cancelled ones are not due."""
    statement = sa.text(
        """select division_code, count(*) filter (where completed_at < :known_by and inspected_on <= window_to), count(*)
             from precursor.inspection where window_to between :since and :until and state <> 'cancelled' group by division_code"""
    )
    rows = await session.execute(statement, {"since": since, "until": until, "known_by": known_by})
    return {town: (done, due) for town, done, due in rows}


async def steps_of(session: AsyncSession, inspection_id: UUID) -> Sequence[InspectionStep]:
    """What was done with an inspection, oldest first."""
    query = select(InspectionStep).where(col(InspectionStep.object_id) == inspection_id).order_by(col(InspectionStep.id))
    return (await session.execute(query)).scalars().all()


async def add_all(session: AsyncSession, rows: Sequence[Any]) -> None:
    """Write rows of one kind."""
    session.add_all(rows)
    await session.flush()
