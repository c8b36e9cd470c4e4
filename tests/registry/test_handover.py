"""Handovers from institutions through HTTP: announced once, received, acknowledged by a person and never by silence (DRR art. 34, 38; domain 2.6)."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from kit.clock import load_working_days
from kit.roles import Role
from services.registry.handover import rules
from services.registry.handover.policy import GRANT
from tests.houses import Caller, TestHouse
from tests.registry.people_data import OTHER_TOWN, TOWN, add_towns, an_id, county_officer, registered

WORKS = load_working_days("610822")
PATH = "/registry/v1/handovers"


def a_notice(**more: object) -> dict[str, object]:
    """A release on 6 July 2021 with an order of rehabilitation."""
    return {
        "id_number": an_id(7),
        "name": "折建国",
        "institution": "榆林市强制隔离戒毒所(演示)",
        "notice_no": "榆戒解〔2021〕0007号",
        "division_code": TOWN,
        "released_on": "2021-07-06",
        "order_no": "府公禁社康决字〔2021〕007号",
        "documents": ["release_certificate", "rehabilitation_order"],
        **more,
    }


def add_places(house: TestHouse) -> None:
    """The towns, and the worker whom one of them names."""
    add_towns(house)
    with psycopg.connect(house.owner) as connection:
        connection.execute(
            "insert into registry.staff_member (id, code, name, post, division_code, valid_from)"
            " values (gen_random_uuid(), 'T001', '某(演示)', 'town_officer', %s, '2020-01-01')",
            (TOWN,),
        )


def institution(house: TestHouse, name: str = "institution-1", *, grants: tuple[str, ...] = (GRANT,)) -> Caller:
    """The system of an institution."""
    return house.caller("registry", Role.AGENCY, subject=name, grants=grants)


def town_officer(house: TestHouse, town: str = TOWN) -> Caller:
    """The officer of a town."""
    return house.caller("registry", Role.TOWN_OFFICER, scope=(town[:9],))


async def announced(caller: Caller, **more: object) -> dict[str, Any]:
    """An announced release."""
    made = await caller("POST", PATH, a_notice(**more))
    assert made.status == 201, made.body
    return json.loads(made.body)


async def done(caller: Caller, handover: dict[str, Any], step: str, **body: object) -> dict[str, Any]:
    """A step that is taken."""
    answer = await caller("POST", f"{PATH}/{handover['id']}/{step}", body, if_match=f'"v{handover["version"]}"')
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


def test_under_an_order_the_person_has_fifteen_days_and_the_town_three_working_days_after_them() -> None:
    expected = rules.expected_by(date(2021, 7, 6), ordered=True, working=WORKS)
    assert (expected, rules.acknowledge_due(expected, WORKS)) == (date(2021, 7, 21), date(2021, 7, 26))
    assert rules.expected_by(date(2021, 7, 6), ordered=False, working=WORKS) == date(2021, 7, 6)
    assert rules.acknowledge_due(date(2021, 7, 8), WORKS) == date(2021, 7, 13)


def test_an_institution_announces_three_days_before() -> None:
    assert rules.notice_in_time(date(2021, 7, 3), date(2021, 7, 6))
    assert not rules.notice_in_time(date(2021, 7, 4), date(2021, 7, 6))


@pytest.mark.parametrize("event", ["receive", "arrive", "not_arrive", "withdraw"])
def test_nothing_leads_out_of_a_withdrawn_handover(event: str) -> None:
    assert rules.MACHINE.find("withdrawn", event) is None


async def test_a_release_is_announced_received_and_acknowledged(house: TestHouse) -> None:
    add_places(house)
    await registered(county_officer(house), 7)
    agency, town = institution(house), town_officer(house)
    told = await announced(agency)
    assert (told["state"], told["expected_by"], told["acknowledge_due"], told["notice_in_time"]) == (
        "announced",
        "2021-07-21",
        "2021-07-26",
        True,
    )
    assert not {"person_id", "name", "id_number"} & told.keys()
    assert (await town("POST", f"{PATH}/{told['id']}/acknowledgement", {"outcome": "arrived"}, if_match='"v1"')).status == 409
    received = await done(town, told, "receipt", contact="T001")
    house.clock.advance(timedelta(days=8))
    arrived = await done(town, received, "acknowledgement", outcome="arrived", arrived_on="2021-07-08", on="2021-07-09")
    assert (arrived["state"], arrived["acknowledged_on"], arrived["acknowledge_due"], arrived["overdue"]) == (
        "arrived",
        "2021-07-09",
        "2021-07-13",
        False,
    )
    whole = json.loads((await town("GET", f"{PATH}/{told['id']}")).body)
    assert (whole["name"], whole["contact"]) == ("折建国", "T001")
    assert whole["id_number"] != an_id(7)
    assert [step["event"] for step in whole["steps"]] == ["announce", "receive", "arrive"]
    with psycopg.connect(house.owner) as connection:
        events = connection.execute("select type from registry.outbox where type like 'handover.%' order by id").fetchall()
        audit = connection.execute("select action from registry.audit where action like 'handover.%' order by id").fetchall()
    assert [kind for (kind,) in events] == ["handover.announced", "handover.received", "handover.acknowledged"]
    assert [action for (action,) in audit] == ["handover.announce", "handover.receive", "handover.arrive", "handover.read"]


async def test_the_same_notice_again_changes_nothing_and_another_content_is_refused(house: TestHouse) -> None:
    add_places(house)
    agency = institution(house)
    first = await announced(agency)
    again = await agency("POST", PATH, a_notice())
    assert (again.status, json.loads(again.body)) == (200, first)
    assert (await agency("POST", PATH, a_notice(released_on="2021-07-07"))).status == 409
    assert (await institution(house, "institution-2")("POST", PATH, a_notice())).status == 201  # numbers are each institution's own
    officers = [house.caller("registry", Role.COUNTY_OFFICER, subject=name) for name in ("officer-1", "officer-2")]
    assert [(await officer("POST", PATH, a_notice())).status for officer in officers] == [201, 200]  # one paper, two who type it


async def test_silence_is_no_arrival(house: TestHouse) -> None:
    add_places(house)
    officer, town = county_officer(house), town_officer(house)
    await registered(officer, 7)
    told = await announced(officer)
    received = await done(town, told, "receipt", contact="T001")
    house.clock.advance(timedelta(days=40))
    await house.step()
    items = json.loads((await town("GET", PATH + "?overdue=true")).body)["items"]
    assert [(item["id"], item["state"], item["overdue"]) for item in items] == [(told["id"], "received", True)]
    path = f"{PATH}/{told['id']}/acknowledgement"
    assert (await town("POST", path, {"outcome": "not_arrived"}, if_match='"v2"')).status == 422  # not without what was done
    missing = await done(town, received, "acknowledgement", outcome="not_arrived", reason="两次上门未见,已报派出所协助查找")
    late = await done(town, missing, "acknowledgement", outcome="arrived")
    assert (late["state"], late["acknowledged_on"], late["arrived_on"]) == ("arrived", "2021-08-10", "2021-08-10")


async def test_nobody_is_said_to_be_missing_before_their_days_are_over(house: TestHouse) -> None:
    add_places(house)
    officer = county_officer(house)
    await registered(officer, 7)
    received = await done(officer, await announced(officer), "receipt", contact="T001")
    house.clock.advance(timedelta(days=20))  # 21 July: their last day
    body = {"outcome": "not_arrived", "reason": "电话不通"}
    assert (await officer("POST", f"{PATH}/{received['id']}/acknowledgement", body, if_match='"v2"')).status == 422


async def test_an_unregistered_person_is_registered_before_the_town_receives(house: TestHouse) -> None:
    add_places(house)
    agency, town, officer = institution(house), town_officer(house), county_officer(house)
    told = await announced(agency)
    assert json.loads((await town("GET", f"{PATH}/{told['id']}")).body)["name"] == "折建国"
    assert (await town("POST", f"{PATH}/{told['id']}/receipt", {"contact": "T001"}, if_match='"v1"')).status == 409
    person = await registered(officer, 7)
    await done(town, told, "receipt", contact="T001")
    assert json.loads((await town("GET", f"{PATH}/{told['id']}")).body)["person_id"] == person["id"]
    with psycopg.connect(house.owner) as connection:
        kept = connection.execute("select name_sealed, id_number_sealed, id_number_index from registry.release_handover").fetchone()
    assert kept == (None, None, None)


async def test_each_sees_only_their_own(house: TestHouse) -> None:
    add_places(house)
    agency, other = institution(house), institution(house, "institution-2")
    told = await announced(agency)
    assert (await town_officer(house, OTHER_TOWN)("GET", f"{PATH}/{told['id']}")).status == 404
    assert json.loads((await other("GET", PATH)).body)["items"] == []
    assert len(json.loads((await agency("GET", PATH)).body)["items"]) == 1
    assert (await other("POST", f"{PATH}/{told['id']}/withdrawal", {"reason": "x"}, if_match='"v1"')).status == 404
    assert (await agency("GET", f"{PATH}/{told['id']}")).status == 403
    assert (await institution(house, grants=())("POST", PATH, a_notice())).status == 403
    assert (await house.caller("registry", Role.LEADER)("GET", PATH)).status == 403


async def test_a_system_names_nobody_by_the_registers_id_and_backdates_nothing(house: TestHouse) -> None:
    add_places(house)
    agency = institution(house)
    person = await registered(county_officer(house), 7)
    by_id = {key: value for key, value in a_notice(person_id=person["id"]).items() if key not in ("id_number", "name")}
    assert (await agency("POST", PATH, by_id)).status == 404
    assert (await agency("POST", PATH, a_notice(announced_on="2021-06-20"))).status == 422
    assert (await agency("POST", PATH, a_notice(name=None))).status == 422
    assert (await agency("POST", PATH, a_notice(id_number=an_id(7)[:-1] + "A"))).status == 422


async def test_a_withdrawn_handover_is_owed_by_nobody_and_names_nobody(house: TestHouse) -> None:
    add_places(house)
    agency, town = institution(house), town_officer(house)
    told = await announced(agency)
    assert (await town("POST", f"{PATH}/{told['id']}/withdrawal", {"reason": "x"}, if_match='"v1"')).status == 403
    withdrawn = await done(agency, told, "withdrawal", reason="延期出所")
    house.clock.advance(timedelta(days=60))
    assert (withdrawn["state"], json.loads((await town("GET", PATH + "?overdue=true")).body)["items"]) == ("withdrawn", [])
    assert json.loads((await town("GET", f"{PATH}/{told['id']}")).body)["name"] == ""


async def test_nobody_is_in_time_afterwards(house: TestHouse) -> None:
    add_places(house)
    officer, town = county_officer(house), town_officer(house)
    await registered(officer, 7)
    told = await announced(officer)
    path = f"{PATH}/{told['id']}"
    assert (await town("POST", path + "/receipt", {"contact": "T999"}, if_match='"v1"')).status == 422  # nobody has this number
    received = await done(town, told, "receipt", contact="T001")
    house.clock.advance(timedelta(days=30))
    early = {"outcome": "arrived", "arrived_on": "2021-07-10", "on": "2021-07-12"}
    assert (await town("POST", path + "/acknowledgement", early, if_match='"v2"')).status == 422
    assert (await done(officer, received, "acknowledgement", **early))["acknowledged_on"] == "2021-07-12"  # from the paper that it holds


async def test_two_answers_at_once_leave_one(house: TestHouse) -> None:
    add_places(house)
    officer = county_officer(house)
    await registered(officer, 7)
    told = await announced(officer)
    await done(officer, told, "receipt", contact="T001")
    assert (await officer("POST", f"{PATH}/{told['id']}/receipt", {"contact": "T002"}, if_match='"v1"')).status == 412
    assert (await officer("POST", f"{PATH}/{told['id']}/receipt", {"contact": "T002"})).status == 428


async def counted(house: TestHouse, first: str, last: str) -> list[int]:
    """What the bulletin is told of handovers of the town."""
    path = f"/internal/figures?as_of={last}&from={first}&to={last}"
    return json.loads((await house.neighbour("alerts", "registry")("GET", path)).body)["towns"][TOWN]["handover"]


async def test_the_bulletin_counts_answers_in_time_of_those_that_fell_due(house: TestHouse) -> None:
    add_places(house)
    officer, town = county_officer(house), town_officer(house)
    for number in (7, 8, 9):
        await registered(officer, number)
    in_time, late, silent = [await announced(officer, id_number=an_id(n), notice_no=f"notice {n}") for n in (7, 8, 9)]
    await announced(institution(house), id_number=an_id(9), notice_no="the system tells it too")
    await done(officer, await announced(officer, notice_no="put off"), "withdrawal", reason="延期出所")
    house.clock.advance(timedelta(days=8))
    for handover in (in_time, late):
        await done(town, handover, "receipt", contact="T001")
    await done(town, {**in_time, "version": 2}, "acknowledgement", outcome="arrived", arrived_on="2021-07-08")
    assert await counted(house, "2021-07-01", "2021-07-15") == [1, 1], "due on 13 July, answered on the 9th; the others have till the 26th"
    house.clock.advance(timedelta(days=30))
    await done(town, {**late, "version": 2}, "acknowledgement", outcome="not_arrived", reason="两次上门未见")
    assert await counted(house, "2021-07-16", "2021-07-31") == [0, 2], "late is late, and silence does not leave the denominator"
    assert silent["acknowledge_due"] == "2021-07-26"
