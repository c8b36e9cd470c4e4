"""What can be done with a measure next: the guards that refuse a step say what it needs and what stands in its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from kit.citations import chinese
from kit.problems import FieldError
from kit.steps.taking import NextStep, Reason, next_steps
from kit.work import Work
from services.registry.measures import policy
from services.registry.measures.errors import StepRefused
from services.registry.measures.rules.decisions import target_of
from services.registry.measures.rules.guards import Facts, Given, Refused
from services.registry.measures.rules.openings import opening
from services.registry.measures.rules.transitions import MACHINE, possible
from services.registry.measures.service.lives import age_on
from services.registry.measures.tables import Measure
from services.registry.people import repository as people
from services.registry.people.tables import Person


def recorder_of(work: Work) -> frozenset[str]:
    """By what names the caller is known: who confirms a step must be somebody else."""
    return frozenset({work.principal.subject, work.principal.staff_id or work.principal.subject})


def sentences(refused: Refused) -> tuple[str, str]:
    """Why a step is refused, with the law behind it, in Chinese and English."""
    if not refused.source:
        return refused.zh, refused.en
    return f"{refused.zh}({chinese(refused.source)})", f"{refused.en} ({refused.source})"


def step_refused(refused: Refused, at: str = "") -> StepRefused:
    """The problem that tells it. `at`: where the step stands in the request."""
    return StepRefused(errors=[FieldError(at + refused.pointer, refused.code, *sentences(refused))])


async def persons_of(work: Work, measures: Sequence[Measure]) -> Mapping[UUID, Person]:
    """The persons of measures, by id."""
    return {person.id: person for person in await people.people_by_ids(work.session, sorted({one.person_id for one in measures}))}


def next_steps_of(work: Work, measure: Measure, person: Person, facts: Facts) -> list[NextStep]:
    """The steps that the law knows from the state as it holds today."""
    given = Given(on=work.today, age=age_on(person.birth_date, work.today), recorder=recorder_of(work))
    needed: dict[str, Sequence[str]] = {}
    blocked: dict[str, list[Reason]] = {}
    leads: dict[str, Any] = {}
    for step in possible(measure.kind, facts.state):
        found = opening(step, facts, given)
        needed[step.event], leads[step.event] = found.fields, target_of(step, facts)
        refusals = [Reason(code=refused.code, zh=zh, en=en) for refused in found.blocked for zh, en in [sentences(refused)]]
        blocked[step.event] = [*policy.in_the_way(work.principal, measure, person, step.event), *refusals]
    return next_steps(MACHINE, facts.state, work.principal, blocked, kind=measure.kind, fields=needed, to=leads)
