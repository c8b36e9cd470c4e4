"""The county's path: ledgers, catalogue, directories, a draw that outsiders recompute, an inspection, a finding, its rectification, its closing."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg

from services.precursor.jobs import rectifications_overdue
from tests.houses import TestHouse
from tests.precursor import county
from tests.precursor.county import parsed

VERIFIER = Path(__file__).parent.parent.parent / "docs" / "draw" / "verify_draw.py"


def verify(proof: dict[str, Any], folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the outsider's script on a proof."""
    path = folder / "proof.json"
    path.write_text(json.dumps(proof, ensure_ascii=False), encoding="utf-8")
    return subprocess.run([sys.executable, "-I", str(VERIFIER), str(path), *more], capture_output=True, text=True, check=False)


async def published_draw(house: TestHouse, values: list[list[int]] | None = None, **more: Any) -> dict[str, Any]:
    """A draw carried to its result."""
    officer = county.county_officer(house)
    planned = parsed(await officer("POST", "/precursor/v1/draws", county.a_draw(**more)), 201)
    path = f"/precursor/v1/draws/{planned['id']}"
    parsed(await officer("POST", f"{path}/commit", {}, if_match='"v1"'))
    house.clock.advance(timedelta(days=5))
    reveal = {"public_values": values or county.BALLS, "public_reference": "中国福利彩票网 2021-07-04 开奖公告"}
    parsed(await officer("POST", f"{path}/public-values", reveal, if_match='"v2"'))
    draw: dict[str, Any] = parsed(await county.second_officer(house)("POST", f"{path}/reveal", reveal, if_match='"v3"'))
    return draw


async def test_a_firm_is_drawn_inspected_ordered_to_correct_and_closed(house: TestHouse, tmp_path: Path) -> None:
    loaded = await county.load_catalogue(house)
    assert (loaded["rows"], loaded["added"], loaded["pending_verification"]) == (47, 47, 14)
    chemical, courier = await county.take_over(house, "chemical"), await county.take_over(house, "courier")
    assert (len(chemical.created), len(courier.created)) == (81, 21)
    assert [problem.code for problem in chemical.problems] == ["uscc_invalid"] * 3
    entries = await county.enter_officers(house, 8)
    officer = county.county_officer(house)

    draw = await published_draw(house)
    assert (draw["state"], draw["objects"], draw["inspectors"]) == ("published", 81, 8)
    proof = parsed(await officer("GET", f"/precursor/v1/draws/{draw['id']}/proof"))
    said = verify(proof, tmp_path, "--announced", draw["directory_digest"], draw["commitment"])
    assert said.returncode == 0, said.stdout + said.stderr
    assert draw["drawn"] == 9  # 81 firms of class B at 10 %, rounded up

    listed = parsed(await officer("GET", f"/precursor/v1/inspections?draw_id={draw['id']}"))["items"]
    assert [(item["firm_id"], item["officers"]) for item in listed] == [(line["object"], line["officers"]) for line in proof["result"]]
    path = f"/precursor/v1/inspections/{listed[0]['id']}"
    first, second = (entries[officer_id] for officer_id in listed[0]["officers"])
    mine, other = county.inspector(house, first["staff_code"]), county.inspector(house, second["staff_code"])
    own = parsed(await mine("GET", "/precursor/v1/inspections?mine=true"))["items"]
    assert listed[0]["id"] in [item["id"] for item in own]

    shown = [{"inspector_id": entry["id"], "certificate_no": entry["certificate_no"]} for entry in (first, second)]
    started = await mine("POST", f"{path}/start", {"inspected_on": "2021-07-06", "certificates": shown}, if_match='"v1"')
    assert parsed(started)["template"] == "chemical.2018-09-18"
    items = [item["item_no"] for item in parsed(await mine("GET", f"{path}/checklist"))["items"]]
    assert len(items) == 42
    outcomes: list[dict[str, Any]] = [{"item_no": item, "outcome": "ok"} for item in items if item != "P12"]
    parsed(await mine("POST", f"{path}/outcomes", {"outcomes": outcomes}, if_match='"v2"'))
    closing = {"party_statement": "无异议", "party_signature": "signed", "deadlines": {"P12": "2021-07-26"}}
    early = await other("POST", f"{path}/complete", closing, if_match='"v3"')
    assert parsed(early, 422)["errors"][0]["pointer"] == "/items/P12"
    finding = {"item_no": "P12", "outcome": "correct_by_date", "note": "销售台账缺购买方地址"}
    parsed(await other("POST", f"{path}/outcomes", {"outcomes": [finding]}, if_match='"v3"'))
    done = parsed(await mine("POST", f"{path}/complete", closing, if_match='"v4"'))
    assert (done["state"], done["result_category"], done["publish_by"]) == ("completed", "ordered_to_correct", "2021-08-03")

    order = parsed(await mine("GET", f"/precursor/v1/rectifications?inspection_id={done['id']}"))["items"][0]
    assert (order["item_no"], order["state"], order["deadline"], order["basis"]) == (
        "P12",
        "ordered",
        "2021-07-26",
        {"zh": "《易制毒化学品管理条例》第十九条", "en": "PCR art. 19"},
    )
    house.clock.advance(timedelta(days=6))
    answer = {"answered_on": "2021-07-12", "statement": "台账已补全", "evidence": ["照片1"]}
    answered = parsed(await officer("POST", f"/precursor/v1/rectifications/{order['id']}/answer", answer, if_match='"v1"'))
    assert answered["state"] == "answered"
    recheck = {"checked_on": "2021-07-12", "officers": [first["id"], second["id"]], "outcome": "corrected", "note": "已改正"}
    closed = parsed(await mine("POST", f"/precursor/v1/rectifications/{order['id']}/recheck", recheck, if_match='"v2"'))
    assert (closed["state"], closed["in_time"], closed["overdue"]) == ("closed", True, False)

    published = {"published_on": "2021-07-12", "channel": "府谷县人民政府网站"}
    notice = parsed(await officer("POST", f"{path}/publication", published), 201)
    assert (notice["in_time"], notice["payload"]["result_category"]) == (True, "ordered_to_correct")
    assert not {first["name"], second["name"]} & set(map(str, notice["payload"].values()))
    firm = parsed(await officer("GET", f"/precursor/v1/firms/{done['firm_id']}"))
    assert (firm["last_inspected_on"], firm["last_result"]) == ("2021-07-06", "rectify")

    town = done["division_code"]
    figures = parsed(await house.neighbour("alerts", "precursor")("GET", "/internal/figures?from=2021-07-01&to=2021-08-31"))
    assert figures["towns"][town]["rectification"] == [1, 1]
    assert figures["towns"][town]["inspection"][0] == 1
    feed = parsed(await house.neighbour("alerts", "precursor")("GET", "/internal/events"))["events"]
    assert [event["type"] for event in feed] == ["draw.published", "inspection.completed", "rectification.closed"]
    with psycopg.connect(house.owner) as connection:
        texts = connection.execute(
            "select string_agg(o::text, '') || string_agg(a::text, '') from precursor.outbox o, precursor.audit a"
        ).fetchone()
    assert texts is not None
    assert "演示" not in texts[0]


async def test_an_unanswered_order_is_told_once_and_a_second_order_is_not_timely(house: TestHouse) -> None:
    await county.load_catalogue(house)
    await county.take_over(house, "courier")
    entries = await county.enter_officers(house, 3, "postal_administration")
    officer = county.county_officer(house)
    draw = await published_draw(house, object_kind="courier", authority="postal_administration")
    item = parsed(await officer("GET", f"/precursor/v1/inspections?draw_id={draw['id']}"))["items"][0]
    present = [entries[officer_id] for officer_id in item["officers"]]
    mine = county.inspector(house, present[0]["staff_code"])
    path = f"/precursor/v1/inspections/{item['id']}"
    shown = [{"inspector_id": entry["id"], "certificate_no": entry["certificate_no"]} for entry in present]
    parsed(await mine("POST", f"{path}/start", {"inspected_on": "2021-07-06", "certificates": shown}, if_match='"v1"'))
    outcomes: list[dict[str, Any]] = [{"item_no": f"C{number:02d}", "outcome": "ok"} for number in range(1, 29)]
    outcomes[14] = {"item_no": "C15", "outcome": "correct_by_date", "note": "X光机故障"}
    outcomes[11] = {"item_no": "C12", "outcome": "correct_on_site", "note": "补盖验视章"}
    parsed(await mine("POST", f"{path}/outcomes", {"outcomes": outcomes}, if_match='"v2"'))
    closing = {
        "party_statement": "尽快维修",
        "party_signature": "refused",
        "refusal_note": "负责人不在",
        "deadlines": {"C15": "2021-07-09"},
    }
    parsed(await mine("POST", f"{path}/complete", closing, if_match='"v3"'))
    found = parsed(await mine("GET", f"{path}/findings"))["items"]
    assert [(entry["item_no"], entry["disposition"]) for entry in found] == [("C12", "corrected_on_site"), ("C15", "ordered")]

    async def told() -> list[str]:
        await rectifications_overdue(house.house.apps["precursor"].state.house)
        feed = parsed(await house.neighbour("alerts", "precursor")("GET", "/internal/events"))["events"]
        return [event["data"]["deadline"] for event in feed if event["type"] == "rectification.overdue"]

    house.clock.advance(timedelta(days=3))  # the deadline itself is still in time
    assert await told() == []
    house.clock.advance(timedelta(days=1))
    assert await told() == ["2021-07-09"]
    assert await told() == ["2021-07-09"]
    order = parsed(await mine("GET", "/precursor/v1/rectifications?overdue=true"))["items"][0]
    steps = f"/precursor/v1/rectifications/{order['id']}"
    recheck = {"checked_on": "2021-07-10", "officers": [entry["id"] for entry in present], "outcome": "not_corrected", "note": "未修好"}
    missing = await mine("POST", f"{steps}/recheck", recheck, if_match='"v1"')
    assert parsed(missing, 422)["errors"][0]["pointer"] == "/new_deadline"
    again = parsed(await mine("POST", f"{steps}/recheck", {**recheck, "new_deadline": "2021-07-20"}, if_match='"v1"'))
    assert (again["state"], again["orders"], again["overdue"]) == ("ordered", 2, False)
    done = {**recheck, "outcome": "corrected", "note": "已修好"}
    closed = parsed(await mine("POST", f"{steps}/recheck", done, if_match='"v2"'))
    assert (closed["state"], closed["in_time"]) == ("closed", False)
    actions = [step["action"] for step in parsed(await mine("GET", f"{steps}/steps"))["items"]]
    assert actions == ["ordered", "overdue", "order_again", "close"]
    county_office = await officer("POST", f"{steps}/recheck", recheck, if_match='"v3"')
    assert county_office.status == 403
