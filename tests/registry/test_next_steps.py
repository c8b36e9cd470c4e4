"""`next_steps` of the registry's objects keep their word: the walk takes each open step and tries each blocked one."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import count
from typing import Any

import psycopg
import pytest

from kit.call import Reply
from kit.roles import Role
from kit.steps.machine import Machine
from services.registry.assessments.rules import MACHINE as ASSESSMENT
from services.registry.comanagement.rules import AGREEMENT
from services.registry.handover.rules import MACHINE as HANDOVER
from services.registry.measures.rules.transitions import MACHINE as MEASURE
from services.registry.people.rules import RECORD
from tests.houses import Caller, TestHouse
from tests.registry.people_data import OTHER_TOWN, TOWN, add_staff, add_towns, an_id, county_officer, ordered, registered, running, step
from tests.registry.test_handover import PATH as HANDOVERS
from tests.registry.test_handover import add_places, announced
from tests.registry.test_partner_feed import BASE as AGREEMENTS
from tests.walks import Shown, Walk

Begin = Callable[[], Awaitable[Shown]]
Routes = Callable[[str], tuple[str, str, dict[str, Any]]]

NUMBERS = count(1)
GROUNDS = {
    ("community_treatment", "refused"): "refused_community_treatment",
    ("community_treatment", "reported_serious_breach"): "serious_breach",
    ("community_treatment", "reported_reuse"): "used_during_community_treatment",
    ("community_rehabilitation", "reported_reuse"): "used_again_afterwards",
}
ORDERS: dict[str, dict[str, Any]] = {
    "community_treatment": {},
    "community_rehabilitation": {"term_months": 36, "released_on": "2021-05-01"},
    "compulsory_isolation_treatment": {"ground": "seriously_addicted", "addiction": "seriously_addicted"},
    "voluntary_treatment": {},
}


async def sent_step(house: TestHouse, officer: Caller, shown: Shown, event: str, fields: list[str]) -> Reply:
    """The step of a measure, with values for the fields that it says it needs."""
    values: dict[str, Any] = {
        "on": house.clock().date().isoformat(),
        "document_no": "文〔2021〕8号",
        "reason": "演示理由",
        "good_reason": "住院",
        "contact_attempts": 2,
        "confirmed_by": "P-77",
        "evaded_tests": 3,
        "statement": "本人陈述",
        "finding_no": "认字〔2021〕3号",
        "ground": GROUNDS.get((shown["kind"], shown["state"])),
        "order_no": "决字〔2021〕4号",
        "order_organ": "府谷县公安局",
        "division_code": OTHER_TOWN if shown["division_code"] == TOWN else TOWN,
        "until": "2024-05-06",
    }
    body = {"event": event, **{name: values[name] for name in fields}}
    return await officer("POST", f"/registry/v1/measures/{shown['id']}/transitions", body, if_match=f'"v{shown["version"]}"')


def of_measures(house: TestHouse, officer: Caller, kind: str, *path: tuple[str, str], later: int = 0) -> Walk:
    """A walk from an order of this kind, some recorded steps and some days later."""

    async def begin() -> Shown:
        person = await registered(officer, next(NUMBERS), status="in_society")
        measure = await ordered(officer, person["id"], kind=kind, ordered_on="2021-05-06", **ORDERS[kind])
        for event, on in path:
            measure = await step(officer, measure, event, on)
        return await read(measure)

    async def read(shown: Shown) -> Shown:
        return json.loads((await officer("GET", f"/registry/v1/measures/{shown['id']}", purpose="audit")).body)

    async def send(shown: Shown, event: str, fields: list[str]) -> Reply:
        return await sent_step(house, officer, shown, event, fields)

    if later:
        house.clock.advance(timedelta(days=later))
    return Walk(MEASURE, begin, read, send, kind)


async def test_the_steps_of_a_community_treatment_keep_their_word(house: TestHouse) -> None:
    add_towns(house)
    add_staff(house, "P-77")
    officer = county_officer(house)
    soon = of_measures(house, officer, "community_treatment", ("serve", "2021-07-01"))
    soon.longest = 1
    await soon.run()
    assert ("awaiting_report_in", "confirm_refusal", "not_due_yet") in soon.refused
    late = await of_measures(house, officer, "community_treatment", ("serve", "2021-05-07")).run()
    assert ("active", "expire", "term_not_over") in late.refused
    assert ("active", "sign_agreement", "already_signed") in late.refused
    assert ("transfer_pending", "report_in_at_new_place") in late.taken
    assert {event for _, event in late.untaken()} <= {"expire"}, "expiry is the law's"
    over = of_measures(house, officer, "community_treatment", ("serve", "2021-05-07"), ("report_in", "2021-05-10"), later=3 * 366)
    assert ("discharged", "serve_discharge_notice") in (await over.run()).taken


@pytest.mark.parametrize("kind", ["community_rehabilitation", "voluntary_treatment"])
async def test_the_steps_of_other_measures_keep_their_word(house: TestHouse, kind: str) -> None:
    add_towns(house)
    add_staff(house, "P-77")
    walk = await of_measures(house, county_officer(house), kind).run()
    assert {event for _, event in walk.untaken()} <= {"expire", "confirm_refusal"}


async def test_the_steps_of_an_isolation_keep_their_word(house: TestHouse) -> None:
    add_towns(house)
    add_staff(house, "P-77")
    officer = county_officer(house)
    soon = await of_measures(house, officer, "compulsory_isolation_treatment").run()
    assert ("isolation_active", "propose_early_release", "one_year_first") in soon.refused
    assert ("isolation_active", "extend", "proposal_required") in soon.refused
    later = await of_measures(house, officer, "compulsory_isolation_treatment", later=400).run()
    assert ("isolation_active", "release_early") in later.taken
    extended = {event for _, event in soon.taken | later.taken}
    assert {"extend", "escape", "recapture", "change_to_community", "notify_family"} <= extended


async def test_who_may_not_take_a_step_is_told_so_before_and_after(house: TestHouse) -> None:
    """A town officer records no decision of the police, and nobody records what runs in another town."""
    add_towns(house)
    _, measure = await running(county_officer(house), next(NUMBERS))
    path = f"/registry/v1/measures/{measure['id']}"
    for caller, code in (
        (house.caller("registry", Role.TOWN_OFFICER, scope=("610822100",)), "role"),
        (house.caller("registry", Role.POLICE_OFFICER, scope=("610822100",)), "role"),
    ):
        shown = json.loads((await caller("GET", path)).body)
        blocked = {one["event"] for one in shown["next_steps"] if code in {reason["code"] for reason in one["blocked_by"]}}
        assert blocked
        for one in shown["next_steps"]:
            if one["event"] in blocked:
                reply = await sent_step(house, caller, shown, one["event"], one["fields"])
                assert (reply.status, json.loads(reply.body)["errors"][0]["code"]) == (403, code)


async def test_a_measure_of_another_town_is_recorded_there(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    person, measure = await running(officer, next(NUMBERS))
    where = f"/registry/v1/people/{person['id']}"
    version = json.loads((await officer("GET", where)).body)["version"]
    moved = await officer("POST", f"{where}/move", {"division_code": OTHER_TOWN, "reason": "搬家"}, if_match=f'"v{version}"')
    assert moved.status in (200, 201), moved.body
    there = house.caller("registry", Role.POLICE_OFFICER, scope=("610822105",))
    here = house.caller("registry", Role.POLICE_OFFICER, scope=("610822100",))
    path = f"/registry/v1/measures/{measure['id']}"
    shown = json.loads((await there("GET", path)).body)
    assert all("other_town" in {reason["code"] for reason in one["blocked_by"]} for one in shown["next_steps"])
    reply = await sent_step(house, there, shown, "suspend", ["on", "document_no"])
    assert (reply.status, json.loads(reply.body)["errors"][0]["code"]) == (403, "other_town")
    die = next(one for one in json.loads((await here("GET", path)).body)["next_steps"] if one["event"] == "die")
    assert [reason["code"] for reason in die["blocked_by"]] == ["other_persons_town"]
    refused = await sent_step(house, here, shown, "die", die["fields"])
    assert (refused.status, json.loads(refused.body)["errors"][0]["code"]) == (403, "other_persons_town")


def told(house: TestHouse, caller: Caller, machine: Machine[Any], path: str, begin: Begin, routes: Routes) -> Walk:
    """A walk of objects that are read at one path and whose steps have a route each: event → method, path behind the object's, body."""

    async def read(shown: Shown) -> Shown:
        return json.loads((await caller("GET", f"{path}/{shown['id']}", purpose="audit")).body)

    async def first() -> Shown:
        return await read(await begin())

    async def send(shown: Shown, event: str, fields: list[str]) -> Reply:
        method, behind, values = routes(event)
        body = {name: value for name, value in values.items() if name in fields or name == "event"}
        return await caller(method, f"{path}/{shown['id']}{behind}", body, if_match=f'"v{shown["version"]}"')

    return Walk(machine, first, read, send, longest=4)


async def test_the_steps_of_a_record_keep_their_word(house: TestHouse) -> None:
    add_towns(house)
    routes = {
        "amend": ("PATCH", "", {"name": "王演示", "reason": "姓名有误"}),
        "move": ("POST", "/move", {"division_code": OTHER_TOWN, "reason": "搬家"}),
        "standing": ("POST", "/standings", {"status": "detained", "since": "2021-06-30", "reason": "羁押"}),
    }

    async def begin() -> Shown:
        return await registered(county_officer(house), next(NUMBERS))

    path = "/registry/v1/people"
    walk = await told(house, county_officer(house), RECORD, path, begin, routes.__getitem__).run()
    assert walk.untaken() == set()
    reader = house.caller("registry", Role.POLICE_OFFICER, scope=("610822100",))
    reader.headers["purpose"] = "supervision"
    shown = json.loads((await reader("GET", f"{path}/{(await begin())['id']}")).body)
    assert {reason["code"] for one in shown["next_steps"] for reason in one["blocked_by"]} == {"role"}


async def test_a_standing_that_nothing_follows_is_only_corrected(house: TestHouse) -> None:
    add_towns(house)
    officer, town = county_officer(house), house.caller("registry", Role.TOWN_OFFICER, scope=("610822100",))
    person = await registered(officer, next(NUMBERS), status="erroneous", status_since="2021-06-01")
    path = f"/registry/v1/people/{person['id']}"
    (theirs,) = [one for one in json.loads((await officer("GET", path)).body)["next_steps"] if one["event"] == "standing"]
    assert (theirs["fields"][-1], theirs["blocked_by"]) == ("corrects_id", [])
    body = {"status": "in_society", "since": "2021-07-01", "reason": "登记正确"}
    refused = await town("POST", f"{path}/standings", body, if_match=f'"v{person["version"]}"')
    assert (refused.status, json.loads(refused.body)["errors"][0]["code"]) == (422, "dead_end")


async def test_the_steps_of_a_handover_keep_their_word(house: TestHouse) -> None:
    add_places(house)
    released = {"on": "2021-07-06"}
    routes = {
        "receive": ("POST", "/receipt", {"contact": "T001"}),
        "arrive": ("POST", "/acknowledgement", {"outcome": "arrived"}),
        "not_arrive": ("POST", "/acknowledgement", {"outcome": "not_arrived", "reason": "已电话、上门查找"}),
        "withdraw": ("POST", "/withdrawal", {"reason": "延期出所"}),
    }

    async def begin() -> Shown:
        number = next(NUMBERS)
        await registered(county_officer(house), number)
        notice = {"id_number": an_id(number), "notice_no": f"榆戒解〔2021〕{number}号", "released_on": released["on"]}
        return await announced(county_officer(house), **notice)

    early = await told(house, county_officer(house), HANDOVER, HANDOVERS, begin, routes.__getitem__).run()
    assert {("received", "arrive", "date_range"), ("received", "not_arrive", "too_early")} <= early.refused
    released["on"] = "2021-06-01"
    late = await told(house, county_officer(house), HANDOVER, HANDOVERS, begin, routes.__getitem__).run()
    assert late.untaken() == set()
    unknown = await announced(county_officer(house), id_number=an_id(next(NUMBERS)), notice_no="未登记者")
    shown = json.loads((await county_officer(house)("GET", f"{HANDOVERS}/{unknown['id']}")).body)
    (receive,) = [one for one in shown["next_steps"] if one["event"] == "receive"]
    assert [reason["code"] for reason in receive["blocked_by"]] == ["person-not-registered"]


async def test_the_steps_of_an_agreement_keep_their_word(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    person = await registered(officer, next(NUMBERS))
    term = {"valid_from": "2021-06-01", "valid_to": "2026-06-01"}

    def routes(event: str) -> tuple[str, str, dict[str, Any]]:
        if event == "name":
            return "POST", "/persons", {"person_ids": [person["id"]]}
        return "POST", "/transitions", {"event": event, "on": "2021-07-01", "document_no": "保禁函〔2021〕7号"}

    async def begin() -> Shown:
        new = {
            "name": "府谷—保德共管",
            "partner_area": "140931",
            "partner_client": "client-baode",
            "fields": ["name"],
            "document_no": "1号",
        }
        return json.loads((await officer("POST", AGREEMENTS, {**new, **term})).body)

    walk = await told(house, officer, AGREEMENT, AGREEMENTS, begin, routes).run()
    assert walk.untaken() == set()
    term["valid_to"] = "2021-06-30"
    over = await told(house, officer, AGREEMENT, AGREEMENTS, begin, routes).run()
    assert over.refused == {("proposed", "accept", "term_over")}
    with psycopg.connect(house.owner) as connection:
        histories = connection.execute("select distinct event, source from registry.agreement_change order by event").fetchall()
    assert [event for event, _ in histories] == ["accept", "end", "name", "propose"]


async def test_the_steps_of_an_assessment_keep_their_word(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    town = house.caller("registry", Role.TOWN_OFFICER, scope=("610822100",))
    inputs: dict[str, int] = {"no_stable_dwelling": 1}
    people: list[str] = []

    async def begin() -> Shown:
        people.append((await registered(officer, next(NUMBERS)))["id"])
        new = {"inputs": inputs, "assessed_on": "2021-07-01", "reason": "核实"}
        return json.loads((await town("POST", f"/registry/v1/people/{people[-1]}/assessments", new)).body)

    async def read(shown: Shown) -> Shown:
        found = json.loads((await town("GET", f"/registry/v1/people/{shown['person_id']}/assessments")).body)["items"]
        return next(one for one in found if one["id"] == shown["id"])

    async def send(shown: Shown, event: str, fields: list[str]) -> Reply:
        body = {"tier": shown["tier"], "reason": "核实属实"}
        path = f"/registry/v1/assessments/{shown['id']}/{'signature' if event == 'sign' else 'withdrawal'}"
        return await town("POST", path, {name: body[name] for name in fields}, if_match=f'"v{shown["version"]}"')

    walk = await Walk(ASSESSMENT, begin, read, send).run()
    assert walk.untaken() == set()
    inputs["reuse_finding_within_6_months"] = inputs["released_within_6_months"] = 1
    high = await Walk(ASSESSMENT, begin, read, send).run()
    assert ("proposed", "sign", "second-person-needed") in high.refused
