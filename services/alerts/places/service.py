"""Use cases of places: what the county loads so that innocent reasons are known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from kit.lists import Asked, Found, find_rows
from kit.problems import FieldError, Invalid, invalid
from kit.work import Work
from services.alerts.places import repository
from services.alerts.places.schemas import AbsenceGiven, OccasionGiven, OrdinaryGiven, PlaceGiven
from services.alerts.places.tables import AnnouncedAbsence, Occasion, OrdinaryPlaces, Place


async def knowledge_changed(work: Work) -> None:
    """The detectors take up what changed before their next check-in."""
    await repository.raise_knowledge(work.session)


def _once(keys: Sequence[object], pointer: str) -> None:
    if len(set(keys)) != len(keys):
        raise invalid(pointer, "duplicate", "同一编号出现两次", "the same key stands twice")


async def give_places(work: Work, given: list[PlaceGiven]) -> int:
    """Add or replace places."""
    _once([place.code for place in given], "/places")
    rows = [{**place.model_dump(), "updated_at": work.now} for place in given]
    await repository.replace_all(work.session, Place, "code", rows)
    await knowledge_changed(work)
    await work.note("place.give", "place", details={"rows": len(rows)})
    return len(rows)


async def give_occasions(work: Work, given: list[OccasionGiven]) -> int:
    """Add or replace announced events."""
    _once([occasion.code for occasion in given], "/occasions")
    wrong = [n for n, occasion in enumerate(given) if occasion.ends_at <= occasion.starts_at]
    if wrong:
        raise Invalid(
            errors=[
                FieldError(f"/occasions/{n}/ends_at", "order", "结束须晚于开始", "the end must lie after the start") for n in wrong[:50]
            ]
        )
    rows = [{**occasion.model_dump(), "updated_at": work.now} for occasion in given]
    await repository.replace_all(work.session, Occasion, "code", rows)
    await knowledge_changed(work)
    await work.note("occasion.give", "occasion", details={"rows": len(rows)})
    return len(rows)


async def give_ordinary_places(work: Work, given: list[OrdinaryGiven]) -> int:
    """Add or replace what is registered of persons. The home point is sealed."""
    _once([person.person_id for person in given], "/persons")
    rows = [
        {
            "person_id": person.person_id,
            "household_key": person.household_key,
            "workplace_code": person.workplace_code,
            "home_sealed": _sealed_home(work, person),
            "updated_at": work.now,
        }
        for person in given
    ]
    await repository.replace_all(work.session, OrdinaryPlaces, "person_id", rows)
    await knowledge_changed(work)
    await work.note("ordinary_places.give", "person", *[person.person_id for person in given])
    return len(rows)


def _sealed_home(work: Work, person: OrdinaryGiven) -> bytes | None:
    if person.home_lon is None or person.home_lat is None:
        return None
    return work.sealer.seal(f"{person.home_lon},{person.home_lat}", "ordinary_places", "home", str(person.person_id))


async def absences_of(work: Work, person_id: UUID) -> Sequence[AnnouncedAbsence]:
    """Every report of absence of a person that is still kept."""
    return await repository.absences_of(work.session, [person_id], date.min)


async def record_absence(work: Work, given: AbsenceGiven) -> AnnouncedAbsence:
    """Record a report of absence: days out that were announced count against nobody. Raises Invalid."""
    if given.last_day < given.first_day:
        raise invalid("/last_day", "order", "结束日不能早于开始日", "the last day must not lie before the first")
    absence = AnnouncedAbsence(**given.model_dump(), recorded_by=work.principal.subject, recorded_at=work.now)
    work.session.add(absence)
    await work.session.flush()
    await knowledge_changed(work)
    await work.note("absence.record", "person", given.person_id)
    return absence


async def list_places(work: Work, asked: Asked, kind: str | None) -> Found:
    """Places, by code. Raises BadCursor."""
    return await find_rows(work, repository.PLACES, asked, repository.places_of(kind), {"kind": kind})


async def list_occasions(work: Work, asked: Asked) -> Found:
    """Occasions that are not over. Raises BadCursor."""
    return await find_rows(work, repository.OCCASIONS, asked, repository.occasions_after(work.now), {})
