"""HTTP of co-management. Partner's routes answer JSON, or NDJSON when `Accept: application/x-ndjson`."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response

from kit.etags import IfMatch, etag
from kit.lists import Asked, Key, Made, answer, answers, ask, find_made
from kit.problems import Gone, may_answer
from kit.roles import Role
from kit.work import UnitRoute, Work, allow
from services.registry.comanagement import feed, service
from services.registry.comanagement import pages as proofs
from services.registry.comanagement.errors import NotInForce
from services.registry.comanagement.repository import TRANSFERS_OUT
from services.registry.comanagement.rules import holds_on
from services.registry.comanagement.schemas import (
    AgreementAnswer,
    AgreementStep,
    FeedPage,
    KeySet,
    NamedPersonAnswer,
    NamedPersons,
    NewAgreement,
    NewTransferOut,
    PersonLeaves,
    PublicKey,
    Receipt,
    ReceiptAnswer,
    ReceiptRow,
    TransferOutAnswer,
)
from services.registry.comanagement.tables import Agreement

router = APIRouter(prefix="/registry/v1/co-management", tags=["co-management"], route_class=UnitRoute)
RECEIPTS = Made(
    name="registry.receipts",
    item=ReceiptRow,
    sorts={"received_at": (Key("received_at", "timestamptz"), Key("id", "uuid"))},
    default="-received_at",
)
NAMED = Made(
    name="registry.named_persons",
    item=NamedPersonAnswer,
    sorts={"ref": (Key("ref", "uuid"),), "name": (Key("name"),)},
    default="ref",
    counted={"shared": "shared"},
)
AGREEMENTS = Made(
    name="registry.agreements",
    item=AgreementAnswer,
    sorts={"id": (Key("id", "uuid"),), "valid_to": (Key("valid_to", "date"), Key("id", "uuid"))},
    default="-id",
    counted={"state": "state"},
    action="agreement.list",
    object_type="agreement",
)

NDJSON = "application/x-ndjson"
Office = Annotated[Work, allow(Role.COUNTY_OFFICER)]
OfficeReader = Annotated[Work, allow(Role.COUNTY_OFFICER, personal=True)]
Side = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.PARTNER)]
SideReader = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.PARTNER, personal=True)]
Partner = Annotated[Work, allow(Role.PARTNER)]
Accept = Annotated[str | None, Header()]
LINES = {"schema": {"type": "string", "description": "每行一条变化,末行为证明 · one change a line, then the proof of the page"}}


def _answer(work: Work, agreement: Agreement, response: Response | None = None) -> AgreementAnswer:
    if response is not None:
        response.headers["ETag"] = etag(agreement.version)
    values: dict[str, Any] = {name: getattr(agreement, name, None) for name in AgreementAnswer.model_fields}
    in_force = holds_on(agreement.state, agreement.valid_from, agreement.valid_to, work.today)
    return AgreementAnswer(**{**values, "in_force": in_force, "next_steps": service.next_steps_of(work, agreement)})


def _page(page: proofs.Page, accept: str | None) -> Response:
    if NDJSON in (accept or ""):
        return Response(page.ndjson(), media_type=NDJSON)
    return Response(page.json(), media_type="application/json")


@router.post("/agreements", status_code=201)
async def propose_agreement(work: Office, new: NewAgreement, response: Response) -> AgreementAnswer:
    """Propose an agreement to a partner county."""
    agreement = await service.propose_agreement(work, new)
    response.headers["Location"] = f"/registry/v1/co-management/agreements/{agreement.id}"
    return _answer(work, agreement, response)


@router.get("/agreements", responses=answers(AGREEMENTS))
async def list_agreements(work: Side, asked: Annotated[Asked, ask(AGREEMENTS)]) -> Response:
    """Agreements: all for the county office, the granted ones for a partner."""
    return answer(
        asked, await find_made(work, AGREEMENTS, asked, [_answer(work, agreement) for agreement in await service.list_agreements(work)])
    )


@router.get("/agreements/{agreement_id}")
async def read_agreement(work: Side, agreement_id: UUID, response: Response) -> AgreementAnswer:
    """One agreement."""
    return _answer(work, await service.read_agreement(work, agreement_id), response)


@router.post("/agreements/{agreement_id}/transitions")
async def take_agreement_step(
    work: Side, agreement_id: UUID, step: AgreementStep, response: Response, if_match: IfMatch = None
) -> AgreementAnswer:
    """Accept an agreement, or end it."""
    return _answer(work, await service.take_agreement_step(work, agreement_id, step, if_match), response)


@router.get("/agreements/{agreement_id}/persons", responses=answers(NAMED))
async def named_persons(work: OfficeReader, asked: Annotated[Asked, ask(NAMED)], agreement_id: UUID) -> Response:
    """The named persons, those shared today, and what the partner received."""
    return answer(
        asked, await find_made(work, NAMED, asked, [NamedPersonAnswer(**row) for row in await service.named_persons(work, agreement_id)])
    )


@router.post("/agreements/{agreement_id}/persons")
async def name_persons(work: Office, agreement_id: UUID, named: NamedPersons, response: Response) -> AgreementAnswer:
    """Name persons in the agreement; those who are named already stay."""
    return _answer(work, await service.name_persons(work, agreement_id, named.person_ids), response)


@router.post("/agreements/{agreement_id}/persons/{person_id}/removal")
async def let_person_leave(work: Office, agreement_id: UUID, person_id: UUID, leaves: PersonLeaves, response: Response) -> AgreementAnswer:
    """Take a person out; the partner is told to delete."""
    return _answer(work, await service.let_person_leave(work, agreement_id, person_id, leaves), response)


@router.get("/agreements/{agreement_id}/key")
async def read_key(work: Side, agreement_id: UUID) -> KeySet:
    """Public key of the page signatures."""
    await service.read_agreement(work, agreement_id)
    return KeySet(keys=[PublicKey.model_validate(work.house.signing_key.public_jwk())])


@router.get(
    "/agreements/{agreement_id}/snapshot", responses={200: {"model": FeedPage, "content": {NDJSON: LINES}}, **may_answer(NotInForce)}
)
async def read_snapshot(work: SideReader, agreement_id: UUID, accept: Accept = None) -> Response:
    """The whole list, consistent at the cursor in `next`."""
    return _page(await feed.snapshot(work, agreement_id), accept)


@router.get("/agreements/{agreement_id}/changes", responses={200: {"model": FeedPage, "content": {NDJSON: LINES}}, **may_answer(Gone)})
async def read_changes(
    work: SideReader,
    agreement_id: UUID,
    after: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    accept: Accept = None,
) -> Response:
    """Changes after a cursor; a page with fewer lines than `limit` is the last one for now."""
    return _page(await feed.changes(work, agreement_id, after, limit), accept)


@router.post("/agreements/{agreement_id}/receipts", status_code=201)
async def take_receipt(work: Partner, agreement_id: UUID, receipt: Receipt) -> ReceiptAnswer:
    """The partner reports the cursor it has applied and the persons it has deleted."""
    row, behind, owed = await service.take_receipt(work, agreement_id, receipt)
    return ReceiptAnswer(id=row.id, applied=row.position, behind=behind, to_delete=owed)


@router.get("/agreements/{agreement_id}/receipts", responses=answers(RECEIPTS))
async def receipts_of(work: Side, asked: Annotated[Asked, ask(RECEIPTS)], agreement_id: UUID) -> Response:
    """What the partner reported as applied and deleted, latest first."""
    return answer(asked, await find_made(work, RECEIPTS, asked, await service.receipts_of(work, agreement_id)))


@router.post("/transfers-out", status_code=201)
async def record_transfer_out(work: Office, new: NewTransferOut) -> TransferOutAnswer:
    """A person was accepted in writing by another county: standing, measures and lists follow the same day."""
    return TransferOutAnswer.model_validate(await service.record_transfer_out(work, new))


@router.get("/transfers-out", responses=answers(TRANSFERS_OUT))
async def list_transfers_out(
    work: OfficeReader,
    asked: Annotated[Asked, ask(TRANSFERS_OUT)],
    receiving_area: Annotated[str | None, Query(pattern=r"^[0-9]{6}$")] = None,
) -> Response:
    """Transfers out, oldest first."""
    return answer(asked, await service.list_transfers_out(work, asked, receiving_area))
