"""What the law asks of draws, article by article, over the real app: whose firms are drawn, who comes in place of a firm that is gone, which values are a seed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from kit.roles import Role
from tests.houses import TestHouse
from tests.precursor import county
from tests.precursor.county import inspections_of, parsed, proof_of
from tests.precursor.test_draws import COURIERS, prepared
from tests.precursor.test_whole_path import published_draw, verify


async def test_precursor_regulation_32_each_authority_draws_only_the_firms_that_its_power_reaches(house: TestHouse, tmp_path: Path) -> None:
    await county.load_catalogue(house)
    officer = county.county_officer(house)
    rows = [row for row in county.rows_of("chemical") if row["uscc"]][:4]
    held: list[tuple[list[str], list[str]]] = [
        (["麻黄素类物质"], ["buy"]),
        (["硫酸"], ["use"]),
        (["麻黄素类物质", "硫酸"], ["buy"]),
        (["甲苯"], ["import_export"]),
    ]
    firms: list[str] = []
    for row, (chemicals, activities) in zip(rows, held, strict=True):
        new = {"kind": "chemical", "uscc": row["uscc"], "name": row["company_name"], "division_code": row["town_code"]}
        made = await officer("POST", "/precursor/v1/firms", {**new, "chemicals": chemicals, "activities": activities})
        firms.append(parsed(made, 201)["id"])
    reach = {"drug_administration": [0, 2], "emergency_management": [1, 2, 3], "customs": [3], "police": [0, 1, 2, 3]}
    for number, (authority, expected) in enumerate(reach.items()):
        for place in (1, 2):
            entry = {**county.an_officer(10 * number + place, authority)}
            parsed(await officer("POST", "/precursor/v1/inspectors", entry), 201)
        draw = parsed(await officer("POST", "/precursor/v1/draws", county.a_draw(authority=authority)), 201)
        proof = await proof_of(officer, draw)
        assert {entry["id"] for entry in proof["objects"]["objects"]} == {firms[place] for place in expected}
        assert {entry["id"]: entry["reason"] for entry in proof["objects"]["excluded"]} == {
            firm: "not_competent" for place, firm in enumerate(firms) if place not in expected
        }
        waiting = await officer("POST", "/precursor/v1/draws", county.a_draw(authority="market_regulation"))
        assert parsed(waiting, 409)["type"] == "/problems/draw-pending"  # the yearly cap counts the visits of all authorities
        ground = {"reason": "technical_failure", "note": "演练", "document_no": "文1"}
        parsed(await officer("POST", f"/precursor/v1/draws/{draw['id']}/set-aside", ground, if_match='"v1"'))
    medicine = {"source": "transfer", "ground": "移送〔2021〕3号", "window_from": "2021-07-02", "window_to": "2021-07-09"}
    entries = parsed(await officer("GET", "/precursor/v1/inspectors?authority=emergency_management"))["items"]
    mine = county.inspector(house, entries[0]["staff_code"])
    direct = {**medicine, "firm_id": firms[0], "officers": [entry["id"] for entry in entries]}
    assert parsed(await mine("POST", "/precursor/v1/inspections", direct), 422)["errors"][0]["code"] == "not_competent"
    parsed(await mine("POST", "/precursor/v1/inspections", {**direct, "firm_id": firms[1]}), 201)


async def test_state_council_58_of_2015_a_drawn_firm_that_is_gone_is_replaced_by_the_next_of_its_stratum(
    house: TestHouse, tmp_path: Path
) -> None:
    entries = await prepared(house)
    officer, second, draw = county.county_officer(house), county.second_officer(house), await published_draw(house, **COURIERS)
    first, other = (await inspections_of(house, draw))[:2]
    path, change = f"/precursor/v1/draws/{draw['id']}/replacements", {"firm_id": first["firm_id"], "note": "已注销"}
    assert parsed(await officer("POST", path, change, if_match='"v4"'), 422)["errors"][0]["code"] == "no_ground"
    proof = await proof_of(officer, draw)
    order = [one["id"] for one in proof["objects"]["objects"] if one["id"] not in {line["object"] for line in proof["result"]}]
    for gone in (first["firm_id"], order[0]):
        parsed(await officer("PATCH", f"/precursor/v1/firms/{gone}", {"state": "closed", "reason": "注销"}, if_match='"v1"'))
    proposed = parsed(await officer("POST", path, change, if_match='"v4"'), 201)
    assert (proposed["kind"], proposed["ground"], proposed["leaves"]) == ("object", "closed", first["firm_id"])
    refusal = parsed(await second("POST", f"{path}/{proposed['id']}/refuse", {"note": "先核实"}, if_match='"v5"'))
    assert (refusal["state"], refusal["next_steps"]) == ("refused", [])
    proposed = parsed(await officer("POST", path, change, if_match='"v5"'), 201)
    signed = parsed(await second("POST", f"{path}/{proposed['id']}/sign", {}, if_match='"v6"'))
    assert signed["enters"] not in {first["firm_id"], order[0], *(line["object"] for line in proof["result"])}
    assert signed["passed_over"] in ([], [{"inspector": None, "object": order[0], "ground": "closed"}])
    items = {item["firm_id"]: item for item in await inspections_of(house, draw)}
    assert (items[first["firm_id"]]["state"], items[first["firm_id"]]["end_reason"]) == ("cancelled", "object_replaced")
    comes = items[signed["enters"]]
    assert (comes["state"], comes["officers"]) == ("planned", signed["officers"])
    assert [one["name"] for one in comes["officers_named"]] == [entries[one]["name"] for one in comes["officers"]]
    steps = parsed(await officer("GET", f"/precursor/v1/inspections/{items[first['firm_id']]['id']}/steps"))["items"]
    assert [(step["event"], step["from_state"], step["to_state"]) for step in steps] == [
        ("plan", "none", "planned"),
        ("cancel", "planned", "cancelled"),
    ]
    leaver = comes["officers"][0]  # who was drawn for the firm that came may be replaced in turn
    parsed(await officer("PATCH", f"/precursor/v1/inspectors/{leaver}", {"state": "inactive", "reason": "调离"}, if_match='"v1"'))
    again = {"firm_id": signed["enters"], "leaves": leaver, "note": "调离"}
    proposed = parsed(await officer("POST", path, again, if_match='"v7"'), 201)
    parsed(await second("POST", f"{path}/{proposed['id']}/sign", {}, if_match='"v8"'))
    proof = await proof_of(officer, draw)
    assert (len(proof["object_replacements"]), len(proof["replacements"])) == (1, 1)
    assert verify(proof, tmp_path, "--announced", draw["directory_digest"], draw["commitment"]).returncode == 0
    for forge in (
        lambda p: p["object_replacements"][0].update(enters=other["firm_id"]),
        lambda p: p["object_replacements"][0].update(enters=None, officers=[]),
        lambda p: p["object_replacements"][0]["officers"].reverse(),
        lambda p: p["object_replacements"].clear(),
        lambda p: p["attempts"][0].update(number=2),
    ):
        forged = json.loads(json.dumps(proof))
        forge(forged)
        assert verify(forged, tmp_path).returncode == 1
    town = json.dumps(parsed(await house.caller("precursor", Role.TOWN_OFFICER)("GET", f"/precursor/v1/draws/{draw['id']}/steps")))
    assert signed["enters"] not in town  # nobody is warned


async def test_a_public_value_that_can_be_guessed_is_no_seed(house: TestHouse) -> None:
    await prepared(house)
    officer = county.county_officer(house)
    coin = {"source": "dlt_back", "day": "2021-07-03"}
    refused = parsed(await officer("POST", "/precursor/v1/draws", county.a_draw(**COURIERS, public_sources=[coin])), 422)
    assert (refused["errors"][0]["pointer"], refused["errors"][0]["code"]) == ("/public_sources", "too_few_values")


async def test_a_plan_that_is_sent_twice_is_one_draw(house: TestHouse) -> None:
    await prepared(house)
    officer = county.county_officer(house)
    replies = await asyncio.gather(
        *(officer("POST", "/precursor/v1/draws", county.a_draw(**COURIERS), idempotency_key="plan-2021-q3") for _ in range(3))
    )
    assert {parsed(reply, 201)["id"] for reply in replies} == {parsed(replies[0], 201)["id"]}
    racing = await asyncio.gather(
        *(officer("POST", f"/precursor/v1/draws/{parsed(replies[0], 201)['id']}/commit", {}, if_match='"v1"') for _ in range(3))
    )
    assert sorted(reply.status for reply in racing) == [200, 412, 412]
    unkeyed = await asyncio.gather(*(officer("POST", "/precursor/v1/draws", county.a_draw(**COURIERS)) for _ in range(2)))
    assert [reply.status for reply in unkeyed] == [409, 409]
    assert len(parsed(await officer("GET", "/precursor/v1/draws"))["items"]) == 1
