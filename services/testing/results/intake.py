"""Taking over tests from ledgers, many at once and the same file twice without effect (domain 12).

The caller has parsed the rows and found the persons. Record number and person identify a row. A test belongs to the measure whose term
contains its day, and closes the due test whose window contains it; nothing is owed for days before the ledger arrived.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kit.clock import last_day
from kit.db import new_id
from kit.outbox import append_all, event_row
from kit.work import Work
from services.testing.collections import rules as chain
from services.testing.events import ResultReported
from services.testing.labs import repository as labs
from services.testing.plans.rules import STEPS
from services.testing.results import rules
from services.testing.results.rules import LedgerTest
from services.testing.subjects import repository as subjects
from services.testing.subjects.rules import MANDATORY_KINDS

BATCH = 5000

_INSERT = """
insert into testing.collection (id, person_id, measure_id, division_code, tested_in, kind, mode, source, record_no, specimen_type, sampled_on,
                                collectors, hair_cm, window_start, before_term, state, deadline_kind, owed_by, deadline_on, version, created_at, updated_at)
select id, person_id, measure_id, division_code, division_code, kind, 'onsite_test', 'ledger', record_no, specimen_type, sampled_on, '[]', hair_cm,
       window_start, before_term, state, deadline_kind, owed_by, deadline_on, 1, cast(:now as timestamptz), cast(:now as timestamptz)
  from unnest(cast(:ids as uuid[]), cast(:persons as uuid[]), cast(:measures as uuid[]), cast(:towns as text[]), cast(:numbers as text[]),
              cast(:specimens as text[]), cast(:days as date[]), cast(:lengths as float8[]), cast(:windows as date[]), cast(:before as bool[]),
              cast(:states as text[]), cast(:kinds as text[]), cast(:duties as text[]), cast(:owners as text[]), cast(:until as date[]))
       as t(id, person_id, measure_id, division_code, record_no, specimen_type, sampled_on, hair_cm, window_start, before_term, state, kind,
            deadline_kind, owed_by, deadline_on)
on conflict (person_id, record_no) where source = 'ledger' do nothing
returning id"""

_RESULTS = """
insert into testing.analyte_result (id, collection_id, stage, analyte, code, value, unit, cutoff, reported_on, recorded_at)
select id, collection_id, 'ledger', analyte, code, value, unit, cutoff, reported_on, cast(:now as timestamptz)
  from unnest(cast(:ids as uuid[]), cast(:collections as uuid[]), cast(:analytes as text[]), cast(:codes as text[]), cast(:values as numeric[]),
              cast(:units as text[]), cast(:cutoffs as numeric[]), cast(:days as date[]))
       as t(id, collection_id, analyte, code, value, unit, cutoff, reported_on)"""

_STEPS = """
insert into testing.chain_step (collection_id, event, from_state, to_state, happened_on, source, reason, words, details, late, recorded_by, recorded_at)
select c.id, t.event, 'none', c.state, c.sampled_on, t.source, '', '', jsonb_build_object('record_no', c.record_no), false, :actor, :now
  from testing.collection c
  join unnest(cast(:states as text[]), cast(:events as text[]), cast(:sources as text[])) as t(state, event, source) on t.state = c.state
 where c.id = any(cast(:ids as uuid[]))"""

# A due test is closed by the first taken-over test in its window; each test closes at most one.
_ATTEND = """
with hit as (
    select distinct on (d.id) d.id, d.state as old_state, c.id as collection_id
      from testing.collection c join testing.due_test d
        on d.person_id = c.person_id and d.specimen_type = c.specimen_type and c.sampled_on between d.window_from and d.window_to
     where c.id = any(cast(:ids as uuid[])) and d.state = any(cast(:origins as text[]))
     order by d.id, c.sampled_on, c.id),
closed as (update testing.due_test d set state = :target, version = d.version + 1, updated_at = :now from hit where hit.id = d.id
           returning d.id, d.due_on, hit.old_state, hit.collection_id),
noted as (insert into testing.plan_change (due_test_id, event, from_state, to_state, due_on, source, reason, words, recorded_by, recorded_at)
          select id, 'attend', old_state, :target, due_on, :source, 'ledger', '', :actor, :now from closed)
update testing.collection c set plan_id = closed.id from closed where closed.collection_id = c.id"""


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What an intake did."""

    taken: int
    known: int
    """Rows that were there already."""
    positive: int
    """Presumptive: a person must check each before anybody relies on it."""
    closed_due_tests: int


async def take_over_tests(work: Work, rows: Sequence[LedgerTest]) -> TakenOver:
    """Take over urine and hair tests of a ledger: idempotent by record number and person, a constant number of statements per 5,000 rows.

    Raises ValueError for a result word other than NEG, POS, INVALID.
    """
    total = TakenOver(0, 0, 0, 0)
    for start in range(0, len(rows), BATCH):
        part = await _take_over(work, rows[start : start + BATCH])
        total = TakenOver(
            total.taken + part.taken,
            total.known + part.known,
            total.positive + part.positive,
            total.closed_due_tests + part.closed_due_tests,
        )
    return total


async def _take_over(work: Work, rows: Sequence[LedgerTest]) -> TakenOver:
    unknown = sorted({code for row in rows for code in row.results.values()} - rules.LEDGER_CODES)
    if unknown:
        raise ValueError(f"unknown result words: {unknown}")
    cutoffs = {day: await _cutoffs_on(work, day) for day in sorted({row.sampled_on for row in rows if row.hair_values})}
    terms = await subjects.measures_running_on(work.session, sorted({row.person_id for row in rows}), sorted(MANDATORY_KINDS))
    made: dict[UUID, _NewTest] = {}
    for row in rows:
        window = chain.window_start(row.specimen_type, row.sampled_on)
        measure_id, before_term = chain.term_of(window, terms.get(row.person_id, ()), row.sampled_on)
        codes = rules.ledger_codes(row, cutoffs.get(row.sampled_on, {}))
        state, kind = rules.ledger_state(row, codes), chain.ledger_kind(measure_id)
        made[new_id()] = _NewTest(row, measure_id, window, before_term, codes, state, kind, chain.ledger_deadline(state, kind))
    taken = await _insert(work, made)
    new = {key: made[key] for key in made if key in taken}
    await _insert_results(work, new, cutoffs)
    by = {"actor": work.principal.subject, "now": work.now, "ids": list(new)}
    first = {state: chain.CHAIN.step(chain.START, event) for state, event in chain.TAKEN_OVER.items()}
    steps = {"states": list(first), "events": [step.event for step in first.values()], "sources": [step.source for step in first.values()]}
    await work.session.execute(text(_STEPS), {**by, **steps})
    attend = STEPS["attend"]
    closed = await work.session.execute(
        text(_ATTEND), {**by, "origins": sorted(attend.origins), "target": attend.target, "source": attend.source}
    )
    await append_all(
        work.session, work.house.schema, [_result_event(work, key, item) for key, item in new.items() if item.state != "new_collection"]
    )
    await work.note(
        "test.take_over",
        "person",
        *sorted({str(item.row.person_id) for item in new.values()}),
        details={"rows": len(rows), "new": len(new)},
    )
    positive = sum(item.state == "presumptive_positive" for item in new.values())
    return TakenOver(len(new), len(rows) - len(new), positive, getattr(closed, "rowcount", 0))


@dataclass(frozen=True, slots=True)
class _NewTest:
    row: LedgerTest
    measure_id: UUID | None
    window: date | None
    before_term: bool
    codes: dict[str, str]
    state: str
    kind: str
    deadline: chain.Deadline | None


async def _insert(work: Work, made: dict[UUID, _NewTest]) -> set[UUID]:
    items = list(made.values())
    parameters = {
        "now": work.now,
        "ids": list(made),
        "persons": [item.row.person_id for item in items],
        "measures": [item.measure_id for item in items],
        "towns": [item.row.division_code for item in items],
        "numbers": [item.row.record_no for item in items],
        "specimens": [item.row.specimen_type for item in items],
        "days": [item.row.sampled_on for item in items],
        "lengths": [None if item.row.hair_cm is None else float(item.row.hair_cm) for item in items],
        "windows": [item.window for item in items],
        "before": [item.before_term for item in items],
        "states": [item.state for item in items],
        "kinds": [item.kind for item in items],
        "duties": [item.deadline.kind if item.deadline else None for item in items],
        "owners": [item.deadline.owed_by if item.deadline else None for item in items],
        "until": [last_day(work.today, item.deadline.days, work.house.works) if item.deadline else None for item in items],
    }
    return set((await work.session.execute(text(_INSERT), parameters)).scalars())


async def _cutoffs_on(work: Work, day: date) -> dict[str, Decimal]:
    """The hair cut-offs of the day on which the hair was cut, not of today (HAIR art. 9)."""
    return {row.analyte: row.ng_per_mg for row in await labs.hair_cutoffs_on(work.session, day)}


async def _insert_results(work: Work, new: dict[UUID, _NewTest], cutoffs: dict[date, dict[str, Decimal]]) -> None:
    lines: list[tuple[Any, ...]] = []
    for key, item in new.items():
        day = item.row.reported_on or item.row.sampled_on
        for analyte, code in item.codes.items():
            value = item.row.hair_values.get(analyte)
            hair = item.row.specimen_type == "hair"
            lines.append(
                (
                    new_id(),
                    key,
                    analyte,
                    code,
                    value,
                    "ng/mg" if hair else None,
                    cutoffs.get(item.row.sampled_on, {}).get(analyte) if hair else None,
                    day,
                )
            )
    if lines:
        names = ("ids", "collections", "analytes", "codes", "values", "units", "cutoffs", "days")
        columns = dict(zip(names, (list(column) for column in zip(*lines, strict=True)), strict=True))
        await work.session.execute(text(_RESULTS), {**columns, "now": work.now})


def _result_event(work: Work, key: UUID, item: _NewTest) -> dict[str, Any]:
    event = ResultReported(
        division_code=item.row.division_code,
        measure_id=item.measure_id,
        plan_id=None,
        collection_id=key,
        kind=item.kind,
        specimen_type=item.row.specimen_type,
        sampled_on=item.row.sampled_on,
        on=item.row.reported_on or item.row.sampled_on,
        code="negative" if item.state == "final_negative" else "presumptive_positive",
        before_term=item.before_term,
    )
    return event_row(event, item.row.person_id, item.row.division_code, work.origin)
