"""Break-glass: one caller, one person, one hour, one sentence, and somebody else who reviews it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from kit.emergencies import is_sentence
from kit.roles import Role
from tests.houses import Caller, Template, TestHouse, open_house
from tests.registry.people_data import OTHER_TOWN, add_towns, county_officer, registered

WHY = 'emergency; reason="' + quote("夜里倒在路边,急救医生要知道用药史") + '"'


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("abcd", False), ("aaaaaaaaaaaaaaa aaaaaaa", False), ("test test test test", False), ("急急急急急急急", False), ("急救", False),
        ("emergency", False), ("1234567890 1234567890", False), ("……………………", False), ("a b c d e f g", False),
        ("patient unconscious at the bridge", True), ("倒在桥边,需要急救", True), ("病人 unconscious, needs help", True),
    ],
)  # fmt: skip
def test_a_sentence_is_what_somebody_else_can_judge(text: str, holds: bool) -> None:
    assert is_sentence(text) is holds


def far(house: TestHouse, subject: str = "far", **more: Any) -> Caller:
    """A police officer of another town."""
    return house.caller("registry", Role.POLICE_OFFICER, scope=(OTHER_TOWN,), subject=subject, **more)


async def listed(house: TestHouse, query: str = "") -> list[dict[str, Any]]:
    """What an auditor finds."""
    reply = await house.caller("registry", Role.AUDITOR)("GET", f"/registry/v1/emergencies{query}")
    assert reply.status == 200, reply.body
    return json.loads(reply.body)["items"]


async def test_an_emergency_opens_one_person_for_an_hour_and_is_listed_at_once(template: Template) -> None:
    async with open_house(template, only="registry") as house:
        add_towns(house)
        first, other = await registered(county_officer(house)), await registered(county_officer(house), sequence=77)
        path, reader = f"/registry/v1/people/{first['id']}", far(house)
        assert (await reader("GET", path)).status == 404
        for _ in range(2):
            assert (await reader("GET", path, purpose=WHY)).status == 200
        found = await listed(house, "?state=unreviewed")
        assert [(row["reader"], row["sentence"], row["review_due"]) for row in found] == [
            ("far", "夜里倒在路边,急救医生要知道用药史", "2021-07-06")
        ]
        assert first["id"] not in str(found)
        assert (await reader("GET", f"/registry/v1/people/{other['id']}", purpose=WHY)).status == 200
        assert (await far(house, "second")("GET", path, purpose=WHY)).status == 200
        assert len(await listed(house)) == 3
        house.clock.advance(timedelta(minutes=59))
        assert (await reader("GET", f"{path}/identity", purpose=WHY)).status == 200
        assert len(await listed(house)) == 3
        house.clock.advance(timedelta(minutes=1))
        assert (await reader("GET", path, purpose=WHY)).status == 200
        assert len(await listed(house)) == 4
        with psycopg.connect(house.owner) as connection:
            kept = [bytes(row[0]) for row in connection.execute("select sentence from registry.emergency")]
        assert not any("急救".encode() in sentence for sentence in kept)


async def test_a_list_is_not_one_person(template: Template) -> None:
    async with open_house(template, only="registry") as house:
        add_towns(house)
        person = await registered(county_officer(house))
        handovers = await far(house)("GET", "/registry/v1/handovers", purpose=WHY)
        assert handovers.status in (200, 403)
        people = await far(house)("GET", "/registry/v1/people", purpose=WHY)
        assert person["id"] not in people.body.decode()
        assert await listed(house) == []


async def test_somebody_else_reviews_it_and_unreviewed_ones_close_the_door(template: Template) -> None:
    async with open_house(template, only="registry") as house:
        add_towns(house)
        person = await registered(county_officer(house))
        path = f"/registry/v1/people/{person['id']}"
        reader = house.caller("registry", Role.COUNTY_OFFICER, subject="c-1", staff_id="C001")
        assert (await reader("GET", path, purpose=WHY)).status == 200
        emergency = (await listed(house))[0]["id"]
        review, found = f"/registry/v1/emergencies/{emergency}/review", {"verdict": "justified", "remark": "已向医院核实"}
        assert (await reader("POST", review, found)).status == 403
        same = house.caller("registry", Role.COUNTY_OFFICER, subject="c-1-again", staff_id="C001")
        assert (await same("POST", review, found)).status == 403
        house.clock.advance(timedelta(days=5))  # Thursday → Tuesday, the third working day
        assert (await reader("GET", path, purpose=WHY)).status == 200
        house.clock.advance(timedelta(days=1))
        late = await reader("GET", path, purpose=WHY)
        assert (late.status, json.loads(late.body)["type"]) == (403, "/problems/emergency-unreviewed")
        assert (await reader("GET", path)).status == 200  # in the own county, for an ordinary purpose
        auditor = house.caller("registry", Role.AUDITOR, subject="aud")
        done = json.loads((await auditor("POST", review, found)).body)
        assert (done["verdict"], done["remark"], done["reviewed_by"]) == ("justified", "已向医院核实", "aud")
        assert (await auditor("POST", review, found)).status == 409
        assert (await reader("GET", path, purpose=WHY)).status == 200
        assert len(await listed(house, "?state=unreviewed")) == 2
        assert [row["id"] for row in await listed(house, "?state=reviewed")] == [emergency]


async def test_a_measure_of_somebody_elses_is_opened_for_its_person(template: Template) -> None:
    from tests.registry.people_data import running

    async with open_house(template, only="registry") as house:
        add_towns(house)
        person, measure = await running(county_officer(house), sequence=78)
        reply = await far(house)("GET", f"/registry/v1/measures/{measure['id']}", purpose=WHY)
        assert reply.status == 200, reply.body
        with psycopg.connect(house.owner) as connection:
            assert [str(row[0]) for row in connection.execute("select person_id from registry.emergency")] == [person["id"]]
