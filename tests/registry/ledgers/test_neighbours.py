"""Ledgers of tests, firms and venues through the whole house: each service takes in what is its own."""

from __future__ import annotations

import csv
import json
from collections.abc import AsyncIterator

import psycopg
import pytest

from kit.roles import Role
from tests.houses import Template, TestHouse, open_house
from tests.registry.ledgers.county import AFTER, take_in
from tests.registry.ledgers.desk import LEDGERS, Desk, add_county, ledger
from tests.registry.people_data import an_id


@pytest.fixture
async def street(template: Template) -> AsyncIterator[TestHouse]:
    """All services, with the county and the catalogue."""
    async with open_house(template) as opened:
        add_county(opened)
        with (LEDGERS / "precursor_chemicals.csv").open(encoding="utf-8") as file, psycopg.connect(opened.owner) as connection:
            for line in csv.DictReader(file):
                connection.execute(
                    "insert into precursor.catalogue_entry (id, seq, name_zh, name_en, synonyms, cas, category, subtype, is_group, control_level, salts_controlled, "
                    "valid_from, legal_basis, pending_verification, authority_make_sell, authority_purchase, authority_transport, authority_trade, note, loaded_at) "
                    "values (gen_random_uuid(), %s, %s, %s, '[]', '[]', %s, '', false, 'national', false, '2000-01-01', '', true, '', '', '', '', '', now())",
                    (int(line["seq"]), line["name_zh"], line["name_en"], int(line["category"])),
                )
        yield opened


def _desk(house: TestHouse, service: str) -> Desk:
    return Desk(house, house.caller(service, Role.COUNTY_OFFICER), service)


async def test_tests_of_registered_persons_are_taken_over_and_no_negative_is_named(street: TestHouse) -> None:
    await take_in(_desk(street, "registry"), 4)
    desk = _desk(street, "testing")
    (urine,) = await desk.upload(ledger(14), as_of=AFTER)
    assert urine["state"] == "reported" and urine["recognised"], urine
    assert urine["dispositions"]["hold"] > 24  # persons that the register does not have are held
    assert urine["codes"]["PERSON_UNKNOWN"] > 1000
    done = await desk.commit(urine)
    assert done["taken"]["tests"] == urine["dispositions"]["accept"] > 30
    (hair,) = await desk.upload(ledger(15), as_of=AFTER)
    assert hair["recognised"], hair
    (screening,) = await desk.upload(ledger(18), as_of=AFTER)
    assert [table["kind"] for table in screening["layout"]["tables"]] == ["practitioner"]
    done = await desk.commit(screening)
    assert done["taken"]["screened"] == screening["dispositions"]["accept"] > 1000
    with psycopg.connect(street.owner) as connection:
        assert connection.execute("select count(*) from testing.ledger_row where kind = 'practitioner'").fetchone() == (0,)
    again = await desk.caller("GET", f"{desk.path}/{screening['id']}/marked")
    assert again.status == 422, again.body


async def test_firms_couriers_and_venues_are_taken_over(street: TestHouse) -> None:
    desk = _desk(street, "precursor")
    jobs = await desk.upload(ledger(16), ledger(17), ledger(18), as_of=AFTER)
    assert [job["recognised"] for job in jobs] == [True, True, True]
    taken = [(await desk.commit(job))["taken"] for job in jobs]
    assert taken[0]["firms"] == 81 and taken[1]["firms"] == 21, taken
    assert taken[2]["venues"] > 1200, taken
    (other,) = await desk.upload(ledger(1), as_of=AFTER)
    assert other["recognised"] is False


async def test_a_neighbour_that_is_down_fails_the_import_and_nothing_else(street: TestHouse) -> None:
    desk = _desk(street, "precursor")
    registry = street.house.apps.pop("registry")
    try:
        reply = await desk.post(ledger(16))
        jobs_queue = street.house.apps["precursor"].state.jobs
        await jobs_queue.drain()
        job = await desk.get(f"/{reply[1]['items'][0]['id']}")
        assert (job["state"], job["error"]["code"]) == ("failed", "NEIGHBOUR_DOWN"), json.dumps(job)
    finally:
        street.house.apps["registry"] = registry
    (job,) = await desk.upload(ledger(16))
    assert job["state"] == "reported"


async def test_a_units_screening_in_a_second_file_is_not_counted_twice(street: TestHouse) -> None:
    desk = _desk(street, "testing")
    head = "从业人员姓名,身份证号,所在场所,检测日期,检测结果\n"
    row = f"演示甲,{an_id(1)},演示宾馆,2021-05-06,阴性\n"
    (first,) = await desk.upload(("一.csv", (head + row).encode()))
    assert (await desk.commit(first))["taken"]["screened"] == 1
    (second,) = await desk.upload(("二.csv", (head + row + f"演示乙,{an_id(2)},演示酒店,2021-05-06,阴性\n").encode()))
    assert second["dispositions"] == {"accept": 1, "hold": 1} and second["codes"] == {"UNIT_COUNTED": 1}
    (held,) = await desk.rows(second, "&disposition=hold")
    assert "不重复计数" in held["problems"][0]["message_zh"]
    other = await desk.correct(second, held, {"unit_name": "演示宾馆(第二批)"})  # a person says that these were other people
    assert other["disposition"] == "accept"
    assert (await desk.commit(second))["taken"]["screened"] == 2
    with psycopg.connect(street.owner) as connection:
        assert connection.execute("select sum(tested) from testing.venue_screening").fetchone() == (3,)


async def test_a_town_enters_no_firm_by_list_and_its_venues_only(street: TestHouse) -> None:
    office = _desk(street, "precursor")
    firms = "企业名称,统一社会信用代码,所属镇,易制毒化学品品种\n演示化工有限公司,{code},府谷镇,{what}\n"
    (known,) = await office.upload(("县.csv", firms.format(code="91990822DEM000129G", what="硫酸").encode()))
    assert known["dispositions"] == {"accept": 1}, known
    await office.commit(known)
    town = Desk(street, street.caller("precursor", Role.TOWN_OFFICER, scope=("610822100",)), "precursor")
    for code in ("91990822DEM000129G", "91990822DEM00025X7"):  # its own firm, and one that nobody has entered
        (job,) = await town.upload(("镇.csv", firms.format(code=code, what="盐酸").encode()))
        assert job["codes"] == {"COUNTY_DECIDES": 1}, job
    (job,) = await town.upload(
        ("场所.csv", "场所名称,场所类型,所属镇,检查时间\n演示宾馆,宾馆,府谷镇,2021-05-01\n他镇宾馆,宾馆,新民镇,2021-05-01\n".encode())
    )
    assert (job["dispositions"], (await town.commit(job))["taken"]) == ({"accept": 1, "hold": 1}, {"venues": 1})
    with psycopg.connect(street.owner) as connection:
        assert connection.execute("select stated_chemicals from precursor.firm").fetchall() == [(["硫酸"],)]
