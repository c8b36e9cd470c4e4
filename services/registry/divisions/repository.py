"""Questions to the divisions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from psycopg import AsyncConnection
from sqlalchemy import Select, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from kit.lists import Rows
from services.registry.divisions.schemas import DivisionAnswer
from services.registry.divisions.tables import Division, ResidentPopulation

NAME = "(select named.name from registry.division named where named.code = {code})"
"""The name of a place, as a column of a hot list beside its code."""
TOWN_LEVELS = ("town", "service_centre")


DIVISIONS = Rows(
    name="registry.divisions",
    item=DivisionAnswer,
    sorts={"code": (col(Division.code),), "name": (col(Division.name), col(Division.code))},
    default="code",
    noted="code",
    counted={"level": col(Division.level)},
    action="division.list",
    object_type="division",
)


def divisions_on(day: date, level: str | None, parent: str | None) -> Select[Any]:
    """The divisions valid on a day."""
    query = select(Division).where(col(Division.valid_from) <= day, or_(col(Division.valid_to).is_(None), col(Division.valid_to) > day))
    if level:
        query = query.where(col(Division.level) == level)
    if parent:
        query = query.where(or_(col(Division.parent_code) == parent, col(Division.service_centre_code) == parent))
    return query


async def towns_on(session: AsyncSession, day: date) -> Sequence[Division]:
    """Towns and service centres: the 21 units that manage people."""
    query = select(Division).where(
        col(Division.level).in_(TOWN_LEVELS),
        col(Division.valid_from) <= day,
        or_(col(Division.valid_to).is_(None), col(Division.valid_to) > day),
    )
    return (await session.execute(query.order_by(col(Division.code)))).scalars().all()


async def division(session: AsyncSession, code: str) -> Division | None:
    """One division."""
    return await session.get(Division, code)


async def known_codes(session: AsyncSession, codes: Sequence[str]) -> set[str]:
    """Which of these codes exist."""
    return set((await session.execute(select(col(Division.code)).where(col(Division.code).in_(codes)))).scalars())


async def put_divisions(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> int:
    """Insert or replace divisions; the number of rows that are new or differ."""
    statement = insert(Division).values(list(rows))
    fields = [name for name in rows[0] if name != "code"]
    new = statement.excluded
    different = or_(*(col(getattr(Division, name)).is_distinct_from(new[name]) for name in fields))
    statement = statement.on_conflict_do_update(index_elements=["code"], set_={name: new[name] for name in fields}, where=different)
    return len((await session.execute(statement.returning(col(Division.code)))).scalars().all())


async def put_population(session: AsyncSession, code: str, year: int, persons: int, source: str) -> None:
    """Store the resident population of a year."""
    statement = insert(ResidentPopulation).values(division_code=code, year=year, persons=persons, source=source)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["division_code", "year"], set_={"persons": persons, "source": source})
    )


async def populations(session: AsyncSession, code: str) -> Sequence[ResidentPopulation]:
    """The populations of a division, by year."""
    query = select(ResidentPopulation).where(col(ResidentPopulation.division_code) == code).order_by(col(ResidentPopulation.year))
    return (await session.execute(query)).scalars().all()


async def places(session: AsyncSession) -> Sequence[Any]:
    """Code, name, level, both parents and aliases of every division above the grids that ever was."""
    d = Division.metadata.tables["registry.division"].c
    query = select(d.code, d.name, d.level, d.parent_code, d.service_centre_code, d.aliases).where(d.level != "grid")
    connection = await session.connection()
    return (await connection.execute(query.order_by(d.code))).all()


async def names_of(connection: AsyncConnection[Any], codes: Sequence[str]) -> dict[str, str]:
    """Code → name, of the divisions that are or ever were."""
    found = await connection.execute(b"select code, name from registry.division where code = any(%s::text[])", [list(codes)], prepare=True)
    return dict(await found.fetchall())
