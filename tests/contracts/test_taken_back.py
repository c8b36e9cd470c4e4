"""What the registry takes back must be taken back everywhere the same moment: nobody collects on a ground that was a mistake (law 7; PIPL art. 46)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from kit.roles import Role
from tests.houses import Template, TestHouse, open_house
from tests.registry.people_data import add_towns, county_officer, running

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(template: Template) -> AsyncIterator[TestHouse]:
    """A house of its own: these tests write."""
    async with open_house(template) as opened:
        yield opened


async def check_in(house: TestHouse, person: str, key: str) -> tuple[int, Any]:
    """A phone of this person says where it is: status and body of the answer."""
    phone = house.caller("alerts", Role.SUBJECT, person_id=str(UUID(person)))
    now = house.clock().isoformat()
    one = {"checkin_id": key, "person_id": person, "at": now, "lon": 111.0671, "lat": 39.0281, "accuracy_m": 9.0}
    answer = await phone("POST", "/alerts/v1/checkins", {"checkins": [one]})
    return answer.status, answer.json()


async def take_back(house: TestHouse, measure: dict[str, Any], reason: str) -> dict[str, Any]:
    """The last step of a measure was recorded by mistake."""
    officer, path = county_officer(house), f"/registry/v1/measures/{measure['id']}"
    last = json.loads((await officer("GET", path + "/history")).body)["items"][-1]["id"]
    version = json.loads((await officer("GET", path)).body)["version"]
    answer = await officer("POST", path + "/corrections", {"corrects_id": last, "reason": reason}, if_match=f'"v{version}"')
    assert answer.status == 200, answer.body
    return json.loads((await officer("GET", path)).body)


async def test_a_report_in_that_is_taken_back_stops_check_ins_at_once(house: TestHouse) -> None:
    add_towns(house)
    person, measure = await running(county_officer(house))
    await house.step()
    assert (await check_in(house, person["id"], "before"))[1]["accepted"] == 1

    back = await take_back(house, measure, "报到人员登记有误,实际未报到")
    assert (back["state"], back["term_start"]) == ("awaiting_report_in", None)
    await house.step()

    status, body = await check_in(house, person["id"], "after")
    assert (status, body["errors"][0]["code"]) == (422, "no_running_measure")
    with psycopg.connect(house.owner) as owner:
        kept = owner.execute("select count(*) from alerts.checkin_record where person_id = %s", (person["id"],)).fetchall()
        told = owner.execute("select state, since, until from alerts.watched where person_id = %s", (person["id"],)).fetchall()
    assert (kept, told) == ([(1,)], [("awaiting_report_in", None, None)])


async def test_an_end_that_is_taken_back_lets_check_ins_go_on(house: TestHouse) -> None:
    """The other direction of the same kind: a suspension recorded for the wrong person."""
    add_towns(house)
    officer = county_officer(house)
    person, measure = await running(officer, 2)
    path = f"/registry/v1/measures/{measure['id']}/transitions"
    held = {"event": "suspend", "on": "2021-06-20", "document_no": "拘留证7号"}
    assert (await officer("POST", path, held, if_match=f'"v{measure["version"]}"')).status == 200
    await house.step()
    assert (await check_in(house, person["id"], "held"))[0] == 422

    assert (await take_back(house, measure, "拘留的是同名另一人"))["state"] == "active"
    await house.step()
    assert (await check_in(house, person["id"], "free"))[1]["accepted"] == 1
