"""Measures taken over from a county's ledgers: set-based, and taking the same rows over again changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from kit import outbox
from kit.db import copy_rows, new_id
from kit.steps.machine import START
from kit.work import Work
from services.registry.events import MeasureReportedIn
from services.registry.measures import repository
from services.registry.measures.events import outbox_row
from services.registry.measures.rules.guards import Given
from services.registry.measures.rules.life import Entry, Founded
from services.registry.measures.rules.states import EXCLUSIVE, KINDS
from services.registry.measures.rules.terms import COMMUNITY_MONTHS, ISOLATION_MONTHS, REHABILITATION_MAX_MONTHS, term_end
from services.registry.measures.rules.transitions import MACHINE
from services.registry.measures.service.endings import close_measures, end_due
from services.registry.measures.service.lives import keep_stretches
from services.registry.measures.tables import Measure

TERM_MONTHS: dict[str, int | None] = {
    "community_treatment": COMMUNITY_MONTHS,
    "community_rehabilitation": REHABILITATION_MAX_MONTHS,
    "compulsory_isolation_treatment": ISOLATION_MONTHS,
}
"""What a ledger does not say: the statutory term, for rehabilitation the longest that the law knows (NCL art. 33, 47, 48)."""

WITH_MEASURE = frozenset(KINDS) - {"rehabilitation_centre_stay"}
"""Registered standings that name a measure: the same words."""


class TakenMeasure(NamedTuple):
    """One row of a ledger that names a running measure."""

    person_id: UUID
    kind: str
    division_code: str
    started_on: date


async def take_over_measures(work: Work, rows: Sequence[TakenMeasure]) -> int:
    """Enter running measures from ledgers; the number entered.

    One row per person (the last given wins). A person who has an open measure of that kind keeps it as it is. An open measure of another exclusive kind ends
    on the day the new one began, because only one of them runs at a time. A term that is over by today ends at once, as the law has it (DRR art. 23, 40).
    Writes measures, their history and events in this transaction; ordinary standings without a measure (`WITH_MEASURE`) must not be passed.
    """
    wanted = {row.person_id: row for row in rows}
    if not wanted:
        return 0
    running = await repository.open_measures_of(work.session, list(wanted), lock=True)
    known = {(measure["person_id"], measure["kind"]) for measure in running}
    fresh = [row for row in wanted.values() if (row.person_id, row.kind) not in known]
    begun = {row.person_id: row.started_on for row in fresh if row.kind in EXCLUSIVE}
    gives_way = [measure for measure in running if measure["kind"] in EXCLUSIVE and measure["person_id"] in begun]
    await close_measures(work, gives_way, begun, "superseded", "supersede")
    made = [_values(work, row) for row in fresh]
    if not made:
        return 0
    tables = Measure.metadata.tables
    await copy_rows(work.session, tables["registry.measure"], made)
    await copy_rows(work.session, tables["registry.measure_event"], [_history(work, values) for values in made])
    await keep_stretches(work, {values["id"]: _life(values) for values in made})
    events = [outbox_row(MeasureReportedIn, values, values["term_start"], "ledger", work.origin) for values in made]
    await outbox.append_all(work.session, work.house.schema, events)
    await work.note("measure.take_over", "measure", *(values["id"] for values in made), details={"count": len(made)})
    await end_due(work, [row.person_id for row in fresh])
    return len(made)


def _values(work: Work, row: TakenMeasure) -> dict[str, Any]:
    months = TERM_MONTHS.get(row.kind)
    isolation = row.kind == "compulsory_isolation_treatment"
    return {
        "id": new_id(),
        "person_id": row.person_id,
        "kind": row.kind,
        "state": MACHINE.step(START, "take_over", row.kind).target,
        "division_code": row.division_code,
        "ordered_in": row.division_code,
        "ordered_on": row.started_on if isolation else None,
        "reported_in_on": None if isolation else row.started_on,
        "report_in_due": None,
        "late_report_accepted": False,
        "term_start": row.started_on,
        "term_end": term_end(row.started_on, months) if months else None,
        "term_months": months,
        "suspended_days": 0,
        "credited_days": 0,
        "escaped_once": False,
        "source": "ledger",
        "version": 1,
        "created_at": work.now,
        "updated_at": work.now,
    }


def _life(values: dict[str, Any]) -> tuple[Founded, list[Entry]]:
    """What follows from the taking over alone."""
    founded = Founded(values["kind"], values["division_code"], values["term_months"])
    return founded, [Entry(values["id"], "take_over", values["term_start"], Given(on=values["term_start"]))]


def _history(work: Work, values: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": new_id(),
        "measure_id": values["id"],
        "event": "take_over",
        "from_state": START,
        "to_state": values["state"],
        "happened_on": values["term_start"],
        "legal_source": MACHINE.step(START, "take_over", values["kind"]).source,
        "reason": "台账接收",
        "details": {},
        "recorded_by": work.principal.subject,
        "recorded_at": work.now,
    }
