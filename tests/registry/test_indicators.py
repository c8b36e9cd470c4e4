"""The county's published figures come out of the persons behind them, per town, as of two days; small counts stay inside."""

from __future__ import annotations

import asyncio
import csv
import gzip
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import event, insert

from deploy.compose import HouseSettings, build
from deploy.folder import DataFolder
from deploy.keys import Keys
from kit.clock import SteppedClock
from kit.db import new_id
from kit.roles import Role
from kit.sheets.id_numbers import read_id_number
from kit.work import Work, system_work
from services.registry.assessments.intake import TakenAssessment, take_over_assessments
from services.registry.comanagement.intake import TakenTransfer, take_over_transfers_out
from services.registry.measures.intake import WITH_MEASURE, TakenMeasure, take_over_measures
from services.registry.measures.service import end_measures
from services.registry.people.tables import Person, Standing
from services.registry.visits.intake import TakenVisit, take_over_visits
from tests.houses import START, Template, TestHouse, copied, open_house
from tests.registry.people_data import county_officer
from tests.registry.test_county import load_county

DATA = Path(__file__).parents[1] / "data"
EXPECTED = json.loads((DATA / "ledgers/_county.expected.json").read_text(encoding="utf-8"))
CONFIRMED = date(2021, 3, 1)
HANDED_OVER = date(2021, 4, 19)


def truth() -> list[dict[str, str]]:
    """The 2,168 persons of the demo county."""
    with (DATA / "ledgers/_persons_truth.csv").open(encoding="utf-8-sig") as file:
        names = {"before": "status_2020_12_31", "since": "status_date", "after": "status_2021_06_30"}
        return [{**row, **{short: row[name] for short, name in names.items()}} for row in csv.DictReader(file)]


def visited() -> list[dict[str, Any]]:
    """The 1,363 rows of the visit ledger."""
    found = next((DATA / "ledgers").glob("13_*.expected.json.gz"))
    return [row["record"] for row in json.loads(gzip.open(found, "rt", encoding="utf-8").read())["rows"]]


def standing(person_id: UUID, row: dict[str, str], status: str, since: date, now: datetime) -> dict[str, Any]:
    """One standing as an import writes it."""
    return {
        "id": new_id(),
        "person_id": person_id,
        "status": status,
        "since": since,
        "since_month_only": False,
        "division_code": row["town_code"],
        "source": "ledger",
        "reason": "",
        "recorded_by": "test",
        "recorded_at": now,
    }


async def take_over_county(work: Work) -> None:
    """The county as ledgers 01-13 leave it, through the same use cases that an import calls."""
    rows, ids = truth(), {}
    people, standings = [], []
    for row in rows:
        number = read_id_number(row["id_no"], today=work.today, demo=True)
        ids[row["id_no"]] = person_id = new_id()
        people.append(
            {
                "id": person_id,
                "division_code": row["town_code"],
                "household_area": number.area,
                "name": "某",
                "name_pinyin": "mou",
                "name_initials": "m",
                "sex": number.sex,
                "birth_date": number.birth_date,
                "id_number_sealed": b"sealed",
                "id_number_index": work.sealer.index("id_number", number.text),
                "id_number_masked": "990822**********",
                "drugs": [],
                "registered_on": date.fromisoformat(row["since"]),
                "status": row["before"],
                "status_since": date.fromisoformat(row["since"]),
                "state": "open",
                "version": 1,
                "created_at": work.now,
                "updated_at": work.now,
            }
        )
        standings.append(standing(person_id, row, row["before"], date.fromisoformat(row["since"]), work.now))
    newly = {ids[row["id_no"]]: row for row in rows if row["after"] == "three_years_clean" and row["before"] != "three_years_clean"}
    standings += [standing(person_id, row, "three_years_clean", CONFIRMED, work.now) for person_id, row in newly.items()]
    await work.session.execute(insert(Person), people)
    await work.session.execute(insert(Standing), standings)
    await take_over_measures(
        work,
        [
            TakenMeasure(ids[row["id_no"]], row["before"], row["town_code"], date.fromisoformat(row["since"]))
            for row in rows
            if row["before"] in WITH_MEASURE
        ],
    )
    gone = [row for row in rows if row["after"] == "transferred_out"]
    for _ in range(2):  # the same list again changes nothing
        await take_over_transfers_out(work, [TakenTransfer(ids[r["id_no"]], r["town_code"], "140931", HANDED_OVER, "府禁移") for r in gone])
    clean = {
        ids[r["id_no"]]: date.fromisoformat(r["since"])
        for r in rows
        if r["after"] == "three_years_clean" and r["before"] == "three_years_clean"
    }
    await end_measures(work, clean | dict.fromkeys(newly, CONFIRMED), "three_years_clean")
    await end_measures(work, {ids[r["id_no"]]: date.fromisoformat(r["since"]) for r in rows if r["after"] == "dead"}, "dead")
    for _ in range(2):
        await take_over_visits(
            work,
            [
                TakenVisit(
                    ids[r["id_no"]],
                    r["town_code"],
                    code,
                    date.fromisoformat(r[key]),
                    r["met"],
                    r["tested"],
                    r["family_met"],
                    r["employed"],
                )
                for r in visited()
                for code, key in (("2020-2", "round1"), ("2021-1", "round2"))
            ],
        )
        await take_over_assessments(
            work,
            [
                TakenAssessment(ids[r["id_no"]], r["town_code"], r["risk"].lower(), date.fromisoformat(r["assess_date"]))
                for r in visited()
                if r["risk"]
            ],
        )


async def fill(house: TestHouse) -> None:
    """Load the county and take its ledgers over."""
    officer = county_officer(house)
    await load_county(officer)
    population = {"persons": 250_000, "source": "demonstration"}
    assert (await officer("PUT", "/registry/v1/divisions/610822000000/population/2020", population)).status == 200
    app_house = house.house.apps["registry"].state.house
    async with app_house.database.session() as session:
        work = system_work(app_house, session, "test", "registry/test")
        office = replace(work.principal, roles=frozenset({*work.principal.roles, Role.COUNTY_OFFICER}))  # its papers were signed
        await take_over_county(replace(work, principal=office))
        await session.commit()


@pytest.fixture(scope="module")
def county_template(template: Template) -> Iterator[Template]:
    """A database with the demo county taken over, once for this module; each test copies it."""

    async def filled(owner: str) -> None:
        clock = SteppedClock(START)
        house = build(HouseSettings(template.data_dir, owner, background=False), only="registry", clock=clock)
        await house.start()
        try:
            await fill(TestHouse(house, Keys(DataFolder(template.data_dir)), clock, owner))
        finally:
            await house.stop()

    with copied(template, "registry") as owner:
        asyncio.run(filled(owner))
        yield Template(template.owner, template.data_dir, {"registry": str(conninfo_to_dict(owner)["dbname"])})


@pytest.fixture
async def county(county_template: Template) -> AsyncIterator[TestHouse]:
    """The demo county, taken over."""
    async with open_house(county_template, only="registry") as opened:
        yield opened


def numbers(answer: bytes) -> dict[str, dict[str, dict[str, Any]]]:
    """Division → indicator → figure."""
    return {line["division_code"]: line["figures"] for line in json.loads(answer)["lines"]}


async def test_the_published_figures_come_out_per_town_as_of_both_days(county: TestHouse) -> None:
    officer = county_officer(county)
    before = numbers((await officer("GET", "/registry/v1/indicators?as_of=2020-12-31&from=2020-07-01")).body)
    after_body = (await officer("GET", "/registry/v1/indicators?as_of=2021-06-30&from=2020-11-01")).body
    after, totals = numbers(after_body), EXPECTED["totals"]
    whole_before, whole = before["610822000000"], after["610822000000"]
    assert whole_before["managed_total"]["numerator"] == totals["before"] == 2168
    assert whole_before["current_users"]["numerator"] == totals["current_before"] == 1066
    assert whole["managed_total"]["numerator"] == totals["after"] == 2003
    assert whole["current_users"]["numerator"] == totals["current_after"] == 852
    assert whole["three_years_clean"]["numerator"] == totals["clean3_after"] == 1110
    assert whole["transferred_out"]["numerator"] == totals["transferred_out"] == 165
    assert (whole["meet_and_test_rate"]["numerator"], whole["meet_and_test_rate"]["denominator"]) == (1308, 1363)
    assert Decimal(whole["meet_and_test_rate"]["value"]) == Decimal("0.9596")
    assert whole["family_contact_rate"]["numerator"] == 1227
    assert whole["risk_assessments"]["numerator"] == totals["assessed"] == 893
    assert [Decimal(line["user_share"]["value"]).quantize(Decimal("0.0001")) for line in (whole_before, whole)] == [
        Decimal("0.0043"),
        Decimal("0.0034"),
    ]
    for town in EXPECTED["by_town"]:
        code = town["town_code"]
        assert before[code]["managed_total"]["numerator"] == town["before"]
        assert after[code]["managed_total"]["numerator"] == town["after"]
        assert after[code]["current_users"]["numerator"] == town["current"]
        assert after[code]["three_years_clean"]["numerator"] == town["clean3"]
    assert len(after) == 22
    for code in ("managed_total", "current_users", "meet_rate"):
        assert sum(line[code]["numerator"] for town, line in after.items() if town != "610822000000") == whole[code]["numerator"]


async def test_the_list_behind_a_figure_is_as_long_as_the_figure(county: TestHouse) -> None:
    officer = county_officer(county)
    figures = numbers((await officer("GET", "/registry/v1/indicators?as_of=2021-06-30&from=2020-11-01")).body)
    for code in ("current_users", "meet_and_test_rate", "execution_rate"):
        seen: list[str] = []
        path = f"/registry/v1/indicators/{code}/people?as_of=2021-06-30&from=2020-11-01&division_code=610822105000&counted=true&limit=50"
        cursor = ""
        while True:
            page = json.loads((await officer("GET", path + cursor)).body)
            seen += [item["person_id"] for item in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert len(seen) == len(set(seen)) == figures["610822105000"][code]["numerator"], code
    missing = json.loads(
        (await officer("GET", "/registry/v1/indicators/meet_rate/people?as_of=2021-06-30&from=2020-11-01&counted=false&limit=200")).body
    )
    assert len(missing["items"]) == 55


async def test_a_town_sees_itself_and_a_leader_no_small_count(county: TestHouse) -> None:
    town = county.caller("registry", Role.TOWN_OFFICER, scope=("610822105",))
    path = "/registry/v1/indicators?as_of=2021-06-30&from=2020-11-01"
    assert list(numbers((await town("GET", path)).body)) == ["610822105000"]
    assert (
        json.loads((await town("GET", "/registry/v1/indicators/current_users/people?as_of=2021-06-30&division_code=610822100000")).body)[
            "items"
        ]
        == []
    )
    leader = county.caller("registry", Role.LEADER)
    shown = numbers((await leader("GET", path)).body)
    for figures in shown.values():
        for figure in figures.values():
            for count in (figure["numerator"], figure["denominator"]):
                assert count is None or count == 0 or count >= 5
            if figure["numerator"] is not None and figure["denominator"] and figure["denominator"] > figure["numerator"]:
                assert figure["denominator"] - figure["numerator"] >= 5
    assert (await leader("GET", "/registry/v1/indicators/current_users/people")).status == 403
    assert (await county.caller("registry", Role.GRID_WORKER)("GET", path)).status == 403


async def test_the_bulletin_gets_counts_and_no_person(county: TestHouse) -> None:
    alerts = county.neighbour("alerts", "registry")
    body = json.loads((await alerts("GET", "/internal/figures?as_of=2021-06-30&from=2021-06-16&to=2021-06-30")).body)
    assert len(body["towns"]) == 21
    assert (body["county"]["managed"], body["county"]["current_users"], body["county"]["past_end"]) == (2003, 852, 0)
    line = body["towns"]["610822100000"]
    assert line["visit"][0] == line["visit"][1] > 0
    assert {"report_in", "execution", "visit", "handover", "closure", "unsigned_over_30"} <= set(line)
    assert (body["county"]["report_in"], body["county"]["closure"]) == ([0, 0], [0, 0])
    over = body["county"]["outside"]["closure"]
    assert over == sum(town["outside"]["closure"] for town in body["towns"].values()) > 0, "terms that were over before the ledgers came"
    assert body["county"]["outside"]["report_in"] == 0, "all ledgers tell of people who reported in before this half-month"
    autumn = json.loads((await alerts("GET", "/internal/figures?as_of=2020-12-31&from=2020-07-01&to=2020-12-31")).body)["county"]
    assert autumn["report_in"] == [0, 0], "no ledger says when an order was served"
    assert autumn["outside"]["report_in"] > 0


async def test_a_ledgers_visit_was_due_by_the_end_of_its_round_and_not_on_the_day_it_was_made(county: TestHouse) -> None:
    alerts = county.neighbour("alerts", "registry")
    last = max(row["round2"] for row in visited())
    first = f"{last[:8]}01"
    said = json.loads((await alerts("GET", f"/internal/figures?as_of={last}&from={first}&to={last}")).body)["county"]["visit"]
    assert said == [1363, 1363]
    before = (date.fromisoformat(last) - timedelta(days=1)).isoformat()
    assert json.loads((await alerts("GET", f"/internal/figures?as_of={before}&from={first}&to={before}")).body)["county"]["visit"] == [0, 0]
    officer = county_officer(county)
    assert (await officer("GET", "/internal/figures?as_of=2021-06-30&from=2021-06-16&to=2021-06-30")).status == 401


async def test_staffing_counts_users_in_the_community_per_worker(county: TestHouse) -> None:
    officer = county_officer(county)
    lines = json.loads((await officer("GET", "/registry/v1/indicators/staffing?on=2021-06-30")).body)["items"]
    towns = [line for line in lines if line["kind"] == "town"]
    assert (len(towns), len(lines)) == (21, 49)
    assert sum(line["users"] for line in towns) == 852 - 96 - 40
    seat = next(line for line in towns if line["code"] == "610822100000")
    assert seat["needed"] == -(-seat["users"] // 30)


async def test_a_move_afterwards_does_not_change_yesterdays_figures(county: TestHouse) -> None:
    officer = county_officer(county)
    with psycopg.connect(county.owner) as connection:
        row = connection.execute(
            "select id, version from registry.person where division_code = '610822105000' and status = 'in_society' limit 1"
        ).fetchone()
    assert row is not None
    county.clock.advance(date(2021, 7, 20) - date(2021, 7, 1))
    path = "/registry/v1/indicators?as_of={}"
    was = numbers((await officer("GET", path.format("2021-07-10"))).body)["610822105000"]["current_users"]["numerator"]
    moved = await officer(
        "POST", f"/registry/v1/people/{row[0]}/move", {"division_code": "610822100000", "reason": "搬家"}, if_match=f'"v{row[1]}"'
    )
    assert moved.status == 200, moved.body
    assert numbers((await officer("GET", path.format("2021-07-10"))).body)["610822105000"]["current_users"]["numerator"] == was
    assert numbers((await officer("GET", path.format("2021-07-20"))).body)["610822105000"]["current_users"]["numerator"] == was - 1


async def test_no_answer_costs_a_query_per_row(county: TestHouse) -> None:
    officer = county_officer(county)
    engine = county.house.apps["registry"].state.house.database.engine.sync_engine
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    for path, most in (
        ("/registry/v1/indicators?as_of=2021-06-30", 6),
        ("/registry/v1/indicators/current_users/people?limit=200", 4),
        ("/registry/v1/measures?limit=200", 4),
        ("/registry/v1/visits?limit=200", 4),
        ("/registry/v1/people?limit=200", 4),
    ):
        statements.clear()
        answer = await officer("GET", path)
        assert answer.status == 200, answer.body
        assert len(statements) <= most, statements
