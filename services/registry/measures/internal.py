"""What neighbours ask about persons: the person with an ID number, and whether a lawful measure runs on a day. Reached with a service token only."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field, StringConstraints

from kit.schemas import Answer, Day, Message
from kit.sheets.id_numbers import IdNumberError, read_id_number
from kit.work import AllowNeighbour, UnitRoute, Work
from services.registry.measures import repository
from services.registry.measures.rules.states import EXCLUSIVE, OPEN, state_on
from services.registry.people import repository as people
from services.registry.people.errors import PersonNotFound

router = APIRouter(prefix="/internal/people", route_class=UnitRoute, include_in_schema=False)

Neighbour = Annotated[Work, Depends(AllowNeighbour("testing", "alerts"))]
GivenNumber = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class Numbers(Message):
    """ID numbers as a neighbour read them from a list of its own."""

    id_numbers: Annotated[list[GivenNumber], Field(max_length=5000)]


class Resolved(Answer):
    """A registered person behind a number, with the exclusive or voluntary measure that is open today."""

    person_id: UUID
    division_code: str
    status: str
    measure_id: UUID | None
    measure_kind: str | None
    measure_state: str | None


class ResolvedAll(Answer):
    """In the order of the numbers; null for a number that is invalid or not registered."""

    people: list[Resolved | None]


class Running(Answer):
    """Whether a lawful measure runs for a person on a day."""

    person_id: UUID
    on: date
    runs: bool
    kind: str | None
    state: str | None
    division_code: str
    term_end: date | None
    household: str | None
    """Opaque key: equal for persons of one address. Nobody can go back from it to the address."""
    workplace: str | None
    """Not kept here."""


@router.post("/resolve")
async def resolve(work: Neighbour, asked: Numbers) -> ResolvedAll:
    """Who is registered behind these ID numbers. One audit row with those that were found."""
    indexes: list[bytes | None] = []
    for text in asked.id_numbers:
        try:
            number = read_id_number(text, today=work.today, demo=work.house.demo)
        except IdNumberError:
            indexes.append(None)
        else:
            indexes.append(work.sealer.index("id_number", number.text))
    known = await people.brief_by_indexes(work.session, sorted({index for index in indexes if index is not None}))
    of_them = await repository.open_measures_of(work.session, [row.id for row in known.values()])
    open_today = [m for m in of_them if state_on(m["kind"], m["state"], m["term_end"], work.today) in OPEN]
    running = {
        m["person_id"]: m for m in sorted(open_today, key=lambda m: m["kind"] in EXCLUSIVE)
    }  # an exclusive one is named before a voluntary one
    found: list[Resolved | None] = []
    for index in indexes:
        person = known.get(index) if index is not None else None
        if person is None:
            found.append(None)
            continue
        measure = running.get(person.id)
        found.append(
            Resolved(
                person_id=person.id,
                division_code=person.division_code,
                status=person.status,
                measure_id=measure["id"] if measure else None,
                measure_kind=measure["kind"] if measure else None,
                measure_state=measure["state"] if measure else None,
            )
        )
    work.purpose = "exchange"
    await work.note(
        "person.resolve", "person", *(row.id for row in known.values()), details={"asked": len(asked.id_numbers), "found": len(known)}
    )
    return ResolvedAll(people=found)


@router.get("/{person_id}/running")
async def running_on(work: Neighbour, person_id: UUID, on: Day | None = None) -> Running:
    """Whether a lawful measure runs on a day (by default today): by its dates, not by what a job has written (law 7). Raises PersonNotFound."""
    person = await people.person(work.session, person_id)
    if person is None:
        raise PersonNotFound
    day = on or work.today
    measure = await repository.running_on(work.session, person_id, day)
    address = work.sealer.open(person.address_sealed, "person", "address", str(person.id)) if person.address_sealed else None
    work.purpose = "exchange"
    await work.note("person.running", "person", person_id, details={"on": day.isoformat()})
    return Running(
        person_id=person_id,
        on=day,
        runs=measure is not None,
        kind=measure["kind"] if measure else None,
        state=measure["state"] if measure else None,
        division_code=measure["division_code"] if measure else person.division_code,
        term_end=measure["term_end"] if measure else None,
        household=work.sealer.index("household", "".join(address.split())).hex() if address else None,
        workplace=None,
    )
