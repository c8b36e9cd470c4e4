"""HTTP of handovers. An institution gets only days and states, never what the register knows of the person."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response

from kit.etags import IfMatch, etag
from kit.lists import Asked, answer, answers, ask
from kit.roles import Role
from kit.schemas import Flag
from kit.work import UnitRoute, Work, allow
from services.registry.handover import repository, service
from services.registry.handover.policy import GRANT
from services.registry.handover.schemas import (
    Acknowledgement,
    HandoverAnswer,
    HandoverRow,
    HandoverStepAnswer,
    NewHandover,
    Receipt,
    State,
    Withdrawal,
)
from services.registry.handover.tables import ReleaseHandover

router = APIRouter(prefix="/registry/v1/handovers", tags=["handovers"], route_class=UnitRoute)

Announcer = Annotated[Work, allow(Role.AGENCY, Role.COUNTY_OFFICER, grant=GRANT)]
Lister = Annotated[Work, allow(Role.AGENCY, Role.COUNTY_OFFICER, Role.TOWN_OFFICER, grant=GRANT)]
Reader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, personal=True)]
Receiver = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER)]


def _row(work: Work, row: ReleaseHandover) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in HandoverRow.model_fields if name != "overdue"}
    return {**values, "overdue": row.state in repository.OPEN and row.acknowledge_due < work.today}


def _answer(work: Work, row: ReleaseHandover, response: Response) -> HandoverRow:
    response.headers["ETag"] = etag(row.version)
    return HandoverRow(**_row(work, row))


@router.post("", status_code=201)
async def announce(work: Announcer, new: NewHandover, response: Response) -> HandoverRow:
    """Announce a release (DRR art. 34). The same notice again answers 200 with the same handover."""
    row, is_new = await service.announce(work, new)
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"/registry/v1/handovers/{row.id}"
    return _answer(work, row, response)


@router.get("", responses=answers(repository.HANDOVERS))
async def list_handovers(
    work: Lister, asked: Annotated[Asked, ask(repository.HANDOVERS)], state: State | None = None, overdue: Flag = False
) -> Response:
    """Handovers of the caller's towns, the earliest answer due first; an institution sees its own."""

    def shape(row: ReleaseHandover) -> HandoverRow:
        return HandoverRow(**_row(work, row))

    return answer(asked, await service.list_handovers(work, asked, state, overdue=overdue, shape=shape))


@router.get("/{handover_id}")
async def read(work: Reader, handover_id: UUID, response: Response) -> HandoverAnswer:
    """A handover with the person and its history."""
    row, name, number, steps = await service.read(work, handover_id)
    response.headers["ETag"] = etag(row.version)
    values = {"person_id": row.person_id, "name": name, "id_number": number, "documents": row.documents, "contact": row.contact}
    values["next_steps"] = await service.next_steps_of(work, row)
    return HandoverAnswer(**{**_row(work, row), **values, "steps": [HandoverStepAnswer.model_validate(step) for step in steps]})


@router.post("/{handover_id}/receipt")
async def receive(work: Receiver, handover_id: UUID, receipt: Receipt, response: Response, if_match: IfMatch = None) -> HandoverRow:
    """The town takes the packet and names who waits for the person."""
    return _answer(work, await service.receive(work, handover_id, receipt, if_match), response)


@router.post("/{handover_id}/acknowledgement")
async def acknowledge(
    work: Receiver, handover_id: UUID, answer: Acknowledgement, response: Response, if_match: IfMatch = None
) -> HandoverRow:
    """Arrived, or not arrived: only this step decides it, never the passing of a day."""
    return _answer(work, await service.acknowledge(work, handover_id, answer, if_match), response)


@router.post("/{handover_id}/withdrawal")
async def withdraw(work: Announcer, handover_id: UUID, withdrawal: Withdrawal, response: Response, if_match: IfMatch = None) -> HandoverRow:
    """Take an announcement back: the release was put off or revoked, or the wrong town was told."""
    return _answer(work, await service.withdraw(work, handover_id, withdrawal, if_match), response)
