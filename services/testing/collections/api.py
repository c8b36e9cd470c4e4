"""HTTP of collections."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from kit.etags import IfMatch, etag
from kit.lists import Asked, Key, Made, answer, answers, ask, find_made
from kit.roles import Role
from kit.schemas import DivisionCode, Flag
from kit.work import UnitRoute, Work, allow
from services.testing.collections import service
from services.testing.collections.repository import COLLECTIONS
from services.testing.collections.rules import ChainState, CollectionKind
from services.testing.collections.schemas import (
    Basis,
    ChainEntry,
    Closing,
    CollectionAnswer,
    FetchBack,
    LabRequest,
    NewCollection,
    Objection,
)
from services.testing.collections.tables import Collection

router = APIRouter(prefix="/testing/v1", tags=["collections"], route_class=UnitRoute)
OF_PERSON = Made(
    name="testing.collections_of_person",
    item=CollectionAnswer,
    sorts={"sampled_on": (Key("sampled_on", "date"), Key("id", "uuid"))},
    default="-sampled_on",
    counted={"state": "state"},
)
CHAIN = Made(
    name="testing.chain",
    item=ChainEntry,
    sorts={"recorded_at": (Key("recorded_at", "timestamptz"),)},
    default="recorded_at",
    counted={"event": "event"},
)

_STAFF = (Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER)
Lister = Annotated[Work, allow(*_STAFF, Role.LAB_TECHNICIAN, personal=True)]
Opener = Annotated[Work, allow(*_STAFF, Role.LAB_TECHNICIAN, Role.SUBJECT, personal=True)]
ChainReader = Annotated[Work, allow(Role.POLICE_OFFICER, Role.LAB_TECHNICIAN, Role.SUBJECT, personal=True)]
Owner = Annotated[Work, allow(*_STAFF, Role.SUBJECT, personal=True)]
Taker = Annotated[Work, allow(*_STAFF)]
Objector = Annotated[Work, allow(*_STAFF, Role.SUBJECT)]
Keeper = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER)]
Police = Annotated[Work, allow(Role.POLICE_OFFICER)]


async def _answer(work: Work, taken: Collection, response: Response) -> CollectionAnswer:
    """The whole answer with its ETag."""
    response.headers["ETag"] = etag(taken.version)
    return CollectionAnswer(**(await service.shown(work, taken))[0])


@router.get("/collections", responses=answers(COLLECTIONS))
async def list_collections(
    work: Lister,
    asked: Annotated[Asked, ask(COLLECTIONS)],
    division_code: Annotated[DivisionCode | None, Query()] = None,
    state: ChainState | None = None,
    kind: CollectionKind | None = None,
    overdue: Flag = False,
) -> Response:
    """Collections of the caller's towns, and the open chains that the caller must end.

    `overdue`: only those whose next deadline has passed; each names who owes the step.
    """
    return answer(asked, await service.list_collections(work, asked, division_code, state, kind, overdue=overdue))


@router.post("/collections", status_code=201)
async def collect(work: Taker, new: NewCollection, response: Response) -> CollectionAnswer:
    """The person attended and a specimen was taken (DTP art. 8)."""
    taken = await service.collect(work, new)
    response.headers["Location"] = f"/testing/v1/collections/{taken.id}"
    return await _answer(work, taken, response)


@router.get("/collections/{collection_id}")
async def read_collection(work: Opener, collection_id: UUID, response: Response) -> CollectionAnswer:
    """One collection."""
    return await _answer(work, await service.read_collection(work, collection_id), response)


@router.get("/collections/{collection_id}/chain", responses=answers(CHAIN))
async def chain_of(work: ChainReader, asked: Annotated[Asked, ask(CHAIN)], collection_id: UUID) -> Response:
    """Each step with its source, in order."""
    return answer(
        asked,
        await find_made(work, CHAIN, asked, [ChainEntry.model_validate(step) for step in await service.chain_of(work, collection_id)]),
    )


@router.post("/collections/{collection_id}/objection")
async def object_to(work: Objector, collection_id: UUID, new: Objection, response: Response, if_match: IfMatch = None) -> CollectionAnswer:
    """Object to the result of the present stage (DTP art. 10, 13)."""
    return await _answer(work, await service.object_to(work, collection_id, new, if_match), response)


@router.post("/collections/{collection_id}/lab-request")
async def request_lab(work: Police, collection_id: UUID, new: LabRequest, response: Response, if_match: IfMatch = None) -> CollectionAnswer:
    """Decide on an objection and send the container; send hair or blood (DTP art. 10-14)."""
    return await _answer(work, await service.request_lab(work, collection_id, new, if_match), response)


@router.post("/collections/{collection_id}/return")
async def fetch_back(work: Police, collection_id: UUID, new: FetchBack, response: Response, if_match: IfMatch = None) -> CollectionAnswer:
    """Fetch a specimen back from a laboratory that may not test it any more (DTP art. 4)."""
    return await _answer(work, await service.fetch_back(work, collection_id, new, if_match), response)


@router.post("/collections/{collection_id}/basis")
async def show_basis(work: Keeper, collection_id: UUID, new: Basis, response: Response, if_match: IfMatch = None) -> CollectionAnswer:
    """Show on what ground a ledger's test was made (DTP art. 2)."""
    return await _answer(work, await service.show_basis(work, collection_id, new, if_match), response)


@router.post("/collections/{collection_id}/closing")
async def close(work: Police, collection_id: UUID, new: Closing, response: Response, if_match: IfMatch = None) -> CollectionAnswer:
    """Close a stage after the time to object, or after an admission."""
    return await _answer(work, await service.close(work, collection_id, new, if_match), response)


@router.get("/subjects/{person_id}/collections", responses=answers(OF_PERSON))
async def collections_of(work: Owner, asked: Annotated[Asked, ask(OF_PERSON)], person_id: UUID) -> Response:
    """What was taken from a person, when, and where it stands; the person's own for role `subject`."""
    return answer(
        asked,
        await find_made(
            work,
            OF_PERSON,
            asked,
            [CollectionAnswer(**row) for row in await service.shown(work, *await service.collections_of(work, person_id))],
        ),
    )
