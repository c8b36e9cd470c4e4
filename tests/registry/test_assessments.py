"""Assessments through HTTP: a model proposes, a named person signs; after three clean years there is no tier."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from kit.roles import Role
from services.registry.assessments import rules
from tests.houses import TestHouse
from tests.registry.people_data import add_towns, county_officer, registered


def test_the_points_propose_and_never_count_beyond_the_models_limit() -> None:
    assert rules.proposed_tier(rules.score({"reuse_finding_within_6_months": 1, "released_within_12_months": 1})) == "high"
    assert rules.proposed_tier(rules.score({"reviewed_test_evasions": 9})) == "medium"  # three count: 24 points
    assert rules.proposed_tier(rules.score({"no_stable_dwelling": 1, "attends_nine_in_ten": 1})) == "low"
    with pytest.raises(KeyError):
        rules.score({"ethnicity": 1})


@pytest.mark.parametrize(
    ("tier", "day", "end"),
    [("high", "2021-11-30", "2022-02-28"), ("medium", "2021-08-31", "2022-02-28"), ("low", "2021-07-01", "2022-01-01")],
)
def test_an_assessment_expires(tier: str, day: str, end: str) -> None:
    assert rules.valid_to(date.fromisoformat(day), tier) == date.fromisoformat(end)


async def test_a_tier_is_proposed_signed_by_a_second_person_and_expires(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    person = await registered(officer)
    worker = house.caller("registry", Role.SOCIAL_WORKER)
    town = house.caller("registry", Role.TOWN_OFFICER, scope=("610822100",))
    path = f"/registry/v1/people/{person['id']}"
    new = {
        "inputs": {"reuse_finding_within_6_months": 1, "no_stable_dwelling": 1, "reviewed_test_evasions": 2},
        "assessed_on": "2021-07-01",
        "reason": "近期复吸",
    }
    proposed = json.loads((await town("POST", f"{path}/assessments", new)).body)
    assert (proposed["tier"], proposed["points"], proposed["state"]) == ("high", 61, "proposed")
    assert (await town("POST", f"{path}/assessments", {**new, "inputs": {"ethnicity": 1}})).status == 422
    assert json.loads((await officer("GET", f"{path}/tier")).body)["tier"] is None
    sign = f"/registry/v1/assessments/{proposed['id']}/signature"
    body = {"tier": "high", "reason": "核实属实"}
    assert (await worker("POST", sign, body, if_match='"v1"')).status == 403
    assert (await town("POST", sign, body, if_match='"v1"')).status == 403  # proposed it
    assert (await officer("POST", sign, body)).status == 428
    signed = json.loads((await officer("POST", sign, body, if_match='"v1"')).body)
    assert (signed["state"], signed["valid_to"], signed["model_version"]) == ("signed", "2021-10-01", rules.MODEL_VERSION)
    subject = house.caller("registry", Role.SUBJECT, person_id=person["id"])
    assert json.loads((await subject("GET", f"{path}/tier")).body)["tier"] == "high"
    house.clock.advance(timedelta(days=92))
    assert json.loads((await officer("GET", f"{path}/tier")).body)["tier"] is None
    assert json.loads((await officer("GET", f"{path}/tier?on=2021-09-30")).body)["tier"] == "high"


async def test_after_three_clean_years_there_is_no_tier(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    person = await registered(officer, status="three_years_clean")
    new = {"inputs": {}, "assessed_on": "2021-07-01", "reason": "走访"}
    answer = await officer("POST", f"/registry/v1/people/{person['id']}/assessments", new)
    assert (answer.status, json.loads(answer.body)["type"]) == (409, "/problems/no-tier")
