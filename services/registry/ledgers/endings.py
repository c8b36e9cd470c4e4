"""What a ledger may not end: no measure before its term, and no three clean years before they are over, whatever a list says (NCL art. 33; DRR art. 7, 14, 23)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from kit.work import Work
from services.registry.ledgers import policy, repository
from services.registry.ledgers.rules import CLEAN_TOO_EARLY, MEASURE_RUNS, NO_GROUND, running_measure
from services.registry.measures.repository import findings_of
from services.registry.measures.rules.monitoring import Course, monitoring_of
from services.registry.measures.rules.standing import Shown, clean_years_missing
from services.registry.measures.rules.states import EXCLUSIVE
from services.registry.measures.service.endings import cut_short
from services.registry.people.intake import TakenStanding


class Early(NamedTuple):
    """Why an end is too early: a code of this noun and its arguments."""

    code: str
    args: dict[str, str]


@dataclass(frozen=True, slots=True)
class Held:
    """The standings that may be written, and why the others may not."""

    lawful: list[TakenStanding]
    withheld: dict[UUID, Early]


async def too_early(work: Work, ends: Mapping[UUID, tuple[str, date]]) -> dict[UUID, Early]:
    """Person → why a standing of NO_GROUND cannot be registered for that day; nothing for those for whom it can."""
    if not ends:
        return {}
    days = {person: day for person, (_, day) in ends.items()}
    found = {person: Early(MEASURE_RUNS, running_measure(measure)) for person, measure in (await cut_short(work, days)).items()}
    people = [person for person, (status, _) in ends.items() if status == "three_years_clean" and person not in found]
    courses = await _courses(work, people)
    shown = await repository.standings_shown(work.session, people)
    for person in people:
        known = courses.get(person, [])
        held = Shown(*shown[person]) if person in shown else None
        reason = clean_years_missing(monitoring_of(known, None, work.today), known, held, min(days[person], work.today), work.today)
        if reason is not None:
            found[person] = Early(CLEAN_TOO_EARLY, {"why_zh": reason.zh, "why_en": reason.en})
    return found


async def _courses(work: Work, people: Sequence[UUID]) -> dict[UUID, list[Course]]:
    measures = [one for one in await repository.measures_of_all(work.session, people) if one.kind in EXCLUSIVE]
    findings = await findings_of(work.session, [one.id for one in measures])
    courses: dict[UUID, list[Course]] = {}
    for one in measures:
        course = Course(one.kind, one.state, one.term_start, one.term_end, one.ended_on, findings.get(one.id, ()))
        courses.setdefault(one.person_id, []).append(course)
    return courses


async def lawful(work: Work, standings: Iterable[TakenStanding], towns: Mapping[UUID, str]) -> Held:
    """Divide standings into those that may be written and the others: too early an end, a measure that this import's role may not begin, or a
    correction that is not its to make.
    """
    asked = list(standings)
    early = await too_early(work, {row.person_id: (row.status, row.since) for row in asked if row.status in NO_GROUND})
    refused = {
        row.person_id: Early("COUNTY_DECIDES", {})
        for row in asked
        if not policy.may_begin(work.principal, row.status, towns.get(row.person_id, ""))
        or (row.corrects and not policy.may_correct(work.principal))
    }
    withheld = {**refused, **early}
    return Held([row for row in asked if row.person_id not in withheld], withheld)
