"""Law 7 over the whole house: on the day the term ends every service stops by itself, although no job, follower or person did anything."""

from __future__ import annotations

import json
from datetime import timedelta

from kit.call import Reply
from kit.roles import Role
from tests.houses import Template, TestHouse, open_house
from tests.registry.people_data import add_towns, an_order, somebody


def told(reply: Reply, status: int = 200) -> dict:
    """The answer, which must have this status."""
    assert reply.status == status, reply.body
    return json.loads(reply.body)


async def under_treatment(house: TestHouse) -> tuple[str, str]:
    """A person whose community treatment runs since 28 June 2021, known to every service; the ids of person and measure."""
    add_towns(house)
    officer, police = house.caller("registry", Role.COUNTY_OFFICER), house.caller("registry", Role.POLICE_OFFICER)
    person = told(await officer("POST", "/registry/v1/people", somebody(status="community_treatment", status_since="2021-06-20")), 201)
    ordered = await police("POST", f"/registry/v1/people/{person['id']}/measures", an_order(ordered_on="2021-06-20"))
    measure = told(ordered, 201)
    path = f"/registry/v1/measures/{measure['id']}/transitions"
    served = await officer("POST", path, {"event": "serve", "on": "2021-06-22"}, if_match=ordered.headers["etag"])
    told(await officer("POST", path, {"event": "report_in", "on": "2021-06-28"}, if_match=served.headers["etag"]))
    await house.step()
    return person["id"], measure["id"]


def check_in(house: TestHouse, person: str) -> dict:
    """A batch of one."""
    fix = {
        "checkin_id": house.clock().strftime("k%Y%m%d%H%M"),
        "person_id": person,
        "at": (house.clock() - timedelta(minutes=1)).isoformat(),
    }
    return {"checkins": [{**fix, "lon": 111.06, "lat": 39.02, "accuracy_m": 10}]}


async def test_every_service_stops_on_the_day_by_itself(template: Template) -> None:
    async with open_house(template) as house:
        person, measure = await under_treatment(house)
        officer = house.caller("registry", Role.COUNTY_OFFICER)
        phone, police = house.caller("alerts", Role.SUBJECT, person_id=person, scope=()), house.caller("testing", Role.POLICE_OFFICER)
        plan = {"person_id": person, "kind": "mandatory", "specimen_type": "urine", "grounds": "民警要求", "document_no": "演示1号"}

        house.clock.advance(timedelta(days=1092))  # 27 June 2024: the last day on which anything is owed
        assert told(await officer("GET", f"/registry/v1/measures/{measure}"))["state"] == "active"
        assert told(await phone("POST", "/alerts/v1/checkins", check_in(house, person)))["accepted"] == 1

        house.clock.advance(timedelta(days=1))  # 28 June 2024: three years, and nobody stepped anything
        over = told(await officer("GET", f"/registry/v1/measures/{measure}"))
        assert (over["state"], over["ended_on"]) == ("discharged", "2024-06-28")
        assert told(await officer("GET", "/registry/v1/measures?state=active"))["items"] == []
        refused = told(await phone("POST", "/alerts/v1/checkins", check_in(house, person)), 422)
        assert [error["code"] for error in refused["errors"]] == ["no_running_measure"]
        day = (house.clock() + timedelta(days=1)).date().isoformat()
        assert (await police("POST", "/testing/v1/plans", {**plan, "due_on": day}, purpose="testing")).status == 409
        due = told(await police("GET", f"/testing/v1/plans/due?from=2024-06-01&to={day}", purpose="testing"))
        assert [item for item in due["items"] if item["due_on"] >= "2024-06-28"] == []
        assert (await house.neighbour("alerts", "registry")("GET", f"/internal/people/{person}/running?on=2024-06-28")).status == 200
        running = json.loads((await house.neighbour("alerts", "registry")("GET", f"/internal/people/{person}/running?on=2024-06-28")).body)
        assert running["runs"] is False
