"""HTTP of laboratories."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from kit.etags import IfMatch, etag
from kit.roles import Role
from kit.schemas import Day
from kit.work import UnitRoute, Work, allow
from services.testing.labs import service
from services.testing.labs.schemas import HairCutoffAnswer, LabAnswer, LabPatch, NewLab

router = APIRouter(prefix="/testing/v1", tags=["labs"], route_class=UnitRoute)

Reader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER, Role.LAB_TECHNICIAN)]
Writer = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.POLICE_OFFICER)]


@router.get("/labs")
async def list_labs(work: Reader) -> list[LabAnswer]:
    """The designated laboratories."""
    return [LabAnswer.model_validate(lab) for lab in await service.list_labs(work)]


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


@router.get("/hair-cutoffs")
async def hair_cutoffs(work: Reader, on: Day | None = None) -> list[HairCutoffAnswer]:
    """The hair cut-offs in force on a day (HAIR art. 9)."""
    return [HairCutoffAnswer.model_validate(row) for row in await service.hair_cutoffs(work, on)]
