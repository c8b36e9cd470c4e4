"""What neighbours may ask about persons, and that it is written down."""

from __future__ import annotations

import json
from datetime import timedelta

import psycopg

from tests.houses import TestHouse
from tests.registry.people_data import TOWN, add_towns, an_id, county_officer, registered, running


async def test_numbers_are_resolved_in_order_and_the_question_is_audited(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    person, measure = await running(officer)
    idle = await registered(officer, 3)
    testing = house.neighbour("testing", "registry")
    asked = {"id_numbers": [an_id(3), "not a number", an_id(9), an_id(1)]}
    found = json.loads((await testing("POST", "/internal/people/resolve", asked)).body)["people"]
    assert [entry and entry["person_id"] for entry in found] == [idle["id"], None, None, person["id"]]
    assert found[3] == {
        "person_id": person["id"],
        "division_code": TOWN,
        "status": "community_treatment",
        "measure_id": measure["id"],
        "measure_kind": "community_treatment",
        "measure_state": "active",
    }
    with psycopg.connect(house.owner) as connection:
        row = connection.execute(
            "select actor, purpose, object_ids, details::text from registry.audit where action = 'person.resolve'"
        ).fetchone()
    assert row is not None
    assert (row[0], row[1], sorted(row[2])) == ("testing", "exchange", sorted([idle["id"], person["id"]]))
    assert an_id(1) not in row[3]
    assert (await officer("POST", "/internal/people/resolve", asked)).status == 401


async def test_a_measure_whose_term_is_over_is_no_open_one(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    person, measure = await running(officer)
    stay = {"kind": "maintenance_treatment", "division_code": TOWN, "ordered_on": "2021-06-01"}
    made = await officer("POST", f"/registry/v1/people/{person['id']}/measures", stay)
    voluntary = json.loads(made.body)
    testing = house.neighbour("testing", "registry")
    asked = {"id_numbers": [an_id(1)]}
    found = json.loads((await testing("POST", "/internal/people/resolve", asked)).body)["people"][0]
    assert found["measure_id"] == measure["id"], "the exclusive one goes before the voluntary one"
    house.clock.advance(timedelta(days=3 * 366))
    found = json.loads((await testing("POST", "/internal/people/resolve", asked)).body)["people"][0]
    assert (found["measure_id"], found["measure_kind"]) == (voluntary["id"], "maintenance_treatment"), "DRR art. 23, although no job ran"


async def test_people_of_one_address_share_an_opaque_household(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    address = "陕西省府谷县府谷镇高石崖1号(演示)"
    first, _ = await running(officer, 1, address=address)
    second = await registered(officer, 3, address=" " + address)
    third = await registered(officer, 5)
    alerts = house.neighbour("alerts", "registry")
    told = [json.loads((await alerts("GET", f"/internal/people/{p['id']}/running")).body) for p in (first, second, third)]
    assert told[0]["household"] == told[1]["household"] is not None
    assert told[2]["household"] is None
    assert [answer["runs"] for answer in told] == [True, False, False]
    assert address not in json.dumps(told, ensure_ascii=False)
    assert (await alerts("GET", "/internal/people/018f0000-0000-7000-8000-000000000009/running")).status == 404
