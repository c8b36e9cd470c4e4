"""Measures as their histories tell them: rows of the history in, the life out; the measure's row and its stretches repeat it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any
from uuid import UUID

from kit.clock import WorkingDay
from kit.work import Work
from services.registry.measures import repository
from services.registry.measures.rules.guards import Given
from services.registry.measures.rules.life import COMPUTED, Entry, Founded, Life, life_of, standing_entries
from services.registry.measures.tables import Measure, MeasureEvent
from services.registry.people.rules import ENDS_SUPERVISION

FAR = date.max
"""A life is written down with what lies ahead of it: the last day of a running term."""
KEPT = (
    "contact_attempts",
    "evaded_tests",
    "departures",
    "absence_days",
    "good_reason",
    "finding_no",
    "ground",
    "division_code",
    "addiction",
    "order_no",
    "order_organ",
    "confirmed_by",
    "until",
    "released_on",
    "isolation_organ",
    "ordered_on",
    "served_since",
    "uncounted_days",
)
"""What a guard was given and a column of the history does not hold: the details of a step."""
_DAYS = frozenset({"until", "released_on", "ordered_on", "served_since"})
_GIVEN = frozenset(one.name for one in fields(Given))
SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Told:
    """A measure with its history and what follows from it."""

    history: tuple[MeasureEvent, ...]
    founded: Founded
    entries: tuple[Entry, ...]
    life: Life

    def foreseen(self, entry: Entry, today: date, working: WorkingDay) -> Life:
        """What would follow if this row stood in the history too."""
        return life_of(self.founded, (*self.entries, entry), today, working)

    def place_on(self, day: date) -> int:
        """How many steps of a day are known."""
        return sum(entry.on == day for entry in standing_entries(self.entries))


def age_on(birth: date, on: date) -> int:
    """Age in whole years on a day."""
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


def details_of(given: Given, place: int) -> dict[str, Any]:
    """What the history keeps of what a guard was given."""
    kept: dict[str, Any] = {name: getattr(given, name) for name in KEPT if getattr(given, name)}
    kept |= {name: kept[name].isoformat() for name in _DAYS & set(kept)}
    return {**kept, **({"place": place} if place else {})}


def founded_of(measure: Measure) -> Founded:
    """What the measure is from its first day on."""
    return Founded(measure.kind, measure.ordered_in or "", measure.term_months, measure.credited_days)


def entry_of(row: MeasureEvent, birth: date) -> Entry:
    """A row of the history as the rules read it."""
    kept = {name: value for name, value in row.details.items() if name in _GIVEN}
    kept |= {name: date.fromisoformat(kept[name]) for name in _DAYS & set(kept)}
    # A standing ends a measure without a paper of its own; whoever records a death or a revocation by hand names one, whatever reason they write.
    by_standing = row.document_no is None and (row.reason in ENDS_SUPERVISION or row.reason == SUPERSEDED)
    values: dict[str, Any] = {
        "document_no": row.document_no,
        "order_no": row.document_no,
        "reason": row.reason,
        "statement": row.statement,
        "age": age_on(birth, row.happened_on),
        "recorder": frozenset({row.recorded_by}),
        "standing": row.reason if by_standing else "",
        **kept,
    }
    return Entry(row.id, row.event, row.happened_on, Given(on=row.happened_on, **values), row.corrects_id, int(row.details.get("place", 0)))


def tell(measure: Measure, history: Iterable[MeasureEvent], birth: date, today: date, working: WorkingDay) -> Told:
    """The measure as it holds on a day."""
    rows = tuple(history)
    founded, entries = founded_of(measure), tuple(entry_of(row, birth) for row in rows)
    return Told(rows, founded, entries, life_of(founded, entries, today, working))


async def told(work: Work, measures: Sequence[Measure], births: Mapping[UUID, date]) -> dict[UUID, Told]:
    """Measures as they hold today. `births`: person → day of birth."""
    histories = await repository.histories_of(work.session, [measure.id for measure in measures])
    return {one.id: tell(one, histories[one.id], births[one.person_id], work.today, work.house.works) for one in measures}


def project(measure: Measure, life: Life) -> None:
    """Let the row repeat what follows from the steps; its state is written by the step that leads there."""
    for column in COMPUTED:
        if column != "state" and not (column == "division_code" and not life.columns[column]):  # a first town that nobody wrote down
            setattr(measure, column, life.columns[column])


async def rewrite_stretches(work: Work, measure_ids: Sequence[UUID]) -> None:
    """Write the stretches of measures anew from their histories."""
    measures = await repository.measures_by_ids(work.session, measure_ids)
    histories = await repository.histories_of(work.session, measure_ids)
    # A day of birth matters to guards alone, and a step that stands is not asked again.
    await keep_stretches(work, {one.id: (founded_of(one), [entry_of(row, date.min) for row in histories[one.id]]) for one in measures})


async def keep_stretches(work: Work, lives: Mapping[UUID, tuple[Founded, Iterable[Entry]]]) -> None:
    """Write the stretches of measures anew, with what lies ahead of them."""
    computed = {key: life_of(founded, entries, FAR, work.house.works) for key, (founded, entries) in lives.items()}
    await repository.replace_stretches(work.session, {key: life.stretches for key, life in computed.items()})


def differences(measure: Measure, life: Life) -> dict[str, tuple[Any, Any]]:
    """Column → what the row says, what follows from the steps; empty when the row repeats its history."""
    return {name: (getattr(measure, name), life.columns[name]) for name in COMPUTED if getattr(measure, name) != life.columns[name]}
