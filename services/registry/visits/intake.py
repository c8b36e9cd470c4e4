"""Visits taken over from a county's ledgers: set-based, and taking the same rows over again changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from kit import outbox
from kit.db import new_id
from kit.work import Work
from services.registry.events import VisitRecorded
from services.registry.visits.tables import Round


class TakenVisit(NamedTuple):
    """One visit of a ledger. `round_code` names the round (`2021-1`); a round that does not exist yet is made from the days of its visits."""

    person_id: UUID
    division_code: str
    round_code: str
    visited_on: date | None
    met: bool | None
    tested: bool | None
    family_met: bool | None
    employed: bool | None


# One statement whatever the number: arrays instead of a VALUES list, which would have to be compiled row by row.
_ENTER = text(
    """insert into registry.visit as v (id, round_id, person_id, division_code, due_on, visited_on, met, tested, family_met, employed,
                                     visited_by, source, version, recorded_at)
       select id, round_id, person_id, division_code, due_on, visited_on, met, tested, family_met, employed, '', 'ledger', 1, cast(:now as timestamptz)
         from unnest(cast(:ids as uuid[]), cast(:rounds as uuid[]), cast(:people as uuid[]), cast(:towns as text[]), cast(:due as date[]),
                     cast(:visited as date[]), cast(:met as bool[]), cast(:tested as bool[]), cast(:family_met as bool[]), cast(:employed as bool[]))
              as t(id, round_id, person_id, division_code, due_on, visited_on, met, tested, family_met, employed)
       on conflict (round_id, person_id) do update
          set visited_on = coalesce(excluded.visited_on, v.visited_on), met = coalesce(excluded.met, v.met), tested = coalesce(excluded.tested, v.tested),
              family_met = coalesce(excluded.family_met, v.family_met), employed = coalesce(excluded.employed, v.employed),
              version = v.version + 1, recorded_at = excluded.recorded_at
        where v.source = 'ledger' and (v.visited_on, v.met, v.tested, v.family_met, v.employed)
              is distinct from (excluded.visited_on, excluded.met, excluded.tested, excluded.family_met, excluded.employed)
       returning v.round_id, v.person_id"""
)


async def take_over_visits(work: Work, rows: Sequence[TakenVisit]) -> int:
    """Enter visits from ledgers, one per person and round; the number entered or changed. A null `visited_on` is a target that was not visited.

    A visit that was entered by hand is never overwritten. Writes rows and events in this transaction.
    """
    wanted = {(row.round_code, row.person_id): row for row in rows}
    if not wanted:
        return 0
    rounds = await _rounds(work, list(wanted.values()))
    columns: dict[str, list[Any]] = {
        "ids": [new_id() for _ in wanted],
        "rounds": [rounds[row.round_code][0] for row in wanted.values()],
        "people": [row.person_id for row in wanted.values()],
        "towns": [row.division_code for row in wanted.values()],
        "due": [row.visited_on or rounds[row.round_code][1] for row in wanted.values()],
        "visited": [row.visited_on for row in wanted.values()],
        "met": [row.met if row.visited_on else None for row in wanted.values()],
        "tested": [row.tested if row.visited_on else None for row in wanted.values()],
        "family_met": [row.family_met for row in wanted.values()],
        "employed": [row.employed for row in wanted.values()],
    }
    changed = [(round_id, person_id) for round_id, person_id in await work.session.execute(_ENTER, {**columns, "now": work.now})]
    told = set(changed)
    events = [
        outbox.event_row(
            VisitRecorded(division_code=row.division_code, visited_on=row.visited_on, met=bool(row.met)),
            row.person_id,
            row.division_code,
            work.origin,
        )
        for row in wanted.values()
        if (rounds[row.round_code][0], row.person_id) in told and row.visited_on is not None
    ]
    await outbox.append_all(work.session, work.house.schema, events)
    if changed:
        await work.note("visit.take_over", "person", *sorted({person_id for _, person_id in told}), details={"count": len(changed)})
    return len(changed)


async def _rounds(work: Work, rows: Sequence[TakenVisit]) -> dict[str, tuple[UUID, date]]:
    """Round code → (id, last day); missing rounds are made, and an old one from a ledger is widened to hold its visits."""
    spans: dict[str, list[date]] = {}
    for row in rows:
        spans.setdefault(row.round_code, []).extend([row.visited_on] if row.visited_on else [])
    for code, days in sorted(spans.items()):
        first, last = min(days, default=work.today), max(days, default=work.today)
        statement = insert(Round).values(
            id=new_id(),
            code=code,
            name=code,
            starts_on=first,
            ends_on=last,
            source="ledger",
            created_by=work.principal.subject,
            created_at=work.now,
        )
        new = statement.excluded
        await work.session.execute(
            statement.on_conflict_do_update(
                index_elements=["code"],
                set_={
                    "starts_on": func.least(col(Round.starts_on), new.starts_on),
                    "ends_on": func.greatest(col(Round.ends_on), new.ends_on),
                },
                where=(col(Round.source) == "ledger") & ((col(Round.starts_on) > new.starts_on) | (col(Round.ends_on) < new.ends_on)),
            )
        )
    found = await work.session.execute(select(col(Round.code), col(Round.id), col(Round.ends_on)).where(col(Round.code).in_(list(spans))))
    return {code: (round_id, last) for code, round_id, last in found}
