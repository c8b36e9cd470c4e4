"""A registered standing and what it does to measures: it stands between two nouns, so that people need not know measures."""

from __future__ import annotations

from uuid import UUID

from kit.work import Work
from services.registry.measures.endings import end_measures_of
from services.registry.people import service as people
from services.registry.people.rules import ENDS_SUPERVISION
from services.registry.people.schemas import NewStanding
from services.registry.people.tables import Person


async def record_standing(work: Work, person_id: UUID, new: NewStanding, if_match: str | None) -> Person:
    """Record the standing; when it is now the latest and ends supervision, every open measure ends and the record closes (DRR art. 7; domain 2.5).

    Raises PersonNotFound, StaleVersion, RecordClosed, Invalid.
    """
    person = await people.record_standing(work, person_id, new, if_match)
    if person.status in ENDS_SUPERVISION:
        await end_measures_of(work, [person.id], person.status_since, person.status)
        await work.session.refresh(person)
    return person
