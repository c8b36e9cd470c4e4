"""Compares staged rows with the register: who is known already, and where two sources contradict each other.

Each row passes the policies of its import first (ledgers.policy), here and again at the commit: a record that it may not touch leaves no
trace on the row.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from kit.db import new_id
from kit.intake import store
from kit.intake.intake import DUPLICATE_ACROSS, Again
from kit.intake.policy import acting
from kit.intake.staging import open_record
from kit.roles import Role
from kit.text import says_something
from kit.work import Work
from services.registry.ledgers import repository
from services.registry.ledgers.endings import too_early
from services.registry.ledgers.policy import Reach, reach_of
from services.registry.ledgers.rules import (
    NO_DAY,
    NO_GROUND,
    OTHER_SIDE,
    Facts,
    contradictions,
    days_missing,
    ledger_facts,
    since_of,
    start_unknown,
    suggestion,
    value_of,
)
from services.registry.ledgers.tables import TABLES, LedgerConflict
from services.registry.people.rules import folded_name

PERSON_UNKNOWN, NAME_DIFFERS, TOWN_UNKNOWN = "PERSON_UNKNOWN", "NAME_DIFFERS", "TOWN_UNKNOWN"
COUNTY_DECIDES, START_UNKNOWN, LETTER_MISSING = "COUNTY_DECIDES", "START_UNKNOWN", "LETTER_MISSING"

Key = tuple[int, str, UUID | None, int | None]
"""A conflict: row, field, the other side's row or None for the register."""


async def match(work: Work, import_id: UUID, numbers: Sequence[int] | None, *, kinds: Collection[str] | None = None) -> dict[int, Reach]:
    """Find the person of each row, as far as the import may know, and decide what the row may do."""
    found = await repository.candidates(work.session, import_id, numbers)

    def decided() -> dict[int, tuple[Reach, UUID | None]]:
        judged: dict[int, tuple[Reach, UUID | None]] = {}
        for row in found:
            if kinds is not None and row["kind"] not in kinds:
                continue
            sealed = row["record_sealed"]
            record = open_record(work.sealer, import_id, row["number"], sealed)[0] if sealed is not None else None
            person = _Found(row["person_id"], row["division_code"], row["state"], row["status"]) if row["person_id"] is not None else None
            reach = reach_of(work.principal, row["kind"], person, record)
            judged[row["number"]] = reach, (row["person_id"] if reach in (Reach.TOUCH, Reach.PAPER) else None)
        return judged

    judged = await asyncio.to_thread(decided)
    await repository.link(work.session, import_id, {number: person for number, (_, person) in judged.items()})
    return {number: reach for number, (reach, _) in judged.items()}


@dataclass(frozen=True, slots=True)
class _Found:
    """A person as far as policies ask."""

    id: UUID
    division_code: str
    state: str
    status: str


async def check(work: Work, found: Mapping[Any, Any], numbers: Sequence[int] | None) -> None:
    """Look rows of an import up in the register and in other imports; set codes and conflicts. `numbers`: only these rows changed."""
    import_id, session, rows = found["id"], work.session, TABLES.rows
    reach = await match(work, import_id, numbers)
    homeless = await repository.rows_where(session, import_id, numbers, rows.c.kind == "person", rows.c.division_code.is_(None))
    await store.add_code(session, TABLES, import_id, TOWN_UNKNOWN, "town_code", ((number, {}) for number in homeless))
    for code, condition in ((COUNTY_DECIDES, rows.c.kind == "person"), (PERSON_UNKNOWN, rows.c.kind != "person")):
        accepted = await repository.rows_where(session, import_id, numbers, condition)
        beyond = [number for number in accepted if reach.get(number, Reach.BEYOND) is Reach.BEYOND]
        await store.add_code(session, TABLES, import_id, code, "id_no", ((number, {}) for number in beyond))
        await store.hold(session, TABLES, import_id, beyond)  # at once: rows that are not taken over are not compared
    known = await repository.known_people(session, import_id, numbers)
    others = [row for row in known if row["kind"] != "person"]
    different = await asyncio.to_thread(_other_names, work, import_id, others)
    closed = {row["number"] for row in others if row["state"] == "closed"}
    # Not even the name of a closed record is shown.
    told = [number for number in different if number not in closed]
    await store.add_code(session, TABLES, import_id, NAME_DIFFERS, "name", ((number, {}) for number in told))
    await store.add_code(session, TABLES, import_id, PERSON_UNKNOWN, "id_no", ((number, {}) for number in different if number in closed))
    await _days(work, found, others)
    await _starts(work, found, numbers, {row["number"]: row["status"] for row in known if row["kind"] == "person"}, reach)
    await _no_early_end(work, found, [row for row in others if row["kind"] == "clean3" and row["status"] != "three_years_clean"])
    twins = [twin for twin in await store.twins_elsewhere(session, TABLES, import_id, numbers) if _may_know(found, twin)]
    places = {twin["number"]: {"file": twin["file_name"], "sheet": twin["sheet"], "row": twin["row"]} for twin in twins}
    await store.add_code(session, TABLES, import_id, DUPLICATE_ACROSS, "id_no", places.items())
    await _compare(work, found, [row for row in known if row["kind"] == "person"], [t for t in twins if t["kind"] == "person"], numbers)


async def _starts(
    work: Work, found: Mapping[Any, Any], numbers: Sequence[int] | None, registered: Mapping[int, str], reach: Mapping[int, Reach]
) -> None:
    """Hold rows that would begin a standing on a day that the ledger does not name."""
    rows = await repository.rows_where(work.session, found["id"], numbers, TABLES.rows.c.kind == "person")
    waiting = [number for number in rows if reach.get(number) in (Reach.TOUCH, Reach.NEW)]
    sealed = await repository.records(work.session, found["id"], waiting)

    def dayless() -> list[int]:
        facts = (
            (number, ledger_facts(open_record(work.sealer, found["id"], number, record)[0], found["as_of"]))
            for number, record in sealed.items()
        )
        return [number for number, fact in facts if start_unknown(fact, registered.get(number))]

    unsaid = await asyncio.to_thread(dayless)
    await store.add_code(work.session, TABLES, found["id"], START_UNKNOWN, "status_date", ((number, {}) for number in unsaid))


async def _days(work: Work, found: Mapping[Any, Any], rows: Sequence[Mapping[Any, Any]]) -> None:
    """Hold rows of the other lists without a day that they need, and hand-overs without their letter (DRR art. 22)."""

    def missing() -> list[tuple[int, str, str]]:
        told = []
        for row in rows:
            record = open_record(work.sealer, found["id"], row["number"], row["record_sealed"])[0]
            told += [(row["number"], field, START_UNKNOWN) for field in days_missing(row["kind"], record)]
            if row["kind"] == "transfer" and not says_something(record.get("document_no") or ""):
                told.append((row["number"], "document_no", LETTER_MISSING))
        return told

    told = await asyncio.to_thread(missing)
    for code, field in sorted({(code, field) for _, field, code in told}):
        at = [number for number, where, what in told if (what, where) == (code, field)]
        await store.add_code(work.session, TABLES, found["id"], code, field, ((number, {}) for number in at))


async def _no_early_end(work: Work, found: Mapping[Any, Any], rows: Sequence[Mapping[Any, Any]]) -> None:
    """Hold rows that would discharge a person too early (ledgers.endings)."""

    def days() -> dict[UUID, tuple[str, date]]:
        opened = {row["person_id"]: open_record(work.sealer, found["id"], row["number"], row["record_sealed"])[0] for row in rows}
        return {key: ("three_years_clean", since_of(record.get("confirmed_on"), found["as_of"])[0]) for key, record in opened.items()}

    early = await too_early(work, await asyncio.to_thread(days))
    for code in sorted({one.code for one in early.values()}):
        told = (
            (row["number"], early[row["person_id"]].args)
            for row in rows
            if row["person_id"] in early and early[row["person_id"]].code == code
        )
        await store.add_code(work.session, TABLES, found["id"], code, "confirmed_on", told)


def _may_know(found: Mapping[Any, Any], twin: Mapping[Any, Any]) -> bool:
    """Whether another waiting ledger may be named to this one: it reaches no further, and is the same person's or this is the office's."""
    mine = acting(found)
    inside = bool(twin["scope"]) and all(mine.covers(prefix) for prefix in twin["scope"])
    return inside and (found["uploaded_by"] == twin["uploaded_by"] or mine.has(Role.COUNTY_OFFICER))


def _other_names(work: Work, import_id: UUID, rows: Sequence[Mapping[Any, Any]]) -> list[int]:
    found = []
    for row in rows:
        record, _ = open_record(work.sealer, import_id, row["number"], row["record_sealed"])
        if record.get("name") and folded_name(record["name"]) != row["name"]:
            found.append(row["number"])
    return found


def register_facts(work: Work, row: Mapping[Any, Any]) -> Facts:
    """What the register says of a known person, sealed values opened."""
    key = str(row["person_id"])
    assumed = row["reason"] == NO_DAY
    return Facts(
        name=row["name"],
        town_code=row["division_code"],
        village_code=row["village_code"],
        phone=work.sealer.open(row["phone_sealed"], "person", "phone", key) if row["phone_sealed"] else None,
        address=work.sealer.open(row["address_sealed"], "person", "address", key) if row["address_sealed"] else None,
        drugs=tuple(sorted(row["drugs"])),
        status=row["status"],
        since=row["status_since"],
        exact=not row["month_only"] and not assumed,
        month=row["month_only"],
    )


async def _compare(
    work: Work,
    found: Mapping[Any, Any],
    known: Sequence[Mapping[Any, Any]],
    twins: Sequence[Mapping[Any, Any]],
    numbers: Sequence[int] | None,
) -> None:
    import_id = found["id"]
    doubles = await repository.doubles_in_file(work.session, import_id)
    places = [(import_id, twin["number"]) for twin in twins] + [(twin["other_import"], twin["other_number"]) for twin in twins]
    rows = await repository.rows_by_place(work.session, places)
    days = {import_id: found["as_of"]}

    def sides() -> Iterable[tuple[int, UUID | None, UUID | None, int | None, Facts, Facts]]:
        def read(owner: UUID, number: int, sealed: bytes) -> Facts:
            record, _ = open_record(work.sealer, owner, number, sealed)
            if record.get("name"):
                record["name"] = folded_name(record["name"])
            return ledger_facts(record, days.get(owner, found["as_of"]))

        for row in known:
            yield (
                row["number"],
                row["person_id"],
                None,
                None,
                read(import_id, row["number"], row["record_sealed"]),
                register_facts(work, row),
            )
        for row in doubles:
            ours = read(import_id, row["number"], row["record_sealed"])
            yield row["number"], None, import_id, row["other_number"], ours, read(import_id, row["other_number"], row["other_sealed"])
        for twin in twins:
            owner, other = twin["other_import"], twin["other_number"]
            ours = read(import_id, twin["number"], rows[import_id, twin["number"]]["record_sealed"])
            yield twin["number"], None, owner, other, ours, read(owner, other, rows[owner, other]["record_sealed"])

    def compared() -> dict[Key, tuple[UUID | None, dict[str, Any], str | None]]:
        wanted: dict[Key, tuple[UUID | None, dict[str, Any], str | None]] = {}
        for number, person_id, other_import, other_number, ours, theirs in sides():
            for field in contradictions(ours, theirs):
                values = {"ours": value_of(ours, field), "theirs": value_of(theirs, field)}
                wanted[number, field, other_import, other_number] = (person_id, values, suggestion(ours, theirs))
        return wanted

    wanted = await asyncio.to_thread(compared)
    await _suggest_no_early_end(work, wanted)
    await _store(work, import_id, wanted, numbers)


async def _suggest_no_early_end(work: Work, wanted: dict[Key, tuple[UUID | None, dict[str, Any], str | None]]) -> None:
    """Suggest nothing that may not be decided: a standing that would cut a measure short, even with the later day."""
    ends = {
        key: early_end(person_id, values["ours"]) for key, (person_id, values, _) in wanted.items() if key[1] in ("status", "status_date")
    }
    running = await too_early(work, {person_id: day for found in ends.values() if found for person_id, day in found.items()})
    for key, found in ends.items():
        if found and running.keys() & found.keys():
            wanted[key] = (*wanted[key][:2], None)


def early_end(person_id: UUID | None, side: Mapping[str, Any]) -> dict[UUID, tuple[str, date]]:
    """The person, the standing and the day, if this side of a conflict about a registered person's standing has no ground of its own to end measures."""
    if person_id is None or side["status"] not in NO_GROUND or not side["since"]:
        return {}
    return {person_id: (side["status"], date.fromisoformat(side["since"]))}


async def _store(
    work: Work, import_id: UUID, wanted: dict[Key, tuple[UUID | None, dict[str, Any], str | None]], numbers: Sequence[int] | None
) -> None:
    """Keep earlier conflicts that still exist, with their decisions; delete those that no longer exist; add new ones."""
    stale: list[UUID] = []
    mirrors: dict[Key, LedgerConflict] = {}
    for conflict in await repository.conflicts_of(work.session, import_id):
        key: Key = (conflict.number, conflict.field, conflict.other_import_id, conflict.other_number)
        if conflict.import_id != import_id:
            if conflict.other_number is not None and conflict.state == "decided":
                mirrors[conflict.other_number, conflict.field, conflict.import_id, conflict.number] = conflict
            continue
        if key in wanted and sides_of(work, conflict) == wanted[key][1]:
            del wanted[key]
        elif numbers is None or conflict.number in numbers or conflict.other_number in numbers or key in wanted:
            stale.append(conflict.id)
    await repository.drop_conflicts(work.session, stale)
    fresh = []
    for (number, field, other_import, other_number), (person_id, values, hint) in wanted.items():
        key_id = new_id()
        sealed = work.sealer.seal(json.dumps(values, ensure_ascii=False), "ledger_conflict", "sides", str(key_id))
        decision: dict[str, Any] = {}
        mirror = mirrors.get((number, field, other_import, other_number))
        if mirror is not None and sides_of(work, mirror) == {"ours": values["theirs"], "theirs": values["ours"]}:
            decided = {name: getattr(mirror, name) for name in ("state", "reason", "decided_by", "decided_at")}
            decision = {**decided, "choice": OTHER_SIDE[str(mirror.choice)]}
        fresh.append(
            LedgerConflict(
                id=key_id,
                import_id=import_id,
                number=number,
                field=field,
                person_id=person_id,
                other_import_id=other_import,
                other_number=other_number,
                sides_sealed=sealed,
                suggestion=hint,
                created_at=work.now,
                updated_at=work.now,
                **decision,
            )
        )
    await repository.begin_conflicts(work, fresh)


async def carry(work: Work, import_id: UUID) -> Again:
    """Keep the conflicts of an import, decided or not, while its file is read again: they hang on its rows, whose numbers may change.

    Afterwards `check` drops those that no longer exist; a decision holds as long as both sides are unchanged.
    """
    kept = await repository.conflicts_with_places(work.session, import_id)

    async def again() -> None:
        numbers = {(entry["sheet"], entry["row"]): entry["number"] for entry in await store.places_of(work.session, TABLES, import_id)}
        back: list[LedgerConflict] = []
        for conflict, mine, theirs in kept:
            number = numbers.get(mine) if conflict.import_id == import_id else conflict.number
            other = numbers.get(theirs) if conflict.other_import_id == import_id else conflict.other_number
            if number is not None and (other is not None or conflict.other_import_id is None):
                back.append(LedgerConflict(**{**conflict.model_dump(), "number": number, "other_number": other}))
        await repository.add_conflicts(work.session, back)

    return again


def sides_of(work: Work, conflict: LedgerConflict) -> dict[str, Any]:
    """{"ours", "theirs"}: what this ledger and the other side say."""
    opened: dict[str, Any] = json.loads(work.sealer.open(bytes(conflict.sides_sealed), "ledger_conflict", "sides", str(conflict.id)))
    return opened
