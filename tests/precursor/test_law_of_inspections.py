"""What the law asks of inspections, article by article, over the real app: who may inspect what, who comes instead, what may be said of a firm, until when."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kit.auth import Organisation
from kit.roles import Role
from services.precursor.firms.rules import holding_of
from services.precursor.inspectors.rules import has_power, may_take_over
from services.precursor.jobs import rectifications_overdue
from tests.houses import Caller, TestHouse
from tests.precursor import county
from tests.precursor.county import inspections_of, parsed, proof_of
from tests.precursor.test_catalogue import shipped
from tests.precursor.test_draws import COURIERS, prepared
from tests.precursor.test_whole_path import published_draw, verify

LEAVE = {"away_from": "2021-07-06", "away_to": "2021-08-31"}


def shown(entries: dict[str, dict[str, Any]], officers: list[str]) -> dict[str, Any]:
    """An inspection begins: these officers show their certificates."""
    certificates = [{"inspector_id": officer, "certificate_no": entries[officer]["certificate_no"]} for officer in officers]
    return {"inspected_on": "2021-07-06", "certificates": certificates}


async def begun(house: TestHouse, **more: Any) -> tuple[dict[str, Any], Caller, dict[str, dict[str, Any]]]:
    """A courier's inspection that has begun, its first officer, the directory."""
    entries = await prepared(house)
    item = (await inspections_of(house, await published_draw(house, **COURIERS, **more)))[0]
    mine = county.inspector(house, entries[item["officers"][0]]["staff_code"])
    begin = shown(entries, item["officers"])
    return parsed(await mine("POST", f"/precursor/v1/inspections/{item['id']}/start", begin, if_match='"v1"')), mine, entries


async def completed(
    house: TestHouse, found: dict[str, dict[str, Any]], deadlines: dict[str, str]
) -> tuple[dict[str, Any], Caller, dict[str, dict[str, Any]]]:
    """The same, with these outcomes (the others are in order) and closed."""
    item, mine, entries = await begun(house)
    path = f"/precursor/v1/inspections/{item['id']}"
    numbers = [f"C{number:02d}" for number in range(1, 29)]
    outcomes = [{"item_no": number, "outcome": "ok", **found.get(number, {})} for number in numbers]
    parsed(await mine("POST", f"{path}/outcomes", {"outcomes": outcomes}, if_match='"v2"'))
    closing = {"party_statement": "无异议", "party_signature": "signed", "deadlines": deadlines}
    return parsed(await mine("POST", f"{path}/complete", closing, if_match='"v3"')), mine, entries


async def test_penalty_law_43_who_is_recused_after_the_draw_is_replaced_by_the_next_in_the_drawn_order(
    house: TestHouse, tmp_path: Path
) -> None:
    entries = await prepared(house)
    officer, draw = county.county_officer(house), await published_draw(house, **COURIERS)
    item = (await inspections_of(house, draw))[0]
    path, leaver = f"/precursor/v1/draws/{draw['id']}/replacements", item["officers"][0]
    change = {"firm_id": item["firm_id"], "leaves": leaver, "note": "当事人申请回避"}
    groundless = await officer("POST", path, change, if_match='"v4"')
    assert parsed(groundless, 422)["errors"][0]["code"] == "no_ground"
    head = next(entry["staff_code"] for one, entry in entries.items() if one not in item["officers"])
    recusal = {"firm_id": item["firm_id"], "ground": "party_request", "decided_by": head, "since": "2021-07-06"}
    parsed(await officer("POST", f"/precursor/v1/inspectors/{leaver}/recusals", recusal), 201)
    assert (await officer("POST", path, change)).status == 428
    assert (await county.inspector(house, entries[leaver]["staff_code"])("POST", path, change, if_match='"v4"')).status == 403
    answer = await officer("POST", path, change, if_match='"v4"')
    proposed = parsed(answer, 201)
    assert (proposed["state"], proposed["ground"], proposed["enters"], answer.headers["etag"]) == ("proposed", "recused", None, '"v5"')
    assert (await inspections_of(house, draw))[0]["officers"] == item["officers"]  # one person alone changes nothing
    assert parsed(await officer("POST", path, change, if_match='"v5"'), 409)["type"] == "/problems/replacement-open"
    sign = f"{path}/{proposed['id']}/sign"
    assert parsed(await officer("POST", sign, {}, if_match='"v5"'), 409)["type"] == "/problems/second-person"
    assert (await county.inspector(house, "E999")("POST", sign, {}, if_match='"v5"')).status == 403  # in no directory
    assert (await county.inspector(house, entries[leaver]["staff_code"])("POST", sign, {}, if_match='"v5"')).status == 403
    colleague = next(one for one in entries if one not in item["officers"])
    replaced = parsed(await county.inspector(house, entries[colleague]["staff_code"])("POST", sign, {}, if_match='"v5"'))
    assert (replaced["state"], replaced["passed_over"], replaced["signed_by"]) == ("signed", [], "test-inspector")
    assert (await county.second_officer(house)("POST", sign, {}, if_match='"v6"')).status == 409
    assert replaced["enters"] not in item["officers"]
    now = (await inspections_of(house, draw))[0]
    assert now["officers"] == [item["officers"][1], replaced["enters"]]
    begin = shown(entries, item["officers"])
    gone, comes = (county.inspector(house, entries[one]["staff_code"]) for one in (leaver, replaced["enters"]))
    start = f"/precursor/v1/inspections/{item['id']}/start"
    assert (await gone("POST", start, begin, if_match='"v2"')).status == 403
    assert parsed(await comes("POST", start, begin, if_match='"v2"'), 422)["errors"][0]["code"] == "not_drawn"
    assert item["id"] not in [one["id"] for one in parsed(await gone("GET", "/precursor/v1/inspections?mine=true"))["items"]]
    parsed(await comes("POST", start, shown(entries, now["officers"]), if_match='"v2"'))
    late = await officer("POST", path, {**change, "leaves": replaced["enters"]}, if_match='"v6"')
    assert parsed(late, 409)["type"] == "/problems/inspection-state"
    proof = await proof_of(officer, draw)
    assert verify(proof, tmp_path, "--announced", draw["directory_digest"], draw["commitment"]).returncode == 0
    third = next(one for one in entries if one not in (*item["officers"], replaced["enters"]))
    proof["replacements"][0]["enters"] = third
    assert verify(proof, tmp_path).returncode == 1
    town = house.caller("precursor", Role.TOWN_OFFICER)
    assert (await proof_of(town, draw))["replacements"] == []
    steps = json.dumps(parsed(await town("GET", f"/precursor/v1/draws/{draw['id']}/steps"))["items"])
    assert "replace_officer" in steps
    assert item["firm_id"] not in steps  # nobody is warned


async def test_penalty_law_43_who_cannot_come_either_is_passed_over_and_an_empty_order_is_refused(house: TestHouse, tmp_path: Path) -> None:
    entries = await prepared(house, officers=4)
    officer, draw = county.county_officer(house), await published_draw(house, **COURIERS)
    item = (await inspections_of(house, draw))[0]
    path = f"/precursor/v1/draws/{draw['id']}/replacements"
    waiting = [one for one in entries if one not in item["officers"]]
    gone = {"state": "inactive", "reason": "调离"}
    lapsed = {"certificate_valid_to": "2021-07-31", "reason": "换证"}
    parsed(await officer("PATCH", f"/precursor/v1/inspectors/{item['officers'][0]}", gone, if_match='"v1"'))
    change = {"firm_id": item["firm_id"], "leaves": item["officers"][0], "note": "已调离"}
    parsed(await officer("POST", f"/precursor/v1/inspectors/{waiting[0]}/leaves", LEAVE), 201)
    proposed = parsed(await officer("POST", path, change, if_match='"v4"'), 201)
    replaced = parsed(await county.second_officer(house)("POST", f"{path}/{proposed['id']}/sign", {}, if_match='"v5"'))
    assert (replaced["ground"], replaced["enters"]) == ("left", waiting[1])
    assert replaced["passed_over"] in ([], [{"inspector": waiting[0], "ground": "unavailable"}])
    parsed(await officer("PATCH", f"/precursor/v1/inspectors/{waiting[1]}", lapsed, if_match='"v1"'))
    again = await officer("POST", path, {**change, "leaves": waiting[1]}, if_match='"v6"')
    assert parsed(again, 409)["type"] == "/problems/too-few-inspectors"
    assert (await inspections_of(house, draw))[0]["officers"] == [item["officers"][1], waiting[1]]  # nothing half-done
    undrawn = await officer("POST", path, {**change, "firm_id": waiting[0]}, if_match='"v6"')
    assert parsed(undrawn, 422)["errors"][0]["code"] == "not_drawn"
    assert verify(await proof_of(officer, draw), tmp_path).returncode == 0


async def test_penalty_law_42_and_55_nothing_is_said_of_a_firm_before_two_officers_showed_their_certificates(house: TestHouse) -> None:
    entries = await prepared(house)
    first, second = (await inspections_of(house, await published_draw(house, **COURIERS)))[:2]
    mine = county.inspector(house, entries[first["officers"][0]]["staff_code"])
    path = f"/precursor/v1/inspections/{first['id']}"
    for said in ("refused", "not_at_place"):
        ending = {"result_category": said, "ended_on": "2021-07-06", "reason": "拒不开门"}
        assert parsed(await mine("POST", f"{path}/end", ending, if_match='"v1"'), 409)["type"] == "/problems/inspection-state"
    parsed(await mine("POST", f"{path}/start", shown(entries, first["officers"]), if_match='"v1"'))
    ending = {"result_category": "refused", "ended_on": "2021-07-06", "reason": "拒不开门"}
    ended = parsed(await mine("POST", f"{path}/end", ending, if_match='"v2"'))
    assert (ended["state"], ended["result_category"], ended["publish_by"]) == ("ended", "refused", "2021-08-03")
    other = county.inspector(house, entries[second["officers"][0]]["staff_code"])
    nobody = {"result_category": "ended_without_result", "ended_on": "2021-07-06", "reason": "汛期道路中断"}
    ended = parsed(await other("POST", f"/precursor/v1/inspections/{second['id']}/end", nobody, if_match='"v1"'))
    assert ended["state"] == "ended"


async def test_an_account_of_another_authority_does_not_inspect_with_a_borrowed_staff_number(house: TestHouse) -> None:
    entries = await prepared(house)
    item = (await inspections_of(house, await published_draw(house, **COURIERS)))[0]
    path, begin = f"/precursor/v1/inspections/{item['id']}/start", shown(entries, item["officers"])
    code = entries[item["officers"][0]]["staff_code"]
    for authority, status in (("police", 403), ("postal_administration", 200)):
        bound = house.caller("precursor", Role.INSPECTOR, staff_id=code, organisation=Organisation("authority", authority))
        assert (await bound("POST", path, begin, if_match='"v1"')).status == status


async def test_penalty_law_42_only_who_was_there_records_what_was_found(house: TestHouse) -> None:
    entries = await prepared(house)
    item = (await inspections_of(house, await published_draw(house, **COURIERS, officers_per_object=3)))[0]
    path, absent = f"/precursor/v1/inspections/{item['id']}", item["officers"][2]
    mine, away = (county.inspector(house, entries[one]["staff_code"]) for one in (item["officers"][0], absent))
    parsed(await mine("POST", f"{path}/start", shown(entries, item["officers"][:2]), if_match='"v1"'))
    one = {"outcomes": [{"item_no": "C01", "outcome": "ok"}]}
    assert (await away("POST", f"{path}/outcomes", one, if_match='"v2"')).status == 403
    parsed(await mine("POST", f"{path}/outcomes", one, if_match='"v2"'))


async def test_penalty_law_55_an_officer_who_left_the_authority_does_not_go_along(house: TestHouse) -> None:
    entries = await prepared(house)
    officer, draw = county.county_officer(house), await published_draw(house, **COURIERS)
    item = (await inspections_of(house, draw))[0]
    gone = {"state": "inactive", "reason": "调离"}
    parsed(await officer("PATCH", f"/precursor/v1/inspectors/{item['officers'][1]}", gone, if_match='"v1"'))
    mine = county.inspector(house, entries[item["officers"][0]]["staff_code"])
    begin = shown(entries, item["officers"])
    refused = await mine("POST", f"/precursor/v1/inspections/{item['id']}/start", begin, if_match='"v1"')
    assert parsed(refused, 422)["errors"][0]["code"] == "not_certificated"


@pytest.mark.parametrize("role", [Role.COUNTY_OFFICER, Role.TOWN_OFFICER, Role.SOCIAL_WORKER, Role.GRID_WORKER])
async def test_state_council_54_of_2024_who_coordinates_or_assists_never_inspects_even_with_a_second_role(
    house: TestHouse, role: Role
) -> None:
    entries = await prepared(house)
    item = (await inspections_of(house, await published_draw(house, **COURIERS)))[0]
    both = house.caller("precursor", role, Role.INSPECTOR, staff_id=entries[item["officers"][0]]["staff_code"])
    begin = shown(entries, item["officers"])
    assert (await both("POST", f"/precursor/v1/inspections/{item['id']}/start", begin, if_match='"v1"')).status == 403
    assert (await both("GET", "/precursor/v1/inspections?mine=true")).status == 403


def test_precursor_regulation_8_to_30_power_follows_class_and_activity() -> None:
    medicine = holding_of(["麻黄素类物质"], [1], ["buy"], shipped())
    acid = holding_of(["硫酸"], [3], ["use", "transport"], shipped())
    unknown = holding_of([], [], [], shipped())
    both = holding_of(["麻黄素类物质"], [1, 3], [], shipped())

    def reaches(authority: str) -> list[bool]:
        return [
            has_power(authority, "chemical", pharmaceutical=held.pharmaceutical, other=held.other, activities=held.activities)
            for held in (medicine, acid, unknown, both)
        ]

    assert reaches("drug_administration") == [True, False, False, True]
    assert reaches("emergency_management") == [False, True, True, True]
    assert reaches("police") == [True] * 4
    assert reaches("transport") == [False, True, False, False]
    assert reaches("customs") == [False] * 4
    assert reaches("postal_administration") == [False] * 4
    licence = ("drug_administration", "emergency_management")
    assert may_take_over(licence, "chemical", pharmaceutical=True, other=False) == ["drug_administration", "police"]
    assert may_take_over(licence, "chemical", pharmaceutical=False, other=True) == ["emergency_management", "police"]
    assert may_take_over(("emergency_management",), "chemical", pharmaceutical=True, other=False) == ["emergency_management", "police"]
    assert may_take_over(("postal_administration",), "courier", pharmaceutical=False, other=True) == ["police", "postal_administration"]


async def test_a_finding_is_passed_only_to_the_organ_that_its_article_names(house: TestHouse) -> None:
    item, mine, _ = await begun(house)
    path = f"/precursor/v1/inspections/{item['id']}"
    named = {entry["item_no"]: entry["competent"] for entry in parsed(await mine("GET", f"{path}/checklist"))["items"]}
    assert (named["C01"], named["C26"]) == (["police", "postal_administration"], ["police", "transport"])
    wrong = {"item_no": "C01", "outcome": "refer", "note": "无证经营", "passed_to": "customs"}
    problem = parsed(await mine("POST", f"{path}/outcomes", {"outcomes": [wrong]}, if_match='"v2"'), 422)
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [("/outcomes/0/passed_to", "not_competent")]
    assert not any(letter.isascii() and letter.isalpha() for letter in problem["errors"][0]["message_zh"]), "labels, not codes"
    office = {**wrong, "passed_to": "narcotics_office"}
    assert (await mine("POST", f"{path}/outcomes", {"outcomes": [office]}, if_match='"v2"')).status == 422
    stray = {"item_no": "C02", "outcome": "ok", "passed_to": "police"}
    assert (await mine("POST", f"{path}/outcomes", {"outcomes": [stray]}, if_match='"v2"')).status == 422
    parsed(await mine("POST", f"{path}/outcomes", {"outcomes": [{**wrong, "passed_to": "postal_administration"}]}, if_match='"v2"'))


async def test_an_order_that_is_not_obeyed_is_passed_to_the_competent_authority_and_ends_here(house: TestHouse) -> None:
    due = {"C15": {"outcome": "correct_by_date", "note": "X光机故障"}}
    done, mine, _ = await completed(house, due, {"C15": "2021-07-09"})
    order = parsed(await mine("GET", f"/precursor/v1/rectifications?inspection_id={done['id']}"))["items"][0]
    assert order["competent"] == ["police", "postal_administration"]
    path = f"/precursor/v1/rectifications/{order['id']}"
    house.clock.advance(timedelta(days=6))
    recheck = {"checked_on": "2021-07-12", "officers": done["officers"], "outcome": "passed_on", "note": "拒不改正"}
    wrong = await mine("POST", f"{path}/recheck", {**recheck, "passed_to": "health"}, if_match='"v1"')
    assert parsed(wrong, 422)["errors"][0]["code"] == "not_competent"
    passed = parsed(await mine("POST", f"{path}/recheck", {**recheck, "passed_to": "postal_administration"}, if_match='"v1"'))
    assert (passed["state"], passed["passed_to"], passed["in_time"]) == ("passed_on", "postal_administration", False)
    again = {**recheck, "outcome": "corrected"}
    assert parsed(await mine("POST", f"{path}/recheck", again, if_match='"v2"'), 409)["type"] == "/problems/rectification-state"
    feed = parsed(await house.neighbour("alerts", "precursor")("GET", "/internal/events"))["events"]
    assert [event["data"]["outcome"] for event in feed if event["type"] == "rectification.closed"] == ["passed_on"]


async def test_civil_code_203_a_term_that_ends_on_a_holiday_ends_on_the_next_working_day(house: TestHouse) -> None:
    """The order says 1 October 2021; the National Day holiday lasts to the 7th, so the 8th is in time and the 9th is overdue."""
    due = {"C15": {"outcome": "correct_by_date", "note": "X光机故障"}, "C05": {"outcome": "correct_by_date", "note": "缺证件"}}
    done, mine, _ = await completed(house, due, {"C15": "2021-10-01", "C05": "2021-09-30"})
    orders = {
        entry["item_no"]: entry for entry in parsed(await mine("GET", f"/precursor/v1/rectifications?inspection_id={done['id']}"))["items"]
    }
    assert (orders["C15"]["deadline"], orders["C05"]["deadline"]) == ("2021-10-08", "2021-09-30")
    step = parsed(await mine("GET", f"/precursor/v1/rectifications/{orders['C15']['id']}/steps"))["items"][0]
    assert step["details"] == {"deadline": "2021-10-08", "stated": "2021-10-01"}

    async def overdue() -> list[str]:
        await rectifications_overdue(house.house.apps["precursor"].state.house)
        return sorted(entry["item_no"] for entry in parsed(await mine("GET", "/precursor/v1/rectifications?overdue=true"))["items"])

    house.clock.advance(timedelta(days=94))  # 2021-10-08
    assert await overdue() == ["C05"]
    house.clock.advance(timedelta(days=1))
    assert await overdue() == ["C05", "C15"]
    answer = {"answered_on": "2021-10-08", "statement": "已修好"}
    path = f"/precursor/v1/rectifications/{orders['C15']['id']}"
    parsed(await mine("POST", f"{path}/answer", answer, if_match='"v1"'))
    recheck = {"checked_on": "2021-10-09", "officers": done["officers"], "outcome": "corrected", "note": "已修好"}
    assert parsed(await mine("POST", f"{path}/recheck", recheck, if_match='"v2"'))["in_time"] is True


async def test_disclosure_regulation_26_results_are_published_within_20_working_days_by_who_inspected(house: TestHouse) -> None:
    done, mine, _ = await completed(house, {}, {})
    path = f"/precursor/v1/inspections/{done['id']}/publication"
    assert (done["result_category"], done["publish_by"]) == ("no_problem", "2021-08-03")
    officer = county.county_officer(house)
    foreign = parsed(await officer("POST", "/precursor/v1/inspectors", county.an_officer(77, "police")), 201)
    published = {"published_on": "2021-07-06", "channel": "榆林市邮政管理局网站"}
    assert (await county.inspector(house, foreign["staff_code"])("POST", path, published)).status == 403
    house.clock.advance(timedelta(days=29))  # 4 August: the twentieth working day has passed
    assert [one["id"] for one in parsed(await mine("GET", "/precursor/v1/inspections?unpublished=true"))["items"]] == [done["id"]]
    day = {**published, "published_on": "2021-08-04"}
    twice = await asyncio.gather(*(mine("POST", path, day) for _ in range(4)))
    assert sorted(reply.status for reply in twice) == [201, 409, 409, 409]
    notice = parsed(await mine("GET", path))
    assert notice["in_time"] is False
    assert set(notice["payload"]) == {"plan", "item", "object_name", "uscc", "inspected_on", "authority", "result_category"}
    assert parsed(await mine("GET", "/precursor/v1/inspections?unpublished=true"))["items"] == []


async def test_penalty_law_56_and_85_held_evidence_is_decided_upon_within_seven_working_days(house: TestHouse) -> None:
    held = {"C19": {"outcome": "seal_evidence", "note": "先行登记保存可疑包裹2件"}, "C12": {"outcome": "correct_on_site", "note": "补盖"}}
    done, mine, _ = await completed(house, held, {})
    found = parsed(await mine("GET", f"/precursor/v1/inspections/{done['id']}/findings"))["items"]
    assert {entry["item_no"]: (entry["disposition"], entry["decide_by"]) for entry in found} == {
        "C12": ("corrected_on_site", None),
        "C19": ("evidence_held", "2021-07-15"),
    }
