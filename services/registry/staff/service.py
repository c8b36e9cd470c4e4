"""Use cases of stations and staff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from kit.lists import Asked, Found, find_rows
from kit.problems import FieldError, Forbidden, Invalid, invalid
from kit.roles import Role
from kit.scope import Scope
from kit.work import House, Work
from services.registry.divisions import repository as divisions
from services.registry.divisions.policy import part_of
from services.registry.events import StaffChanged, StaffDeparted, StaffEvent
from services.registry.staff import repository
from services.registry.staff.errors import StaffNotFound
from services.registry.staff.schemas import StaffLeaves, StaffLoad, StationLoad
from services.registry.staff.tables import StaffMember, Station


async def tell_names(house: House, asked: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The names of these places and members of staff, those who left among them: they stand beside ids in answers (kit.names)."""
    async with house.database.reader() as connection:
        return {
            "towns": await divisions.names_of(connection, asked["towns"]) if asked.get("towns") else {},
            "staff": await repository.names_of(connection, asked["staff"]) if asked.get("staff") else {},
        }


async def load_stations(work: Work, stations: Sequence[StationLoad]) -> tuple[int, int, int]:
    """Load stations: created, changed, unchanged. Raises Invalid."""
    _once([station.code for station in stations])
    created, changed = await repository.put(work.session, Station, [station.model_dump() for station in stations])
    await work.note("station.load", "station", details={"created": created, "changed": changed})
    return created, changed, len(stations) - created - changed


async def load_staff(work: Work, staff: Sequence[StaffLoad]) -> tuple[int, int, int]:
    """Load staff: created, changed, unchanged. A station that is not known is named by its place in the list. Raises Invalid."""
    _once([member.code for member in staff])
    stations = await repository.station_ids(work.session, sorted({member.station_code for member in staff if member.station_code}))
    unknown = [
        FieldError(f"/{place}/station_code", "station_unknown", "没有这个站点", "no such station")
        for place, member in enumerate(staff)
        if member.station_code and member.station_code not in stations
    ]
    if unknown:
        raise Invalid(errors=unknown[:50])
    rows = [{**member.model_dump(exclude={"station_code"}), "station_id": stations.get(member.station_code or "")} for member in staff]
    created = changed = 0
    moved = await _moved(work, staff)
    for start in range(0, len(rows), 2000):  # a statement has at most 65,535 parameters
        new, other = await repository.put(work.session, StaffMember, rows[start : start + 2000])
        created, changed = created + new, changed + other
    for member_id, event in moved:
        await work.publish(event, member_id, event.division_code)
    await work.note("staff.load", "staff", details={"created": created, "changed": changed})
    return created, changed, len(staff) - created - changed


async def _moved(work: Work, staff: Sequence[StaffLoad]) -> list[tuple[UUID, StaffEvent]]:
    """What to tell of those whom a list gives another post, town or term: who is new has nothing yet that hangs on it."""
    given = {member.code: member for member in staff}
    found: list[tuple[UUID, StaffEvent]] = []
    for known in await repository.members(work.session, sorted(given)):
        new = given[known.code]
        before = (known.post, known.division_code, known.valid_from, known.valid_to)
        if before != (new.post, new.division_code, new.valid_from, new.valid_to):
            kind = StaffDeparted if new.valid_to is not None and new.valid_to != known.valid_to else StaffChanged
            found.append((known.id, kind(**{name: getattr(new, name) for name in StaffEvent.model_fields})))
    return found


async def list_stations(work: Work, asked: Asked, on: date | None, division_code: str | None) -> Found:
    """The stations of a day. Raises BadCursor."""
    query = repository.stations_on(on or work.today, division_code)
    return await find_rows(work, repository.STATIONS, asked, query, {"on": on, "division": division_code})


async def list_staff(work: Work, asked: Asked, on: date | None, post: str | None, division_code: str | None) -> Found:
    """Staff in the caller's towns, by number; an administrator's accounts are opened for staff of every town. Raises BadCursor."""
    everywhere = Scope((work.house.county,)) if work.principal.has(Role.ADMINISTRATOR) else work.scope
    query = repository.staff_of(part_of(everywhere, division_code), on or work.today, post)
    return await find_rows(work, repository.STAFF, asked, query, filters={"on": on, "post": post, "division": division_code})


async def read_staff(work: Work, code: str) -> StaffMember:
    """One staff member. Raises StaffNotFound."""
    found = await repository.staff_member(work.session, code)
    if found is None or not (work.principal.has(Role.ADMINISTRATOR) or work.principal.covers(found.division_code)):
        raise StaffNotFound
    return found


async def let_staff_leave(work: Work, code: str, leaves: StaffLeaves) -> StaffMember:
    """End an employment and every care-team membership with it. Raises StaffNotFound, Forbidden, Invalid."""
    member = await read_staff(work, code)
    if not work.principal.has(Role.COUNTY_OFFICER, Role.ADMINISTRATOR):
        raise Forbidden
    if leaves.on < member.valid_from:
        raise invalid("/on", "before_start", "早于任职日期", "lies before the start")
    member.valid_to = leaves.on
    ended = await repository.end_memberships(work.session, member.id, leaves.on)
    event = StaffDeparted(**{name: getattr(member, name) for name in StaffEvent.model_fields})
    await work.publish(event, member.id, member.division_code)
    await work.note("staff.leave", "staff", member.id, details={"memberships": ended})
    await work.session.flush()
    return member


def _once(codes: Sequence[str]) -> None:
    if len(set(codes)) != len(codes):
        raise invalid("", "duplicate_code", "编号重复", "a number occurs twice")
