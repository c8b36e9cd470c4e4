"""HTTP of the catalogue."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from kit.lists import Asked, Key, Made, answer, answers, ask, find_made
from kit.problems import Malformed
from kit.roles import Role
from kit.schemas import Day
from kit.work import UnitRoute, Work, allow
from services.precursor.catalogue import service
from services.precursor.catalogue.schemas import AskedClass, ChangeAnswer, EntryAnswer, ListChange, LoadAnswer, NameAnswer, NameQuery
from services.precursor.grants import READ

router = APIRouter(prefix="/precursor/v1/catalogue", tags=["catalogue"], route_class=UnitRoute)
CHANGES = Made(
    name="precursor.catalogue_changes",
    item=ChangeAnswer,
    sorts={"from_day": (Key("from_day", "date"), Key("entry_id", "uuid"))},
    default="from_day",
    counted={"change": "change"},
    action="catalogue.changes",
    object_type="catalogue_entry",
    noted="entry_id",
)
ENTRIES = Made(
    name="precursor.catalogue",
    item=EntryAnswer,
    sorts={
        "category": (Key("category", "int"), Key("seq", "int"), Key("valid_from", "date")),
        "name_zh": (Key("name_zh"), Key("valid_from", "date")),
    },
    default="category",
    counted={"category": "category", "subtype": "subtype"},
    action="catalogue.list",
    object_type="catalogue_entry",
)
NAMES = Made(name="precursor.names_found", item=NameAnswer, sorts={"index": ()}, default="index", counted={"found": "found"})

Reader = Annotated[
    Work,
    allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER, Role.INSPECTOR, Role.LEADER, Role.AUDITOR, Role.AGENCY, grant=READ),
]
Loader = Annotated[Work, allow(Role.COUNTY_OFFICER)]
CSV_BODY = {"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}}


@router.get("", responses=answers(ENTRIES))
async def search_catalogue(
    work: Reader,
    asked: Annotated[Asked, ask(ENTRIES)],
    q: Annotated[str | None, Query(min_length=1, max_length=100)] = None,
    on: Day | None = None,
    category: Annotated[AskedClass | None, Query()] = None,
) -> Response:
    """What is controlled on a day, by Chinese name, English name, synonym or CAS number; also by the name of a controlled salt or preparation."""
    return answer(asked, await find_made(work, ENTRIES, asked, await service.search_catalogue(work, q, on, category)))


@router.post("/load", openapi_extra=CSV_BODY)
async def load_catalogue(work: Loader, request: Request) -> LoadAnswer:
    """Take a list over from CSV, all or nothing."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "text/csv":
        raise Malformed("请以 text/csv 上传", "send the list as text/csv")
    return await service.load_catalogue(work, await request.body())


@router.post("/names/search", responses=answers(NAMES))
async def find_names(work: Reader, query: NameQuery, asked: Annotated[Asked, ask(NAMES)]) -> Response:
    """Find the entries that words of a ledger name: names, salts, preparations and mixtures, in the order of the words.

    An unclear word gets suggestions, and a person decides.
    """
    return answer(asked, await find_made(work, NAMES, asked, await service.find_names(work, query), query.model_dump()))


@router.get("/changes", responses=answers(CHANGES))
async def list_changes(work: Reader, asked: Annotated[Asked, ask(CHANGES)], since: Day | None = None) -> Response:
    """Additions, delistings and reclassifications, each from its day on."""
    return answer(asked, await find_made(work, CHANGES, asked, await service.known_changes(work, since)))


@router.post("/{entry_id}/changes", status_code=201)
async def change_list(work: Loader, entry_id: UUID, change: ListChange) -> EntryAnswer:
    """Reclassify or delist a chemical from a day on; stored firms follow from that day."""
    return await service.change_list(work, entry_id, change)
