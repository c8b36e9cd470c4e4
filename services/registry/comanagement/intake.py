"""Transfers out taken over from a county's ledgers: set-based, and taking the same rows over again changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, cast, func, insert, select, text
from sqlmodel import col

from kit import outbox
from kit.db import new_id
from kit.work import Work
from services.registry.comanagement.tables import TransferOut
from services.registry.events import PersonStanding, PersonTransferredOut
from services.registry.measures.service import end_measures
from services.registry.people.rules import ACTIONS, RECORD
from services.registry.people.tables import PersonChange, Standing


class TakenTransfer(NamedTuple):
    """One person of a list of transfers out, accepted in writing by the receiving county."""

    person_id: UUID
    from_division: str
    receiving_area: str
    transferred_on: date
    document_no: str


_MOVED = text(
    """with latest as (
         select distinct on (s.person_id) s.person_id, s.status, s.since from registry.standing s
          where s.person_id = any(:people) and not exists (select 1 from registry.standing c where c.corrects_id = s.id)
          order by s.person_id, s.since desc, s.recorded_at desc, s.id desc)
       update registry.person p set status = l.status, status_since = l.since, version = p.version + 1, updated_at = :now
         from latest l where p.id = l.person_id and (p.status, p.status_since) is distinct from (l.status, l.since)
       returning p.id"""
)


async def take_over_transfers_out(work: Work, rows: Sequence[TakenTransfer], source: str = "ledger") -> int:
    """Hand persons over to other counties; the number handed over (domain 6: only a written acceptance moves the count).

    Writes the transfer out, the standing `transferred_out` from that day, the person's history, the events, and ends every open measure here (DRR art. 22: the
    term runs on at the new place). A person handed over on that day before is passed over.
    """
    wanted = {(row.person_id, row.transferred_on): row for row in rows}
    if not wanted:
        return 0
    query = select(col(TransferOut.person_id), col(TransferOut.transferred_on))
    query = query.where(col(TransferOut.person_id) == func.any(cast([row.person_id for row in rows], ARRAY(Uuid))))
    known = {(person_id, day) for person_id, day in await work.session.execute(query)}
    fresh = [row for key, row in wanted.items() if key not in known]
    if not fresh:
        return 0
    actor, now = work.principal.subject, work.now
    people = [row.person_id for row in fresh]
    await work.session.execute(text("select 1 from registry.person where id = any(:people) order by id for update"), {"people": people})
    await work.session.execute(insert(TransferOut), [_transfer_out(row, source, actor, now) for row in fresh])
    await work.session.execute(insert(Standing), [_standing(row, source, actor, now) for row in fresh])
    moved = set((await work.session.execute(_MOVED, {"people": people, "now": now})).scalars())
    await work.session.execute(insert(PersonChange), [_change(row, actor, now) for row in fresh])
    events = [
        outbox.event_row(
            PersonTransferredOut(from_division=row.from_division, receiving_area=row.receiving_area, transferred_on=row.transferred_on),
            row.person_id,
            row.from_division,
            work.origin,
        )
        for row in fresh
    ]
    events += [
        outbox.event_row(
            PersonStanding(division_code=row.from_division, status="transferred_out", status_since=row.transferred_on),
            row.person_id,
            row.from_division,
            work.origin,
        )
        for row in fresh
        if row.person_id in moved
    ]
    await outbox.append_all(work.session, work.house.schema, events)
    await end_measures(work, {row.person_id: row.transferred_on for row in fresh if row.person_id in moved}, "transferred_out")
    await work.note("transfer_out.record", "person", *people, details={"count": len(people)})
    return len(fresh)


def _transfer_out(row: TakenTransfer, source: str, actor: str, now: Any) -> dict[str, Any]:
    return {**row._asdict(), "id": new_id(), "source": source, "recorded_by": actor, "recorded_at": now}


def _standing(row: TakenTransfer, source: str, actor: str, now: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "person_id": row.person_id,
        "status": "transferred_out",
        "since": row.transferred_on,
        "since_month_only": False,
        "division_code": row.from_division,
        "source": source,
        "reason": row.document_no,
        "recorded_by": actor,
        "recorded_at": now,
    }


def _change(row: TakenTransfer, actor: str, now: Any) -> dict[str, Any]:
    after = {"receiving_area": row.receiving_area, "transferred_on": row.transferred_on.isoformat()}
    return {
        "id": new_id(),
        "person_id": row.person_id,
        "action": ACTIONS["transfer_out"],
        "legal_source": RECORD.step("open", "transfer_out").source,
        "before": {},
        "after": after,
        "reason": row.document_no,
        "recorded_by": actor,
        "recorded_at": now,
    }
