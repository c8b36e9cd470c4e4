"""Use cases of check-ins: take a batch, import history, read a trajectory, drop what may not be kept.

Check-ins leave no event in the outbox on purpose: nobody outside this service may follow where people were.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import ValidationError

from kit import strict_json
from kit.clock import day_start
from kit.db import new_id
from kit.problems import FieldError, Invalid, Problem, invalid
from kit.roles import Role
from kit.work import Work
from services.alerts import cells as h3
from services.alerts.checkins import repository
from services.alerts.checkins.errors import REFUSALS, NothingAccepted
from services.alerts.checkins.repository import Bringer, Row, Stored
from services.alerts.checkins.rules import AHEAD_REFUSED, is_a_place, is_noted, real_time, skew_seconds, to_wgs84
from services.alerts.checkins.schemas import (
    BatchAnswer,
    CheckInBatch,
    ImportAnswer,
    NewCheckIn,
    Refused,
    Trajectory,
    TrajectoryPoint,
    Unread,
)
from services.alerts.settings import AlertsSettings
from services.alerts.watched import repository as watched
from services.alerts.watched.errors import PersonNotWatched

CELL_RESOLUTION = 7
"""H3 cells of about five square kilometres: a town's quarter, no house."""
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
    own, towns = None, [prefix + "%" for prefix in work.principal.scope]
    if work.principal.has(Role.SUBJECT):
        own, towns = UUID(work.principal.person_id) if work.principal.person_id else UUID(int=0), None
    roles, county = " ".join(sorted(work.principal.roles)), work.house.county
    return Bringer(own, towns, work.principal.subject, roles, work.request_id, work.today, work.now, county)


def _refusal(index: int, code: str, errors: Sequence[FieldError] = ()) -> Refused:
    zh, en = REFUSALS[code]
    if errors:
        zh = zh + ":" + "; ".join(f"{error.pointer} {error.message_zh}" for error in errors)
        en = en + ": " + "; ".join(f"{error.pointer} {error.message_en}" for error in errors)
    return Refused(index=index, code=code, message_zh=zh, message_en=en)


def _row(n: int, new: NewCheckIn, skew_s: int) -> Row:
    lon, lat = to_wgs84(new.lon, new.lat) if new.datum == "gcj02" else (new.lon, new.lat)
    at = new.at
    if new.device_at is not None:  # `at` is the satellite's time: nothing to put right
        skew_s = skew_seconds(new.device_at, at)
    else:
        at = real_time(at, skew_s)
    cell = h3.latlng_to_cell(lat, lon, CELL_RESOLUTION)
    return Row(n, new_id(), new.person_id, new.checkin_id, at, lon, lat, new.accuracy_m or None, new.source, cell, skew_s)


async def take_batch(work: Work, batch: CheckInBatch, unread: Mapping[int, list[FieldError]]) -> BatchAnswer:
    """Take what may be taken, refuse the rest item by item; `unread` says what is wrong in items that are no check-in.

    Raises NothingAccepted (422) when nothing could be taken, Invalid when nothing could even be read.
    """
    settings, skew_s = settings_of(work), skew_seconds(batch.sent_at, work.now)
    is_subject = work.principal.has(Role.SUBJECT)
    latest, earliest = work.now + AHEAD_REFUSED, work.now - timedelta(days=settings.point_days)
    rows: list[Row] = []
    brought: dict[tuple[UUID, str], tuple[float, float]] = {}
    refused: dict[int, str] = {}
    for n, new in enumerate(batch.read()):
        if isinstance(new, Unread):
            refused[n] = "malformed"
        elif is_subject and new.source != "app":
            refused[n] = "source_not_yours"
        elif not is_a_place(new.lon, new.lat):
            refused[n] = "no_position"
        else:
            row = _row(n, new, skew_s)
            here = (row.lon, row.lat)
            if row.at > latest:
                refused[n] = "clock_ahead"
            elif row.at < earliest:
                refused[n] = "too_old"
            elif brought.setdefault((row.person_id, row.client_key), here) != here:
                refused[n] = "key_used"
            else:
                rows.append(row)
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


def _not_stored(rows: list[Row], stored: Stored) -> dict[int, str]:
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
    latest = work.now + AHEAD_REFUSED
    accepted = duplicates = total = 0
    refused: list[tuple[int, str]] = []
    rows: list[Row] = []

    async def flush() -> None:
        nonlocal accepted, duplicates
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
        rows.append(_row(n, new, 0))
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


async def read_trajectory(work: Work, person_id: UUID, since: datetime | None, until: datetime | None) -> Trajectory:
    """Where a person checked in. Raises PersonNotWatched, Invalid. While the measure runs only; the person may always see their own."""
    until = until or work.now + AHEAD_REFUSED
    since = since or day_start(work.today) - timedelta(days=settings_of(work).point_days)
    if since >= until:
        raise invalid("/query/from", "order", "开始时间须早于结束时间", "from must lie before to")
    own = work.principal.has(Role.SUBJECT) and work.principal.person_id == str(person_id)
    if not own:
        division = await watched.division_of(work.session, person_id, work.today)
        in_reach = division is not None and (work.principal.covers(division) or work.purpose == "emergency")
        if not in_reach or work.principal.has(Role.SUBJECT):
            raise PersonNotWatched
    rows = await repository.trajectory(work.session, person_id, since, until)
    shown = rows[: repository.TRAJECTORY_MAX]
    items = [TrajectoryPoint(**{**row, "cell": h3.int_to_str(row["cell"])}) for row in shown]
    await work.note("checkin.trajectory", "person", person_id, details={"rows": len(items)})
    return Trajectory(person_id=person_id, items=items, truncated=len(rows) > len(items))


async def sweep(work: Work) -> dict[str, int]:
    """Drop points and rows that may no longer be kept (PIPL art. 19, 47), and say so in the audit trail."""
    settings = settings_of(work)
    dropped = await repository.sweep(
        work.session,
        today=work.today,
        points_before=work.now - timedelta(days=settings.point_days),
        rows_before=work.now - timedelta(days=settings.checkin_days),
    )
    await work.note("checkin.sweep", "checkin", details=dict(dropped))
    return dropped
