"""The commit of an import: what its accepted rows and a person's decisions write into the register, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from kit.intake import store
from kit.intake.staging import open_record
from kit.work import Work
from services.registry.assessments.intake import TakenAssessment, take_over_assessments
from services.registry.comanagement.intake import TakenTransfer, take_over_transfers_out
from services.registry.ledgers import policy, repository
from services.registry.ledgers.endings import lawful
from services.registry.ledgers.matching import match, register_facts, sides_of
from services.registry.ledgers.policy import Reach
from services.registry.ledgers.rules import (
    NO_DAY,
    TIER_BEFORE,
    Facts,
    contradictions,
    day_of,
    is_correction,
    ledger_facts,
    since_of,
    start_unknown,
)
from services.registry.ledgers.tables import TABLES, LedgerConflict
from services.registry.measures.intake import WITH_MEASURE, TakenMeasure, take_over_measures
from services.registry.measures.service.endings import end_measures
from services.registry.people.intake import (
    PersonFix,
    TakenPerson,
    TakenStanding,
    amend_people,
    take_over_people,
    take_over_standings,
)
from services.registry.people.rules import ENDS_SUPERVISION, folded_name
from services.registry.visits.intake import TakenVisit, take_over_visits

FILLED, DECIDED = "台账补充", "台账冲突裁定"
COLUMN_OF = {"town_code": "division_code"}
"""Field of a ledger → column of a person, where they differ."""

Chosen = dict[str, tuple[Any, bool]]
"""Field → (the value that a person chose, whether it must be written over the register's)."""


async def take_over(work: Work, found: Mapping[Any, Any]) -> dict[str, int]:
    """Write everything that an import brings. Persons first, then their facts. The counts show the changes of persons and measures."""
    chosen = await choices_of(work, found["id"])
    reach = await match(work, found["id"], None)
    before = await repository.states_of(work.session, found["id"])
    counts = await _people(work, found, chosen, reach)
    others = await match(work, found["id"], None, kinds=("clean3", "transfer", "visit"))
    known = {row["number"]: row for row in await repository.known_people(work.session, found["id"], ledger=False)}
    records = await asyncio.to_thread(_records, work, found["id"], list(known.values()))
    for kind, take in (("clean3", _clean), ("transfer", _transferred_out), ("visit", _visited)):
        rows = [(row, records[number]) for number, row in known.items() if row["kind"] == kind]
        for name, count in (await take(work, found, rows)).items():
            counts[name] = counts.get(name, 0) + count
    accepted = {row["number"] for row in await store.accepted(work.session, TABLES, found["id"])}
    settled = sum(what is Reach.SETTLED and number in accepted for number, what in {**reach, **others}.items())
    counts["unchanged"] = counts.get("unchanged", 0) + settled
    counts |= await repository.written(work.session, before)
    counts["open_conflicts"] = await repository.open_conflicts(work.session, found["id"])
    return {name: count for name, count in counts.items() if count}


def _records(work: Work, import_id: UUID, rows: Sequence[Mapping[Any, Any]]) -> dict[int, dict[str, Any]]:
    return {row["number"]: open_record(work.sealer, import_id, row["number"], row["record_sealed"])[0] for row in rows}


async def choices_of(work: Work, import_id: UUID) -> dict[int, Chosen]:
    """Row → what a person decided about its fields, the latest word last."""
    chosen: dict[int, Chosen] = {}
    for conflict in await repository.conflicts_of(work.session, import_id):
        if conflict.state != "decided":
            continue
        value, write = chosen_value(work, conflict)
        if conflict.import_id == import_id:
            chosen.setdefault(conflict.number, {})[conflict.field] = (value, write)
        if conflict.other_import_id == import_id and conflict.other_number is not None:
            chosen.setdefault(conflict.other_number, {})[conflict.field] = (value, write)
    return chosen


def chosen_value(work: Work, conflict: LedgerConflict) -> tuple[Any, bool]:
    """The chosen side, and whether it may be written over the register: only what the register says itself is never written."""
    sides = sides_of(work, conflict)
    keep = conflict.choice == "keep"
    return sides["theirs" if keep else "ours"], not (keep and conflict.other_number is None)


def decided_facts(facts: Facts, chosen: Chosen) -> Facts:
    """A row's facts with the chosen values in place of its own."""
    values: dict[str, Any] = {name: getattr(facts, name) for name in Facts.__dataclass_fields__}
    for field, (value, _) in chosen.items():
        if field == "drugs":
            values["drugs"] = tuple(value)
        elif field in ("status", "status_date"):
            since = date.fromisoformat(value["since"]) if value["since"] else None
            values.update(
                status=value["status"], since=since, month=value["month_only"], exact=since is not None and not value["month_only"]
            )
        else:
            values[field] = value
    return Facts(**values)


async def _people(work: Work, found: Mapping[Any, Any], chosen: Mapping[int, Chosen], reach: Mapping[int, Reach]) -> dict[str, int]:
    import_id, as_of = found["id"], found["as_of"]
    rows = await store.accepted(work.session, TABLES, import_id, "person")
    known = {row["number"]: row for row in await repository.known_people(work.session, import_id, ledger=True)}
    new: list[TakenPerson] = []
    made: list[int] = []
    fixes: list[PersonFix] = []
    standings: list[TakenStanding] = []

    def sort() -> None:
        for row in rows:
            record, _ = open_record(work.sealer, import_id, row["number"], row["record_sealed"])
            record["name"] = folded_name(record["name"])
            decided = chosen.get(row["number"], {})
            facts = decided_facts(ledger_facts(record, as_of), decided)
            if row["number"] in known:
                of_person = known[row["number"]]
                fix, standing = changes(facts, register_facts(work, of_person), of_person["person_id"], decided)
                fix = placed(work, fix)
                if of_person["registered_on"] is None and (registered := day_of(record.get("register_date"))):
                    fix = fix or PersonFix(of_person["person_id"], {}, FILLED)
                    fix.values["registered_on"] = registered
                fixes.extend([fix] if fix else [])
                standings.extend([standing] if standing else [])
            elif reach.get(row["number"]) is Reach.NEW and facts.town_code and policy.may_place(work.principal, facts.town_code):
                new.append(_new(record, facts, as_of))
                made.append(row["number"])

    await asyncio.to_thread(sort)
    held = await lawful(work, standings, {row["person_id"]: row["division_code"] for row in known.values()})
    standings = held.lawful
    await repository.reopen(work, import_id, [number for number, row in known.items() if row["person_id"] in held.withheld])
    ids = await take_over_people(work, new)
    await repository.link_registered(work.session, import_id, made)
    amended = await amend_people(work, fixes)
    moved = await take_over_standings(work, standings)
    begun = {key: (row.status, row.since, row.division_code) for key, row in zip(ids.values(), new, strict=True)}
    towns = await _towns(work, import_id) if moved else {}
    begun |= {key: (status, since, towns[key]) for key, (status, since) in moved.items()}
    measures = await begin_measures(work, begun)
    untouched = len(known) - len({fix.person_id for fix in fixes} | {standing.person_id for standing in standings})
    return {
        "persons": len(ids),
        "amended": amended,
        "standings": len(ids) + len(standings),
        "measures": measures,
        "unchanged": untouched,
        "withheld": len(held.withheld),
    }


def placed(work: Work, fix: PersonFix | None) -> PersonFix | None:
    """A fix without a town that this import may not make responsible."""
    if fix is None or "division_code" not in fix.values or policy.may_place(work.principal, fix.values["division_code"]):
        return fix
    values = {name: value for name, value in fix.values.items() if name not in ("division_code", "village_code")}
    return PersonFix(fix.person_id, values, fix.reason) if values else None


async def _towns(work: Work, import_id: UUID) -> dict[UUID, str]:
    return {row["person_id"]: row["division_code"] for row in await repository.known_people(work.session, import_id)}


def _new(record: Mapping[Any, Any], facts: Facts, as_of: date) -> TakenPerson:
    assert facts.name
    assert facts.town_code
    assert facts.status
    since, month, reason = (facts.since, facts.month, "") if facts.since else (as_of, False, NO_DAY)
    if month:
        reason = since_of(since.isoformat()[:7], as_of)[2]
    return TakenPerson(
        id_number=record["id_no"],
        name=facts.name,
        division_code=facts.town_code,
        village_code=facts.village_code,
        phone=facts.phone,
        address=facts.address,
        drugs=facts.drugs,
        registered_on=day_of(record.get("register_date")),
        status=facts.status,
        since=since,
        since_month_only=month,
        reason=reason,
    )


def changes(ours: Facts, register: Facts, person_id: UUID, decided: Chosen) -> tuple[PersonFix | None, TakenStanding | None]:
    """What a row writes over a registered person: what the register does not know yet, and what a person decided; but nothing that is undecided."""
    differing = set(contradictions(ours, register))
    written: dict[str, Any] = {}
    filled_only = True
    for field in ("name", "town_code", "village_code", "phone", "address", "drugs"):
        value = getattr(ours, field)
        if field in differing and decided.get(field, (None, False))[1]:
            written[COLUMN_OF.get(field, field)] = list(value) if field == "drugs" else value
            filled_only = False
        elif value and not getattr(register, field) and not (field == "village_code" and ours.town_code != register.town_code):
            written[COLUMN_OF.get(field, field)] = list(value) if field == "drugs" else value
    if "division_code" in written and "village_code" not in written:
        written["village_code"] = ours.village_code
    fix = PersonFix(person_id, written, FILLED if filled_only else DECIDED) if written else None
    field = "status" if "status" in differing else "status_date" if "status_date" in differing else None
    if field is None or not decided.get(field, (None, False))[1] or ours.since is None or ours.status is None:
        return fix, None
    if start_unknown(ours, register.status):
        return fix, None
    corrects = is_correction(ours.status, ours.since, register.status or "", register.since)
    return fix, TakenStanding(person_id, ours.status, ours.since, ours.month, DECIDED, corrects)


async def begin_measures(work: Work, standings: Mapping[UUID, tuple[str, date, str]]) -> int:
    """Begin and end measures as these standings have it (law 7)."""
    begins = [TakenMeasure(key, status, town, since) for key, (status, since, town) in standings.items() if status in WITH_MEASURE]
    taken = await take_over_measures(work, begins)
    for reason in sorted(ENDS_SUPERVISION):
        ends = {key: since for key, (status, since, _) in standings.items() if status == reason}
        await end_measures(work, ends, reason)
    return taken


Rows = Sequence[tuple[Mapping[Any, Any], dict[str, Any]]]


async def _clean(work: Work, found: Mapping[Any, Any], rows: Rows) -> dict[str, int]:
    """Confirmed as clean for three years: a standing from the day of the confirmation for whoever is not known so (DRR art. 7)."""
    standings = []
    for row, record in rows:
        if row["status"] != "three_years_clean":
            since, month, reason = since_of(record.get("confirmed_on"), found["as_of"])
            standings.append(TakenStanding(row["person_id"], "three_years_clean", since, month, reason, corrects=False))
    known = len(rows) - len(standings)
    held = await lawful(work, standings, {})  # the same file may have begun a measure a moment ago
    standings = held.lawful
    moved = await take_over_standings(work, standings)
    await begin_measures(work, {key: (status, since, "") for key, (status, since) in moved.items() if status == "three_years_clean"})
    return {"standings": len(standings), "unchanged": known, "withheld": len(held.withheld)}


async def _transferred_out(work: Work, found: Mapping[Any, Any], rows: Rows) -> dict[str, int]:
    """Accepted in writing by another county (domain 6)."""
    taken = [
        TakenTransfer(
            row["person_id"],
            row["division_code"],
            record["receiving_area"],
            handed,
            record["document_no"],
        )
        for row, record in rows
        if (handed := day_of(record.get("handover_date"))) is not None
    ]
    return {"transfers_out": await take_over_transfers_out(work, taken)} if taken else {}


async def _visited(work: Work, found: Mapping[Any, Any], rows: Rows) -> dict[str, int]:
    """Two rounds of visits, and an assessment where the ledger has one. What was found stands with the last visit: the ledger has it once."""
    visits: list[TakenVisit] = []
    assessments: list[TakenAssessment] = []
    undated = 0
    for row, record in rows:
        person_id, town = row["person_id"], row["division_code"]
        days = {n: day for n in (1, 2) if (day := day_of(record.get(f"round{n}")))}
        for number in sorted(days) or [1]:
            facts = {
                name: record.get(name) if number == max(days, default=1) else None for name in ("met", "tested", "family_met", "employed")
            }
            visits.append(TakenVisit(person_id, town, f"{found['as_of'].year}-{number}", days.get(number), **facts))
        if record.get("risk"):
            # An assessment expires some months after its day (domain 4.2): without the day it is not entered, and that is counted.
            assessed, tier = day_of(record.get("assess_date")), str(record["risk"])
            undated += assessed is None
            assessments += [] if assessed is None else [TakenAssessment(person_id, town, TIER_BEFORE.get(tier, tier), assessed)]
    counts = {"withheld": undated} | ({"visits": await take_over_visits(work, visits)} if visits else {})
    if assessments:
        counts["assessments"] = await take_over_assessments(work, assessments)
    return counts
