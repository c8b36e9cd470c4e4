"""Questions to the collections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, and_, cast, false, func, or_, select, text, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.lists import Rows
from kit.scope import Scope
from services.testing.collections.rules import OPEN, seal_key
from services.testing.collections.schemas import CollectionRow
from services.testing.collections.tables import ChainStep, Collection, Seal
from services.testing.labs.tables import Lab
from services.testing.subjects.rules import ENDS_SUPERVISION
from services.testing.subjects.tables import Subject

COLLECTIONS = Rows(
    name="testing.collection",
    item=CollectionRow,
    sorts={
        "id": (col(Collection.id),),
        "sampled_on": (col(Collection.sampled_on), col(Collection.id)),
        "deadline_on": (func.coalesce(col(Collection.deadline_on), date.max), col(Collection.id)),
    },
    default="id",
    noted="person_id",
    counted={
        "kind": col(Collection.kind),
        "specimen_type": col(Collection.specimen_type),
        "division_code": col(Collection.division_code),
    },
    action="test.list",
    object_type="person",
)
"""The list is not counted by state: the figures tell the number of positives of a town to those who may see results."""


@dataclass(frozen=True, slots=True)
class Sight:
    """The caller who reads a list of collections, with what `policy.may_see` needs to know of a caller."""

    scope: Scope
    staff: bool
    decides: bool
    """Police or county office: open chains of the place of the test, and those of closed records."""
    opens_closed: bool
    """The county office, for audit or an emergency."""
    laboratory: str | None
    """The id of the laboratory that the caller works for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters of a list."""

    division: Scope | None = None
    state: str | None = None
    kind: str | None = None
    overdue_on: date | None = None
    """Only those whose deadline lies before this day."""


async def collection(session: AsyncSession, collection_id: UUID, *, for_update: bool = False) -> Collection | None:
    """One collection."""
    query = select(Collection).where(col(Collection.id) == collection_id)
    return (await session.execute(query.with_for_update() if for_update else query)).scalar_one_or_none()


def in_sight(sight: Sight) -> ColumnElement[bool]:
    """Collections that `policy.may_see` shows to this caller."""
    conditions: list[ColumnElement[bool]] = [false()]
    here = sight.scope.where(col(Collection.division_code), col(Collection.person_id))
    if sight.staff:
        closed = col(Collection.person_id).in_(select(col(Subject.person_id)).where(col(Subject.standing).in_(ENDS_SUPERVISION)))
        conditions.append(and_(here, true() if sight.opens_closed else ~closed))
    if sight.decides:
        conditions.append(and_(or_(here, sight.scope.where(col(Collection.tested_in))), col(Collection.state).in_(OPEN)))
    if sight.laboratory is not None:
        first = and_(col(Collection.state) == "at_lab", cast(col(Collection.first_lab_id), Text) == sight.laboratory)
        second = and_(col(Collection.state) == "at_retest_lab", cast(col(Collection.retest_lab_id), Text) == sight.laboratory)
        conditions.append(and_(sight.scope.where(col(Collection.tested_in)), or_(first, second)))
    return or_(*conditions)


def collections_in(sight: Sight, wanted: Wanted) -> Select[Any]:
    """The list of collections that a caller may see, before its order and page."""
    query = select(Collection).where(in_sight(sight))
    if wanted.division is not None:
        query = query.where(or_(wanted.division.where(col(Collection.division_code)), wanted.division.where(col(Collection.tested_in))))
    if wanted.state is not None:
        query = query.where(col(Collection.state) == wanted.state)
    if wanted.kind is not None:
        query = query.where(col(Collection.kind) == wanted.kind)
    if wanted.overdue_on is not None:
        query = query.where(col(Collection.deadline_on) < wanted.overdue_on)
    return query


async def lab_names(session: AsyncSession, collections: Sequence[Collection]) -> dict[UUID, str]:
    """Laboratory → name, of those that hold or held one of these specimens."""
    ids = {lab for taken in collections for lab in (taken.first_lab_id, taken.retest_lab_id) if lab is not None}
    if not ids:
        return {}
    return {row.id: row.name for row in await session.execute(select(col(Lab.id), col(Lab.name)).where(col(Lab.id).in_(ids)))}


async def positives_of(session: AsyncSession, collection_id: UUID, stages: Sequence[str]) -> set[str]:
    """The analytes that these stages of a chain found positive."""
    statement = text(
        """select distinct analyte from testing.analyte_result
            where collection_id = cast(:collection as uuid) and stage = any(cast(:stages as text[])) and code = 'positive'"""
    )
    return set((await session.execute(statement, {"collection": collection_id, "stages": list(stages)})).scalars())


async def use_seals(session: AsyncSession, collection_id: UUID, seals: Sequence[tuple[str, str]]) -> str | None:
    """Take seal numbers, (container, number), into use.

    Returns the first container whose number is already used, or None. Of two calls at once one waits for the other.
    """
    for container, number in seals:
        statement = insert(Seal).values(number=seal_key(number), collection_id=collection_id, container=container).on_conflict_do_nothing()
        if (await session.execute(statement.returning(col(Seal.number)))).first() is None:
            return container
    return None


async def place(session: AsyncSession, person_id: UUID) -> None:
    """Let a person's collections follow the town that is responsible now."""
    statement = text(
        """update testing.collection c set division_code = s.division_code from testing.subject s
            where c.person_id = cast(:person as uuid) and s.person_id = c.person_id and c.division_code <> s.division_code"""
    )
    await session.execute(statement, {"person": person_id})


async def collections_of(session: AsyncSession, person_id: UUID) -> Sequence[Collection]:
    """The collections of a person, the latest first."""
    query = (
        select(Collection)
        .where(col(Collection.person_id) == person_id)
        .order_by(col(Collection.sampled_on).desc(), col(Collection.id).desc())
    )
    return (await session.execute(query)).scalars().all()


async def latest_of_plan(session: AsyncSession, plan_id: UUID) -> Collection | None:
    """The last collection for a due test."""
    query = select(Collection).where(col(Collection.plan_id) == plan_id).order_by(col(Collection.id).desc()).limit(1)
    return (await session.execute(query.with_for_update())).scalar_one_or_none()


async def last_day_of(session: AsyncSession, collection_id: UUID) -> date | None:
    """The day of a chain's last step."""
    query = select(func.max(col(ChainStep.happened_on))).where(col(ChainStep.collection_id) == collection_id)
    return (await session.execute(query)).scalar_one()


async def chain_of(session: AsyncSession, collection_id: UUID) -> Sequence[ChainStep]:
    """The steps of a chain, oldest first."""
    query = select(ChainStep).where(col(ChainStep.collection_id) == collection_id).order_by(col(ChainStep.id))
    return (await session.execute(query)).scalars().all()
