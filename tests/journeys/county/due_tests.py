"""Step 5: who must be tested when, what came out, and what became of a day that passed."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from kit.clock import SHANGHAI, local_day
from tests.journeys.county.office import Office, Official

PANEL = ("morphine", "methamphetamine", "ketamine")


async def the_feed_brings_due_tests_to_each_town(office: Office, measure: dict[str, Any]) -> dict[str, Any]:
    """The new measure and those of the ledgers are planned; every town sees its own. The first due test of the measure."""
    await office.step()
    officer, town = await office.official("county_officer"), await office.official("town_officer")
    days = f"/testing/v1/plans/due?from={office.today}&to={local_day(office.clock()) + timedelta(days=45)}"
    everybody, own = await officer.pages(days), await town.pages(days)
    assert {plan["division_code"] for plan in own} == {measure["division_code"]}
    assert len({plan["division_code"] for plan in everybody}) > 15
    assert {plan["id"] for plan in own} == {plan["id"] for plan in everybody if plan["division_code"] == measure["division_code"]}
    running = await officer.pages("/registry/v1/measures?state=active")
    assert {plan["measure_id"] for plan in everybody if plan["measure_id"]} <= {item["id"] for item in running}
    mine = sorted((plan for plan in own if plan["measure_id"] == measure["id"]), key=lambda plan: str(plan["due_on"]))
    first = mine[0]
    assert first["due_on"] == "2021-07-28"
    assert first["window_from"] < first["due_on"] < first["window_to"]
    assert "name" not in first
    opened: dict[str, Any] = first
    return opened


async def _equipment(police: Official) -> tuple[str, str]:
    lot = {
        "maker": "演示试剂厂",
        "name": "三联尿检板",
        "lot_no": "20210501",
        "approval_no": "演示械注准20200001",
        "specimen_type": "urine",
        "panel": [{"analyte": analyte, "cutoff_ng_ml": 300 if analyte == "morphine" else 1000} for analyte in PANEL],
        "expires_on": "2022-05-31",
    }
    lab = {
        "code": "L1",
        "name": "演示鉴定中心",
        "qualification": "forensic",
        "certificate_no": "演示-L1",
        "designated_by": "府谷县公安局",
        "valid_from": "2020-01-01",
    }
    made = await police.post("/testing/v1/kit-lots", lot, 201), await police.post("/testing/v1/labs", lab, 201)
    return made[0]["id"], made[1]["id"]


async def _moved(who: Official, taken: dict[str, Any], step: str, body: dict[str, Any]) -> dict[str, Any]:
    path = f"/testing/v1/collections/{taken['id']}/{step}"
    moved: dict[str, Any] = await who.post(path, body, if_match=f'"v{taken["version"]}"')
    return moved


async def a_positive_is_objected_to_and_goes_to_the_laboratory(office: Office, plan: dict[str, Any]) -> None:
    """Collected, positive on site, objected to, sent, reported, told, final: and no measure was touched by any of it."""
    police = await office.official("police_officer")
    office.clock.advance(max(until(office, plan["window_from"]), timedelta(0)))
    lot_id, lab_id = await _equipment(police)
    lab = await office.newcomer("labone", "lab_technician", "610822", organisation={"kind": "laboratory", "id": lab_id})
    other, same = ("P003 P004", "P001 P002") if plan["sex"] == "male" else ("P001 P002", "P003 P004")
    team = same.split()
    now, today = office.clock().isoformat(), office.today
    taking = {
        "plan_id": plan["id"],
        "mode": "onsite_test",
        "specimen_type": "urine",
        "collected_at": now,
        "identity_checked": True,
        "collectors": [{"staff_code": code} for code in other.split()],
        "kit_lot_id": lot_id,
    }
    wrong = await police.refused("POST", "/testing/v1/collections", taking, status=409)
    assert wrong["type"] == "/problems/same-sex-required"
    taking["collectors"] = [{"staff_code": code} for code in team]
    taken = await police.post("/testing/v1/collections", taking, 201)
    again = await police.refused("POST", "/testing/v1/collections", taking, status=409)
    assert again["status"] == 409
    shown = {
        "results": {**dict.fromkeys(PANEL, "negative"), "methamphetamine": "positive"},
        "tested_at": now,
        "testers": team,
        "told_at": now,
        "right_to_object_told": True,
        "signed_by_subject": True,
        "seals": {"a": "FG-A-0001", "b": "FG-B-0001"},
    }
    taken = await _moved(police, taken, "onsite-result", shown)
    assert (taken["state"], taken["deadline_kind"]) == ("presumptive_positive", "objection")
    taken = await _moved(police, taken, "objection", {"words": "我没有吸毒,要求复核", "objected_on": today})
    request = {
        "decision": "granted",
        "decided_on": today,
        "document_no": "演示检字1号",
        "lab_id": lab_id,
        "container": "A",
        "sent_on": today,
        "senders": team,
    }
    taken = await _moved(police, taken, "lab-request", request)
    report = {
        "lab_id": lab_id,
        "report_no": "演示鉴1",
        "reported_on": today,
        "signed_and_stamped": True,
        "results": [{"analyte": "methamphetamine", "code": "negative", "value": "120", "unit": "ng/mL"}],
    }
    taken = await _moved(lab, taken, "lab-result", report)
    assert taken["state"] in ("lab_reported", "final_negative")
    if taken["state"] == "lab_reported":
        taken = await _moved(police, taken, "telling", {"told_at": office.clock().isoformat(), "right_to_object_told": True})
    chain = await police.pages(f"/testing/v1/collections/{taken['id']}/chain")
    assert [step["to_state"] for step in chain][:4] == ["collected", "presumptive_positive", "lab_requested", "at_lab"]
    assert all(step["source"] for step in chain)
    await office.step()
    measure = await police.get(f"/registry/v1/measures/{plan['measure_id']}")
    assert measure["state"] == "active", "a result changes nobody's legal status"


def until(office: Office, day: str) -> timedelta:
    """From now until eight in the morning of a later day, in the county's zone."""
    return datetime.combine(date.fromisoformat(day), time(8), SHANGHAI) - office.clock()


async def a_missed_day_becomes_an_event_and_an_alert(office: Office) -> None:
    """The clock passes a window: the office is told, judges, and the alert follows the judgement."""
    town = await office.official("town_officer")
    days = f"/testing/v1/plans/due?from={office.today}&to={office.today}"
    lasting = {
        item["id"]
        for item in await town.pages("/registry/v1/measures?state=active")
        if item["term_end"] and item["term_end"] > "2022-01-01"
    }
    open_now = [plan for plan in await town.pages(days) if plan["measure_id"] in lasting]
    assert open_now
    plan = min(open_now, key=lambda item: str(item["window_to"]))
    office.clock.advance(until(office, plan["window_to"]) + timedelta(days=1))
    await office.run_job("testing", "mark_missed")
    await office.step()
    missed = await town.get(f"/testing/v1/plans/{plan['id']}")
    assert missed["state"] == "missed"
    told = office.query("select data ->> 'code' from testing.outbox where type = 'test.missed' and data ->> 'plan_id' = %s", plan["id"])
    assert told == [("missed",)]
    alerts = await town.pages("/alerts/v1/alerts?kind=test_missed")
    detail = [await town.get(f"/alerts/v1/alerts/{alert['id']}") for alert in alerts]
    assert any(plan["person_id"] in alert["person_ids"] for alert in detail)
    assert all(alert["due_at"] for alert in detail)
    verdict = {"decision": "excused", "reason": "住院", "words": "我那几天在县医院住院"}
    judged = await town("POST", f"/testing/v1/plans/{plan['id']}/decisions", verdict, if_match=f'"v{missed["version"]}"')
    assert judged.json()["state"] == "excused"
    await office.step()
    mine = next(alert for alert in detail if plan["person_id"] in alert["person_ids"])
    assert (await town.get(f"/alerts/v1/alerts/{mine['id']}"))["finding"] == "withdrawn"
