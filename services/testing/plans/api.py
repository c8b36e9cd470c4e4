"""HTTP of plans."""

from __future__ import annotations

from typing import Annotated, cast
from uuid import UUID

from fastapi import APIRouter, Query, Response

from kit.citations import cite
from kit.etags import IfMatch, etag
from kit.lists import Asked, Key, Made, answer, answers, ask, find_made
from kit.roles import Role
from kit.schemas import Day, DivisionCode
from kit.work import UnitRoute, Work, allow
from services.testing.plans import service
from services.testing.plans.repository import DUE
from services.testing.plans.rules import PlanState, SchemeMeasure, Specimen
from services.testing.plans.schemas import NewDecision, NewPlan, PlanAnswer, PlanStep, Reschedule, SchemeAnswer
from services.testing.plans.tables import DueTest

router = APIRouter(prefix="/testing/v1", tags=["plans"], route_class=UnitRoute)
OF_PERSON = Made(
    name="testing.plans_of_person",
    item=PlanAnswer,
    sorts={"due_on": (Key("due_on", "date"), Key("id", "uuid"))},
    default="-due_on",
    counted={"state": "state"},
)
HISTORY = Made(
    name="testing.plan_history",
    item=PlanStep,
    sorts={"recorded_at": (Key("recorded_at", "timestamptz"),)},
    default="recorded_at",
    counted={"event": "event"},
)
SCHEMES = Made(
    name="testing.schemes",
    item=SchemeAnswer,
    sorts={"code": (Key("code"), Key("measure_kind"))},
    default="code",
    counted={"measure_kind": "measure_kind"},
    action="scheme.list",
    object_type="scheme",
    noted="code",
)

_STAFF = (Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER)
Lister = Annotated[Work, allow(*_STAFF, personal=True)]
Opener = Annotated[Work, allow(*_STAFF, Role.SUBJECT, personal=True)]
Writer = Annotated[Work, allow(*_STAFF)]
Anyone = Annotated[Work, allow(*_STAFF, Role.LAB_TECHNICIAN, Role.LEADER, Role.SUBJECT)]


def _answer(work: Work, due: DueTest, response: Response) -> PlanAnswer:
    response.headers["ETag"] = etag(due.version)
    return _shown(work, due)


def _shown(work: Work, due: DueTest) -> PlanAnswer:
    """A due test with what can be done now."""
    values = {name: getattr(due, name) for name in PlanAnswer.model_fields if name != "next_steps"}
    return PlanAnswer(**values, next_steps=service.next_steps_of(work, due))


@router.get("/schemes", responses=answers(SCHEMES))
async def list_schemes(work: Anyone, asked: Annotated[Asked, ask(SCHEMES)]) -> Response:
    """The schemes in force: how often tests are owed, and by what source."""
    return answer(
        asked,
        await find_made(
            work,
            SCHEMES,
            asked,
            [
                SchemeAnswer(
                    code=scheme.code,
                    measure_kind=cast("SchemeMeasure", scheme.measure_kind),
                    specimen_type=cast("Specimen", scheme.specimen_type),
                    window_days=scheme.window_days,
                    valid_from=scheme.valid_from,
                    source=cite(scheme.source),
                    phases=[(phase.from_month, phase.step_half_months) for phase in phases],
                )
                for scheme, phases in (await service.schemes(work)).values()
            ],
        ),
    )


@router.get("/plans/due", responses=answers(DUE))
async def list_due(
    work: Lister,
    asked: Annotated[Asked, ask(DUE)],
    first: Annotated[Day, Query(alias="from")],
    last: Annotated[Day, Query(alias="to")],
    division_code: Annotated[DivisionCode | None, Query()] = None,
    state: PlanState | None = None,
) -> Response:
    """Due tests whose window touches the days from … to, by town: person ids and codes only. Without `state`: what is owed, and what was missed."""
    return answer(asked, await service.list_due(work, asked, division_code, first, last, state))


@router.post("/plans", status_code=201)
async def arrange(work: Writer, new: NewPlan, response: Response) -> PlanAnswer:
    """Arrange a test by hand: on instruction, by consent, or on suspicion."""
    due = await service.arrange(work, new)
    response.headers["Location"] = f"/testing/v1/plans/{due.id}"
    return _answer(work, due, response)


@router.get("/plans/{plan_id}")
async def read_plan(work: Opener, plan_id: UUID, response: Response) -> PlanAnswer:
    """One due test."""
    return _answer(work, await service.read_plan(work, plan_id), response)


@router.get("/plans/{plan_id}/history", responses=answers(HISTORY))
async def history_of(work: Opener, asked: Annotated[Asked, ask(HISTORY)], plan_id: UUID) -> Response:
    """What became of a due test, step by step with its source."""
    return answer(
        asked, await find_made(work, HISTORY, asked, [PlanStep.model_validate(step) for step in await service.history_of(work, plan_id)])
    )


@router.post("/plans/{plan_id}/reschedule")
async def reschedule(work: Writer, plan_id: UUID, new: Reschedule, response: Response, if_match: IfMatch = None) -> PlanAnswer:
    """Move a due test to another day."""
    return _answer(work, await service.reschedule(work, plan_id, new, if_match), response)


@router.post("/plans/{plan_id}/decisions")
async def decide(work: Writer, plan_id: UUID, new: NewDecision, response: Response, if_match: IfMatch = None) -> PlanAnswer:
    """Judge a due test: excused, not notified, missed without excuse, refused, unable (domain 3.5)."""
    return _answer(work, await service.decide(work, plan_id, new, if_match), response)


@router.get("/subjects/{person_id}/plans", responses=answers(OF_PERSON))
async def plans_of(work: Opener, asked: Annotated[Asked, ask(OF_PERSON)], person_id: UUID) -> Response:
    """What a person owes and owed; the person's own plan for role `subject`."""
    return answer(asked, await find_made(work, OF_PERSON, asked, [_shown(work, due) for due in await service.plans_of(work, person_id)]))
