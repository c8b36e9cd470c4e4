"""HTTP of risk assessments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response

from kit.etags import IfMatch, etag
from kit.lists import Asked, Key, Made, answer, answers, ask, find_made
from kit.roles import Role
from kit.schemas import Day
from kit.steps.taking import NextStep
from kit.work import UnitRoute, Work, allow
from services.registry.assessments import rules, service
from services.registry.assessments.schemas import AssessmentAnswer, NewAssessment, PersonTier, Signature, Withdrawal
from services.registry.assessments.tables import RiskAssessment

router = APIRouter(prefix="/registry/v1", tags=["assessments"], route_class=UnitRoute)
ASSESSMENTS = Made(
    name="registry.assessments",
    item=AssessmentAnswer,
    sorts={"assessed_on": (Key("assessed_on", "date"), Key("id", "uuid"))},
    default="-assessed_on",
    counted={"state": "state", "tier": "tier"},
)

Reader = Annotated[
    Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER, Role.SUBJECT, personal=True)
]
Proposer = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER)]
Signer = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER)]


async def _answer(work: Work, row: RiskAssessment, response: Response) -> AssessmentAnswer:
    response.headers["ETag"] = etag(row.version)
    return (await _answers(work, [row]))[0]


async def _answers(work: Work, rows: Sequence[RiskAssessment]) -> list[AssessmentAnswer]:
    following = await service.next_steps_of(work, rows)
    return [_one(row, following[row.id]) for row in rows]


def _one(row: RiskAssessment, following: list[NextStep]) -> AssessmentAnswer:
    points = rules.score(row.inputs) if row.model_version == rules.MODEL_VERSION else None
    values: dict[str, Any] = {name: getattr(row, name, None) for name in AssessmentAnswer.model_fields}
    return AssessmentAnswer(**{**values, "points": points, "next_steps": following})


@router.post("/people/{person_id}/assessments", status_code=201)
async def propose_assessment(work: Proposer, person_id: UUID, new: NewAssessment, response: Response) -> AssessmentAnswer:
    """Propose a tier from evidence; it binds nobody before a named person signs."""
    return await _answer(work, await service.propose_assessment(work, person_id, new), response)


@router.get("/people/{person_id}/assessments", responses=answers(ASSESSMENTS))
async def assessments_of(work: Reader, asked: Annotated[Asked, ask(ASSESSMENTS)], person_id: UUID) -> Response:
    """All assessments of a person, newest first, with inputs and model version."""
    shown = await _answers(work, await service.assessments_of(work, person_id))
    return answer(asked, await find_made(work, ASSESSMENTS, asked, shown))


@router.get("/people/{person_id}/tier")
async def tier_of(work: Reader, person_id: UUID, on: Day | None = None) -> PersonTier:
    """The tier that holds on a day (by default today), or null and the reason."""
    found, reason = await service.tier_of(work, person_id, on)
    return PersonTier.model_validate(
        {
            "person_id": person_id,
            "tier": found.tier if found else None,
            "valid_to": found.valid_to if found else None,
            "assessment_id": found.id if found else None,
            "reason": reason,
        }
    )


@router.get("/assessments/{assessment_id}")
async def read_assessment(work: Reader, assessment_id: UUID, response: Response) -> AssessmentAnswer:
    """One assessment, with inputs and model version."""
    return await _answer(work, await service.read_assessment(work, assessment_id), response)


@router.post("/assessments/{assessment_id}/signature")
async def sign_assessment(
    work: Signer, assessment_id: UUID, signature: Signature, response: Response, if_match: IfMatch = None
) -> AssessmentAnswer:
    """Sign an assessment."""
    return await _answer(work, await service.sign_assessment(work, assessment_id, signature, if_match), response)


@router.post("/assessments/{assessment_id}/withdrawal")
async def withdraw_assessment(
    work: Signer, assessment_id: UUID, withdrawal: Withdrawal, response: Response, if_match: IfMatch = None
) -> AssessmentAnswer:
    """Take an assessment back, with its reason."""
    return await _answer(work, await service.withdraw_assessment(work, assessment_id, withdrawal, if_match), response)
