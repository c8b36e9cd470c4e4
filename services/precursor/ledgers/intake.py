"""What this service tells kit.intake about its ledgers: the words, the catalogue, the places (it asks the registry), and how rows are taken over."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from kit.call import NeighbourDown
from kit.intake import Intake, store
from kit.intake.intake import DUPLICATE_CODE
from kit.intake.staging import open_record
from kit.problems import Unavailable
from kit.roles import Role
from kit.sheets import Place
from kit.work import Work
from services.precursor.catalogue import repository as catalogue
from services.precursor.firms import policy
from services.precursor.firms.intake import take_over_firms
from services.precursor.firms.repository import firms_by_uscc
from services.precursor.ledgers.rules import Register, register_of, values_of
from services.precursor.ledgers.tables import TABLES
from services.precursor.venues.intake import take_over_venues
from services.precursor.venues.rules import category_of

CODE_MISSING, TYPE_UNKNOWN, COUNTY_DECIDES = "USCC_MISSING", "VENUE_TYPE_UNKNOWN", "COUNTY_DECIDES"
MESSAGES = {
    COUNTY_DECIDES: (
        "此行不能凭本台账登记或改动,转县禁毒办核实处理",
        "This ledger can neither register nor change anything by this row; the county office decides",
    ),
    CODE_MISSING: ("缺少统一社会信用代码", "The unified social credit code is missing"),
    TYPE_UNKNOWN: ("场所类型不在分类表中", "The type of venue is not in the table of types"),
}

_DOUBLES = """
select number, first_row, first_sheet from (
  select r.number, r.row, first_value(r.row) over w as first_row, first_value(r.sheet) over w as first_sheet, row_number() over w as place
    from precursor.ledger_row r where r.import_id = :import and r.key_index is not null and r.disposition <> 'discard'
  window w as (partition by r.key_index, r.division_code order by r.number)) t
 where place > 1"""


async def places(work: Work) -> tuple[Place, ...]:
    """Divisions as the registry has them. Raises Unavailable."""
    try:
        found = await work.house.neighbours["registry"].get("/internal/divisions")
    except NeighbourDown as error:
        raise Unavailable(headers={"Retry-After": "5"}) from error
    return tuple(Place(d["code"], d["name"], d["level"], tuple(d["parents"]), tuple(d["aliases"])) for d in found)


async def catalogues(work: Work) -> dict[str, dict[str, list[str]]]:
    """The catalogue of precursors: name → synonyms."""
    return {
        "chemicals": {entry.name_zh: list(entry.synonyms) for entry in await catalogue.entries_on(work.session, work.today, None, None)}
    }


def _register(found: Mapping[Any, Any], row: Mapping[Any, Any]) -> Register:
    tables = [
        t for t in found["layout"]["tables"] if t["sheet"] == row["sheet"] and t["first_data_row"] <= row["row"] <= t["last_data_row"]
    ]
    return register_of(tables[0]["columns"] if tables else {})


def _sorted(work: Work, found: Mapping[Any, Any], rows: Sequence[Mapping[Any, Any]]) -> dict[Register, list[tuple[int, dict[str, Any]]]]:
    sorted_rows: dict[Register, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
    for row in rows:
        record, _ = open_record(work.sealer, row["import_id"], row["number"], row["record_sealed"])
        register = _register(found, row)
        sorted_rows[register].append((row["number"], values_of(register, INTAKE.renamed(record))))
    return sorted_rows


async def check(work: Work, found: Mapping[Any, Any], numbers: Sequence[int] | None) -> None:
    """A firm needs its code, a venue a type that the table knows; the same firm or place twice in a file counts once."""
    import_id = found["id"]
    twice = (await work.session.execute(text(_DOUBLES), {"import": import_id})).all()
    told = [(number, {"first_row": row, "first_sheet": sheet}) for number, row, sheet in twice if numbers is None or number in numbers]
    await store.add_code(work.session, TABLES, import_id, DUPLICATE_CODE, "company_name", told)
    rows = [row for row in await store.accepted(work.session, TABLES, import_id) if numbers is None or row["number"] in numbers]
    sorted_rows = await asyncio.to_thread(_sorted, work, found, rows)
    nameless = [number for register in ("courier", "chemical") for number, values in sorted_rows[register] if "uscc" not in values]
    await store.add_code(work.session, TABLES, import_id, CODE_MISSING, "uscc", ((number, {}) for number in nameless))
    await _beyond(work, import_id, [row for register in ("courier", "chemical") for row in sorted_rows[register]], sorted_rows["venue"])
    unknown = [number for number, values in sorted_rows["venue"] if category_of(values.get("venue_type") or "") is None]
    await store.add_code(work.session, TABLES, import_id, TYPE_UNKNOWN, "venue_type", ((number, {}) for number in unknown))


async def _beyond(
    work: Work, import_id: UUID, firms: Sequence[tuple[int, Mapping[str, Any]]], venues: Sequence[tuple[int, Mapping[str, Any]]]
) -> None:
    """Hold rows about firms and places that the import does not reach: another town's, closed, or not its to enter (firms.policy, here and again at the
    commit). Venues are entered by lists alone, of a town by that town.
    """
    known = await firms_by_uscc(work.session, [values["uscc"] for _, values in firms if "uscc" in values])
    beyond = [
        number
        for number, values in firms
        if "uscc" in values
        and "town_code" in values
        and not policy.may_take_over(work.principal, known.get(values["uscc"]), values["town_code"])
    ]
    beyond += [number for number, values in venues if "town_code" in values and not work.principal.covers(values["town_code"])]
    await store.add_code(work.session, TABLES, import_id, COUNTY_DECIDES, "uscc", ((number, {}) for number in beyond))


async def take_over(work: Work, found: Mapping[Any, Any]) -> dict[str, int]:
    """Write firms, couriers and venues; differences are written to the firms' history."""
    sorted_rows = await asyncio.to_thread(_sorted, work, found, await store.accepted(work.session, TABLES, found["id"]))
    counts: dict[str, int] = defaultdict(int)
    for register in ("chemical", "courier"):
        values = [row for _, row in sorted_rows[register]]
        if values:
            firms = await take_over_firms(work, values, register)
            counts["firms"] += len(firms.created)
            counts["firms_changed"] += len(firms.changed)
            counts["unchanged"] += len(firms.unchanged)
            counts["doubts"] += len(firms.problems)
    venues = [row for _, row in sorted_rows["venue"]]
    if venues:
        taken = await take_over_venues(work, venues)
        counts["venues"] += taken.created
        counts["venues_changed"] += taken.changed
        counts["unchanged"] += taken.unchanged
        counts["doubts"] += len(taken.problems)
    return {name: count for name, count in counts.items() if count}


INTAKE = Intake(
    tables=TABLES,
    words=Path(__file__).with_name("words.toml"),
    prefix="/precursor/v1/ledger-imports",
    roles=(Role.COUNTY_OFFICER, Role.TOWN_OFFICER),
    everything=Role.COUNTY_OFFICER,
    purpose="inspection",
    asks=frozenset({"firms_changed", "venues_changed"}),
    open_fields=frozenset({"uscc"}),
    key_fields=("uscc", "company_name"),
    key_purpose="ledger",
    check=check,
    take_over=take_over,
    places=places,
    catalogues=catalogues,
    masks={"phone": (3, 2), "legal_person": (1, 0)},
    messages=MESSAGES,
    holding=frozenset(MESSAGES),
)
