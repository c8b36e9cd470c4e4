"""HTTP of people: parse, name the principal, call one use case, shape the answer."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from kit.citations import cite
from kit.etags import IfMatch, etag
from kit.lists import Asked, Key, Made, answer, answers, ask, find_made
from kit.roles import Role
from kit.schemas import DivisionCode
from kit.work import UnitRoute, Work, allow
from services.registry.people import service
from services.registry.people.policy import sees_treatment
from services.registry.people.repository import PEOPLE, SEARCH
from services.registry.people.rules import TREATMENT, known_drugs, without_treatment
from services.registry.people.schemas import (
    HistoryEntry,
    Identity,
    Move,
    NewPerson,
    PersonAnswer,
    PersonFields,
    PersonPatch,
    PersonSearch,
    StandingAnswer,
    Status,
)
from services.registry.people.service import standings
from services.registry.people.tables import Person

router = APIRouter(prefix="/registry/v1/people", tags=["people"], route_class=UnitRoute)
STANDINGS = Made(
    name="registry.standings",
    item=StandingAnswer,
    sorts={"since": (Key("since", "date"), Key("recorded_at", "timestamptz"), Key("id", "uuid"))},
    default="since",
    counted={"status": "status"},
)
HISTORY = Made(
    name="registry.person_history",
    item=HistoryEntry,
    sorts={"at": (Key("at", "timestamptz"), Key("id", "uuid"))},
    default="-at",
    counted={"action": "action"},
)

Reader = Annotated[
    Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.POLICE_OFFICER, Role.SUBJECT, personal=True)
]
Writer = Annotated[Work, allow(Role.COUNTY_OFFICER, Role.TOWN_OFFICER)]
Town = Annotated[DivisionCode | None, Query(description="镇(9 或 12 位) · town, in 9 or 12 digits")]


def person_answer(work: Work, person: Person, response: Response) -> PersonAnswer:
    """A person as the API shows it to this caller, with the ETag."""
    response.headers["ETag"] = etag(person.version)
    values: dict[str, Any] = {name: getattr(person, name, None) for name in PersonAnswer.model_fields}
    support = person.status == TREATMENT
    drugs, other = known_drugs(person.drugs)
    shown = {
        "drugs": drugs,
        "drugs_other": other,
        "id_number": person.id_number_masked,
        "phone": person.phone_masked,
        "support": support,
        "status": None if support and not sees_treatment(work.principal) else person.status,
    }
    return PersonAnswer(**{**values, **shown, "next_steps": standings.next_steps_of(work, person)})


@router.get("", responses=answers(PEOPLE))
async def list_people(
    work: Reader, asked: Annotated[Asked, ask(PEOPLE)], division_code: Town = None, status: Status | None = None
) -> Response:
    """People under management in the caller's towns, masked; for a social worker those of their care teams."""
    return answer(asked, await service.list_people(work, asked, division_code, status))


@router.post("/search", responses=answers(SEARCH))
async def search_people(work: Reader, search: PersonSearch, asked: Annotated[Asked, ask(SEARCH)]) -> Response:
    """Search by ID number, phone, name, pinyin or initials. ID number and phone are needed in full; nothing is guessed from parts of them."""
    return answer(asked, await service.search_people(work, asked, search))


@router.post("", status_code=201)
async def register_person(work: Writer, new: NewPerson, response: Response) -> PersonAnswer:
    """Register a person (NCL art. 32)."""
    person = await service.register_person(work, new)
    response.headers["Location"] = f"/registry/v1/people/{person.id}"
    return person_answer(work, person, response)


@router.get("/{person_id}")
async def read_person(work: Reader, person_id: UUID, response: Response) -> PersonAnswer:
    """One person, masked."""
    return person_answer(work, await service.read_person(work, person_id), response)


@router.get("/{person_id}/identity")
async def open_identity(work: Reader, person_id: UUID) -> Identity:
    """ID number, phone and address in clear."""
    return await service.open_identity(work, person_id)


@router.get("/{person_id}/history", responses=answers(HISTORY))
async def history_of(work: Reader, asked: Annotated[Asked, ask(HISTORY)], person_id: UUID) -> Response:
    """What was changed, by whom and why."""
    changes = await service.history_of(work, person_id)
    open_to_all = sees_treatment(work.principal)
    return answer(
        asked,
        await find_made(
            work,
            HISTORY,
            asked,
            [
                HistoryEntry(
                    id=c.id,
                    at=c.recorded_at,
                    by=c.recorded_by,
                    action=c.action,
                    legal_source=cite(c.legal_source) if c.legal_source else None,
                    before=PersonFields.model_validate(c.before if open_to_all else without_treatment(c.before)),
                    after=PersonFields.model_validate(c.after if open_to_all else without_treatment(c.after)),
                    reason=c.reason,
                )
                for c in changes
            ],
        ),
    )


@router.get("/{person_id}/standings", responses=answers(STANDINGS))
async def standings_of(work: Reader, asked: Annotated[Asked, ask(STANDINGS)], person_id: UUID) -> Response:
    """Every registered standing with its id and where it is corrected, oldest first."""
    _, standings = await service.standings_of(work, person_id)
    corrected_by = {row.corrects_id: row.id for row in standings if row.corrects_id is not None}
    path = f"/registry/v1/people/{person_id}/standings"
    if not sees_treatment(work.principal):
        standings = [row for row in standings if row.status != TREATMENT]
    return answer(
        asked,
        await find_made(
            work,
            STANDINGS,
            asked,
            [
                StandingAnswer(
                    **row.model_dump(include=set(StandingAnswer.model_fields)),
                    corrected_by=corrected_by.get(row.id),
                    correct_at=None if row.id in corrected_by else path,
                )
                for row in standings
            ],
        ),
    )


@router.patch("/{person_id}")
async def amend_person(work: Writer, person_id: UUID, patch: PersonPatch, response: Response, if_match: IfMatch = None) -> PersonAnswer:
    """Correct a person's data."""
    return person_answer(work, await service.amend_person(work, person_id, patch, if_match), response)


@router.post("/{person_id}/move")
async def move_person(work: Writer, person_id: UUID, move: Move, response: Response, if_match: IfMatch = None) -> PersonAnswer:
    """Make another town responsible."""
    return person_answer(work, await service.move_person(work, person_id, move, if_match), response)
