"""Use cases of conflicts: set out side by side, decided by a person, applied at the commit or, when that is over, at once (law 6)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from kit.etags import check_version, etag
from kit.intake import service as imports
from kit.intake import store
from kit.intake.errors import NotNow
from kit.intake.staging import open_record
from kit.lists import Asked, Found, find_rows
from kit.problems import invalid
from kit.steps.taking import NextStep, Reason, next_steps, refuse, take
from kit.work import Work
from services.registry.ledgers import policy, repository
from services.registry.ledgers.endings import Early, lawful, too_early
from services.registry.ledgers.errors import ConflictNotFound, NotYours
from services.registry.ledgers.intake import INTAKE
from services.registry.ledgers.matching import early_end, register_facts, sides_of
from services.registry.ledgers.policy import Reach
from services.registry.ledgers.rules import CONFLICT, OTHER_SIDE, is_correction, ledger_facts
from services.registry.ledgers.schemas import ConflictAnswer
from services.registry.ledgers.tables import TABLES, LedgerConflict, LedgerConflictChange
from services.registry.ledgers.takeover import begin_measures, changes, chosen_value, decided_facts, placed
from services.registry.people.intake import amend_people, take_over_standings
from services.registry.people.repository import people_by_ids
from services.registry.people.tables import Person


async def conflicts(
    work: Work,
    asked: Asked,
    import_id: UUID,
    state: str | None,
    shapes: Callable[[Sequence[Any], Mapping[UUID, bool]], Awaitable[list[ConflictAnswer]]],
) -> Found:
    """A page of conflicts; `shapes` is told of which persons the caller may see the register's side. Audited. Raises ImportNotFound."""
    await imports.one(work, INTAKE, import_id)

    async def page(entries: Sequence[Any]) -> list[ConflictAnswer]:
        return await shapes(entries, await _seen(work, entries))

    query, noted = repository.conflicts_shown(work, import_id, state), {"import": str(import_id)}
    return await find_rows(work, repository.CONFLICTS, asked, query, {"state": state}, shapes=page, noted=noted)


async def read_conflict(work: Work, import_id: UUID, conflict_id: UUID) -> tuple[Any, Mapping[UUID, bool]]:
    """One conflict with the places of its sides, and whether its person is one that the caller sees. Audited. Raises ImportNotFound, ConflictNotFound."""
    await imports.one(work, INTAKE, import_id)
    entry = (await work.session.execute(repository.conflicts_shown(work, import_id, conflict_id=conflict_id))).one_or_none()
    if entry is None:
        raise ConflictNotFound
    people = [entry[0].person_id] if entry[0].person_id is not None else []
    await work.note("ledger.read_conflicts", "person", *people, details={"import": str(import_id)})
    return entry, await _seen(work, [entry])


async def _seen(work: Work, entries: Sequence[Any]) -> Mapping[UUID, bool]:
    people = sorted({entry[0].person_id for entry in entries if entry[0].person_id is not None})
    return {person.id: work.scope.reaches(person.division_code) for person in await people_by_ids(work.session, people)}


def not_now(state: str) -> list[Reason]:
    """Why nothing can be decided about an import in this state."""
    return [] if state in ("reported", "committed") else [Reason(code=NotNow.slug, zh=NotNow.title_zh, en=NotNow.title_en)]


def out_of_reach(work: Work, person: Person) -> list[Reason]:
    """Why a ledger of this caller writes nothing of this person."""
    elsewhere = Reason(code=ConflictNotFound.slug, zh="不在您的辖区或记录已封存", en="outside your towns, or the record is closed")
    return [] if policy.reach_of(work.principal, "person", person, None) is Reach.TOUCH else [elsewhere]


async def next_steps_of(work: Work, import_id: UUID, conflicts: Sequence[LedgerConflict]) -> dict[UUID, list[NextStep]]:
    """Conflict → what can be done with it."""
    found = await imports.one(work, INTAKE, import_id)
    wanted = sorted({conflict.person_id for conflict in conflicts if conflict.person_id is not None})
    beyond = {person.id: out_of_reach(work, person) for person in await people_by_ids(work.session, wanted)}
    following: dict[UUID, list[NextStep]] = {}
    for conflict in conflicts:
        reasons = [*not_now(found["state"]), *(beyond.get(conflict.person_id, []) if conflict.person_id else [])]
        following[conflict.id] = next_steps(CONFLICT, conflict.state, work.principal, {"decide": reasons})
    return following


async def decide(work: Work, import_id: UUID, conflict_id: UUID, choice: str, reason: str, if_match: str | None) -> LedgerConflict:
    """Decide one conflict. Raises ImportNotFound, ConflictNotFound, Invalid, NotYours, NotNow, StaleVersion."""
    found = await imports.one(work, INTAKE, import_id, for_update=True)
    refuse(not_now(found["state"]), NotNow)
    conflict = await repository.conflict(work, import_id, conflict_id)
    if conflict is None:
        raise ConflictNotFound
    check_version(if_match, conflict.version)
    mirror = await repository.mirror_of(work.session, conflict)
    sides = sides_of(work, conflict)
    value = sides["ours" if choice == "take" else "theirs"]
    if conflict.field == "town_code" and not policy.may_place(work.principal, value):
        raise NotYours
    if conflict.person_id is not None:
        (person,) = await people_by_ids(work.session, [conflict.person_id])
        refuse(out_of_reach(work, person), ConflictNotFound)
        if choice == "take" and conflict.field in ("status", "status_date"):
            if not policy.may_begin(work.principal, value["status"], person.division_code) or _corrects_beyond(work, person, value):
                raise NotYours
            _refuse(await too_early(work, early_end(person.id, value)))
    # The other ledger may have the same contradiction on its own list, seen from there: one decision is enough for both.
    for one, chosen in [(conflict, choice), *([(mirror, OTHER_SIDE[choice])] if mirror is not None else [])]:
        one.choice, one.reason = chosen, reason
        one.decided_by, one.decided_at = work.principal.subject, work.now
        details = {"field": one.field, "choice": chosen}
        noted = ("ledger_conflict", one.id, "ledger")
        more = {"choice": chosen}
        await take(work, CONFLICT, one, "decide", LedgerConflictChange, noted=noted, reason=reason, more=more, details=details)
    for changed in {conflict.import_id, conflict.other_import_id or conflict.import_id}:
        await store.note_effects(work.session, TABLES, changed, None)  # what a commit would write must be counted again
    await _apply_late(work, found, conflict)
    return conflict


def _corrects_beyond(work: Work, person: Person, value: Mapping[str, Any]) -> bool:
    """Whether the chosen standing would take the place of a recorded one, and that is not this caller's to do."""
    since = date.fromisoformat(value["since"]) if value["since"] else None
    return (
        since is not None
        and is_correction(value["status"], since, person.status, person.status_since)
        and not policy.may_correct(work.principal)
    )


def _refuse(held: Mapping[UUID, Early]) -> None:
    """A decision about a ledger cannot discharge a person early: the measure itself must end, or be corrected, first (NCL art. 33; DRR art.
    7, 14, 23).
    """
    for early in held.values():
        zh, en = INTAKE.message(early.code, early.args)
        raise invalid("/choice", early.code.lower(), zh, en)


async def decide_all(work: Work, import_id: UUID, wanted: Mapping[UUID, int], choice: str, reason: str) -> list[LedgerConflict]:
    """Decide several alike; all or none. Raises what `decide` raises."""
    return [await decide(work, import_id, key, choice, reason, etag(version)) for key, version in wanted.items()]


def _person(row: Mapping[Any, Any]) -> SimpleNamespace:
    return SimpleNamespace(id=row["person_id"], division_code=row["division_code"], state=row["state"], status=row["status"])


async def _apply_late(work: Work, found: Mapping[Any, Any], conflict: LedgerConflict) -> None:
    """After the commit a decision writes at once: to the person of whichever side is in the register already."""
    places = [(conflict.import_id, conflict.number)]
    if conflict.other_import_id is not None and conflict.other_number is not None:
        places.append((conflict.other_import_id, conflict.other_number))
    chosen = {conflict.field: chosen_value(work, conflict)}
    for import_id, number in places:
        owner = found if import_id == found["id"] else await store.found(work.session, TABLES, import_id)
        if owner is None or owner["state"] != "committed":
            continue
        for row in await repository.known_people(work.session, import_id, [number]):
            if policy.reach_of(work.principal, "person", _person(row), None) is not Reach.TOUCH:
                raise ConflictNotFound
            record, _ = open_record(work.sealer, import_id, number, row["record_sealed"])
            facts = decided_facts(ledger_facts(record, owner["as_of"]), chosen)
            fix, standing = changes(facts, register_facts(work, row), row["person_id"], chosen)
            fix = placed(work, fix)
            await amend_people(work, [fix] if fix else [])
            held = await lawful(work, [standing] if standing else [], {row["person_id"]: row["division_code"]})
            _refuse(held.withheld)
            moved = await take_over_standings(work, held.lawful)
            await begin_measures(work, {key: (status, since, row["division_code"]) for key, (status, since) in moved.items()})
