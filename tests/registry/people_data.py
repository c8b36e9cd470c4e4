"""Fictitious people and towns for the registry's tests: area 990822 exists nowhere."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import psycopg

from kit.roles import Role
from kit.sheets.id_numbers import check_character
from tests.houses import Caller, TestHouse

TOWN = "610822100000"
OTHER_TOWN = "610822105000"


def an_id(sequence: int = 1, birth: date = date(1980, 5, 6), area: str = "990822") -> str:
    """A fictitious ID number."""
    first17 = f"{area}{birth:%Y%m%d}{sequence:03d}"
    return first17 + check_character(first17)


def add_towns(house: TestHouse) -> None:
    """The towns that the tests name."""
    with psycopg.connect(house.owner) as connection:
        for code, name in ((TOWN, "府谷镇"), (OTHER_TOWN, "新民镇")):
            connection.execute(
                "insert into registry.division (code, name, level, parent_code, statutory, aliases, valid_from, note) "
                "values (%s, %s, 'town', '610822000000', true, '[]', '2000-01-01', '')",
                (code, name),
            )


def add_staff(house: TestHouse, *codes: str, post: str = "police_officer", left: str | None = None) -> None:
    """Members of staff in service since 2020, until the day that they left."""
    with psycopg.connect(house.owner) as connection:
        for code in codes:
            connection.execute(
                "insert into registry.staff_member (id, code, name, post, division_code, valid_from, valid_to)"
                " values (gen_random_uuid(), %s, %s, %s, %s, '2020-01-01', %s)",
                (code, f"演示{code}", post, TOWN, left),
            )


def somebody(sequence: int = 1, **more: object) -> dict[str, object]:
    """A person to register."""
    return {
        "id_number": an_id(sequence),
        "name": "折建国",
        "division_code": TOWN,
        "status": "in_society",
        "status_since": "2020-01-02",
        **more,
    }


async def registered(officer: Caller, sequence: int = 1, **more: object) -> dict[str, Any]:
    """A person registered through the API."""
    made = await officer("POST", "/registry/v1/people", somebody(sequence, **more))
    assert made.status == 201, made.body
    return json.loads(made.body)


def county_officer(house: TestHouse) -> Caller:
    """An officer of the county office."""
    return house.caller("registry", Role.COUNTY_OFFICER)


def an_order(**more: object) -> dict[str, object]:
    """An order of community treatment (NCL art. 33)."""
    return {
        "kind": "community_treatment",
        "division_code": TOWN,
        "ordered_on": "2021-05-06",
        "order_no": "府公禁社戒决字〔2021〕001号",
        "order_organ": "府谷县公安局",
        "addiction": "addicted",
        **more,
    }


async def ordered(officer: Caller, person_id: str, **more: object) -> dict[str, Any]:
    """A measure ordered through the API."""
    made = await officer("POST", f"/registry/v1/people/{person_id}/measures", an_order(**more))
    assert made.status == 201, made.body
    return json.loads(made.body)


async def step(officer: Caller, measure: dict[str, Any], event: str, on: str, **more: object) -> dict[str, Any]:
    """A transition recorded through the API."""
    path = f"/registry/v1/measures/{measure['id']}/transitions"
    done = await officer("POST", path, {"event": event, "on": on, **more}, if_match=f'"v{measure["version"]}"')
    assert done.status == 200, done.body
    return json.loads(done.body)


async def running(officer: Caller, sequence: int = 1, **more: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """A person with a running community treatment since 2021-05-10."""
    person = await registered(officer, sequence, **more)
    measure = await ordered(officer, person["id"])
    measure = await step(officer, measure, "serve", "2021-05-07")
    return person, await step(officer, measure, "report_in", "2021-05-10")
