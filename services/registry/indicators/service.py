"""Use cases of indicators: figures as of a day, the persons behind one, staffing, and the same for the bulletin."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from kit.problems import invalid
from kit.roles import Role
from kit.work import Work
from services.registry.divisions.policy import part_of
from services.registry.divisions.repository import division, towns_on
from services.registry.indicators import repository, rules
from services.registry.indicators.rules import BY_CODE, INDICATORS, Figure
from services.registry.people.rules import NOT_MANAGED
from services.registry.visits.rules import SMALL, reporting_day

Table = dict[str, dict[str, Figure]]
"""Division → indicator → figure."""
Pairs = dict[str, dict[str, tuple[int, int]]]
"""Division → code of the statement → (due, done), also for counts that are not indicators."""


async def figures(
    work: Work, as_of: date | None, since: date | None, until: date | None
) -> tuple[date, date, date, list[tuple[str, str, dict[str, Figure]]]]:
    """Figures of the county (for a caller of the whole county) and of each town in the caller's scope. Raises Invalid.

    `leader` gets small counts withheld, over all towns before the scope is cut, and figures of reporting days alone, so that two requests cannot be
    subtracted from each other. A town sees its own counts.
    """
    day, first, last = span(work, as_of, since, until)
    sees_small = _sees_small(work)
    if not sees_small:
        day, last = reporting_day(day), reporting_day(last)
        first = min(rules.half_year(first), rules.half_year(last))
    table, names, _ = await _table(work, day, first, last)
    county = _county(work)
    if not sees_small:
        earlier = reporting_day(day - timedelta(days=1))
        before, _, _ = await _table(work, earlier, first, max(first, min(last, earlier)))
        table = _withheld(table, before, county)
    shown = [(code, names.get(code, ""), table[code]) for code in sorted(table) if work.scope.reaches(code)]
    await work.note("indicator.read", "indicator", details={"as_of": day.isoformat(), "lines": len(shown)})
    return day, first, last, shown


async def people_behind(
    work: Work, code: str, as_of: date | None, since: date | None, until: date | None, division_code: str | None, counted: bool | None
) -> list[dict[str, Any]]:
    """The persons behind a figure, in the caller's towns. Closed records stay out of lists that go on: they show as their reference only. Raises Invalid."""
    day, first, last = span(work, as_of, since, until)
    asked = "current_users" if code in rules.WITHOUT_PERSONS else code
    towns = part_of(work.scope, division_code).towns
    found = await repository.people_behind(work.session, asked, day, first, last, work.house.works, towns, counted)
    office = work.principal.has(Role.COUNTY_OFFICER)
    return [
        {**row, "name": row["name"] if row["state"] == "open" and (office or row["status"] not in NOT_MANAGED) else "(已封存)"}
        for row in found
    ]


async def staffing(work: Work, on: date | None) -> list[dict[str, Any]]:
    """Users in the community per full-time worker of each town and station on a day (30:1, domain 5 row 9)."""
    lines: list[dict[str, Any]] = []
    sees_small = _sees_small(work)
    day = on or work.today
    for row in await repository.staffing(work.session, day if sees_small else reporting_day(day), work.house.works):
        if not work.scope.reaches(row["division_code"]):
            continue
        if not sees_small and 0 < row["users"] < SMALL:
            lines.append({**row, "users": None, "needed": None, "missing": None, "ratio": None})
            continue
        needed = rules.workers_needed(row["users"])
        ratio = (Decimal(row["users"]) / row["workers"]).quantize(Decimal("0.01"), ROUND_HALF_UP) if row["workers"] else None
        lines.append({**row, "needed": needed, "missing": max(0, needed - row["workers"]), "ratio": ratio})
    return lines


PAIRS = {
    "report_in": "report_in_rate",
    "execution": "execution_rate",
    "visit": "visit_completion",
    "handover": "handover_acknowledgement",
    "closure": "lawful_end_punctuality",
}
COUNTS = {
    "managed": "managed_total",
    "current_users": "current_users",
    "three_years_clean": "three_years_clean",
    "transferred_out": "transferred_out",
    "unsigned_over_30": "unsigned_over_30",
    "past_end": "ended_late",
    "risk_assessments": "risk_assessments",
}
MORE_PAIRS = {
    "met_and_tested": "meet_and_test_rate",
    "met": "meet_rate",
    "family_contact": "family_contact_rate",
    "employment": "employment_rate",
    "registration": "registration_rate",
    "user_share": "user_share",
    "staffing": "staffing_ratio",
}


async def figures_for_bulletin(work: Work, as_of: date, since: date, until: date) -> dict[str, Any]:
    """The same figures for the bulletin of the alerts service: whole counts, no person.

    `outside`: what was done but stands in no denominator (`rules.OUTSIDE`), so that an empty rate can say why it is empty.
    """
    table, names, pairs = await _table(work, as_of, since, until)
    county = _county(work)

    def counts_of_town(town: str) -> dict[str, Any]:
        line = table[town]
        rates = {name: [line[code].numerator, line[code].denominator] for name, code in (PAIRS | MORE_PAIRS).items()}
        counts = {name: line[code].numerator for name, code in COUNTS.items()}
        return {**rates, **counts, "outside": {name: pairs[town].get(code, (0, 0))[0] for name, code in rules.OUTSIDE.items()}}

    own = await division(work.session, county)
    await work.note("indicator.bulletin", "indicator", details={"as_of": as_of.isoformat()})
    return {
        "as_of": as_of.isoformat(),
        "from": since.isoformat(),
        "to": until.isoformat(),
        "county": {"name": own.name if own else None, **counts_of_town(county)},
        "towns": {code: {"name": names.get(code, code), **counts_of_town(code)} for code in sorted(table) if code != county},
    }


async def items_for_bulletin(work: Work, as_of: date, since: date, until: date) -> dict[str, dict[str, dict[str, list[str]]]]:
    """Town → word → ids of the persons behind a count, done and open: what a bulletin keeps, so that a town can look each of them up."""
    words = {code: word for word, code in PAIRS.items()}
    found: dict[str, dict[str, dict[str, list[str]]]] = {}
    persons: set[str] = set()
    for row in await repository.items(work.session, list(words), as_of, since, until, work.house.works):
        ids = {name: [str(item) for item in row[name]] for name in ("done", "open")}
        found.setdefault(row["town"], {})[words[row["code"]]] = ids
        persons.update(ids["done"], ids["open"])
    await work.note("indicator.items", "person", *sorted(persons), details={"as_of": as_of.isoformat()})
    return found


def span(work: Work, as_of: date | None, since: date | None, until: date | None) -> tuple[date, date, date]:
    """The day and the period: by default today, and the half year that holds it. Raises Invalid."""
    day = as_of or work.today
    last = until or day
    first = since or rules.half_year(last)
    if first > last:
        raise invalid("/query/from", "after_end", "起始日晚于截止日", "lies after the end")
    return day, first, last


async def _table(work: Work, as_of: date, since: date, until: date) -> tuple[Table, dict[str, str], Pairs]:
    county = _county(work)
    towns = await towns_on(work.session, as_of)
    names = {town.code: town.name for town in towns} | {county: "全县"}
    pairs: Pairs = {code: {} for code in names}
    for row in await repository.counts(work.session, as_of, since, until, work.house.works):
        for code in (row["town"], county):
            due, done = pairs.setdefault(code, {}).get(row["code"], (0, 0))
            pairs[code][row["code"]] = (due + row["due"], done + row["done"])
    residents = await repository.populations(work.session, as_of)
    workers = {
        row["code"]: (row["workers"], row["users"])
        for row in await repository.staffing(work.session, as_of, work.house.works)
        if row["kind"] == "town"
    }
    everybody = (sum(pair[0] for pair in workers.values()), sum(pair[1] for pair in workers.values()))
    table: Table = {}
    for code, found in pairs.items():
        line: dict[str, Figure] = {}
        for indicator in INDICATORS:
            due, done = found.get(indicator.code, (0, 0))
            line[indicator.code] = rules.figure(indicator, done, due)
        present = line["current_users"].numerator or 0
        line["user_share"] = rules.figure(BY_CODE["user_share"], present, residents.get(code))
        staff, users = everybody if code == county else workers.get(code, (0, 0))
        line["staffing_ratio"] = rules.figure(BY_CODE["staffing_ratio"], users, staff)
        table[code] = line
    return table, names, pairs


def _withheld(table: Table, before: Table, county: str) -> Table:
    shown: Table = {code: {} for code in table}
    for indicator in INDICATORS:
        column = {code: line[indicator.code] for code, line in table.items()}
        moved = rules.moved_a_little(column, {code: line[indicator.code] for code, line in before.items()})
        for code, found in rules.withheld_column(column, county, moved).items():
            shown[code][indicator.code] = found
    return shown


def _sees_small(work: Work) -> bool:
    """The office and the towns see their own counts; everybody else sees only counts that identify nobody (domain 4.3, DEFAULT)."""
    return work.principal.has(Role.COUNTY_OFFICER, Role.TOWN_OFFICER)


def _county(work: Work) -> str:
    return work.house.county + "000000"
