"""HTTP of laboratories."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from kit.etags import IfMatch, etag
from kit.lists import Asked, Key, Made, answer, answers, ask, find_made
from kit.roles import Role
from kit.schemas import Day
from kit.work import UnitRoute, Work, allow
from services.testing.labs import service
from services.testing.labs.schemas import HairCutoffAnswer, LabAnswer, LabPatch, NewLab

router = APIRouter(prefix="/testing/v1", tags=["labs"], route_class=UnitRoute)
CUTOFFS = Made(
    name="testing.hair_cutoffs",
    item=HairCutoffAnswer,
    sorts={"analyte": (Key("analyte"), Key("valid_from", "date"))},
    default="analyte",
    action="hair_cutoff.list",
    object_type="hair_cutoff",
    noted="analyte",
)
LABS = Made(
    name="testing.labs",
    item=LabAnswer,
    sorts={"code": (Key("code"),), "name": (Key("name"), Key("code"))},
    default="code",
    counted={"qualification": "qualification"},
    action="lab.list",
    object_type="lab",
)

Reader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER, Role.LAB_TECHNICIAN)]
Writer = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.POLICE_OFFICER)]


@router.get("/labs", responses=answers(LABS))
async def list_labs(work: Reader, asked: Annotated[Asked, ask(LABS)]) -> Response:
    """The designated laboratories."""
    return answer(asked, await find_made(work, LABS, asked, [LabAnswer.model_validate(lab) for lab in await service.list_labs(work)]))


@router.post("/labs", status_code=201)
async def enter_lab(work: Writer, new: NewLab, response: Response) -> LabAnswer:
    """Enter a designated laboratory (DTP art. 4)."""
    lab = await service.enter_lab(work, new)
    response.headers["Location"] = f"/testing/v1/labs/{lab.id}"
    response.headers["ETag"] = etag(lab.version)
    return LabAnswer.model_validate(lab)


@router.get("/labs/{lab_id}")
async def read_lab(work: Reader, lab_id: UUID, response: Response) -> LabAnswer:
    """One laboratory."""
    lab = await service.read_lab(work, lab_id)
    response.headers["ETag"] = etag(lab.version)
    return LabAnswer.model_validate(lab)


@router.patch("/labs/{lab_id}")
async def amend_lab(work: Writer, lab_id: UUID, patch: LabPatch, response: Response, if_match: IfMatch = None) -> LabAnswer:
    """Change a laboratory's data or end its designation."""
    lab = await service.amend_lab(work, lab_id, patch, if_match)
    response.headers["ETag"] = etag(lab.version)
    return LabAnswer.model_validate(lab)


@router.get("/hair-cutoffs", responses=answers(CUTOFFS))
async def hair_cutoffs(work: Reader, asked: Annotated[Asked, ask(CUTOFFS)], on: Day | None = None) -> Response:
    """The hair cut-offs in force on a day (HAIR art. 9)."""
    return answer(
        asked, await find_made(work, CUTOFFS, asked, [HairCutoffAnswer.model_validate(row) for row in await service.hair_cutoffs(work, on)])
    )
