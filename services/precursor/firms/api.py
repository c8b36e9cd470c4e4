"""HTTP of firms."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from kit.etags import IfMatch, etag
from kit.lists import Asked, Key, Made, answer, answers, ask, find_made
from kit.roles import Role
from kit.schemas import DivisionCode, Flag
from kit.work import UnitRoute, Work, allow
from services.precursor.catalogue.schemas import AskedClass
from services.precursor.firms import service
from services.precursor.firms.repository import FIRMS
from services.precursor.firms.rules import FirmState, Kind
from services.precursor.firms.schemas import Contacts, FirmAnswer, FirmCounts, FirmFields, FirmHistoryEntry, FirmPatch, NewFirm
from services.precursor.firms.tables import Firm
from services.precursor.grants import READ

router = APIRouter(prefix="/precursor/v1/firms", tags=["firms"], route_class=UnitRoute)
HISTORY = Made(
    name="precursor.firm_history",
    item=FirmHistoryEntry,
    sorts={"at": (Key("at", "timestamptz"),)},
    default="-at",
    action="firm.read_history",
    object_type="firm",
)

Reader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER, Role.INSPECTOR, Role.AGENCY, grant=READ)]
Opener = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.INSPECTOR, personal=True)]
Counter = Annotated[
    Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER, Role.INSPECTOR, Role.LEADER, Role.AGENCY, grant=READ)
]
Writer = Annotated[Work, allow(Role.COUNTY_OFFICER)]
Search = Annotated[str | None, Query(min_length=1, max_length=100)]


async def _single(work: Work, firm: Firm, response: Response) -> FirmAnswer:
    response.headers["ETag"] = etag(firm.version)
    return await service.answer(work, firm)


@router.get("", responses=answers(FIRMS))
async def list_firms(
    work: Reader,
    asked: Annotated[Asked, ask(FIRMS)],
    q: Search = None,
    kind: Kind | None = None,
    division_code: DivisionCode | None = None,
    category: Annotated[AskedClass | None, Query()] = None,
    chemical: Search = None,
    state: FirmState | None = None,
    licence_expiring: Flag = False,
) -> Response:
    """Firms in the caller's towns; `q` is part of the name or the whole code; `licence_expiring`: the licence ends within 30 days or has ended."""
    filters = {"q": q, "kind": kind, "division_code": division_code, "category": category, "chemical": chemical, "state": state}
    return answer(asked, await service.list_firms(work, asked, filters, licence_expiring))


@router.get("/counts")
async def count_firms(work: Counter) -> FirmCounts:
    """How many active firms, by kind and town."""
    return await service.count_firms(work)


@router.post("", status_code=201)
async def register_firm(work: Writer, new: NewFirm, response: Response) -> FirmAnswer:
    """Register a firm."""
    firm = await service.register_firm(work, new)
    response.headers["Location"] = f"/precursor/v1/firms/{firm.id}"
    return await _single(work, firm, response)


@router.get("/{firm_id}")
async def read_firm(work: Reader, firm_id: UUID, response: Response) -> FirmAnswer:
    """One firm, its people masked."""
    return await _single(work, await service.read_firm(work, firm_id), response)


@router.get("/{firm_id}/contacts")
async def open_contacts(work: Opener, firm_id: UUID) -> Contacts:
    """Legal person and phone in clear."""
    return await service.open_contacts(work, firm_id)


@router.get("/{firm_id}/history", responses=answers(HISTORY))
async def history_of(work: Reader, asked: Annotated[Asked, ask(HISTORY)], firm_id: UUID) -> Response:
    """The changes of a firm, with who made each and from which source."""
    changes = await service.history_of(work, firm_id)
    return answer(
        asked,
        await find_made(
            work,
            HISTORY,
            asked,
            [
                FirmHistoryEntry(
                    at=c.recorded_at,
                    by=c.recorded_by,
                    source=c.source,
                    before=FirmFields.model_validate(c.before),
                    after=FirmFields.model_validate(c.after),
                    reason=c.reason,
                )
                for c in reversed(changes)
            ],
            about=[firm_id],
        ),
    )


@router.patch("/{firm_id}")
async def amend_firm(work: Writer, firm_id: UUID, patch: FirmPatch, response: Response, if_match: IfMatch = None) -> FirmAnswer:
    """Correct a firm's data."""
    return await _single(work, await service.amend_firm(work, firm_id, patch, if_match), response)
