"""Questions to the projection."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from services.testing.subjects.rules import RUNNING, Basis, MeasureNews
from services.testing.subjects.tables import Subject, WatchedMeasure


async def subject(session: AsyncSession, person_id: UUID) -> Subject | None:
    """One person."""
    return (await session.execute(select(Subject).where(col(Subject.person_id) == person_id))).scalar_one_or_none()


async def bases_of(session: AsyncSession, person_id: UUID) -> list[Basis]:
    """Every measure of a person."""
    query = select(WatchedMeasure).where(col(WatchedMeasure.person_id) == person_id).order_by(col(WatchedMeasure.changed_on).desc())
    return [
        Basis(row.measure_id, row.kind, row.state, row.division_code, row.term_start, row.term_end)
        for row in (await session.execute(query)).scalars()
    ]


async def follow_person(session: AsyncSession, person_id: UUID, heard_at: datetime, values: dict[str, Any]) -> None:
    """Take over what the registry said of a person; an event older than the stored one changes nothing."""
    statement = insert(Subject).values(person_id=person_id, heard_at=heard_at, **values)
    newer = statement.on_conflict_do_update(
        index_elements=["person_id"], set_={**values, "heard_at": heard_at}, where=col(Subject.heard_at) <= heard_at
    )
    await session.execute(newer)


async def follow_measure(session: AsyncSession, news: MeasureNews, heard_at: datetime, *, unplanned: bool | None) -> bool:
    """Take over a measure and the town of its execution; False when a later event is already stored.

    `unplanned`: None does not change whether the measure waits for planning.
    """
    values: dict[str, Any] = {
        "kind": news.kind,
        "state": "ended" if news.step == "ended" and news.state in RUNNING else news.state,
        "division_code": news.division_code,
        "term_start": news.term_start,
        "term_end": news.term_end,
        "changed_on": news.on,
        "heard_at": heard_at,
        **({} if unplanned is None else {"unplanned": unplanned}),
    }
    statement = insert(WatchedMeasure).values(measure_id=news.measure_id, person_id=news.person_id, **{"unplanned": False, **values})
    newer = statement.on_conflict_do_update(index_elements=["measure_id"], set_=values, where=col(WatchedMeasure.heard_at) <= heard_at)
    taken = (await session.execute(newer.returning(col(WatchedMeasure.measure_id)))).first() is not None
    if taken:
        await session.execute(
            insert(Subject)
            .values(person_id=news.person_id, division_code=news.division_code, heard_at=heard_at)
            .on_conflict_do_update(index_elements=["person_id"], set_={"division_code": news.division_code})
        )
    return taken


async def unplanned_measures(session: AsyncSession, size: int) -> Sequence[Any]:
    """Measures whose due tests must be planned again, with the person's standing; locked until the transaction ends."""
    query = (
        select(
            col(WatchedMeasure.measure_id),
            col(WatchedMeasure.person_id),
            col(WatchedMeasure.kind),
            col(WatchedMeasure.state),
            col(WatchedMeasure.division_code),
            col(WatchedMeasure.term_start),
            col(WatchedMeasure.term_end),
            col(Subject.standing),
        )
        .join(Subject, col(Subject.person_id) == col(WatchedMeasure.person_id))
        .where(col(WatchedMeasure.unplanned))
        .order_by(col(WatchedMeasure.measure_id))
        .limit(size)
        .with_for_update(of=WatchedMeasure)
    )
    return (await session.execute(query)).all()


async def set_planned(session: AsyncSession, measure_ids: Sequence[UUID]) -> None:
    """These measures are planned."""
    await session.execute(update(WatchedMeasure).where(col(WatchedMeasure.measure_id).in_(measure_ids)).values(unplanned=False))


async def set_unplanned(session: AsyncSession, person_id: UUID) -> bool:
    """Mark a person's running measures for planning; whether there is one."""
    query = (
        update(WatchedMeasure)
        .where(col(WatchedMeasure.person_id) == person_id, col(WatchedMeasure.state).in_(RUNNING))
        .values(unplanned=True)
        .returning(col(WatchedMeasure.measure_id))
    )
    return (await session.execute(query)).first() is not None


async def measures_running_on(
    session: AsyncSession, person_ids: Sequence[UUID], kinds: Sequence[str]
) -> dict[UUID, list[tuple[UUID, date, date | None]]]:
    """Person → (measure, term start, term end) of these kinds that ever began: a test of an earlier day is matched with them."""
    query = select(
        col(WatchedMeasure.person_id), col(WatchedMeasure.measure_id), col(WatchedMeasure.term_start), col(WatchedMeasure.term_end)
    ).where(
        col(WatchedMeasure.person_id) == func.any(sa.cast(list(person_ids), sa.ARRAY(sa.Uuid))),
        col(WatchedMeasure.kind).in_(kinds),
    )
    found: dict[UUID, list[tuple[UUID, date, date | None]]] = {}
    for person_id, measure_id, start, end in await session.execute(query):
        if start is not None:
            found.setdefault(person_id, []).append((measure_id, start, end))
    return found
