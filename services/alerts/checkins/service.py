"""Use cases of check-ins: take a batch, import history, read a trajectory, drop what may not be kept.

Check-ins leave no event in the outbox on purpose: other services must not follow where people were.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pydantic import ValidationError

from kit import strict_json
from kit.clock import day_start, local_day
from kit.db import new_id
from kit.lists import Asked, Found, find_rows
from kit.problems import FieldError, Invalid, Problem, invalid
from kit.roles import Role
from kit.sealed import Sealer
from kit.work import Work
from services.alerts import cells as h3
from services.alerts import staff
from services.alerts.checkins import policy, repository
from services.alerts.checkins.errors import REFUSALS, NothingAccepted
from services.alerts.checkins.points import (
    FINE_RESOLUTION,
    Days,
    Point,
    coarse_cell,
    content_of,
    points_of_person,
    seal_point,
    take_over,
)
from services.alerts.checkins.repository import Bringer, Row, Stored
from services.alerts.checkins.rules import (
    AHEAD_REFUSED,
    TO_KEEP,
    Refusal,
    Source,
    is_a_place,
    is_noted,
    kept_since,
    real_time,
    refusal_of_time,
    skew_seconds,
    to_wgs84,
)
from services.alerts.checkins.schemas import (
    BatchAnswer,
    CheckInBatch,
    ImportAnswer,
    NewCheckIn,
    Refused,
    TrajectoryPoint,
    Unread,
)
from services.alerts.checkins.tables import CheckIn
from services.alerts.devices import service as devices
from services.alerts.settings import AlertsSettings
from services.alerts.staff import CareTeams
from services.alerts.watched import repository as watched
from services.alerts.watched.errors import PersonNotWatched

IMPORT_CHUNK = 5000
IMPORT_LINES = 500_000
_LISTED = 50


def settings_of(work: Work) -> AlertsSettings:
    """The service's settings."""
    found = work.house.part(AlertsSettings)
    assert isinstance(found, AlertsSettings)
    return found


def bringer_of(work: Work) -> Bringer:
    """Whose check-ins the caller may bring: staff for their towns, a person for themselves."""
    own, towns = None, work.scope.towns
    if work.principal.has(Role.SUBJECT):
        own, towns = UUID(work.principal.person_id) if work.principal.person_id else UUID(int=0), None
    roles = " ".join(sorted(work.principal.roles))
    return Bringer(
        own, towns, work.principal.subject, work.principal.staff_id, roles, work.request_id, work.today, work.now, work.house.county
    )


def _refusal(index: int, code: Refusal, errors: Sequence[FieldError] = ()) -> Refused:
    zh, en = REFUSALS[code]
    if errors:
        zh = zh + ":" + "; ".join(f"{error.pointer} {error.message_zh}" for error in errors)
        en = en + ": " + "; ".join(f"{error.pointer} {error.message_en}" for error in errors)
    return Refused(index=index, code=code, keep=code in TO_KEEP, message_zh=zh, message_en=en)


def _row(sealer: Sealer, n: int, new: NewCheckIn, source: Source, skew_s: int, points_since: datetime) -> Row:
    lon, lat = to_wgs84(new.lon, new.lat) if new.datum == "gcj02" else (new.lon, new.lat)
    at, accuracy = new.at, new.accuracy_m or None
    if new.device_at is not None:  # `at` is the satellite's time: nothing to put right
        skew_s = skew_seconds(new.device_at, at)
    else:
        at = real_time(at, skew_s)
    row_id = new_id()
    sealed = seal_point(sealer, row_id, lon, lat) if at >= points_since else None
    content = content_of(sealer, new.at, lon, lat, accuracy)
    return Row(n, row_id, new.person_id, new.checkin_id, at, lon, lat, accuracy, source, coarse_cell(lon, lat), skew_s, sealed, content)


async def _persons_cared_for(work: Work) -> frozenset[UUID] | None:
    """For whom the caller may check in as a worker: their care teams' people (DRR art. 17) and those they were assigned to look after; None for oneself."""
    if work.principal.has(Role.SUBJECT):
        return None
    if work.principal.staff_id is None:
        return frozenset()
    cared = await work.house.part(CareTeams).cared_for_by(work.house, work.principal.staff_id)
    return cared | await repository.assigned_to(work.session, work.principal.staff_id)


async def limited_to(work: Work) -> frozenset[UUID] | None:
    """The persons to whom a worker's reads are limited: the own caseload, and who is in open alerts that were assigned to the worker. None: not limited."""
    if work.scope.people is None:
        return None
    return work.scope.people | await repository.assigned_to(work.session, work.principal.staff_id or "")


async def take_batch(work: Work, batch: CheckInBatch, unread: Mapping[int, list[FieldError]]) -> BatchAnswer:
    """Take what may be taken, refuse the rest item by item; `unread` says what is wrong in items that are not check-ins.

    Raises NothingAccepted (422) when nothing could be taken, Invalid when nothing could even be read, Unavailable when nobody can say whose worker it is.
    """
    settings, skew_s = settings_of(work), skew_seconds(batch.sent_at, work.now)
    earliest = kept_since(work.today, settings.point_days)
    items = batch.read()
    cared = await _persons_cared_for(work) if any(not isinstance(item, Unread) for item in items) else frozenset[UUID]()
    own_device = cared is not None or await devices.comes_from_own_device(work, batch.device_key)
    rows: list[Row] = []
    brought: dict[tuple[UUID, str], bytes] = {}
    refused: dict[int, Refusal] = {}
    for n, new in enumerate(items):
        if isinstance(new, Unread):
            refused[n] = "malformed"
        elif (why := policy.refusal_of_source(new.source, new.person_id, cared)) is not None:
            refused[n] = why
        elif not own_device and work.principal.person_id == str(new.person_id):
            refused[n] = "not_the_device"
        elif not is_a_place(new.lon, new.lat):
            refused[n] = "no_position"
        else:
            source: Source = new.source or ("app" if cared is None else "worker")
            row = _row(work.sealer, n, new, source, skew_s, earliest)
            if (late := refusal_of_time(row.at, batch.sent_at, work.now, earliest)) is not None:
                refused[n] = late
            elif brought.setdefault((row.person_id, row.client_key), row.content) != row.content:
                refused[n] = "key_used"
            else:
                rows.append(row)
    if rows:
        await work.house.part(Days).prepare(work.session, [row.at for row in rows])
    stored = await repository.store_batch(work.session, rows, bringer_of(work)) if rows else Stored(set(), 0, set())
    refused |= _not_stored(rows, stored)
    answers = [_refusal(n, refused[n], unread.get(n, ())) for n in sorted(refused)]
    if not stored.known:
        if len(unread) == len(refused):
            raise Invalid(errors=[error for n in sorted(unread) for error in unread[n]][:_LISTED])
        errors = [
            error
            for r in answers
            for error in unread.get(r.index, [FieldError(f"/checkins/{r.index}", r.code, r.message_zh, r.message_en)])
        ]
        raise NothingAccepted(errors=errors[:_LISTED])
    skewed = sum(is_noted(row.skew_s) for row in rows if row.n in stored.known)
    return BatchAnswer(accepted=stored.added, duplicates=len(stored.known) - stored.added, skewed=skewed, refused=answers)


def _not_stored(rows: list[Row], stored: Stored) -> dict[int, Refusal]:
    """The rows that were not stored, with why."""
    return {row.n: "key_used" if row.n in stored.clashing else "no_running_measure" for row in rows if row.n not in stored.known}


def _read_line(line: bytes) -> NewCheckIn:
    """One line. The model's own parser reads ten times as fast but lets a doubled name pass: then, and wherever it cannot be told, the strict one decides.

    Raises ValidationError, Malformed.
    """
    new = NewCheckIn.model_validate_json(line)
    if b"\\" in line or line.count(b'":') != len(new.model_fields_set):
        return NewCheckIn.model_validate(strict_json.loads(line))
    return new


async def import_history(work: Work, lines: AsyncIterator[bytes]) -> ImportAnswer:
    """Take a history as NDJSON, by COPY, all or nothing. The same rules as for a batch, except that it may be older than points are kept."""
    stage, bringer = await repository.stage(work.session), bringer_of(work)
    latest, points_since = (
        work.now + AHEAD_REFUSED,
        datetime.min.replace(tzinfo=UTC),
    )  # detectors look at all; the sweep drops what is too old
    accepted = duplicates = total = 0
    refused: list[tuple[int, Refusal]] = []
    work.house.part(Days).forget()  # a history may reach into days that were dropped
    rows: list[Row] = []

    async def flush() -> None:
        nonlocal accepted, duplicates
        await work.house.part(Days).prepare(work.session, [row.at for row in rows])
        await stage.load(rows)
        stored = await stage.store(bringer)
        accepted, duplicates = accepted + stored.added, duplicates + len(stored.known) - stored.added
        refused.extend(_not_stored(rows, stored).items())
        rows.clear()

    async for line in lines:
        if total >= IMPORT_LINES:
            raise invalid("", "too_many_lines", f"一次最多导入 {IMPORT_LINES} 行", f"at most {IMPORT_LINES} lines at once")
        n, total = total, total + 1
        try:
            new = _read_line(line)
        except (ValidationError, Problem):
            refused.append((n, "malformed"))
            continue
        if new.at > latest or not is_a_place(new.lon, new.lat):
            refused.append((n, "clock_ahead" if new.at > latest else "no_position"))
            continue
        rows.append(_row(work.sealer, n, new, new.source or "app", 0, points_since))
        if n % 200 == 0:
            await asyncio.sleep(0)  # others are served meanwhile
        if len(rows) >= IMPORT_CHUNK:
            await flush()
    if rows:
        await flush()
    refused.sort()
    answers = [_refusal(n, code) for n, code in refused[:_LISTED]]
    if total and not accepted and not duplicates:
        raise NothingAccepted(errors=[FieldError(f"/{r.index}", r.code, r.message_zh, r.message_en) for r in answers])
    await work.note("checkin.import", "checkin", details={"accepted": accepted, "duplicates": duplicates, "refused": len(refused)})
    return ImportAnswer(accepted=accepted, duplicates=duplicates, refused_total=len(refused), refused=answers)


async def read_trajectory(work: Work, asked: Asked, person_id: UUID, since: datetime | None, until: datetime | None) -> Found:
    """Where a person checked in. Raises PersonNotWatched, Invalid, BadCursor. While the measure runs only; the person may always see their own."""
    filters = {"from": since, "to": until}
    until = until or work.now + AHEAD_REFUSED
    since = since or day_start(work.today) - timedelta(days=settings_of(work).point_days)
    if since >= until:
        raise invalid("/query/from", "order", "开始时间须早于结束时间", "from must lie before to")
    own = work.principal.has(Role.SUBJECT) and work.principal.person_id == str(person_id)
    if not own:
        division = await watched.division_of(work.session, person_id, work.today)
        limits = await limited_to(work)
        near = division is not None and work.scope.reaches(division) and (limits is None or person_id in limits)
        in_reach = near or (division is not None and work.purpose == "emergency")
        if not in_reach or work.principal.has(Role.SUBJECT):
            raise PersonNotWatched

    async def shapes(rows: Sequence[CheckIn]) -> list[TrajectoryPoint]:
        """Only the points of the page are opened."""
        moments = [row.at for row in rows]
        points = await points_of_person(work, person_id, min(moments), max(moments) + timedelta(microseconds=1)) if rows else {}
        names = {} if own else await staff.names_of(work, sorted({row.recorded_staff for row in rows if row.recorded_staff}))
        return [_shown(row, points.get(row.id), names, own=own) for row in rows]

    query = repository.trajectory(person_id, since, until)
    return await find_rows(work, repository.TRAJECTORY, asked, query, filters, shapes=shapes, about=[person_id])


def _shown(row: CheckIn, point: Point | None, names: Mapping[str, str], *, own: bool) -> TrajectoryPoint:
    """One line of a trajectory, with who brought it: a check-in that staff made for somebody must not pass for their own (street 10)."""
    by = row.recorded_staff or ("self" if row.source == "app" and own else row.recorded_by)
    lon, lat = point if point is not None else (None, None)
    cell = row.cell if lon is None or lat is None else h3.latlng_to_cell(lat, lon, FINE_RESOLUTION)
    fields = {name: getattr(row, name) for name in ("id", "at", "accuracy_m", "county_code", "source", "skew_s")}
    return TrajectoryPoint(
        **fields, lon=lon, lat=lat, cell=h3.int_to_str(cell), recorded_by=by, recorded_name=names.get(row.recorded_staff or "")
    )


async def prepare_days(work: Work) -> int:
    """Make the partitions of the days whose points are kept and of the next three: the hourly job. How many are new."""
    first = work.today - timedelta(days=settings_of(work).point_days)
    return await repository.make_partitions(work.session, first, work.today + timedelta(days=3))


async def take_over_landed(work: Work) -> int:
    """Seal some of what the first release stored; 0 when nothing is left."""
    return await take_over(work, kept_since(work.today, settings_of(work).point_days))


async def erase_person(work: Work, person_id: UUID) -> int:
    """Delete a person's points on the day when nothing is owed any more (law 7; PIPL art. 47). How many."""
    return await repository.erase_points(work.session, [person_id])


async def sweep(work: Work) -> dict[str, int]:
    """Drop points and records that may no longer be kept (PIPL art. 19, 47), and say so in the audit trail."""
    settings = settings_of(work)
    points_since = kept_since(work.today, settings.point_days)
    records_before = work.now - timedelta(days=settings.checkin_days)
    while await take_over_landed(work):
        pass
    ended = await repository.people_not_running(work.session, work.today)
    dropped = {
        "points": await repository.erase_points(work.session, ended),
        "partitions": await repository.drop_partitions(work.session, local_day(points_since), local_day(records_before)),
        "rows": await repository.erase_records(work.session, records_before, ended, points_since),
    }
    work.house.part(Days).forget()
    await work.note("checkin.sweep", "checkin", details=dict(dropped))
    return dropped
