"""Draws through HTTP: what is promised cannot be changed, what was drawn cannot be drawn again, and nobody is warned."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest

from deploy.compose import app_dsn
from deploy.folder import DataFolder
from kit.roles import Role
from services.precursor.grants import READ
from tests.houses import Template, TestHouse
from tests.precursor import county
from tests.precursor.county import parsed
from tests.precursor.test_whole_path import published_draw, verify


async def prepared(house: TestHouse, officers: int = 6) -> dict[str, dict[str, Any]]:
    """Catalogue, couriers and officers."""
    await county.load_catalogue(house)
    await county.take_over(house, "courier")
    return await county.enter_officers(house, officers, "postal_administration")


COURIERS = {"object_kind": "courier", "authority": "postal_administration"}
GROUND = {"reason": "public_value_wrong", "note": "录入的期号有误"}
REVEAL = {"public_values": county.BALLS, "public_reference": "开奖公告"}


async def test_what_was_promised_cannot_be_changed(house: TestHouse, template: Template) -> None:
    await prepared(house)
    draw = await published_draw(house, **COURIERS)
    login = app_dsn(house.owner, DataFolder(template.data_dir), "precursor")
    with psycopg.connect(login, autocommit=True) as connection:
        for table in (
            "draw_directory",
            "draw_commitment",
            "draw_reveal",
            "draw_step",
            "inspection_officer",
            "inspection_outcome",
            "finding",
        ):
            for statement in (f"delete from precursor.{table}", f"truncate precursor.{table}"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("update precursor.draw_commitment set commitment = 'x'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("update precursor.draw_directory set objects = '{}'")
    assert draw["state"] == "published"


async def test_a_forged_proof_is_found_out(house: TestHouse, tmp_path: Path) -> None:
    await prepared(house)
    draw = await published_draw(house, **COURIERS)
    officer = county.county_officer(house)
    proof = parsed(await officer("GET", f"/precursor/v1/draws/{draw['id']}/proof"))
    assert verify(proof, tmp_path, "--announced", draw["directory_digest"], draw["commitment"]).returncode == 0
    forgeries: list[dict[str, Any]] = []
    for change in (
        lambda p: p.update(secret="00" * 32),
        lambda p: p["public_values"][0].__setitem__(0, 30),
        lambda p: p["objects"]["objects"].pop(),
        lambda p: p["inspectors"]["recusals"].append([p["result"][0]["object"], p["result"][0]["officers"][0]]),
        lambda p: p["result"].pop(),
        lambda p: p["result"][0]["officers"].reverse(),
        lambda p: p["parameters"]["ratios"].update(B=50),
        lambda p: p.update(committed_at="2021-07-06T00:00:00+00:00"),
    ):
        forged = json.loads(json.dumps(proof))
        change(forged)
        forgeries.append(forged)
    assert [verify(forged, tmp_path).returncode for forged in forgeries] == [1] * len(forgeries)
    assert verify(proof, tmp_path, "--announced", "00" * 32, draw["commitment"]).returncode == 1


async def test_the_secret_stays_secret_until_the_public_value_exists(house: TestHouse, tmp_path: Path) -> None:
    await prepared(house)
    officer = county.county_officer(house)
    draw = parsed(await officer("POST", "/precursor/v1/draws", county.a_draw(**COURIERS)), 201)
    path = f"/precursor/v1/draws/{draw['id']}"
    early = await officer("POST", f"{path}/reveal", REVEAL, if_match='"v1"')
    assert parsed(early, 409)["type"] == "/problems/draw-state"
    committed = parsed(await officer("POST", f"{path}/commit", {}, if_match='"v1"'))
    assert len(committed["commitment"]) == 64
    proof = parsed(await officer("GET", f"{path}/proof"))
    assert (proof["secret"], proof["seed"], proof["result"], proof["commitment"]) == (None, None, None, committed["commitment"])
    assert verify(proof, tmp_path).returncode == 2
    assert (await officer("POST", f"{path}/reveal", REVEAL, if_match='"v2"')).status == 409
    again = await officer("POST", f"{path}/commit", {}, if_match='"v2"')
    assert again.status == 409
    house.clock.advance(timedelta(days=5))
    for values, code in (([[1, 2, 3]], "public_count"), ([[1, 2, 3, 4, 5, 34]], "public_range"), ([*county.BALLS, [1]], "public_sources")):
        wrong = await officer("POST", f"{path}/reveal", {**REVEAL, "public_values": values}, if_match='"v2"')
        assert parsed(wrong, 422)["errors"][0]["code"] == code
    parsed(await officer("POST", f"{path}/reveal", REVEAL, if_match='"v2"'))
    assert (await officer("POST", f"{path}/reveal", REVEAL, if_match='"v3"')).status == 409
    late = parsed(await officer("POST", "/precursor/v1/draws", county.a_draw(**COURIERS)), 422)
    assert late["errors"][0]["pointer"] == "/public_values_known_at"


async def test_a_commitment_after_the_public_value_is_refused(house: TestHouse) -> None:
    await prepared(house)
    officer = county.county_officer(house)
    draw = parsed(await officer("POST", "/precursor/v1/draws", county.a_draw(**COURIERS)), 201)
    house.clock.advance(timedelta(days=5))
    late = await officer("POST", f"/precursor/v1/draws/{draw['id']}/commit", {}, if_match='"v1"')
    assert parsed(late, 409)["type"] == "/problems/draw-too-late"


async def test_a_draw_is_not_repeated_until_it_pleases(house: TestHouse, tmp_path: Path) -> None:
    await prepared(house)
    officer = county.county_officer(house)
    draw = await published_draw(house, **COURIERS)
    path = f"/precursor/v1/draws/{draw['id']}"
    later: dict[str, Any] = {**COURIERS, "inspect_from": "2021-07-15", "public_values_known_at": "2021-07-08T21:30:00+08:00"}
    again = await officer("POST", "/precursor/v1/draws", county.a_draw(**later))
    assert parsed(again, 409)["type"] == "/problems/draw-repeated"
    free_text = await officer("POST", f"{path}/set-aside", {"reason": "i_do_not_like_it", "note": "不满意"}, if_match='"v3"')
    assert free_text.status == 422
    given_up = parsed(await officer("POST", f"{path}/set-aside", GROUND, if_match='"v3"'))
    assert (given_up["state"], given_up["set_aside_reason"]) == ("set_aside", "public_value_wrong")
    cancelled = parsed(await officer("GET", f"/precursor/v1/inspections?draw_id={draw['id']}"))["items"]
    assert {item["state"] for item in cancelled} == {"cancelled"}
    unnamed = await officer(
        "POST", "/precursor/v1/draws", county.a_draw(**{**later, "inspect_from": "2021-10-08", "inspect_to": "2021-12-01"})
    )
    assert parsed(unnamed, 409)["type"] == "/problems/draw-repeated"
    second = parsed(await officer("POST", "/precursor/v1/draws", county.a_draw(**later, redraw_of=draw["id"])), 201)
    twice = await officer("POST", "/precursor/v1/draws", county.a_draw(**later, redraw_of=draw["id"]))
    assert twice.status == 409
    proof = parsed(await officer("GET", f"/precursor/v1/draws/{second['id']}/proof"))
    assert [(item["id"], item["state"]) for item in proof["attempts"]] == [(draw["id"], "set_aside"), (second["id"], "planned")]
    old = parsed(await officer("GET", f"{path}/proof"))
    assert verify(old, tmp_path).returncode == 0  # the abandoned result stays on record and verifiable
    actions = [step["action"] for step in parsed(await officer("GET", f"{path}/steps"))]
    assert actions == ["plan", "commit", "reveal", "set_aside"]


async def test_an_attempt_given_up_before_its_result_shows_its_secret(house: TestHouse) -> None:
    await prepared(house)
    officer = county.county_officer(house)
    draw = parsed(await officer("POST", "/precursor/v1/draws", county.a_draw(**COURIERS)), 201)
    path = f"/precursor/v1/draws/{draw['id']}"
    committed = parsed(await officer("POST", f"{path}/commit", {}, if_match='"v1"'))
    parsed(await officer("POST", f"{path}/set-aside", {**GROUND, "reason": "public_value_unavailable"}, if_match='"v2"'))
    proof = parsed(await officer("GET", f"{path}/proof"))
    assert sha256(bytes.fromhex(proof["secret"])).hexdigest() == committed["commitment"]
    assert proof["result"] is None


async def test_the_directories_are_frozen_with_reasons(house: TestHouse, tmp_path: Path) -> None:
    entries = await prepared(house)
    officer = county.county_officer(house)
    ids = list(entries)
    firms = parsed(await officer("GET", "/precursor/v1/firms?kind=courier&limit=200"))["items"]
    risky = await officer("PATCH", f"/precursor/v1/firms/{firms[0]['id']}", {"risk_class": "D", "reason": "失信"}, if_match='"v1"')
    assert parsed(risky)["risk_class"] == "D"
    recusal = {"firm_id": firms[0]["id"], "ground": "kinship", "decided_by": "邮政管理局局长", "since": "2021-06-01"}
    parsed(await officer("POST", f"/precursor/v1/inspectors/{ids[0]}/recusals", recusal), 201)
    parsed(await officer("POST", f"/precursor/v1/inspectors/{ids[1]}/leaves", {"away_from": "2021-07-01", "away_to": "2021-08-20"}), 201)
    parsed(await officer("POST", f"/precursor/v1/inspectors/{ids[2]}/leaves", {"away_from": "2021-07-06", "away_to": "2021-07-10"}), 201)
    expired = {"certificate_valid_to": "2021-07-31", "reason": "换证"}
    parsed(await officer("PATCH", f"/precursor/v1/inspectors/{ids[3]}", expired, if_match='"v1"'))
    draw = await published_draw(house, **COURIERS)
    parsed(await officer("POST", "/precursor/v1/inspectors", county.an_officer(99, "postal_administration")), 201)
    proof = parsed(await officer("GET", f"/precursor/v1/draws/{draw['id']}/proof"))
    assert {entry["id"] for entry in proof["inspectors"]["inspectors"]} == {ids[0], ids[2], ids[4], ids[5]}
    assert {entry["id"]: entry["reason"] for entry in proof["inspectors"]["excluded"]} == {ids[1]: "unavailable", ids[3]: "certificate"}
    assert proof["inspectors"]["recusals"] == [[firms[0]["id"], ids[0]]]
    drawn = {line["object"]: line for line in proof["result"]}
    assert drawn[firms[0]["id"]]["stratum"] == "D"  # the only one of its class is always drawn
    assert ids[0] not in drawn[firms[0]["id"]]["officers"]
    assert len(drawn) == 1 + 2  # 20 of class B at 10 %
    assert verify(proof, tmp_path).returncode == 0
    assert "kinship" not in json.dumps(proof)


async def test_too_few_inspectors_is_a_clear_refusal_and_nothing_stays(house: TestHouse) -> None:
    await prepared(house, officers=1)
    officer = county.county_officer(house)
    refused = parsed(await officer("POST", "/precursor/v1/draws", county.a_draw(**COURIERS), accept_language="en"), 409)
    assert refused["type"] == "/problems/too-few-inspectors"
    assert "21 objects have fewer than 2 eligible officers" in refused["detail"]
    wrong = parsed(await officer("POST", "/precursor/v1/draws", county.a_draw(**{**COURIERS, "authority": "drug_administration"})), 422)
    assert wrong["errors"][0]["code"] == "not_competent"
    nothing = parsed(await officer("POST", "/precursor/v1/draws", county.a_draw()), 409)
    assert nothing["type"] == "/problems/nothing-to-draw"
    assert parsed(await officer("GET", "/precursor/v1/draws"))["items"] == []
    narrow = house.caller("precursor", Role.COUNTY_OFFICER, scope=("610822100",))
    assert (await narrow("POST", "/precursor/v1/draws", county.a_draw(**COURIERS))).status == 403


async def test_nobody_is_warned_of_a_visit(house: TestHouse) -> None:
    await prepared(house)
    draw = await published_draw(house, **COURIERS)
    town = house.caller("precursor", Role.TOWN_OFFICER)
    agency, leader = house.caller("precursor", Role.AGENCY, grants=(READ,)), house.caller("precursor", Role.LEADER)
    officer = county.county_officer(house)
    planned = parsed(await officer("GET", "/precursor/v1/inspections"))["items"]
    assert planned
    for caller in (town, agency):
        assert parsed(await caller("GET", "/precursor/v1/inspections"))["items"] == []
        assert (await caller("GET", f"/precursor/v1/inspections/{planned[0]['id']}")).status == 404
    for caller in (town, agency, leader):
        proof = parsed(await caller("GET", f"/precursor/v1/draws/{draw['id']}/proof"))
        assert (proof["secret"], proof["seed"], proof["result"], proof["result_withheld"]) == (None, None, None, True)
        assert proof["commitment"] == draw["commitment"]
        steps = json.dumps(parsed(await caller("GET", f"/precursor/v1/draws/{draw['id']}/steps")))
        assert county.parsed(await officer("GET", f"/precursor/v1/draws/{draw['id']}/proof"))["seed"] not in steps
    house.clock.advance(timedelta(days=90))
    assert parsed(await agency("GET", f"/precursor/v1/draws/{draw['id']}/proof"))["result"]


async def test_class_1_holders_are_all_drawn_once_and_the_same_officers_do_not_return(house: TestHouse, tmp_path: Path) -> None:
    await county.load_catalogue(house)
    entries = await county.enter_officers(house, 5)
    officer = county.county_officer(house)
    for row in [row for row in county.rows_of("chemical") if row["uscc"]][:6]:
        new = {
            "kind": "chemical",
            "uscc": row["uscc"],
            "name": row["company_name"],
            "division_code": row["town_code"],
            "chemicals": ["胡椒醛"],
        }
        parsed(await officer("POST", "/precursor/v1/firms", new), 201)
    draw = await published_draw(house)
    first = parsed(await officer("GET", f"/precursor/v1/draws/{draw['id']}/proof"))["result"]
    assert [line["stratum"] for line in first] == ["key"] * 6
    early_close = await officer("POST", f"/precursor/v1/draws/{draw['id']}/close", {}, if_match='"v3"')
    assert early_close.status == 409
    for item in parsed(await officer("GET", f"/precursor/v1/inspections?draw_id={draw['id']}"))["items"]:
        mine = county.inspector(house, entries[item["officers"][0]]["staff_code"])
        shown = [{"inspector_id": one, "certificate_no": entries[one]["certificate_no"]} for one in item["officers"]]
        begin = {"inspected_on": "2021-07-06", "certificates": shown}
        parsed(await mine("POST", f"/precursor/v1/inspections/{item['id']}/start", begin, if_match='"v1"'))
        ending = {"result_category": "not_at_place", "ended_on": "2021-07-06", "reason": "登记住所无人"}
        ended = parsed(await mine("POST", f"/precursor/v1/inspections/{item['id']}/end", ending, if_match='"v2"'))
        assert (ended["state"], ended["result_category"]) == ("ended", "not_at_place")
    assert parsed(await officer("POST", f"/precursor/v1/draws/{draw['id']}/close", {}, if_match='"v3"'))["state"] == "closed"
    later = {"inspect_from": "2021-09-10", "inspect_to": "2021-10-31", "public_values_known_at": "2021-07-10T21:30:00+08:00"}
    second_draw = await published_draw(house, **later)
    second = parsed(await officer("GET", f"/precursor/v1/draws/{second_draw['id']}/proof"))
    assert verify(second, tmp_path).returncode == 0
    assert [line["stratum"] for line in second["result"]] == ["B"]  # key supervision was this year's already
    went = {line["object"]: set(line["officers"]) for line in first}
    assert all(not went[line["object"]] & set(line["officers"]) for line in second["result"])
    assert all(set(firm["last_officers"]) == went[firm["id"]] for firm in second["objects"]["objects"])
