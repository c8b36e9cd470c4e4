"""Every question to the places."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from kit.lists import Rows
from services.alerts.places.schemas import OccasionAnswer, PlaceAnswer
from services.alerts.places.tables import AnnouncedAbsence, Occasion, OrdinaryPlaces, Place


async def replace_all(session: AsyncSession, table: type[SQLModel], key: str, rows: Sequence[dict[str, Any]]) -> None:
    """Insert or replace rows by their key, in one statement."""
    statement = insert(table)
    changed = {name: statement.excluded[name] for name in rows[0] if name != key}
    await session.execute(statement.on_conflict_do_update(index_elements=[key], set_=changed), list(rows))


async def raise_knowledge(session: AsyncSession) -> None:
    """Tell the detectors that something they know has changed; waits for a run that is under way."""
    await session.execute(
        text(
            "insert into alerts.knowledge (id, version) values (1, 1) on conflict (id) do update set version = alerts.knowledge.version + 1"
        )
    )


async def held_knowledge(session: AsyncSession) -> int:
    """The version of what is known, held until the end of the transaction."""
    await session.execute(text("insert into alerts.knowledge (id, version) values (1, 0) on conflict (id) do nothing"))
    return (await session.execute(text("select version from alerts.knowledge where id = 1 for share"))).scalar_one()


PLACES = Rows(
    name="alerts.places",
    item=PlaceAnswer,
    sorts={"code": (col(Place.code),), "division_code": (col(Place.division_code), col(Place.code))},
    default="code",
    counted={"kind": col(Place.kind)},
    action="place.list",
    object_type="place",
    noted="code",
)
OCCASIONS = Rows(
    name="alerts.occasions",
    item=OccasionAnswer,
    sorts={"starts_at": (col(Occasion.starts_at), col(Occasion.code)), "code": (col(Occasion.code),)},
    default="starts_at",
    counted={"kind": col(Occasion.kind)},
    action="occasion.list",
    object_type="occasion",
    noted="code",
)


def places_of(kind: str | None) -> Select[Any]:
    """All places, or those of a kind."""
    query = select(Place)
    return query.where(col(Place.kind) == kind) if kind else query


async def places(session: AsyncSession) -> Sequence[Place]:
    """All places, by code."""
    return (await session.execute(places_of(None).order_by(col(Place.code)))).scalars().all()


def occasions_after(at: datetime) -> Select[Any]:
    """Occasions that end after a moment."""
    return select(Occasion).where(col(Occasion.ends_at) > at)


async def ordinary_places(session: AsyncSession) -> Sequence[OrdinaryPlaces]:
    """What is registered of everybody."""
    return (await session.execute(select(OrdinaryPlaces))).scalars().all()


async def absences_of(session: AsyncSession, person_ids: Sequence[UUID], since: date) -> Sequence[AnnouncedAbsence]:
    """Reports of absence of these persons that end on or after a day."""
    query = select(AnnouncedAbsence).where(col(AnnouncedAbsence.person_id).in_(person_ids), col(AnnouncedAbsence.last_day) >= since)
    return (await session.execute(query)).scalars().all()
