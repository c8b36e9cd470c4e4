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
from kit.call import Reply
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


COURIERS: dict[str, Any] = {"object_kind": "courier", "authority": "postal_administration"}
GROUND = {"reason": "public_value_unavailable", "note": "当日停止开奖", "document_no": "府禁办〔2021〕7号"}
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
    for step in ("public-values", "reveal"):
        for values, code in (
            ([[1, 2, 3]], "public_count"),
            ([[1, 2, 3, 4, 5, 34]], "public_range"),
            ([[1, 2, 3, 4, 5, 5]], "public_repeated"),
            ([*county.BALLS, [1]], "public_sources"),
        ):
            wrong = await officer("POST", f"{path}/{step}", {**REVEAL, "public_values": values}, if_match='"v2"')
            assert parsed(wrong, 422)["errors"][0]["code"] == code
    second = county.second_officer(house)
    assert parsed(await second("POST", f"{path}/reveal", REVEAL, if_match='"v2"'), 409)["type"] == "/problems/draw-values-missing"
    slip = {**REVEAL, "public_values": [[31, 4, 17, 9, 22, 29]]}
    entered = parsed(await officer("POST", f"{path}/public-values", slip, if_match='"v2"'))
    assert (entered["state"], entered["values_entered"], entered["drawn"]) == ("committed", True, None)
    assert parsed(await officer("POST", f"{path}/reveal", slip, if_match='"v3"'), 409)["type"] == "/problems/second-person"
    assert parsed(await second("POST", f"{path}/reveal", REVEAL, if_match='"v3"'), 409)["type"] == "/problems/draw-values-differ"
    parsed(await officer("POST", f"{path}/public-values", REVEAL, if_match='"v3"'))
    twins = [house.caller("precursor", Role.COUNTY_OFFICER, subject=f"account-{number}", staff_id="P001") for number in (1, 2)]
    parsed(await twins[0]("POST", f"{path}/public-values", REVEAL, if_match='"v4"'))
    assert parsed(await twins[1]("POST", f"{path}/reveal", REVEAL, if_match='"v5"'), 409)["type"] == "/problems/second-person"
    parsed(await second("POST", f"{path}/reveal", REVEAL, if_match='"v5"'))
    assert (await second("POST", f"{path}/reveal", REVEAL, if_match='"v6"')).status == 409
    late = parsed(await officer("POST", "/precursor/v1/draws", county.a_draw(**COURIERS)), 422)
    assert late["errors"][0]["pointer"] == "/public_sources/0/day"


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
    draw = parsed(await officer("POST", "/precursor/v1/draws", county.a_draw(**COURIERS)), 201)
    path = f"/precursor/v1/draws/{draw['id']}"
    parsed(await officer("POST", f"{path}/commit", {}, if_match='"v1"'))
    later: dict[str, Any] = {**COURIERS, "inspect_from": "2021-07-15", "public_sources": [{"source": "ssq_red", "day": "2021-07-08"}]}
    again = await officer("POST", "/precursor/v1/draws", county.a_draw(**later))
    assert parsed(again, 409)["type"] == "/problems/draw-repeated"
    free_text = await officer("POST", f"{path}/set-aside", {**GROUND, "reason": "i_do_not_like_it"}, if_match='"v2"')
    assert free_text.status == 422
    for missing in ({"document_no": None}, {"document_no": " \u200b"}, {"note": "——"}):
        groundless = {name: value for name, value in {**GROUND, **missing}.items() if value is not None}
        assert (await officer("POST", f"{path}/set-aside", groundless, if_match='"v2"')).status == 422
    given_up = parsed(await officer("POST", f"{path}/set-aside", GROUND, if_match='"v2"'))
    assert (given_up["state"], given_up["set_aside_reason"], given_up["set_aside_document"]) == (
        "set_aside",
        "public_value_unavailable",
        "府禁办〔2021〕7号",
    )
    unnamed = await officer(
        "POST", "/precursor/v1/draws", county.a_draw(**{**later, "inspect_from": "2021-10-08", "inspect_to": "2021-12-01"})
    )
    assert parsed(unnamed, 409)["type"] == "/problems/draw-repeated"
    second = parsed(await officer("POST", "/precursor/v1/draws", county.a_draw(**later, redraw_of=draw["id"])), 201)
    twice = await officer("POST", "/precursor/v1/draws", county.a_draw(**later, redraw_of=draw["id"]))
    assert twice.status == 409
    proof = parsed(await officer("GET", f"/precursor/v1/draws/{second['id']}/proof"))
    assert [(item["id"], item["number"], item["state"]) for item in proof["attempts"]] == [
        (draw["id"], 1, "set_aside"),
        (second["id"], 2, "planned"),
    ]
    promised = parsed(await officer("POST", f"/precursor/v1/draws/{second['id']}/commit", {}, if_match='"v1"'))
    assert (promised["attempt"], promised["commitment_number"], promised["pool"]) == (2, 2, "courier/postal_administration/2021")
    for one in (draw, second):
        shown = parsed(await officer("GET", f"/precursor/v1/draws/{one['id']}/proof"))
        assert [(line["number"], line["draw_id"], line["state"]) for line in shown["commitments"]] == [
            (1, draw["id"], "set_aside"),
            (2, second["id"], "committed"),
        ]
        assert verify(shown, tmp_path).returncode == 2  # no result; what there is holds
        shown["commitments"].pop(0)
        assert verify(shown, tmp_path).returncode == 1  # an attempt that is hidden is missed
    steps = parsed(await officer("GET", f"{path}/steps"))["items"]
    assert [(step["action"], step["from_state"], step["state"]) for step in steps] == [
        ("plan", "none", "planned"),
        ("commit", "planned", "committed"),
        ("set_aside", "committed", "set_aside"),
    ]
    assert {step["source"]["en"] for step in steps} == {"General Office of the State Council (2015) no. 58"}


async def test_after_the_reveal_a_draw_stands(house: TestHouse) -> None:
    await prepared(house)
    draw = await published_draw(house, **COURIERS)
    officer, path = county.county_officer(house), f"/precursor/v1/draws/{draw['id']}"
    assert parsed(await officer("POST", f"{path}/set-aside", GROUND, if_match='"v4"'), 409)["type"] == "/problems/draw-state"
    assert "set_aside" not in [step["event"] for step in parsed(await officer("GET", path))["next_steps"]]
    again = county.a_draw(
        **COURIERS, public_sources=[{"source": "ssq_red", "day": "2021-07-08"}], inspect_from="2021-07-15", redraw_of=draw["id"]
    )
    assert parsed(await officer("POST", "/precursor/v1/draws", again), 409)["type"] == "/problems/draw-repeated"


@pytest.mark.parametrize(
    ("sources", "pointer", "code"),
    [
        ([{"source": "my_own", "day": "2021-07-04"}], "/public_sources/0/source", "source_unknown"),
        ([{"source": "ssq_red", "day": "2021-07-05"}], "/public_sources/0/day", "no_value_that_day"),  # a Monday
        ([{"source": "sse_close", "day": "2021-07-04"}], "/public_sources/0/day", "no_value_that_day"),  # a Sunday
        ([{"source": "pl5", "day": "2021-06-30"}], "/public_sources/0/day", "date_past"),
        ([{"source": "pl5", "day": "2021-07-09"}], "/public_sources", "after_inspections"),
        ([{"source": "fc3d", "day": "2021-07-04"}], "/public_sources", "too_few_values"),
        ([{"source": "pl5", "day": "2021-07-04"}] * 2, "/public_sources/1", "twice"),
        ([{"name": "骰子", "count": 6, "low": 1, "high": 33}], "/public_sources/0/source", "missing"),
    ],
)
async def test_a_source_is_named_in_advance_from_the_list(house: TestHouse, sources: list[dict[str, Any]], pointer: str, code: str) -> None:
    await prepared(house, officers=2)
    officer = county.county_officer(house)
    refused = parsed(await officer("POST", "/precursor/v1/draws", county.a_draw(**COURIERS, public_sources=sources)), 422)
    assert (refused["errors"][0]["pointer"], refused["errors"][0]["code"]) == (pointer, code)


async def test_indices_of_two_exchanges_make_a_seed(house: TestHouse, tmp_path: Path) -> None:
    await prepared(house)
    officer = county.county_officer(house)
    named = [{"source": "sse_close", "day": "2021-07-05"}, {"source": "szse_close", "day": "2021-07-05"}]
    draw = parsed(await officer("POST", "/precursor/v1/draws", county.a_draw(**COURIERS, public_sources=named)), 201)
    assert draw["public_values_known_at"].startswith("2021-07-05T08:00:00")
    assert [source["day"] for source in draw["public_sources"]] == ["2021-07-05", "2021-07-05"]
    path = f"/precursor/v1/draws/{draw['id']}"
    parsed(await officer("POST", f"{path}/commit", {}, if_match='"v1"'))
    house.clock.advance(timedelta(days=5))
    values = {"public_values": [[353430], [1471813]], "public_reference": "两所收盘公告"}
    parsed(await officer("POST", f"{path}/public-values", values, if_match='"v2"'))
    parsed(await county.second_officer(house)("POST", f"{path}/reveal", values, if_match='"v3"'))
    assert verify(parsed(await officer("GET", f"{path}/proof")), tmp_path).returncode == 0


async def test_everybody_reads_the_proof_without_an_account(house: TestHouse, tmp_path: Path) -> None:
    entries = await prepared(house)
    draw = await published_draw(house, **COURIERS)
    anybody = county.county_officer(house).neighbour

    async def asked(path: str) -> Reply:
        return await anybody.request("GET", f"/precursor/v1/public/draws{path}", headers={}, body=None, timeout=30)

    listed = parsed(await asked(""))["items"]
    assert [(one["id"], one["commitment"], one["next_steps"]) for one in listed] == [(draw["id"], draw["commitment"], [])]
    early = parsed(await asked(f"/{draw['id']}/proof"))
    assert (early["result"], early["secret"], early["result_withheld"]) == (None, None, True)
    house.clock.advance(timedelta(days=90))
    proof = parsed(await asked(f"/{draw['id']}/proof"))
    assert verify(proof, tmp_path, "--announced", draw["directory_digest"], draw["commitment"]).returncode == 0
    said = json.dumps([proof, listed], ensure_ascii=False)
    assert not [
        word for entry in entries.values() for word in (entry["name"], entry["certificate_no"], entry["staff_code"]) if word in said
    ]
    assert "test-county_officer" not in said
    assert (await asked(f"/{draw['id']}/steps")).status == 404
    with psycopg.connect(house.owner) as connection:  # a draw that an earlier version froze, with certificate numbers
        connection.execute(
            """update precursor.draw_directory set inspectors = replace(inspectors, '"certificate_valid_to":"2025-12-31"', '"certificate_no":"陕K1"')"""
        )
    old = parsed(await asked(f"/{draw['id']}/proof"))
    assert old["redacted"] is True
    assert "陕K1" not in json.dumps(old, ensure_ascii=False)
    assert verify(old, tmp_path).returncode == 0
    assert "陕K1" in json.dumps(
        parsed(await county.county_officer(house)("GET", f"/precursor/v1/draws/{draw['id']}/proof")), ensure_ascii=False
    )


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
    recusal = {"firm_id": firms[0]["id"], "ground": "kinship", "decided_by": entries[ids[4]]["staff_code"], "since": "2021-06-01"}
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
        steps = json.dumps(parsed(await caller("GET", f"/precursor/v1/draws/{draw['id']}/steps"))["items"])
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
    early_close = await officer("POST", f"/precursor/v1/draws/{draw['id']}/close", {}, if_match='"v4"')
    assert early_close.status == 409
    for item in parsed(await officer("GET", f"/precursor/v1/inspections?draw_id={draw['id']}"))["items"]:
        mine = county.inspector(house, entries[item["officers"][0]]["staff_code"])
        shown = [{"inspector_id": one, "certificate_no": entries[one]["certificate_no"]} for one in item["officers"]]
        begin = {"inspected_on": "2021-07-06", "certificates": shown}
        parsed(await mine("POST", f"/precursor/v1/inspections/{item['id']}/start", begin, if_match='"v1"'))
        ending = {"result_category": "not_at_place", "ended_on": "2021-07-06", "reason": "登记住所无人"}
        ended = parsed(await mine("POST", f"/precursor/v1/inspections/{item['id']}/end", ending, if_match='"v2"'))
        assert (ended["state"], ended["result_category"]) == ("ended", "not_at_place")
    assert parsed(await officer("POST", f"/precursor/v1/draws/{draw['id']}/close", {}, if_match='"v4"'))["state"] == "closed"
    later = {"inspect_from": "2021-09-10", "inspect_to": "2021-10-31", "public_sources": [{"source": "pl5", "day": "2021-07-10"}]}
    second_draw = await published_draw(house, [[1, 2, 3, 4, 5]], **later)
    second = parsed(await officer("GET", f"/precursor/v1/draws/{second_draw['id']}/proof"))
    assert verify(second, tmp_path).returncode == 0
    assert [line["stratum"] for line in second["result"]] == ["B"]  # key supervision was this year's already
    went = {line["object"]: set(line["officers"]) for line in first}
    assert all(not went[line["object"]] & set(line["officers"]) for line in second["result"])
    assert all(set(firm["last_officers"]) == went[firm["id"]] for firm in second["objects"]["objects"])
