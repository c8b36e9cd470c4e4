"""HTTP of inspections and checklists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from kit.etags import IfMatch, etag
from kit.pages import Page, next_link
from kit.roles import Role
from kit.schemas import Day, DivisionCode
from kit.work import UnitRoute, Work, allow
from services.precursor.firms.rules import Kind
from services.precursor.grants import READ
from services.precursor.inspections import opening, publication, service
from services.precursor.inspections.checklists import Template
from services.precursor.inspections.schemas import (
    ChecklistAnswer,
    Completion,
    DirectInspection,
    Ending,
    InspectionAnswer,
    InspectionStates,
    ItemAnswer,
    NewPublication,
    Outcomes,
    PublicationAnswer,
    Start,
)
from services.precursor.inspections.tables import Inspection, InspectionOutcome
from services.precursor.lists import DEFAULT_LIMIT, Cursor, Limit
from services.precursor.rectifications.schemas import FindingAnswer

router = APIRouter(prefix="/precursor/v1/inspections", tags=["inspections"], route_class=UnitRoute)
checklists = APIRouter(prefix="/precursor/v1/checklists", tags=["inspections"], route_class=UnitRoute)

Reader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.INSPECTOR, Role.AGENCY, grant=READ)]
Inspecting = Annotated[Work, allow(Role.INSPECTOR)]
Publisher = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.INSPECTOR)]


def _answer(inspection: Inspection, officers: Mapping[UUID, list[UUID]]) -> InspectionAnswer:
    values: dict[str, Any] = {name: getattr(inspection, name, None) for name in InspectionAnswer.model_fields}
    return InspectionAnswer(**{**values, "officers": officers.get(inspection.id, [])})


async def _single(work: Work, inspection: Inspection, response: Response) -> InspectionAnswer:
    response.headers["ETag"] = etag(inspection.version)
    return _answer(inspection, await service.officers_of(work, [inspection]))


def _checklist(template: Template, outcomes: Mapping[str, InspectionOutcome]) -> ChecklistAnswer:
    items: list[ItemAnswer] = []
    for item in template.items:
        row = outcomes.get(item.item_no)
        recorded = (
            {} if row is None else {name: getattr(row, name) for name in ("outcome", "note", "passed_to", "recorded_by", "recorded_at")}
        )
        items.append(
            ItemAnswer(
                item_no=item.item_no,
                item_zh=item.item_zh,
                item_en=item.item_en,
                basis=item.basis,
                typical_outcomes=list(item.typical_outcomes),
                competent=list(item.competent),
                pending_verification=item.pending_verification,
                **recorded,
            )
        )
    return ChecklistAnswer(template=template.name, kind=template.kind, valid_from=template.valid_from, items=items)


@checklists.get("")
async def read_checklist(work: Reader, kind: Kind, on: Day | None = None) -> ChecklistAnswer:
    """The checklist of a kind of object on a day."""
    return _checklist(service.checklist_on(kind, on or work.today), {})


@router.get("")
async def list_inspections(
    work: Reader,
    request: Request,
    response: Response,
    state: InspectionStates | None = None,
    draw_id: UUID | None = None,
    firm_id: UUID | None = None,
    division_code: DivisionCode | None = None,
    mine: bool = False,
    unpublished: bool = False,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[InspectionAnswer]:
    """Inspections in the caller's towns. `mine`: the caller is one of the officers; `unpublished`: past the day by which the result had to be public."""
    filters = {"state": state, "draw_id": draw_id, "firm_id": firm_id, "division_code": division_code}
    rows, following = await service.list_inspections(work, filters, mine, unpublished, cursor, limit)
    response.headers.update(next_link(request, following))
    officers = await service.officers_of(work, rows)
    return Page[InspectionAnswer](items=[_answer(row, officers) for row in rows], next=following)


@router.post("", status_code=201)
async def open_directly(work: Inspecting, new: DirectInspection, response: Response) -> InspectionAnswer:
    """Plan an inspection after a complaint or a transfer."""
    inspection = await opening.open_directly(work, new)
    response.headers["Location"] = f"/precursor/v1/inspections/{inspection.id}"
    return await _single(work, inspection, response)


@router.get("/{inspection_id}")
async def read_inspection(work: Reader, inspection_id: UUID, response: Response) -> InspectionAnswer:
    """One inspection."""
    return await _single(work, await service.read_inspection(work, inspection_id), response)


@router.get("/{inspection_id}/checklist")
async def read_filled_checklist(work: Reader, inspection_id: UUID) -> ChecklistAnswer:
    """Its checklist with what was recorded."""
    return _checklist(*await service.checklist_of(work, inspection_id))


@router.get("/{inspection_id}/findings")
async def findings_of(work: Reader, inspection_id: UUID) -> list[FindingAnswer]:
    """What it found; of held evidence, until when it must be decided upon."""
    found = await service.findings_of(work, inspection_id)
    return [FindingAnswer.model_validate(row).model_copy(update={"decide_by": service.decide_by(work, row)}) for row in found]


@router.post("/{inspection_id}/start")
async def start(work: Inspecting, inspection_id: UUID, begin: Start, response: Response, if_match: IfMatch = None) -> InspectionAnswer:
    """Begin: two officers are there and have shown their certificates."""
    return await _single(work, await service.start(work, inspection_id, begin, if_match), response)


@router.post("/{inspection_id}/outcomes")
async def record_outcomes(
    work: Inspecting, inspection_id: UUID, recorded: Outcomes, response: Response, if_match: IfMatch = None
) -> InspectionAnswer:
    """Record what items came to."""
    return await _single(work, await service.record_outcomes(work, inspection_id, recorded, if_match), response)


@router.post("/{inspection_id}/complete")
async def complete(
    work: Inspecting, inspection_id: UUID, completion: Completion, response: Response, if_match: IfMatch = None
) -> InspectionAnswer:
    """Close the record; findings and orders follow from the items."""
    return await _single(work, await service.complete(work, inspection_id, completion, if_match), response)


@router.post("/{inspection_id}/end")
async def end(work: Inspecting, inspection_id: UUID, ending: Ending, response: Response, if_match: IfMatch = None) -> InspectionAnswer:
    """Record that it could not be carried out."""
    return await _single(work, await service.end(work, inspection_id, ending, if_match), response)


@router.get("/{inspection_id}/publication")
async def read_publication(work: Reader, inspection_id: UUID) -> PublicationAnswer:
    """What may be published of the result, until when, and whether it was."""
    return await publication.read_publication(work, inspection_id)


@router.post("/{inspection_id}/publication", status_code=201)
async def record_publication(work: Publisher, inspection_id: UUID, new: NewPublication) -> PublicationAnswer:
    """Record that the result was published."""
    return await publication.record_publication(work, inspection_id, new)
