"""Step 9: firms and pairs of inspectors are drawn in a way that an outsider can re-run; a finding is followed to its closing."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.journeys.county.office import Office, Official

SCRIPT = Path(__file__).parents[3] / "docs" / "draw" / "verify_draw.py"
DIGITS = [[3, 0, 7, 7, 1]]


async def the_firm_ledgers_are_there(office: Office) -> None:
    """84 chemical firms of the ledger, 81 with a credible number; 21 couriers."""
    officer, agency = await office.official("county_officer"), await office.official("inspector")
    firms = await officer.pages("/precursor/v1/firms")
    kinds = {kind: sum(firm["kind"] == kind for firm in firms) for kind in {firm["kind"] for firm in firms}}
    assert kinds == {"chemical": 81, "courier": 21}
    assert len(await agency.pages("/precursor/v1/firms")) == 102
    await (await office.official("leader")).refused("GET", "/precursor/v1/firms", status=403)


async def _inspectors(office: Office, officer: Official) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for number in range(1, 7):
        new = {
            "staff_code": f"E{number:03d}",
            "name": f"演示执法{number}",
            "authority": "emergency_management",
            "certificate_no": f"陕K{number:06d}",
            "certificate_valid_to": "2025-12-31",
        }
        made = await officer.post("/precursor/v1/inspectors", new, 201)
        found[made["id"]] = made
    return found


async def verified(proof: dict[str, Any], folder: Path, *more: str) -> tuple[int | None, str]:
    """What the outsider's script says."""
    path = folder / "proof.json"
    path.write_text(json.dumps(proof, ensure_ascii=False), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(SCRIPT), str(path), *more, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await process.communicate()
    return process.returncode, told.decode()


async def firms_are_drawn(office: Office, folder: Path) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Planned, committed, public numbers, revealed, published; the draw and its inspectors."""
    officer = await office.official("county_officer")
    inspectors = await _inspectors(office, officer)
    known_at = office.clock() + timedelta(days=2)
    new = {
        "title": "2021年第三季度易制毒化学品双随机检查",
        "object_kind": "chemical",
        "authority": "emergency_management",
        "inspect_from": (known_at + timedelta(days=1)).date().isoformat(),
        "inspect_to": (known_at + timedelta(days=60)).date().isoformat(),
        "public_sources": [{"source": "pl5", "day": (known_at + timedelta(hours=8)).date().isoformat()}],
    }
    planned = await officer("POST", "/precursor/v1/draws", new, status=201)
    path = f"/precursor/v1/draws/{planned.json()['id']}"
    committed = await officer("POST", f"{path}/commit", {}, if_match=planned.headers["etag"])
    announced = committed.json()
    reveal = {"public_values": DIGITS, "public_reference": "中国福利彩票网开奖公告"}
    await officer.refused("POST", f"{path}/reveal", reveal, status=409, if_match=committed.headers["etag"])
    office.clock.advance(timedelta(days=3))
    entered = await officer("POST", f"{path}/public-values", reveal, if_match=committed.headers["etag"])
    await officer.refused("POST", f"{path}/reveal", reveal, status=409, if_match=entered.headers["etag"])
    second = await office.newcomer("secondcountyofficer", "county_officer", "610822", staff_code="C002")
    draw = await second.post(f"{path}/reveal", reveal, if_match=entered.headers["etag"])
    assert (draw["state"], draw["objects"], draw["inspectors"], draw["drawn"]) == ("published", 81, 6, 9)
    proof = await officer.get(f"{path}/proof")
    code, told = await verified(proof, folder, "--announced", announced["directory_digest"], announced["commitment"])
    assert code == 0, told
    proof["result"][0]["officers"] = proof["result"][0]["officers"][::-1]
    assert (await verified(proof, folder))[0] == 1, "a changed result does not pass"
    return draw, inspectors


async def a_finding_is_followed_to_its_closing(office: Office, draw: dict[str, Any], inspectors: dict[str, dict[str, Any]]) -> None:
    """Certificates shown, a checklist of 42 items, one to correct, answered, checked again, closed, published."""
    officer = await office.official("county_officer")
    item = (await officer.pages(f"/precursor/v1/inspections?draw_id={draw['id']}"))[0]
    pair = [inspectors[inspector_id] for inspector_id in item["officers"]]
    mine = await office.newcomer("firstinspector", "inspector", "610822", staff_code=pair[0]["staff_code"])
    assert item["id"] in {own["id"] for own in await mine.pages("/precursor/v1/inspections?mine=true")}
    path, today = f"/precursor/v1/inspections/{item['id']}", office.today
    shown = [{"inspector_id": entry["id"], "certificate_no": entry["certificate_no"]} for entry in pair]
    started = await mine("POST", f"{path}/start", {"inspected_on": today, "certificates": shown}, if_match=f'"v{item["version"]}"')
    items = [entry["item_no"] for entry in (await mine.get(f"{path}/checklist"))["items"]]
    outcomes: list[dict[str, Any]] = [{"item_no": number, "outcome": "ok"} for number in items if number != "P12"]
    outcomes.append({"item_no": "P12", "outcome": "correct_by_date", "note": "销售台账缺购买方地址"})
    noted = await mine("POST", f"{path}/outcomes", {"outcomes": outcomes}, if_match=started.headers["etag"])
    days = (datetime.fromisoformat(today) + timedelta(days=more) for more in (20, 21, 22))
    deadline = next(day for day in days if day.weekday() < 5).date().isoformat()  # a term does not end on a rest day
    closing = {"party_statement": "无异议", "party_signature": "signed", "deadlines": {"P12": deadline}}
    done = await mine.post(f"{path}/complete", closing, if_match=noted.headers["etag"])
    assert (done["state"], done["result_category"]) == ("completed", "ordered_to_correct")
    order = (await mine.pages(f"/precursor/v1/rectifications?inspection_id={done['id']}"))[0]
    assert (order["item_no"], order["state"], order["deadline"]) == ("P12", "ordered", deadline)

    office.clock.advance(timedelta(days=6))
    steps, day = f"/precursor/v1/rectifications/{order['id']}", office.today
    answer = {"answered_on": day, "statement": "台账已补全", "evidence": ["照片1"]}
    answered = await officer("POST", f"{steps}/answer", answer, if_match=f'"v{order["version"]}"')
    recheck = {"checked_on": day, "officers": [entry["id"] for entry in pair], "outcome": "corrected", "note": "已改正"}
    closed = await mine.post(f"{steps}/recheck", recheck, if_match=answered.headers["etag"])
    assert (closed["state"], closed["in_time"], closed["overdue"]) == ("closed", True, False)
    assert [step["action"] for step in await mine.pages(f"{steps}/steps")] == ["ordered", "answer", "close"]
    firm = await officer.get(f"/precursor/v1/firms/{done['firm_id']}")
    assert firm["last_result"] == "rectify"
