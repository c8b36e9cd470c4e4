"""Rounds and visits through HTTP: a frozen list, what a grid worker sees, and that nothing is owed after the end."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from kit.roles import Role
from tests.houses import Caller, TestHouse
from tests.registry.people_data import OTHER_TOWN, TOWN, add_towns, county_officer, registered, running
from tests.registry.test_county import load_county


async def a_round(officer: Caller, **more: object) -> dict[str, Any]:
    """A round over the second half of 2021."""
    new = {"code": "2021-2", "name": "2021年第二轮走访", "starts_on": "2021-07-01", "ends_on": "2021-12-31", **more}
    made = await officer("POST", "/registry/v1/rounds", new)
    assert made.status == 201, made.body
    return json.loads(made.body)


async def visits(caller: Caller, query: str = "") -> list[dict[str, Any]]:
    """The visits that a caller sees."""
    return json.loads((await caller("GET", f"/registry/v1/visits{query}")).body)["items"]


async def test_a_rounds_list_is_frozen_and_its_coverage_counts_persons(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    people = [await registered(officer, n) for n in (1, 3)]
    await registered(officer, 5, status="three_years_clean")
    await registered(officer, 7, division_code=OTHER_TOWN)
    found = await a_round(officer)
    await registered(officer, 9)  # comes after the list was made
    assert (await officer("POST", "/registry/v1/rounds", {**found, "id": None})).status == 422
    listed = await visits(officer, "?state=due")
    assert len(listed) == 3
    assert {visit["due_on"] for visit in listed} == {"2021-12-31"}
    mine = next(visit for visit in listed if visit["person_id"] == people[0]["id"])
    path = f"/registry/v1/visits/{mine['id']}/outcome"
    record = {"visited_on": "2021-07-01", "met": True, "tested": True, "family_met": False, "employed": True}
    assert (await officer("PUT", path, record)).status == 428
    assert (await officer("PUT", path, {**record, "met": False}, if_match='"v1"')).status == 422
    assert (await officer("PUT", path, {**record, "visited_on": "2021-07-02"}, if_match='"v1"')).status == 422
    done = await officer("PUT", path, record, if_match='"v1"')
    assert (done.status, done.headers["etag"]) == (200, '"v2"')
    assert (await officer("PUT", path, record, if_match='"v1"')).status == 412
    lines = json.loads((await officer("GET", f"/registry/v1/rounds/{found['id']}/coverage")).body)["items"]
    town = next(line for line in lines if line["division_code"] == TOWN)
    assert (town["listed"], town["visited"], town["met_and_tested"], town["employed"]) == (2, 1, 1, 1)
    subject = house.caller("registry", Role.SUBJECT, scope=(), person_id=people[0]["id"])
    own = json.loads((await subject("GET", f"/registry/v1/people/{people[0]['id']}/visits")).body)["items"]
    assert [(visit["due_on"], visit["met"]) for visit in own] == [("2021-12-31", True)]
    assert (await subject("GET", f"/registry/v1/people/{people[1]['id']}/visits")).status == 404
    leader = house.caller("registry", Role.LEADER)
    hidden = json.loads((await leader("GET", f"/registry/v1/rounds/{found['id']}/coverage")).body)["items"]
    assert {line["listed"] for line in hidden} == {None}


async def test_after_the_end_no_visit_is_owed_or_recorded(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    person = await registered(officer, status_since="2018-07-01")
    found = await a_round(officer)
    visit = (await visits(officer))[0]
    clean = {"status": "three_years_clean", "since": "2021-07-01", "reason": "认定"}
    assert (await officer("POST", f"/registry/v1/people/{person['id']}/standings", clean, if_match='"v1"')).status == 201
    assert await visits(officer, "?state=due") == []
    record = {"visited_on": "2021-07-01", "met": True}
    answer = await officer("PUT", f"/registry/v1/visits/{visit['id']}/outcome", record, if_match='"v1"')
    assert (answer.status, json.loads(answer.body)["type"]) == (409, "/problems/supervision-over")
    line = json.loads((await officer("GET", f"/registry/v1/rounds/{found['id']}/coverage")).body)["items"][0]
    assert (line["listed"], line["excused"]) == (0, 1)


async def test_article_7_nobody_is_visited_whose_three_years_are_over_by_their_days(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    person, _ = await running(officer, status="community_treatment")
    house.clock.advance(timedelta(days=1043))  # 9 May 2024: the last day
    await a_round(officer, code="2024-1", starts_on="2024-05-09", ends_on="2024-06-30", statuses=["community_treatment"])
    visit = (await visits(officer, "?state=due"))[0]
    house.clock.advance(timedelta(days=1))  # no job has run, and the standing still says community treatment
    assert await visits(officer, "?state=due") == []
    record = {"visited_on": "2024-05-10", "met": True}
    answer = await officer("PUT", f"/registry/v1/visits/{visit['id']}/outcome", record, if_match='"v1"')
    assert (answer.status, json.loads(answer.body)["type"]) == (409, "/problems/supervision-over")
    later = await a_round(officer, code="2024-2", starts_on="2024-05-10", ends_on="2024-12-31", statuses=["community_treatment"])
    assert json.loads((await officer("GET", f"/registry/v1/rounds/{later['id']}/coverage")).body)["items"] == []
    before = {"visited_on": "2024-05-09", "met": True}
    assert (await officer("PUT", f"/registry/v1/visits/{visit['id']}/outcome", before, if_match='"v1"')).status == 200
    assert json.loads((await officer("GET", f"/registry/v1/people/{person['id']}")).body)["status"] == "community_treatment"


async def test_a_grid_worker_sees_a_name_and_a_place_and_reports_only_whether_they_met(house: TestHouse) -> None:
    officer = county_officer(house)
    await load_county(officer)
    await registered(officer)
    await registered(officer, 3)
    await a_round(officer)
    first, second = await visits(officer)
    town = house.caller("registry", Role.TOWN_OFFICER, scope=("610822100",))
    other = house.caller("registry", Role.TOWN_OFFICER, scope=("610822105",))
    grid = house.caller("registry", Role.GRID_WORKER, scope=("610822100",), staff_id="G001")
    body = {"staff_code": "G001", "meeting_place": "村委会门口"}
    assert (await other("PUT", f"/registry/v1/visits/{first['id']}/assignment", body, if_match='"v1"')).status == 404
    assert (await town("PUT", f"/registry/v1/visits/{first['id']}/assignment", {**body, "staff_code": "X1"}, if_match='"v1"')).status == 422
    assert (await town("PUT", f"/registry/v1/visits/{first['id']}/assignment", body, if_match='"v1"')).status == 200
    tasks = json.loads((await grid("GET", "/registry/v1/visits/tasks")).body)["items"]
    assert tasks == [{"id": first["id"], "name": "折建国", "meeting_place": "村委会门口", "due_on": "2021-12-31", "version": 2}]
    for path in (
        "/registry/v1/visits",
        f"/registry/v1/visits/{first['id']}",
        "/registry/v1/people",
        f"/registry/v1/people/{first['person_id']}",
    ):
        assert (await grid("GET", path)).status == 403
    met = {"visited_on": "2021-07-01", "met": True}
    assert (await grid("PUT", f"/registry/v1/visits/{second['id']}/outcome", met, if_match='"v1"')).status == 404
    assert (await grid("PUT", f"/registry/v1/visits/{first['id']}/outcome", {**met, "tested": True}, if_match='"v2"')).status == 403
    done = await grid("PUT", f"/registry/v1/visits/{first['id']}/outcome", met, if_match='"v2"')
    assert (done.status, done.body) == (200, b"null")
    assert json.loads((await grid("GET", "/registry/v1/visits/tasks")).body)["items"] == []
