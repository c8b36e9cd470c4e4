"""Every question to the firms."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.lists import Rows
from kit.scope import Scope
from services.precursor.firms.rules import WARN_DAYS, tidied_code
from services.precursor.firms.schemas import FirmAnswer
from services.precursor.firms.tables import Firm, FirmChange


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters of a list."""

    scope: Scope
    kind: str | None = None
    category: int | None = None
    listed: Sequence[str] = ()
    """With `category`: the chemicals that are in this class today."""
    chemical: str | None = None
    meant: Sequence[str] = ()
    """With `chemical`: the names of the list that the word means."""
    state: str | None = None
    q: str | None = None
    expiring_by: date | None = None
    """Licence or filing ends by this day, or has ended."""


FIRMS = Rows(
    name="precursor.firms",
    item=FirmAnswer,
    action="firm.list",
    object_type="firm",
    default="id",
    sorts={"id": (col(Firm.id),), "name": (col(Firm.name), col(Firm.id)), "uscc": (col(Firm.uscc), col(Firm.id))},
    counted={"kind": col(Firm.kind), "state": col(Firm.state), "risk_class": col(Firm.risk_class)},
)
"""Firms in the caller's towns."""


def narrowed(wanted: Wanted) -> sa.Select[Any]:
    """The firms that match the filters."""
    query = select(Firm).where(wanted.scope.where(col(Firm.division_code)))
    if wanted.kind:
        query = query.where(sa.cast(col(Firm.lines), JSONB).contains([wanted.kind]))
    if wanted.state:
        query = query.where(col(Firm.state) == wanted.state)
    if wanted.category is not None:
        stated = sa.cast(col(Firm.stated_categories), JSONB).contains([wanted.category])
        held = sa.cast(col(Firm.chemicals), JSONB).has_any(sa.cast(list(wanted.listed), ARRAY(sa.Text)))
        query = query.where(or_(stated, held))
    if wanted.chemical:
        query = query.where(sa.cast(col(Firm.chemicals), JSONB).has_any(sa.cast([wanted.chemical, *wanted.meant], ARRAY(sa.Text))))
    if wanted.expiring_by is not None:
        query = query.where(col(Firm.licence_valid_to) <= wanted.expiring_by)
    if wanted.q:
        part = wanted.q.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        query = query.where(or_(col(Firm.name).like(f"%{part}%"), col(Firm.uscc) == tidied_code(wanted.q)))
    return query


async def counts(session: AsyncSession, scope: Scope) -> Sequence[tuple[str, str, int]]:
    """(kind, town, active firms). A firm that is inspected as both counts in both kinds."""
    found = narrowed(Wanted(scope, state="active")).subquery()
    lines = func.jsonb_array_elements_text(sa.cast(found.c.lines, JSONB)).table_valued("value")
    rows = await session.execute(
        select(lines.c.value, found.c.division_code, func.count())
        .select_from(found.join(lines, sa.true()))
        .group_by(lines.c.value, found.c.division_code)
    )
    return [(kind, town, number) for kind, town, number in rows]


async def towns_of(session: AsyncSession, scope: Scope) -> dict[str, int]:
    """Town → active firms, each once."""
    found = narrowed(Wanted(scope, state="active")).subquery()
    rows = await session.execute(select(found.c.division_code, func.count()).group_by(found.c.division_code))
    return {row[0]: row[1] for row in rows}


async def firms_to_evaluate(session: AsyncSession, after: UUID | None, size: int) -> Sequence[Firm]:
    """Active firms after an id, locked: for the evaluation by a new list."""
    query = select(Firm).where(col(Firm.state) == "active")
    if after is not None:
        query = query.where(col(Firm.id) > after)
    return (await session.execute(query.order_by(col(Firm.id)).limit(size).with_for_update())).scalars().all()


async def firm(session: AsyncSession, firm_id: UUID, *, for_update: bool = False) -> Firm | None:
    """One firm."""
    query = select(Firm).where(col(Firm.id) == firm_id)
    return (await session.execute(query.with_for_update() if for_update else query)).scalar_one_or_none()


async def firms_by_uscc(session: AsyncSession, codes: Sequence[str]) -> dict[str, Firm]:
    """Code → firm for those that are registered, locked."""
    query = select(Firm).where(col(Firm.uscc).in_(codes)).order_by(col(Firm.id)).with_for_update()
    return {found.uscc: found for found in (await session.execute(query)).scalars()}


async def firms_of(session: AsyncSession, ids: Collection[UUID]) -> Sequence[Firm]:
    """These firms, by id."""
    return (await session.execute(select(Firm).where(col(Firm.id).in_(ids)).order_by(col(Firm.id)))).scalars().all()


async def active_firms(session: AsyncSession, kind: str) -> Sequence[Firm]:
    """The directory of inspected objects: every active firm of a kind."""
    return (
        (
            await session.execute(
                select(Firm).where(sa.cast(col(Firm.lines), JSONB).contains([kind]), col(Firm.state) == "active").order_by(col(Firm.id))
            )
        )
        .scalars()
        .all()
    )


async def history_of(session: AsyncSession, firm_id: UUID) -> Sequence[FirmChange]:
    """Changes of a firm, newest first."""
    return (
        (await session.execute(select(FirmChange).where(col(FirmChange.firm_id) == firm_id).order_by(col(FirmChange.id).desc())))
        .scalars()
        .all()
    )


async def licences_to_warn_of(session: AsyncSession, today: date) -> Sequence[Firm]:
    """Active firms whose licence ends soon and for which no event was sent for that date."""
    soon = today + timedelta(days=WARN_DAYS)
    query = select(Firm).where(
        col(Firm.state) == "active",
        col(Firm.licence_valid_to) <= soon,
        or_(col(Firm.licence_warned_for).is_(None), col(Firm.licence_warned_for) != col(Firm.licence_valid_to)),
    )
    return (await session.execute(query.order_by(col(Firm.id)).with_for_update(skip_locked=True))).scalars().all()


async def add_all(session: AsyncSession, rows: Sequence[Any]) -> None:
    """Write rows of one kind in one statement per batch."""
    session.add_all(rows)
    await session.flush()
