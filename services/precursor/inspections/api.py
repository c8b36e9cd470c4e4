"""HTTP of inspections and checklists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from kit.etags import IfMatch, etag
from kit.lists import Asked, Key, Made, answer, answers, ask, find_made
from kit.problems import may_answer
from kit.roles import Role
from kit.schemas import Day, DivisionCode, Flag
from kit.work import UnitRoute, Work, allow
from services.precursor.firms.rules import Kind
from services.precursor.grants import READ
from services.precursor.inspections import service
from services.precursor.inspections.checklists import Template
from services.precursor.inspections.errors import InspectionState
from services.precursor.inspections.repository import INSPECTIONS
from services.precursor.inspections.rules import State
from services.precursor.inspections.schemas import (
    ChecklistAnswer,
    Completion,
    DirectInspection,
    Ending,
    InspectionAnswer,
    ItemAnswer,
    NewPublication,
    Outcomes,
    PublicationAnswer,
    Start,
    StepAnswer,
)
from services.precursor.inspections.tables import Inspection, InspectionOutcome
from services.precursor.rectifications.schemas import FindingAnswer

router = APIRouter(prefix="/precursor/v1/inspections", tags=["inspections"], route_class=UnitRoute)
FINDINGS = Made(
    name="precursor.findings",
    item=FindingAnswer,
    sorts={"found": ()},
    default="found",
    counted={"outcome": "outcome", "disposition": "disposition"},
    action="finding.list",
    object_type="finding",
)
HISTORY = Made(
    name="precursor.inspection_steps",
    item=StepAnswer,
    sorts={"recorded_at": (Key("recorded_at", "timestamptz"),)},
    default="recorded_at",
    action="inspection.read_steps",
    object_type="inspection",
)
checklists = APIRouter(prefix="/precursor/v1/checklists", tags=["inspections"], route_class=UnitRoute)

Reader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.INSPECTOR, Role.AGENCY, grant=READ)]
Inspecting = Annotated[Work, allow(Role.INSPECTOR)]
Publisher = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.INSPECTOR)]


async def _single(work: Work, inspection: Inspection, response: Response) -> InspectionAnswer:
    response.headers["ETag"] = etag(inspection.version)
    return await service.answer(work, inspection)


def _checklist(template: Template, outcomes: Mapping[str, InspectionOutcome]) -> ChecklistAnswer:
    items: list[ItemAnswer] = []
    for item in template.items:
        row = outcomes.get(item.item_no)
        recorded = (
            {} if row is None else {name: getattr(row, name) for name in ("outcome", "note", "passed_to", "recorded_by", "recorded_at")}
        )
        own = {name: getattr(item, name) for name in ("item_no", "item_zh", "item_en", "basis", "pending_verification")}
        listed = {"typical_outcomes": list(item.typical_outcomes), "competent": list(item.competent)}
        items.append(ItemAnswer.model_validate({**own, **listed, **recorded}))
    return ChecklistAnswer.model_validate(
        {"template": template.name, "kind": template.kind, "valid_from": template.valid_from, "items": items}
    )


@checklists.get("")
async def read_checklist(work: Reader, kind: Kind, on: Day | None = None) -> ChecklistAnswer:
    """The checklist of a kind of object on a day."""
    return _checklist(service.checklist_on(kind, on or work.today), {})


@router.get("", responses=answers(INSPECTIONS))
async def list_inspections(
    work: Reader,
    asked: Annotated[Asked, ask(INSPECTIONS)],
    state: State | None = None,
    draw_id: UUID | None = None,
    firm_id: UUID | None = None,
    division_code: DivisionCode | None = None,
    mine: Flag = False,
    unpublished: Flag = False,
) -> Response:
    """Inspections in the caller's towns. `mine`: the caller is one of the officers; `unpublished`: past the day by which the result had to be public."""
    filters = {"state": state, "draw_id": draw_id, "firm_id": firm_id, "division_code": division_code}
    return answer(asked, await service.list_inspections(work, asked, filters, mine, unpublished))


@router.post("", status_code=201)
async def open_directly(work: Inspecting, new: DirectInspection, response: Response) -> InspectionAnswer:
    """Plan an inspection after a complaint or a transfer."""
    inspection = await service.open_directly(work, new)
    response.headers["Location"] = f"/precursor/v1/inspections/{inspection.id}"
    return await _single(work, inspection, response)


@router.get("/{inspection_id}")
async def read_inspection(work: Reader, inspection_id: UUID, response: Response) -> InspectionAnswer:
    """One inspection."""
    return await _single(work, await service.read_inspection(work, inspection_id), response)


@router.get("/{inspection_id}/checklist")
async def read_filled_checklist(work: Reader, inspection_id: UUID) -> ChecklistAnswer:
    """The checklist of an inspection with the recorded outcomes."""
    return _checklist(*await service.checklist_of(work, inspection_id))


@router.get("/{inspection_id}/findings", responses=answers(FINDINGS))
async def findings_of(work: Reader, asked: Annotated[Asked, ask(FINDINGS)], inspection_id: UUID) -> Response:
    """The findings of an inspection; for held evidence, the last day for the decision."""
    found = await service.findings_of(work, inspection_id)
    return answer(
        asked,
        await find_made(
            work,
            FINDINGS,
            asked,
            [FindingAnswer.model_validate(row).model_copy(update={"decide_by": service.decide_by(work, row)}) for row in found],
        ),
    )


@router.get("/{inspection_id}/steps", responses=answers(HISTORY))
async def steps_of(work: Reader, asked: Annotated[Asked, ask(HISTORY)], inspection_id: UUID) -> Response:
    """The steps of an inspection, with who took each and its legal source."""
    return answer(
        asked,
        await find_made(
            work,
            HISTORY,
            asked,
            [StepAnswer.model_validate(step) for step in await service.steps_of(work, inspection_id)],
            about=[inspection_id],
        ),
    )


@router.post("/{inspection_id}/start")
async def start(work: Inspecting, inspection_id: UUID, begin: Start, response: Response, if_match: IfMatch = None) -> InspectionAnswer:
    """Begin: two officers are there and have shown their certificates."""
    return await _single(work, await service.start(work, inspection_id, begin, if_match), response)


@router.post("/{inspection_id}/outcomes")
async def record_outcomes(
    work: Inspecting, inspection_id: UUID, recorded: Outcomes, response: Response, if_match: IfMatch = None
) -> InspectionAnswer:
    """Record the outcomes of items."""
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


@router.get("/{inspection_id}/publication", responses=may_answer(InspectionState))
async def read_publication(work: Reader, inspection_id: UUID) -> PublicationAnswer:
    """What may be published of the result, until when, and whether it was."""
    return await service.read_publication(work, inspection_id)


@router.post("/{inspection_id}/publication", status_code=201)
async def record_publication(work: Publisher, inspection_id: UUID, new: NewPublication) -> PublicationAnswer:
    """Record that the result was published."""
    return await service.record_publication(work, inspection_id, new)
