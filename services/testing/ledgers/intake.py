"""What testing tells kit.intake about its ledgers: the words, who the persons are (it asks the registry), and how rows are taken over."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kit import jobs
from kit.auth import Principal
from kit.call import NeighbourDown
from kit.intake import Intake, files, store
from kit.intake.staging import open_record
from kit.jobs import Job
from kit.problems import Unavailable
from kit.roles import Role
from kit.work import House, Work
from services.testing.ledgers.rules import SCREENING, SPECIMEN_OF, day_of, screening_of, test_of
from services.testing.ledgers.tables import TABLES
from services.testing.results.intake import take_over_tests
from services.testing.screenings.intake import take_over_screenings
from services.testing.screenings.policy import place_of_list
from services.testing.subjects.errors import SubjectNotFound
from services.testing.subjects.policy import may_act_for
from services.testing.subjects.rules import ENDS_SUPERVISION

PERSON_UNKNOWN, DAY_MISSING, UNIT_MISSING, UNIT_COUNTED = "PERSON_UNKNOWN", "DAY_MISSING", "UNIT_MISSING", "UNIT_COUNTED"
COUNTY_DECIDES = "COUNTY_DECIDES"
MESSAGES = {
    PERSON_UNKNOWN: ("在您可管理的登记册中查无此人", "Nobody of your register has this number"),
    COUNTY_DECIDES: ("名单没有写明乡镇,由县禁毒办导入", "The list names no town; the county office takes it over"),
    DAY_MISSING: ("采样日期不明,无法对应检测计划", "The day of sampling is not known, so the test fits no plan"),
    UNIT_MISSING: ("缺少所在单位", "The unit is missing"),
    UNIT_COUNTED: (
        "该单位当日的检测已由另一份文件或直接录入计入,不重复计数;确属另一批人员的,请更正单位名称注明批次(如“某宾馆(第二批)”)",
        "This unit's screening of that day is counted already, from another file or an entry; if these are other people, say so in the unit's name",
    ),
}
ASKED_AT_ONCE = 5000
FORGET_JOB = "forget_ledger"


async def check(work: Work, found: Mapping[Any, Any], numbers: Sequence[int] | None) -> None:
    """Ask the registry who the persons are, and check the fields that every test needs. Raises Unavailable."""
    import_id = found["id"]
    rows = [row for row in await store.accepted(work.session, TABLES, import_id) if numbers is None or row["number"] in numbers]
    records = await asyncio.to_thread(_records, work, rows)
    undated = [row["number"] for row in rows if day_of(records[row["number"]].get("sampled_on")) is None]
    await store.add_code(work.session, TABLES, import_id, DAY_MISSING, "sampled_on", ((number, {}) for number in undated))
    nowhere = [row["number"] for row in rows if row["kind"] == SCREENING and not records[row["number"]].get("unit_name")]
    await store.add_code(work.session, TABLES, import_id, UNIT_MISSING, "unit_name", ((number, {}) for number in nowhere))
    placeless = [row["number"] for row in rows if row["kind"] == SCREENING and place_of_list(work.principal, work.house.county) is None]
    await store.add_code(work.session, TABLES, import_id, COUNTY_DECIDES, "unit_name", ((number, {}) for number in placeless))
    counted = await _counted(work, found, rows, records)
    await store.add_code(work.session, TABLES, import_id, UNIT_COUNTED, "unit_name", ((number, {}) for number in counted))
    asked = {row["number"]: records[row["number"]]["id_no"] for row in rows if row["kind"] in SPECIMEN_OF}
    known = await _resolve(work, sorted(set(asked.values())))
    inside = {number: known[text_] for number, text_ in asked.items() if text_ in known and _may_test(work.principal, known[text_])}
    await _link(work, import_id, inside)
    unknown = [number for number in asked if number not in inside]
    await store.add_code(work.session, TABLES, import_id, PERSON_UNKNOWN, "id_no", ((number, {}) for number in unknown))


async def _counted(
    work: Work, found: Mapping[Any, Any], rows: Sequence[Mapping[Any, Any]], records: Mapping[int, Mapping[str, Any]]
) -> list[int]:
    """Rows whose unit and day were counted before.

    Identities are not kept (domain 10), so the code cannot know whether these are the same people: a person must decide.
    """
    places = {
        row["number"]: (records[row["number"]].get("unit_name"), day_of(records[row["number"]].get("sampled_on")))
        for row in rows
        if row["kind"] == SCREENING
    }
    asked = sorted({place for place in places.values() if place[0] and place[1]})
    if not asked:
        return []
    statement = text(
        """select s.unit_name, s.screened_on from testing.venue_screening s
             join unnest(cast(:units as text[]), cast(:days as date[])) as w(unit_name, day) on s.unit_name = w.unit_name and s.screened_on = w.day
            where s.source <> :source and s.division_code like any(cast(:towns as text[]))"""
    )
    parameters = {"units": [unit for unit, _ in asked], "days": [day for _, day in asked], "source": bytes(found["sha256"]).hex()}
    parameters["towns"] = work.principal.reach.towns
    known = {(row.unit_name, row.screened_on) for row in await work.session.execute(statement, parameters)}
    return [number for number, place in places.items() if place in known]


def _records(work: Work, rows: Sequence[Mapping[Any, Any]]) -> dict[int, dict[str, Any]]:
    opened = {row["number"]: open_record(work.sealer, row["import_id"], row["number"], row["record_sealed"])[0] for row in rows}
    return {number: INTAKE.renamed(record) for number, record in opened.items()}


@dataclass(slots=True)
class Registered:
    """A person as the registry knows them."""

    person_id: UUID
    division_code: str
    standing: str | None


def _may_test(principal: Principal, person: Registered) -> bool:
    """Whether the import may add tests to a person: as by hand in the person's town. What is over is over for a town; the office still enters what the paper
    says of days before, and is told nothing of the person."""
    try:
        may_act_for(principal, person)
    except SubjectNotFound:
        return False
    return person.standing not in ENDS_SUPERVISION or principal.has(Role.COUNTY_OFFICER)


async def _resolve(work: Work, numbers: Sequence[str]) -> dict[str, Registered]:
    """ID number → who it is. Raises Unavailable."""
    found: dict[str, Registered] = {}
    for start in range(0, len(numbers), ASKED_AT_ONCE):
        part = numbers[start : start + ASKED_AT_ONCE]
        try:
            answer = await work.house.neighbours["registry"].post("/internal/people/resolve", {"id_numbers": list(part)})
        except NeighbourDown as error:
            raise Unavailable(headers={"Retry-After": "5"}) from error
        for number, person in zip(part, answer["people"], strict=True):
            if person is not None:
                found[number] = Registered(UUID(person["person_id"]), person["division_code"], person["status"])
    return found


async def _link(work: Work, import_id: UUID, people: Mapping[int, Registered]) -> None:
    statement = text(
        """update testing.ledger_row r set object_id = l.person_id, division_code = l.town
             from unnest(cast(:numbers as int[]), cast(:people as uuid[]), cast(:towns as text[])) as l(number, person_id, town)
            where r.import_id = :import and r.number = l.number"""
    )
    parameters = {
        "numbers": list(people),
        "people": [person.person_id for person in people.values()],
        "towns": [person.division_code for person in people.values()],
    }
    await work.session.execute(statement, {"import": import_id, **parameters})


async def take_over(work: Work, found: Mapping[Any, Any]) -> dict[str, int]:
    """Write tests and screenings. The identities of the screened are deleted at once: here in the rows, and the file after the commit (domain 10)."""
    import_id = found["id"]
    rows = await store.accepted(work.session, TABLES, import_id)
    records = await asyncio.to_thread(_records, work, rows)
    digest = bytes(found["sha256"]).hex()
    tests = [
        test_of(row["kind"], records[row["number"]], row["object_id"], row["division_code"], f"{digest[:12]}/{row['sheet']}/{row['row']}")
        for row in rows
        if row["kind"] in SPECIMEN_OF
    ]
    screened = [screening_of(records[row["number"]]) for row in rows if row["kind"] == SCREENING]
    counts: dict[str, int] = {}
    if tests:
        taken = await take_over_tests(work, tests)
        counts |= {"tests": taken.taken, "known": taken.known, "positive": taken.positive, "closed_due_tests": taken.closed_due_tests}
    if screened:
        result = await take_over_screenings(work, digest, screened)
        counts |= {"screenings": result.screenings, "screened": result.tested, "presumptive_positive": result.presumptive_positive}
        await work.session.execute(
            text("delete from testing.ledger_row where import_id = :import and kind = :kind"), {"import": import_id, "kind": SCREENING}
        )
        await jobs.defer(work.session, FORGET_JOB, import_id=str(import_id))
    return counts


async def forget_ledger(house: House, import_id: str) -> None:
    """Delete a file whose rows have been counted: it names people who were only screened."""
    await asyncio.to_thread(files.remove, house, UUID(import_id))


INTAKE = Intake(
    tables=TABLES,
    words=Path(__file__).with_name("words.toml"),
    prefix="/testing/v1/ledger-imports",
    roles=(Role.COUNTY_OFFICER, Role.TOWN_OFFICER),
    everything=Role.COUNTY_OFFICER,
    purpose="testing",
    asks=frozenset({"positive", "presumptive_positive", "closed_due_tests"}),
    open_fields=frozenset({"record_no"}),
    key_fields=(),
    key_purpose="",
    check=check,
    take_over=take_over,
    masks={"id_no": (6, 2), "phone": (3, 2), "name": (1, 0)},
    messages=MESSAGES,
    holding=frozenset(MESSAGES),
)
LEDGER_JOBS: list[tuple[str, Job, str | None]] = [(FORGET_JOB, forget_ledger, None)]
