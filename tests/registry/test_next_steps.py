"""`next_steps` of the registry's objects keep their word: the walk takes each open step and tries each blocked one."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from kit.call import Reply
from kit.roles import Role
from services.registry.measures.rules.transitions import MACHINE as MEASURE
from tests.houses import Caller, TestHouse
from tests.registry.people_data import OTHER_TOWN, TOWN, add_towns, county_officer, ordered, registered, running, step
from tests.walks import Shown, Walk

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
    walk = await of_measures(house, county_officer(house), kind).run()
    assert {event for _, event in walk.untaken()} <= {"expire", "confirm_refusal"}


async def test_the_steps_of_an_isolation_keep_their_word(house: TestHouse) -> None:
    add_towns(house)
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
