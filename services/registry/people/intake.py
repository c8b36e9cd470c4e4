"""Persons taken over from ledgers: many at once, sealed in a thread, written by COPY, with history, standing and event for each (laws 2 and 8)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import insert

from kit import outbox
from kit.db import copy_rows, new_id
from kit.sealed import masked
from kit.sheets.id_numbers import read_id_number
from kit.steps.machine import START
from kit.work import Work
from services.registry.events import PersonMoved, PersonRegistered, PersonStanding
from services.registry.people import repository
from services.registry.people.names import pinyin_of
from services.registry.people.record import set_address, set_name, set_phone, shown
from services.registry.people.rules import ACTIONS, RECORD, folded_name
from services.registry.people.tables import Person, PersonChange, Standing


class TakenPerson(NamedTuple):
    """One new person of a ledger. `id_number` has 18 valid characters; sex and birth date come from it (GB 11643)."""

    id_number: str
    name: str
    division_code: str
    village_code: str | None
    phone: str | None
    address: str | None
    drugs: Sequence[str]
    registered_on: date | None
    status: str
    since: date
    since_month_only: bool
    reason: str
    """Why the standing's day is what it is, when the ledger did not say it."""


class TakenStanding(NamedTuple):
    """A standing that a ledger says of a registered person."""

    person_id: UUID
    status: str
    since: date
    since_month_only: bool
    reason: str
    corrects: bool
    """The standing on record was wrong: the new one takes its place in the history, whatever its day."""


@dataclass(slots=True)
class PersonFix:
    """What a person decided, or what was empty: fields of a registered person to write. Values in clear."""

    person_id: UUID
    values: dict[str, Any]
    """name, division_code, village_code, phone, address, drugs, registered_on."""
    reason: str


async def take_over_people(work: Work, rows: Sequence[TakenPerson], source: str = "ledger") -> dict[bytes, UUID]:
    """Register persons from a ledger; blind index → id. The caller has seen to it that none of them is registered and none stands twice.

    Raises IdNumberError for an invalid number.
    """
    if not rows:
        return {}
    people, standings, changes, ids = await asyncio.to_thread(_prepared, work, rows, source)
    tables = Person.metadata.tables
    await copy_rows(work.session, tables["registry.person"], people)
    await copy_rows(work.session, tables["registry.standing"], standings)
    await copy_rows(work.session, tables["registry.person_change"], changes)
    events = [
        outbox.event_row(
            PersonRegistered(division_code=row.division_code, status=row.status, status_since=row.since, sex=person["sex"]),
            person["id"],
            row.division_code,
            work.origin,
        )
        for person, row in zip(people, rows, strict=True)
    ]
    await outbox.append_all(work.session, work.house.schema, events)
    await work.note("person.take_over", "person", *ids.values(), details={"count": len(rows), "source": source})
    return ids


def _prepared(
    work: Work, rows: Sequence[TakenPerson], source: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]], dict[bytes, UUID]]:
    seal, actor, now = work.sealer.seal, work.principal.subject, work.now
    people: list[dict[str, Any]] = []
    standings: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    ids: dict[bytes, UUID] = {}
    for row in rows:
        number = read_id_number(row.id_number, today=work.today, demo=work.house.demo)
        key, name, index = new_id(), folded_name(row.name), work.sealer.index("id_number", number.text)
        pinyin, initials = pinyin_of(name)
        place = str(key)
        ids[index] = key
        people.append({
            "id": key, "division_code": row.division_code, "village_code": row.village_code, "household_area": number.area, "name": name,
            "name_pinyin": pinyin, "name_initials": initials, "sex": number.sex, "birth_date": number.birth_date,
            "id_number_sealed": seal(number.text, "person", "id_number", place), "id_number_index": index, "id_number_masked": masked(number.text),
            "phone_sealed": seal(row.phone, "person", "phone", place) if row.phone else None,
            "phone_masked": masked(row.phone, 3, 2) if row.phone else None,
            "phone_index": work.sealer.index("phone", row.phone) if row.phone else None,
            "address_sealed": seal(row.address, "person", "address", place) if row.address else None,
            "drugs": sorted(set(row.drugs)), "registered_on": row.registered_on, "status": row.status, "status_since": row.since, "state": RECORD.step(START, "register").target,
            "version": 1, "created_at": now, "updated_at": now,
        })  # fmt: skip
        standings.append({
            "id": new_id(), "person_id": key, "status": row.status, "since": row.since, "since_month_only": row.since_month_only,
            "division_code": row.division_code, "source": source, "reason": row.reason, "recorded_by": actor, "recorded_at": now,
        })  # fmt: skip
        changes.append({
            "id": new_id(), "person_id": key, "action": ACTIONS["register"], "before": {}, "legal_source": RECORD.step(START, "register").source,
            "after": {"status": row.status, "division_code": row.division_code}, "reason": "台账接收", "recorded_by": actor, "recorded_at": now,
        })  # fmt: skip
    return people, standings, changes, ids


async def take_over_standings(work: Work, rows: Sequence[TakenStanding], source: str = "ledger") -> dict[UUID, tuple[str, date]]:
    """Append standings of registered persons; the persons whose present standing is now another → (status, since).

    Writes standings, history and events in this transaction. The caller ends or begins measures by what came out.
    """
    if not rows:
        return {}
    people = sorted({row.person_id for row in rows})
    await repository.lock_people(work.session, people)
    latest = await repository.latest_standings(work.session, people)
    actor, now = work.principal.subject, work.now
    before = {person.id: person for person in await repository.standing_now(work.session, people)}
    standings = [
        {
            "id": new_id(),
            "person_id": row.person_id,
            "status": row.status,
            "since": row.since,
            "since_month_only": row.since_month_only,
            "division_code": before[row.person_id].division_code,
            "source": source,
            "corrects_id": latest[row.person_id] if row.corrects and row.person_id in latest else None,
            "reason": row.reason,
            "recorded_by": actor,
            "recorded_at": now,
        }
        for row in rows
    ]
    await work.session.execute(insert(Standing), standings)
    moved = await repository.follow_standings(work.session, people, now)
    changes = [
        {
            "id": new_id(),
            "person_id": person.id,
            "action": ACTIONS["standing"],
            "legal_source": RECORD.step("open", "standing").source,
            "before": {"status": before[person.id].status, "status_since": before[person.id].status_since.isoformat()},
            "after": {"status": person.status, "status_since": person.status_since.isoformat()},
            "reason": "台账接收",
            "recorded_by": actor,
            "recorded_at": now,
        }
        for person in moved
    ]
    if changes:
        await work.session.execute(insert(PersonChange), changes)
    events = [
        outbox.event_row(
            PersonStanding(division_code=p.division_code, status=p.status, status_since=p.status_since), p.id, p.division_code, work.origin
        )
        for p in moved
    ]
    await outbox.append_all(work.session, work.house.schema, events)
    await work.note("person.standing", "person", *people, details={"count": len(rows), "source": source})
    for known in [item for item in work.session.identity_map.values() if isinstance(item, Person)]:
        work.session.expire(known)  # written behind the session's back: whoever loads one again gets what stands in the table
    return {person.id: (person.status, person.status_since) for person in moved}


async def amend_people(work: Work, fixes: Sequence[PersonFix]) -> int:
    """Write decided or missing fields of registered persons, each with its history; a change of town is also told as an event. The number changed."""
    if not fixes:
        return 0
    people = {person.id: person for person in await repository.people_by_ids(work.session, [fix.person_id for fix in fixes])}
    told: list[dict[str, Any]] = []
    for fix in fixes:
        person = people[fix.person_id]
        town = person.division_code
        before = {name: shown(person, name) for name in sorted(fix.values)}
        for name, value in fix.values.items():
            _set(work, person, name, value)
        after = {name: shown(person, name) for name in sorted(fix.values)}
        event = "move" if person.division_code != town else "amend"
        person.version += 1
        person.updated_at = work.now
        work.session.add(
            PersonChange(
                person_id=person.id,
                action=ACTIONS[event],
                legal_source=RECORD.step("open", event).source,
                before=before,
                after=after,
                reason=fix.reason,
                recorded_by=work.principal.subject,
                recorded_at=work.now,
            )
        )
        if person.division_code != town:
            told.append(
                outbox.event_row(
                    PersonMoved(from_division=town, division_code=person.division_code), person.id, person.division_code, work.origin
                )
            )
    await work.session.flush()
    await outbox.append_all(work.session, work.house.schema, told)
    await work.note("person.amend", "person", *sorted(people), details={"count": len(fixes)})
    return len(fixes)


def _set(work: Work, person: Person, name: str, value: Any) -> None:
    if name == "name":
        set_name(person, value)
    elif name == "phone":
        set_phone(work, person, value)
    elif name == "address":
        set_address(work, person, value)
    elif name == "drugs":
        person.drugs = sorted(set(value))
    else:
        setattr(person, name, value)
