"""Points as they are stored and opened again, and the taking over of what the first release kept in clear.

Everybody who needs a point asks here: sealing, opening and the way from the old table to the new ones stand in one place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from kit.clock import local_day
from kit.sealed import Sealer
from kit.work import Work
from services.alerts import cells as h3
from services.alerts.checkins import repository
from services.alerts.checkins.rules import SKEW_NOTED

CELL_RESOLUTION = 5
"""What stays of a place: an H3 cell of some 250 square kilometres, the size of a town. At resolution 7 (5 km²) 41 of the practice county's 600 people would
be alone in the cell of their home and 137 among fewer than five: an address, to whoever knows the village. Here it is 2 and 8 (ADR 0023)."""
FINE_RESOLUTION = 7
TAKEN_OVER = 2000
Point = tuple[float, float]


def seal_point(sealer: Sealer, checkin_id: UUID, lon: float, lat: float) -> bytes:
    """A point as it is stored, bound to its check-in."""
    return sealer.seal(f"{lon!r},{lat!r}", "checkin_point", "point", str(checkin_id))


def open_point(sealer: Sealer, checkin_id: UUID, sealed: bytes) -> Point:
    """The point again: longitude and latitude in WGS-84 degrees. Raises CannotOpen."""
    lon, _, lat = sealer.open(sealed, "checkin_point", "point", str(checkin_id)).partition(",")
    return float(lon), float(lat)


def content_of(sealer: Sealer, at: datetime, lon: float, lat: float, accuracy_m: float | None) -> bytes:
    """What was told under a name: time and point as the phone gave them, whatever clock was put right. Keyed, because points can be tried out."""
    accuracy = "" if accuracy_m is None else f"{accuracy_m:.1f}"
    return sealer.index("checkin", f"{at.astimezone(UTC).isoformat()}|{lon:.7f}|{lat:.7f}|{accuracy}")


def coarse_cell(lon: float, lat: float) -> int:
    """The cell that stays."""
    return h3.latlng_to_cell(lat, lon, CELL_RESOLUTION)


_SEALED = text("select checkin_id, point_sealed from alerts.checkin_point where checkin_id = any(:ids) and at >= :first and at <= :last")
_OF_PERSON = text("select checkin_id, point_sealed from alerts.checkin_point where person_id = :person and at >= :first and at <= :last")
_SINCE = text("select checkin_id, point_sealed from alerts.checkin_point where at >= :first")
_LANDED = text(
    "select id, lon, lat from alerts.checkin where lon is not null and at >= :first and (cast(:person as uuid) is null or person_id = :person)"
)


async def points_of(work: Work, checkin_ids: Sequence[UUID], first: datetime, last: datetime) -> Mapping[UUID, Point]:
    """The points of check-ins made between two moments, as far as they are kept."""
    found = await work.session.execute(_SEALED, {"ids": list(checkin_ids), "first": first, "last": last})
    return await _opened(work, found, first, None)


async def points_of_person(work: Work, person_id: UUID, first: datetime, last: datetime) -> Mapping[UUID, Point]:
    """The points of a person between two moments, as far as they are kept."""
    found = await work.session.execute(_OF_PERSON, {"person": person_id, "first": first, "last": last})
    return await _opened(work, found, first, person_id)


async def points_since(work: Work, first: datetime) -> Mapping[UUID, Point]:
    """Every point from a moment on."""
    return await _opened(work, await work.session.execute(_SINCE, {"first": first}), first, None)


async def _opened(work: Work, found: Any, first: datetime, person_id: UUID | None) -> Mapping[UUID, Point]:
    points = {row[0]: open_point(work.sealer, row[0], row[1]) for row in found}
    landed = await work.session.execute(_LANDED, {"first": first, "person": person_id})
    return {row[0]: (row[1], row[2]) for row in landed} | points


_TAKE = text("""
delete from alerts.checkin where id = any(array(select id from alerts.checkin order by id limit :size for update skip locked))
returning id, person_id, client_key, at, division_code, county_code, lon, lat, accuracy_m, source, skew_s, recorded_by, received_at, cell""")

_RECORD = text("""
with added as (
  insert into alerts.checkin_record (id, person_id, at, division_code, county_code, cell, accuracy_m, source, skew_s, recorded_by, received_at)
  values (:id, :person_id, :at, :division_code, :county_code, :coarse, :accuracy_m, :source, :skew_s, :recorded_by, :received_at)
  on conflict (id, at) do nothing returning id, at)
insert into alerts.unobserved (checkin_id, at) select id, at from added on conflict (checkin_id) do nothing""")

_NAME = text(
    f"""insert into alerts.checkin_key (key, at, content) values ({repository.KEY.format(person="cast(:person_id as text)", key="cast(:client_key as text)")},
         :at, :content) on conflict (key) do update set content = coalesce(alerts.checkin_key.content, excluded.content)"""
)
_POINT = text("""insert into alerts.checkin_point (checkin_id, at, person_id, point_sealed) values (:id, :at, :person_id, :sealed)
                 on conflict (checkin_id, at) do nothing""")


async def take_over(work: Work, points_since: datetime) -> int:
    """Seal some of what the first release stored, and take it out of its table. Points from before a moment are dropped. How many rows; 0 when none is left.

    What that release wrote after the migration, while both ran, is recorded and queued for the detectors here.
    """
    rows = [dict(row) for row in (await work.session.execute(_TAKE, {"size": TAKEN_OVER})).mappings()]
    if not rows:
        return 0
    days = sorted({local_day(row["at"]) for row in rows})
    for day in await repository.missing_days(work.session, days):
        await repository.make_partitions(work.session, day, day)
    points: list[dict[str, Any]] = []
    for row in rows:
        known = row["lon"] is not None
        row["coarse"] = h3.cell_to_parent(row["cell"], CELL_RESOLUTION)
        # A clock that was put right then tells another time now: of such a row only the point is known to be the same.
        certain = known and abs(row["skew_s"]) <= SKEW_NOTED / timedelta(seconds=1)
        row["content"] = content_of(work.sealer, row["at"], row["lon"], row["lat"], row["accuracy_m"]) if certain else None
        if known and row["at"] >= points_since:
            points.append({**row, "sealed": seal_point(work.sealer, row["id"], row["lon"], row["lat"])})
    await work.session.execute(_RECORD, rows)
    await work.session.execute(_NAME, rows)
    if points:
        await work.session.execute(_POINT, points)
    await work.note("checkin.take_over", "checkin", details={"rows": len(rows), "sealed": len(points)})
    return len(rows)


class Days:
    """The days for which this process knows that check-ins can be stored: asked once a day and not for every batch."""

    def __init__(self) -> None:
        self._known: set[Any] = set()

    async def prepare(self, session: AsyncSession, moments: Sequence[datetime]) -> None:
        """Make what is missing for check-ins of these moments, in this transaction."""
        days = {local_day(moment) for moment in moments}
        asked = sorted(days - self._known)
        if not asked:
            return
        missing = await repository.missing_days(session, asked)
        for day in missing:
            await repository.make_partitions(session, day, day)
        self._known |= set(asked) - set(missing)  # what was made is known once it is committed

    def forget(self) -> None:
        """Ask again: partitions were dropped."""
        self._known.clear()
