"""Visits taken over from a county's ledgers: set-based, and taking the same rows over again changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from kit import outbox
from kit.db import new_id
from kit.work import Work
from services.registry.events import VisitRecorded
from services.registry.visits.tables import Round, Visit


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


async def take_over_visits(work: Work, rows: Sequence[TakenVisit]) -> int:
    """Enter visits from ledgers, one per person and round; the number entered or changed. A null `visited_on` is a target that was not visited.

    A visit that was entered by hand is never overwritten. Writes rows and events in this transaction.
    """
    wanted = {(row.round_code, row.person_id): row for row in rows}
    if not wanted:
        return 0
    rounds = await _rounds(work, list(wanted.values()))
    values = [
        {
            "id": new_id(),
            "round_id": rounds[row.round_code][0],
            "person_id": row.person_id,
            "division_code": row.division_code,
            "due_on": row.visited_on or rounds[row.round_code][1],
            "visited_on": row.visited_on,
            "met": row.met if row.visited_on else None,
            "tested": row.tested if row.visited_on else None,
            "family_met": row.family_met,
            "employed": row.employed,
            "visited_by": "",
            "source": "ledger",
            "version": 1,
            "recorded_at": work.now,
        }
        for row in wanted.values()
    ]
    facts = ("visited_on", "met", "tested", "family_met", "employed")
    changed: list[tuple[UUID, UUID]] = []
    for start in range(0, len(values), 2000):  # a statement has at most 65,535 parameters
        statement = insert(Visit).values(values[start : start + 2000])
        new = statement.excluded
        different = or_(*(col(getattr(Visit, fact)).is_distinct_from(new[fact]) for fact in facts))
        statement = statement.on_conflict_do_update(
            index_elements=["round_id", "person_id"],
            set_={
                **{fact: func.coalesce(new[fact], col(getattr(Visit, fact))) for fact in facts},
                "version": col(Visit.version) + 1,
                "recorded_at": work.now,
            },
            where=(col(Visit.source) == "ledger") & different,
        )
        changed += [
            (round_id, person_id)
            for round_id, person_id in await work.session.execute(statement.returning(col(Visit.round_id), col(Visit.person_id)))
        ]
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
