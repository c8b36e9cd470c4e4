"""HTTP of rounds and visits."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from kit.etags import IfMatch, etag
from kit.lists import Asked, Key, Made, answer, answers, ask, find_made
from kit.roles import Role
from kit.schemas import DivisionCode
from kit.work import UnitRoute, Work, allow
from services.registry.visits import service
from services.registry.visits.repository import VISITS
from services.registry.visits.rules import VisitState
from services.registry.visits.schemas import (
    Assignment,
    Coverage,
    NewRound,
    RoundAnswer,
    Task,
    VisitAnswer,
    VisitRecord,
)
from services.registry.visits.tables import Visit

router = APIRouter(prefix="/registry/v1", tags=["visits"], route_class=UnitRoute)
TASKS = Made(name="registry.tasks", item=Task, sorts={"due_on": (Key("due_on", "date"), Key("id", "uuid"))}, default="due_on")
OF_PERSON = Made(
    name="registry.visits_of_person", item=VisitAnswer, sorts={"due_on": (Key("due_on", "date"), Key("id", "uuid"))}, default="-due_on"
)
COVERAGE = Made(
    name="registry.coverage",
    item=Coverage,
    sorts={"division_code": (Key("division_code"),)},
    default="division_code",
    action="round.coverage",
    object_type="division",
    noted="division_code",
)
ROUNDS = Made(
    name="registry.rounds",
    item=RoundAnswer,
    sorts={"starts_on": (Key("starts_on", "date"), Key("code"))},
    default="-starts_on",
    action="round.list",
    object_type="round",
)

STAFF = (Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER)
Office = Annotated[Work, allow(Role.COUNTY_OFFICER)]
Counter = Annotated[Work, allow(*STAFF, Role.LEADER)]
Reader = Annotated[Work, allow(*STAFF, personal=True)]
PersonReader = Annotated[Work, allow(*STAFF, Role.SUBJECT, personal=True)]
Planner = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER)]
Visitor = Annotated[Work, allow(*STAFF, Role.GRID_WORKER)]
GridWorker = Annotated[Work, allow(Role.GRID_WORKER, personal=True)]


def _answer(visit: Visit, response: Response) -> VisitAnswer:
    response.headers["ETag"] = etag(visit.version)
    return VisitAnswer(**{name: getattr(visit, name) for name in VisitAnswer.model_fields})


@router.post("/rounds", status_code=201)
async def make_round(work: Office, new: NewRound, response: Response) -> RoundAnswer:
    """Make a round of visits; its list of targets is frozen at once."""
    made, count = await service.make_round(work, new)
    response.headers["Location"] = f"/registry/v1/rounds/{made.id}/coverage"
    response.headers["X-Total-Count"] = str(count)
    return RoundAnswer.model_validate(made)


@router.get("/rounds", responses=answers(ROUNDS))
async def list_rounds(work: Counter, asked: Annotated[Asked, ask(ROUNDS)]) -> Response:
    """All rounds, latest first."""
    return answer(
        asked, await find_made(work, ROUNDS, asked, [RoundAnswer.model_validate(found) for found in await service.list_rounds(work)])
    )


@router.get("/rounds/{round_id}/coverage", responses=answers(COVERAGE))
async def coverage_of(work: Counter, asked: Annotated[Asked, ask(COVERAGE)], round_id: UUID) -> Response:
    """Who of the list was visited, met and tested, per town."""
    return answer(asked, await find_made(work, COVERAGE, asked, [Coverage(**line) for line in await service.coverage_of(work, round_id)]))


@router.get("/people/{person_id}/visits", responses=answers(OF_PERSON))
async def visits_of(work: PersonReader, asked: Annotated[Asked, ask(OF_PERSON)], person_id: UUID) -> Response:
    """The visits of a person and when they are due, latest first; the person sees their own."""
    return answer(
        asked,
        await find_made(
            work,
            OF_PERSON,
            asked,
            [
                VisitAnswer(**{name: getattr(visit, name) for name in VisitAnswer.model_fields})
                for visit in await service.visits_of(work, person_id)
            ],
        ),
    )


@router.get("/visits", responses=answers(VISITS))
async def list_visits(
    work: Reader,
    asked: Annotated[Asked, ask(VISITS)],
    round_id: UUID | None = None,
    division_code: Annotated[DivisionCode | None, Query(description="镇(9 或 12 位) · town, in 9 or 12 digits")] = None,
    state: VisitState | None = None,
) -> Response:
    """Visits to the people of the caller's towns: due, done or excused."""
    return answer(asked, await service.list_visits(work, asked, {"round": round_id, "state": state}, division_code))


@router.get("/visits/tasks", responses=answers(TASKS))
async def tasks_of(work: GridWorker, asked: Annotated[Asked, ask(TASKS)]) -> Response:
    """A grid worker's own open tasks: name and meeting place, nothing else."""
    return answer(
        asked,
        await find_made(
            work, TASKS, asked, [Task(**{name: row[name] for name in Task.model_fields}) for row in await service.tasks_of(work)]
        ),
    )


@router.get("/visits/{visit_id}")
async def read_visit(work: Reader, visit_id: UUID, response: Response) -> VisitAnswer:
    """One visit."""
    return _answer(await service.read_visit(work, visit_id), response)


@router.put("/visits/{visit_id}/assignment")
async def assign_visit(work: Planner, visit_id: UUID, assignment: Assignment, response: Response, if_match: IfMatch = None) -> VisitAnswer:
    """Say who goes and where they meet."""
    return _answer(await service.assign_visit(work, visit_id, assignment, if_match), response)


@router.put("/visits/{visit_id}/outcome", status_code=200, responses={200: {"model": VisitAnswer}})
async def record_visit(
    work: Visitor, visit_id: UUID, record: VisitRecord, response: Response, if_match: IfMatch = None
) -> VisitAnswer | None:
    """Record what a visit found; a grid worker records only whether the person was met, and gets nothing back."""
    visit = await service.record_visit(work, visit_id, record, if_match)
    if service.sees_detail(work):
        return _answer(visit, response)
    response.headers["ETag"] = etag(visit.version)
    return None
