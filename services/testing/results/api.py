"""HTTP of results."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from kit.etags import IfMatch, etag
from kit.lists import Asked, Key, Made, answer, answers, ask, find_made
from kit.roles import Role
from kit.work import UnitRoute, Work, allow
from services.testing.collections.schemas import CollectionAnswer
from services.testing.collections.service import shown
from services.testing.collections.tables import Collection
from services.testing.results import service
from services.testing.results.schemas import AnalyteAnswer, LabResult, MedicalReview, OnsiteResult, ResultAnswer, Telling, Withdrawal
from services.testing.results.tables import AnalyteResult

router = APIRouter(prefix="/testing/v1", tags=["results"], route_class=UnitRoute)
OF_PERSON = Made(
    name="testing.results_of_person",
    item=ResultAnswer,
    sorts={"sampled_on": (Key("collection.sampled_on", "date"), Key("collection.id", "uuid"))},
    default="-sampled_on",
)

_STAFF = (Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER)
Opener = Annotated[Work, allow(*_STAFF, Role.LAB_TECHNICIAN, Role.SUBJECT, personal=True)]
Owner = Annotated[Work, allow(*_STAFF, Role.SUBJECT, personal=True)]
Tester = Annotated[Work, allow(*_STAFF)]
Laboratory = Annotated[Work, allow(Role.LAB_TECHNICIAN, Role.POLICE_OFFICER)]
Police = Annotated[Work, allow(Role.POLICE_OFFICER)]
Corrector = Annotated[Work, allow(Role.POLICE_OFFICER, Role.COUNTY_OFFICER)]


async def _answer(work: Work, taken: Collection, response: Response) -> CollectionAnswer:
    response.headers["ETag"] = etag(taken.version)
    return CollectionAnswer(**(await shown(work, taken))[0])


async def _results(work: Work, *found: tuple[Collection, list[AnalyteResult] | None]) -> list[ResultAnswer]:
    rows = await shown(work, *(taken for taken, _ in found))
    return [
        ResultAnswer(
            collection=CollectionAnswer(**row),
            analytes=None if analytes is None else [AnalyteAnswer.model_validate(item) for item in analytes],
        )
        for row, (_, analytes) in zip(rows, found, strict=True)
    ]


@router.post("/collections/{collection_id}/onsite-result")
async def report_onsite(
    work: Tester, collection_id: UUID, new: OnsiteResult, response: Response, if_match: IfMatch = None
) -> CollectionAnswer:
    """What the kit showed, told on the spot (DTP art. 9)."""
    return await _answer(work, await service.report_onsite(work, collection_id, new, if_match), response)


@router.post("/collections/{collection_id}/lab-result")
async def report_lab(
    work: Laboratory, collection_id: UUID, new: LabResult, response: Response, if_match: IfMatch = None
) -> CollectionAnswer:
    """A laboratory's signed report (DTP art. 12, 15)."""
    return await _answer(work, await service.report_lab(work, collection_id, new, if_match), response)


@router.post("/collections/{collection_id}/telling")
async def tell(work: Police, collection_id: UUID, new: Telling, response: Response, if_match: IfMatch = None) -> CollectionAnswer:
    """The person was told the laboratory's result (DTP art. 12)."""
    return await _answer(work, await service.tell(work, collection_id, new, if_match), response)


@router.post("/collections/{collection_id}/medical-review")
async def review(work: Police, collection_id: UUID, new: MedicalReview, response: Response, if_match: IfMatch = None) -> CollectionAnswer:
    """A doctor explains a positive by treatment (domain 3.5)."""
    return await _answer(work, await service.review(work, collection_id, new, if_match), response)


@router.post("/collections/{collection_id}/withdrawal")
async def withdraw(work: Corrector, collection_id: UUID, new: Withdrawal, response: Response, if_match: IfMatch = None) -> CollectionAnswer:
    """Withdraw a result."""
    return await _answer(work, await service.withdraw(work, collection_id, new, if_match), response)


@router.get("/collections/{collection_id}/result")
async def result_of(work: Opener, collection_id: UUID, response: Response) -> ResultAnswer:
    """A test with its analytes, as far as the caller may see them."""
    taken, analytes = await service.result_of(work, collection_id)
    response.headers["ETag"] = etag(taken.version)
    return (await _results(work, (taken, analytes)))[0]


@router.get("/subjects/{person_id}/results", responses=answers(OF_PERSON))
async def results_of(work: Owner, asked: Annotated[Asked, ask(OF_PERSON)], person_id: UUID) -> Response:
    """Every test of a person; the person's own copy for role `subject`."""
    return answer(asked, await find_made(work, OF_PERSON, asked, await _results(work, *await service.results_of(work, person_id))))
