"""Who sees whom (domain 11.1): own teams, own towns, support flags, whom another county took over; and lists that agree with what they list."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from kit.roles import Role
from tests.houses import Caller, TestHouse
from tests.registry.people_data import OTHER_TOWN, TOWN, add_towns, an_id, county_officer, registered, running, step

LISTS = ("/registry/v1/people", "/registry/v1/measures", "/registry/v1/visits")
STAFF = [
    {"code": code, "name": name, "post": "social_worker", "division_code": TOWN} for code, name in (("S-1", "社工一"), ("S-2", "社工二"))
]


async def a_cared_for(house: TestHouse, officer: Caller) -> dict[str, Any]:
    """A person with a running measure, a round's visit, and a team of one from today on."""
    add_towns(house)
    assert (await officer("POST", "/registry/v1/staff/load", STAFF)).status == 200
    person, measure = await running(officer, 61)
    new = {"code": "C-1", "name": "走访", "starts_on": "2021-07-01", "ends_on": "2021-12-31"}
    assert (await officer("POST", "/registry/v1/rounds", new)).status == 201
    team = await officer("POST", f"/registry/v1/people/{person['id']}/care-team", {"staff_code": "S-1", "since": "2021-07-01"})
    assert team.status == 201, team.body
    visit = json.loads((await officer("GET", "/registry/v1/visits")).body)["items"][0]
    return {"id": person["id"], "measure": measure["id"], "visit": visit["id"], "membership": json.loads(team.body)["id"]}


def records_of(who: dict[str, Any]) -> list[str]:
    """Every address under which a worker reads somebody."""
    person = f"/registry/v1/people/{who['id']}"
    parts = ("", "/identity", "/history", "/standings", "/measures", "/monitoring", "/visits", "/assessments", "/tier", "/care-team")
    measure = f"/registry/v1/measures/{who['measure']}"
    return [*(person + part for part in parts), measure, measure + "/history", f"/registry/v1/visits/{who['visit']}"]


async def seen(caller: Caller, who: dict[str, Any]) -> tuple[set[int], set[bool]]:
    """The statuses of all records, and whether the lists and the search name the person."""
    statuses = {(await caller("GET", path)).status for path in records_of(who)}
    bodies = [(await caller("GET", path)).body.decode() for path in LISTS]
    bodies.append((await caller("POST", "/registry/v1/people/search", {"id_number": an_id(61)})).body.decode())
    return statuses, {who["id"] in body for body in bodies}


async def test_a_worker_sees_the_persons_of_their_teams_while_they_are_on_them(house: TestHouse) -> None:
    officer = county_officer(house)
    who = await a_cared_for(house, officer)
    mine = house.caller("registry", Role.SOCIAL_WORKER, scope=(TOWN,), staff_id="S-1")
    colleague = house.caller("registry", Role.SOCIAL_WORKER, scope=(TOWN,), staff_id="S-2")
    nobody = house.caller("registry", Role.SOCIAL_WORKER, scope=(TOWN,))
    both = house.caller("registry", Role.SOCIAL_WORKER, Role.TOWN_OFFICER, scope=(TOWN,))
    assert await seen(mine, who) == ({200}, {True})
    assert await seen(both, who) == ({200}, {True}), "an officer who is a worker too sees the town"
    for stranger in (colleague, nobody):
        assert await seen(stranger, who) == ({404}, {False})
        assert (
            await stranger(
                "GET", f"/registry/v1/people/{who['id']}", purpose='emergency; reason="found unconscious, the family asks for help"'
            )
        ).status == 200
        evidence = {"inputs": {"acute_crisis": 1}, "assessed_on": "2021-07-01", "reason": "求助"}
        assert (await stranger("POST", f"/registry/v1/people/{who['id']}/assessments", evidence)).status == 404
        outcome = {"visited_on": "2021-07-01", "met": True}
        assert (await stranger("PUT", f"/registry/v1/visits/{who['visit']}/outcome", outcome, if_match='"v1"')).status == 404
    house.clock.advance(timedelta(days=10))
    path = f"/registry/v1/people/{who['id']}/care-team/{who['membership']}/end"
    assert (await officer("POST", path, {"until": "2021-07-11"})).status == 200
    assert await seen(mine, who) == ({404}, {False}), "the team of yesterday is not that of today"


async def test_a_social_worker_sees_a_flag_instead_of_maintenance_treatment(house: TestHouse) -> None:
    officer = county_officer(house)
    who = await a_cared_for(house, officer)
    patient = await registered(officer, 63, status="maintenance_treatment")
    clinic = {"kind": "maintenance_treatment", "division_code": TOWN, "ordered_on": "2021-06-01"}
    made = json.loads((await officer("POST", f"/registry/v1/people/{patient['id']}/measures", clinic)).body)
    joins = {"staff_code": "S-1", "since": "2021-07-01"}
    assert (await officer("POST", f"/registry/v1/people/{patient['id']}/care-team", joins)).status == 201
    worker = house.caller("registry", Role.SOCIAL_WORKER, scope=(TOWN,), staff_id="S-1")
    path = f"/registry/v1/people/{patient['id']}"
    bodies = [(await worker("GET", one)).body for one in (path, path + "/history", path + "/standings", path + "/measures", *LISTS[:2])]
    bodies.append((await worker("GET", "/registry/v1/people?count=true")).body)
    bodies.append((await worker("GET", "/registry/v1/people", accept="application/x-ndjson")).body)
    for body in bodies:
        assert b"maintenance_treatment" not in body
    shown = {item["id"]: (item["status"], item["support"]) for item in json.loads((await worker("GET", LISTS[0])).body)["items"]}
    assert shown == {patient["id"]: (None, True), who["id"]: ("community_treatment", False)}
    assert json.loads((await worker("GET", "/registry/v1/people?status=maintenance_treatment")).body)["items"] == []
    assert json.loads((await worker("POST", "/registry/v1/people/search", {"status": "maintenance_treatment"})).body)["items"] == []
    assert json.loads((await worker("GET", "/registry/v1/measures?kind=maintenance_treatment")).body)["items"] == []
    assert (await worker("GET", f"/registry/v1/measures/{made['id']}")).status == 404
    one = json.loads((await officer("GET", path)).body)
    assert (one["status"], one["support"]) == ("maintenance_treatment", True)


async def test_after_a_move_lists_and_records_agree_on_both_sides(house: TestHouse) -> None:
    """The old town keeps the measure that it still executes, in lists and in detail, and nothing else; the new town has everything."""
    officer = county_officer(house)
    who = await a_cared_for(house, officer)
    old, new = (house.caller("registry", Role.TOWN_OFFICER, scope=(town[:9],)) for town in (TOWN, OTHER_TOWN))
    etag = (await officer("GET", f"/registry/v1/people/{who['id']}")).headers["etag"]
    move = {"division_code": OTHER_TOWN[:9], "reason": "搬家"}
    moved = await officer("POST", f"/registry/v1/people/{who['id']}/move", move, if_match=etag)
    assert (moved.status, json.loads(moved.body)["division_code"]) == (200, OTHER_TOWN)
    for caller, mine in ((old, False), (new, True)):
        for one, many in ((f"/people/{who['id']}", "/people"), (f"/visits/{who['visit']}", "/visits")):
            assert ((await caller("GET", f"/registry/v1{one}")).status == 200) is mine, (mine, one)
            assert (who["id"] in (await caller("GET", f"/registry/v1{many}")).body.decode()) is mine, (mine, many)
        assert (await caller("GET", f"/registry/v1/measures/{who['measure']}")).status == 200
        assert who["measure"] in (await caller("GET", "/registry/v1/measures")).body.decode()
        assert ((await caller("GET", f"/registry/v1/people/{who['id']}/identity")).status == 200) is mine
    outcome = {"visited_on": "2021-07-01", "met": True}
    assert (await old("PUT", f"/registry/v1/visits/{who['visit']}/outcome", outcome, if_match='"v1"')).status == 404
    assert (await new("PUT", f"/registry/v1/visits/{who['visit']}/outcome", outcome, if_match='"v1"')).status == 200


async def test_whom_another_county_took_over_is_open_to_the_office_alone(house: TestHouse) -> None:
    officer = county_officer(house)
    who = await a_cared_for(house, officer)
    out = {"person_id": who["id"], "receiving_area": "140931", "document_no": "府禁移〔2021〕002号", "transferred_on": "2021-06-30"}
    assert (await officer("POST", "/registry/v1/co-management/transfers-out", out)).status == 201
    town, police = (house.caller("registry", role, scope=(TOWN,)) for role in (Role.TOWN_OFFICER, Role.POLICE_OFFICER))
    worker = house.caller("registry", Role.SOCIAL_WORKER, scope=(TOWN,), staff_id="S-1")
    for caller in (town, police, worker):
        assert await seen(caller, who) == ({404}, {False})
        assert who["id"] not in (await caller("GET", "/registry/v1/people?status=transferred_out")).body.decode()
    assert who["id"] in (await officer("GET", "/registry/v1/people?status=transferred_out")).body.decode()
    assert (await officer("GET", f"/registry/v1/people/{who['id']}/identity")).status == 200


@pytest.mark.parametrize("path", [*LISTS, "/registry/v1/staff"])
async def test_town_codes_of_nine_and_twelve_digits_are_the_same_town(house: TestHouse, path: str) -> None:
    officer = county_officer(house)
    await a_cared_for(house, officer)
    long, short = [json.loads((await officer("GET", f"{path}?division_code={code}")).body)["items"] for code in (TOWN, TOWN[:9])]
    assert long == short != []
    assert json.loads((await officer("GET", f"{path}?division_code=610822")).body)["items"] == long, "the county is all of it"
    assert (await officer("GET", f"{path}?division_code=6108221")).status == 422
    assert (await officer("GET", f"{path}?division_code={OTHER_TOWN[:9]}")).status == 200
    town = house.caller("registry", Role.TOWN_OFFICER, scope=(TOWN,))
    assert json.loads((await town("GET", f"{path}?division_code={OTHER_TOWN[:9]}")).body)["items"] == []


async def test_a_round_takes_codes_of_nine_digits(house: TestHouse) -> None:
    officer = county_officer(house)
    await a_cared_for(house, officer)
    new = {"code": "C-9", "name": "走访", "starts_on": "2021-07-01", "ends_on": "2021-12-31", "division_codes": [TOWN[:9]]}
    made = await officer("POST", "/registry/v1/rounds", new)
    assert (made.status, made.headers["x-total-count"]) == (201, "1")


async def test_a_cursor_belongs_to_its_list_and_no_page_follows_the_last(house: TestHouse) -> None:
    officer = county_officer(house)
    await a_cared_for(house, officer)
    await running(officer, 65)
    page = json.loads((await officer("GET", "/registry/v1/people?limit=1")).body)
    for path in ("/registry/v1/measures", "/registry/v1/visits", "/registry/v1/staff", "/registry/v1/handovers"):
        assert (await officer("GET", f"{path}?limit=1&cursor={page['next']}")).status == 422, path
    last = json.loads((await officer("GET", f"/registry/v1/people?limit=1&cursor={page['next']}")).body)
    assert (len(last["items"]), last["next"]) == (1, None)
    assert json.loads((await officer("GET", "/registry/v1/staff?limit=2")).body)["next"] is None
    ends = json.loads((await officer("GET", "/registry/v1/measures?sort=-term_end&count=true")).body)
    assert (ends["total"], ends["counts"]["kind"]) == (2, {"community_treatment": 2})


async def test_an_account_without_towns_sees_nobody_by_any_list(house: TestHouse) -> None:
    officer = county_officer(house)
    who = await a_cared_for(house, officer)
    notice = {
        "person_id": who["id"],
        "institution": "强制隔离戒毒所",
        "notice_no": "出1号",
        "division_code": TOWN[:9],
        "released_on": "2021-07-10",
        "documents": [],
    }
    assert (await officer("POST", "/registry/v1/handovers", notice)).status == 201
    for role in (Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.POLICE_OFFICER, Role.SOCIAL_WORKER):
        empty = house.caller("registry", role, scope=(), staff_id="S-1")
        for path in (*LISTS, "/registry/v1/handovers", "/registry/v1/staff", "/registry/v1/co-management/transfers-out"):
            answer = await empty("GET", path)
            assert answer.status == 403 or json.loads(answer.body)["items"] == [], (role, path)
    assert len(json.loads((await officer("GET", "/registry/v1/handovers")).body)["items"]) == 1


async def test_days_that_follow_each_other_tell_a_leader_of_nobody(house: TestHouse) -> None:
    """Figures, staffing and coverage of a leader stand on the days of a half month, and small numbers and small differences stay inside."""
    officer = county_officer(house)
    who = await a_cared_for(house, officer)
    leader, town = house.caller("registry", Role.LEADER), house.caller("registry", Role.TOWN_OFFICER, scope=(TOWN,))
    days = [json.loads((await leader("GET", f"/registry/v1/indicators?as_of=2021-06-{day}")).body) for day in (15, 16, 20, 29)]
    assert {page["as_of"] for page in days} == {"2021-06-15"}
    assert len({json.dumps(page["lines"]) for page in days}) == 1
    staffing = json.loads((await leader("GET", "/registry/v1/indicators/staffing")).body)["items"]
    assert {line["users"] for line in staffing} <= {None, 0}
    own = json.loads((await town("GET", "/registry/v1/indicators/staffing")).body)["items"]
    assert [(line["code"], line["users"]) for line in own] == [(TOWN, 1)], "a town sees its own counts, and no other town's"
    etag = (await officer("GET", f"/registry/v1/visits/{who['visit']}")).headers["etag"]
    record = {"visited_on": "2021-07-01", "met": True, "tested": True}
    assert (await officer("PUT", f"/registry/v1/visits/{who['visit']}/outcome", record, if_match=etag)).status == 200
    rounds = json.loads((await leader("GET", "/registry/v1/rounds")).body)["items"]
    (line,) = json.loads((await leader("GET", f"/registry/v1/rounds/{rounds[0]['id']}/coverage")).body)["items"]
    assert (line["listed"], line["visited"]) == (None, 0), "the visit of today is told after the half month"


async def test_the_new_town_works_on_where_the_measure_is(house: TestHouse) -> None:
    """A step of a measure is recorded where it is executed, whoever is responsible for the person."""
    officer = county_officer(house)
    who = await a_cared_for(house, officer)
    measure = json.loads((await officer("GET", f"/registry/v1/measures/{who['measure']}")).body)
    signed = await step(
        house.caller("registry", Role.TOWN_OFFICER, scope=(TOWN[:9],)), measure, "sign_agreement", "2021-07-01", document_no="协1"
    )
    assert signed["agreement_on"] == "2021-07-01"
