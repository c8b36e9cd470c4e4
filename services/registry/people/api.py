"""HTTP of people: parse, name the principal, call one use case, shape the answer."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from kit.etags import IfMatch, etag
from kit.pages import LIMIT, MAX_LIMIT, Cursors, Page, json_page
from kit.roles import Role
from kit.work import UnitRoute, Work, allow
from services.registry.people import service
from services.registry.people.schemas import (
    HistoryEntry,
    Identity,
    Move,
    NewPerson,
    PersonAnswer,
    PersonPatch,
    PersonRow,
    PersonSearch,
    StandingAnswer,
    Status,
)
from services.registry.people.tables import Person

router = APIRouter(prefix="/registry/v1/people", tags=["people"], route_class=UnitRoute)

Reader = Annotated[
    Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER, Role.SUBJECT, personal=True)
]
Writer = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER)]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Cursor = Annotated[str | None, Query(max_length=400)]


def person_answer(person: Person, response: Response) -> PersonAnswer:
    """A person as the API shows it, with the ETag."""
    response.headers["ETag"] = etag(person.version)
    values: dict[str, Any] = {name: getattr(person, name, None) for name in PersonAnswer.model_fields}
    return PersonAnswer(**{**values, "id_number": person.id_number_masked, "phone": person.phone_masked})


@router.get("", responses={200: {"model": Page[PersonRow]}})
async def list_people(
    work: Reader,
    request: Request,
    division_code: Annotated[str | None, Query(max_length=12)] = None,
    status: Status | None = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Response:
    """People under management in the caller's towns, masked."""
    cursors = Cursors(work.sealer)
    body, following = await service.list_people(work, cursors, {"division": division_code, "status": status}, cursor, limit)
    return json_page(request, body, following)


@router.post("/search", responses={200: {"model": Page[PersonRow]}})
async def search_people(work: Reader, search: PersonSearch, request: Request, limit: Limit = LIMIT, cursor: Cursor = None) -> Response:
    """Search by ID number, phone, name, pinyin or initials. ID number and phone are needed in full; nothing is guessed from parts of them."""
    body, following = await service.search_people(work, Cursors(work.sealer), search, cursor, limit)
    return json_page(request, body, following)


@router.post("", status_code=201)
async def register_person(work: Writer, new: NewPerson, response: Response) -> PersonAnswer:
    """Register a person (NCL art. 32)."""
    person = await service.register_person(work, new)
    response.headers["Location"] = f"/registry/v1/people/{person.id}"
    return person_answer(person, response)


@router.get("/{person_id}")
async def read_person(work: Reader, person_id: UUID, response: Response) -> PersonAnswer:
    """One person, masked."""
    return person_answer(await service.read_person(work, person_id), response)


@router.get("/{person_id}/identity")
async def open_identity(work: Reader, person_id: UUID) -> Identity:
    """ID number, phone and address in clear."""
    return await service.open_identity(work, person_id)


@router.get("/{person_id}/history", response_model=list[HistoryEntry])
async def history_of(work: Reader, person_id: UUID) -> list[HistoryEntry]:
    """What was changed, by whom and why."""
    changes = await service.history_of(work, person_id)
    return [
        HistoryEntry(id=c.id, at=c.recorded_at, by=c.recorded_by, action=c.action, before=c.before, after=c.after, reason=c.reason)
        for c in changes
    ]


@router.get("/{person_id}/standings")
async def standings_of(work: Reader, person_id: UUID) -> list[StandingAnswer]:
    """Every registered standing with its id and where it is corrected, oldest first."""
    _, standings = await service.standings_of(work, person_id)
    corrected_by = {row.corrects_id: row.id for row in standings if row.corrects_id is not None}
    path = f"/registry/v1/people/{person_id}/standings"
    return [
        StandingAnswer(
            **row.model_dump(include=set(StandingAnswer.model_fields)),
            corrected_by=corrected_by.get(row.id),
            correct_at=None if row.id in corrected_by else path,
        )
        for row in standings
    ]


@router.patch("/{person_id}")
async def amend_person(work: Writer, person_id: UUID, patch: PersonPatch, response: Response, if_match: IfMatch = None) -> PersonAnswer:
    """Correct a person's data."""
    return person_answer(await service.amend_person(work, person_id, patch, if_match), response)


@router.post("/{person_id}/move")
async def move_person(work: Writer, person_id: UUID, move: Move, response: Response, if_match: IfMatch = None) -> PersonAnswer:
    """Make another town responsible."""
    return person_answer(await service.move_person(work, person_id, move, if_match), response)
