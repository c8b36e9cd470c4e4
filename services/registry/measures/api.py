"""HTTP of measures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from kit.citations import cite
from kit.etags import IfMatch, etag
from kit.lists import Asked, Key, Made, answer, answers, ask, find_made
from kit.roles import Role
from kit.schemas import Day, DivisionCode
from kit.work import UnitRoute, Work, allow
from services.registry.measures import service
from services.registry.measures.repository import MEASURES
from services.registry.measures.rules.duties import duties_of
from services.registry.measures.rules.life import Life
from services.registry.measures.rules.states import State
from services.registry.measures.schemas import (
    Correction,
    DutyAnswer,
    Kind,
    MeasureAnswer,
    MeasureHistoryEntry,
    MonitoringAnswer,
    NewMeasure,
    PastSteps,
    Step,
)
from services.registry.measures.service import corrections, lives, openings, standings
from services.registry.measures.tables import Measure
from services.registry.people.api import person_answer
from services.registry.people.schemas import NewStanding, PersonAnswer
from services.registry.people.tables import Person

router = APIRouter(prefix="/registry/v1", tags=["measures"], route_class=UnitRoute)
OF_PERSON = Made(
    name="registry.measures_of_person",
    item=MeasureAnswer,
    sorts={"id": (Key("id", "uuid"),), "state": (Key("state"), Key("id", "uuid"))},
    default="-id",
    counted={"kind": "kind", "state": "state"},
)
HISTORY = Made(
    name="registry.measure_history",
    item=MeasureHistoryEntry,
    sorts={
        "recorded_at": (Key("recorded_at", "timestamptz"), Key("id", "uuid")),
        "happened_on": (Key("happened_on", "date"), Key("id", "uuid")),
    },
    default="recorded_at",
    counted={"event": "event"},
)

Reader = Annotated[
    Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER, Role.SUBJECT, personal=True)
]
Decider = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER)]
Corrector = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.POLICE_OFFICER)]
Writer = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER)]


async def _answer(work: Work, measure: Measure, response: Response | None = None) -> MeasureAnswer:
    return (await _answers(work, [measure], response))[0]


async def _answers(work: Work, measures: Sequence[Measure], response: Response | None = None) -> list[MeasureAnswer]:
    persons = await openings.persons_of(work, measures)
    found = await lives.told(work, measures, {person.id: person.birth_date for person in persons.values()})
    return [_one(work, measure, persons[measure.person_id], found[measure.id].life, response) for measure in measures]


def _one(work: Work, measure: Measure, person: Person, life: Life, response: Response | None) -> MeasureAnswer:
    if response is not None:
        response.headers["ETag"] = etag(measure.version)
    state = life.facts.state
    values: dict[str, Any] = {name: getattr(measure, name, None) for name in MeasureAnswer.model_fields}
    if state != measure.state:
        values |= {"ended_on": measure.term_end, "end_reason": "term_end"}
    owed = duties_of(life.facts, state, work.house.works)
    values["duties"] = [DutyAnswer.model_validate(duty) for duty in owed]
    values["agreement_due"] = next((duty.due_on for duty in owed if duty.kind == "sign_agreement"), None)
    return MeasureAnswer(**{**values, "state": state, "next_steps": openings.next_steps_of(work, measure, person, life.facts)})


@router.post("/people/{person_id}/measures", status_code=201)
async def order_measure(work: Decider, person_id: UUID, new: NewMeasure, response: Response) -> MeasureAnswer:
    """Record an order of the police (NCL art. 33, 38, 48) or the start of a voluntary measure."""
    measure = await service.order_measure(work, person_id, new)
    response.headers["Location"] = f"/registry/v1/measures/{measure.id}"
    return await _answer(work, measure, response)


@router.get("/people/{person_id}/measures", responses=answers(OF_PERSON))
async def measures_of(work: Reader, asked: Annotated[Asked, ask(OF_PERSON)], person_id: UUID) -> Response:
    """All measures of a person, newest first."""
    return answer(asked, await find_made(work, OF_PERSON, asked, await _answers(work, await service.measures_of(work, person_id))))


@router.get("/people/{person_id}/monitoring")
async def monitoring_of(work: Reader, person_id: UUID) -> MonitoringAnswer:
    """Since when the person counts as clean, and the day on which dynamic monitoring ends by law (DRR art. 7)."""
    found = await standings.monitoring(work, person_id)
    return MonitoringAnswer(
        ground=found.ground, clean_since=found.clean_since, ends_on=found.ends_on, over=found.over_on(work.today), source=cite(found.source)
    )


@router.post("/people/{person_id}/standings", status_code=201)
async def record_standing(work: Writer, person_id: UUID, new: NewStanding, response: Response, if_match: IfMatch = None) -> PersonAnswer:
    """Record a registered standing; one that ends supervision ends the open measures the same day (DRR art. 7)."""
    return person_answer(work, await standings.record_standing(work, person_id, new, if_match), response)


@router.get("/measures", responses=answers(MEASURES))
async def list_measures(
    work: Reader,
    asked: Annotated[Asked, ask(MEASURES)],
    state: State | None = None,
    kind: Kind | None = None,
    division_code: Annotated[DivisionCode | None, Query(description="执行地(9 或 12 位) · town of execution")] = None,
    due_before: Day | None = None,
) -> Response:
    """Measures in the caller's towns or of their people. `due_before`: whose report-in or last day lies before a day."""
    filters = {"state": state, "kind": kind, "due_before": due_before}
    return answer(asked, await service.list_measures(work, asked, filters, division_code))


@router.get("/measures/{measure_id}")
async def read_measure(work: Reader, measure_id: UUID, response: Response) -> MeasureAnswer:
    """One measure, with the steps that the law knows from here."""
    return await _answer(work, await service.read_measure(work, measure_id), response)


@router.get("/measures/{measure_id}/history", responses=answers(HISTORY))
async def history_of(work: Reader, asked: Annotated[Asked, ask(HISTORY)], measure_id: UUID) -> Response:
    """Its transitions with their legal sources, oldest first, each with its id and where it is taken back."""
    history, correctable = await corrections.history_of(work, measure_id)
    names = set(MeasureHistoryEntry.model_fields) - {"correct_at"}
    path = f"/registry/v1/measures/{measure_id}/corrections"
    return answer(
        asked,
        await find_made(
            work,
            HISTORY,
            asked,
            [
                MeasureHistoryEntry(**entry.model_dump(include=names), correct_at=path if entry.id in correctable else None)
                for entry in history
            ],
        ),
    )


@router.post("/measures/{measure_id}/transitions")
async def take_step(work: Decider, measure_id: UUID, step: Step, response: Response, if_match: IfMatch = None) -> MeasureAnswer:
    """Record a step; which exist from here is in the measure's `next_steps`."""
    return await _answer(work, await service.take_step(work, measure_id, step, if_match), response)


@router.post("/measures/{measure_id}/past-steps")
async def take_past_steps(work: Decider, measure_id: UUID, past: PastSteps, response: Response, if_match: IfMatch = None) -> MeasureAnswer:
    """Record several steps together on the days on which they happened: a suspension of 2019 with its resumption. All of them, or none."""
    return await _answer(work, await service.take_steps(work, measure_id, past.steps, if_match), response)


@router.post("/measures/{measure_id}/corrections")
async def correct_step(
    work: Corrector, measure_id: UUID, correction: Correction, response: Response, if_match: IfMatch = None
) -> MeasureAnswer:
    """Take the last step back because it was recorded by mistake; the history keeps both."""
    return await _answer(work, await corrections.correct_step(work, measure_id, correction, if_match), response)
