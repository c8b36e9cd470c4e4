"""What follows a positive: objection, laboratory, medical review, and who sees how much of it."""

from __future__ import annotations

from typing import Any

from kit.db import new_id
from kit.roles import Role
from services.testing import jobs
from tests.testing.street import (
    PANEL,
    SEALS,
    Street,
    a_day_later,
    a_lab,
    a_lot,
    body,
    collected,
    due_of,
    moved_on,
    showing,
    someone_under_treatment,
    taking,
)


async def _positive(street: Street) -> tuple[Any, dict[str, Any], Any]:
    person, _ = await someone_under_treatment(street)
    police, lot = street.person(Role.POLICE_OFFICER), await a_lot(street)
    taken = await collected(street, police, (await due_of(street, police))[0]["id"], lot)
    return person, await moved_on(police, taken, "onsite-result", showing(street, "positive", seals=SEALS)), police


async def test_nobody_closes_while_the_person_may_still_object(street: Street) -> None:
    person, taken, police = await _positive(street)
    silent = {"ground": "no_objection", "document_no": "演示2"}
    problem = await moved_on(police, taken, "closing", silent, status=422)
    assert problem["errors"][0]["code"] == "objection_running"
    a_day_later(street, 5)
    taken = await moved_on(police, taken, "closing", silent)
    assert taken["state"] == "onsite_final"
    assert street.events("result.confirmed") == [], "an on-site result alone is no finding"
    subject = street.person(Role.SUBJECT, person_id=str(person), scope=())
    late = await moved_on(subject, taken, "objection", {"words": "我当时不知道可以提异议", "objected_on": "2021-07-06"})
    assert late["state"] == "lab_requested", "late, but the specimen exists"
    chain = body(await subject("GET", f"/testing/v1/collections/{taken['id']}/chain"))["items"]
    assert [step["late"] for step in chain] == [False, False, False, True]


async def test_a_negative_of_the_laboratory_takes_back_the_on_site_result(street: Street) -> None:
    _, taken, police = await _positive(street)
    lab_id, medical = await a_lab(street, "L1"), await a_lab(street, "M1", "medical")
    taken = await moved_on(police, taken, "objection", {"words": "没有吸毒", "objected_on": "2021-07-01"})
    sent = {
        "decision": "granted",
        "decided_on": "2021-07-01",
        "document_no": "演示3",
        "lab_id": lab_id,
        "container": "B",
        "sent_on": "2021-07-01",
        "senders": ["P001", "P002"],
    }
    assert (await moved_on(police, taken, "lab-request", sent, status=422))["errors"][0]["code"] == "wrong_container"
    taken = await moved_on(police, taken, "lab-request", {**sent, "container": "A"})
    report = {
        "lab_id": medical,
        "report_no": "演示鉴3",
        "reported_on": "2021-07-01",
        "signed_and_stamped": True,
        "results": [{"analyte": "methamphetamine", "code": "negative"}],
    }
    lab = street.laboratory(lab_id)
    assert (await moved_on(lab, taken, "lab-result", report, status=409))["type"] == "/problems/other-lab-required"
    taken = await moved_on(lab, taken, "lab-result", {**report, "lab_id": lab_id})
    assert taken["state"] == "final_negative"
    assert [event["code"] for event in street.events("result.withdrawn")] == ["lab_negative"]
    assert (await lab("GET", f"/testing/v1/collections/{taken['id']}")).status == 404, "the laboratory sees what lies with it"


async def test_an_unfit_specimen_is_collected_anew_and_counts_for_nothing(street: Street) -> None:
    _, taken, police = await _positive(street)
    lab_id = await a_lab(street, "L1")
    taken = await moved_on(police, taken, "objection", {"words": "没有吸毒", "objected_on": "2021-07-01"})
    sent = {
        "decision": "granted",
        "decided_on": "2021-07-01",
        "document_no": "演示4",
        "lab_id": lab_id,
        "container": "A",
        "sent_on": "2021-07-01",
    }
    taken = await moved_on(police, taken, "lab-request", {**sent, "senders": ["P001", "P002"]})
    unfit = {"lab_id": lab_id, "report_no": "演示鉴4", "reported_on": "2021-07-01", "signed_and_stamped": True, "specimen_fit": False}
    assert (await moved_on(police, taken, "lab-result", unfit, status=422))["errors"][0]["pointer"] == "/approved_by"
    unfit["unfit_reason"] = "容器渗漏"
    for code, why in (
        ("大队长", "staff_unknown"),
        ("P009", "not_in_service"),
        ("T001", "not_police"),
        ("P001", "another_person"),
        ("P002", "another_person"),
    ):
        refused = await moved_on(police, taken, "lab-result", {**unfit, "approved_by": code}, status=422)
        assert [(error["pointer"], error["code"]) for error in refused["errors"]] == [("/approved_by", why)], code
    taken = await moved_on(police, taken, "lab-result", {**unfit, "approved_by": "P003"})
    assert taken["state"] == "new_collection"
    assert street.count("select state from testing.due_test where number = 1") == "unable"
    assert [event["code"] for event in street.events("result.withdrawn")] == ["specimen_unfit"]


async def test_a_doctor_explains_a_positive(street: Street) -> None:
    _, taken, police = await _positive(street)
    note = {
        "doctor": "演示医师",
        "institution": "县医院",
        "document_no": "演示医1",
        "reviewed_on": "2021-07-01",
        "note": "遵医嘱服用含可待因镇咳药",
    }
    taken = await moved_on(police, taken, "medical-review", note)
    assert taken["state"] == "explained_medical"
    assert [event["code"] for event in street.events("result.withdrawn")] == ["explained_medical"]
    assert "可待因" not in str(street.events("result.withdrawn"))


async def test_how_much_of_a_result_each_role_sees(street: Street) -> None:
    person, taken, police = await _positive(street)
    path = f"/testing/v1/collections/{taken['id']}/result"
    subject = street.person(Role.SUBJECT, person_id=str(person), scope=())
    stranger = street.person(Role.SUBJECT, person_id=str(new_id()), scope=())
    own = body(await subject("GET", path))
    assert {row["analyte"]: row["code"] for row in own["analytes"]} == {**dict.fromkeys(PANEL, "negative"), "methamphetamine": "positive"}
    assert len(body(await police("GET", path))["analytes"]) == 3
    town = body(await street.person(Role.TOWN_OFFICER)("GET", path))
    assert (town["analytes"], town["collection"]["state"]) == (None, "presumptive_positive")
    county = body(await street.person(Role.COUNTY_OFFICER)("GET", path))
    assert (county["analytes"], county["collection"]["state"], county["collection"]["seal_a"]) == (None, "running", None)
    asked = body(await street.person(Role.COUNTY_OFFICER)("GET", path, purpose="testing"))
    assert asked["collection"]["state"] == "presumptive_positive"
    assert (await stranger("GET", path)).status == 404
    assert (await stranger("GET", f"/testing/v1/subjects/{person}/results")).status == 404
    assert [row["collection"]["id"] for row in body(await subject("GET", f"/testing/v1/subjects/{person}/results"))["items"]] == [
        taken["id"]
    ]
    assert (await subject("GET", f"/testing/v1/subjects/{person}/plans")).status == 200
    assert (await street.person(Role.TOWN_OFFICER)("GET", f"/testing/v1/collections/{taken['id']}/chain")).status == 403


async def test_what_is_overdue_and_who_owes_it(street: Street) -> None:
    _, taken, police = await _positive(street)
    await moved_on(police, taken, "objection", {"words": "没有吸毒", "objected_on": "2021-07-01"})
    assert body(await police("GET", "/testing/v1/collections?overdue=true"))["items"] == []
    a_day_later(street, 6)
    late = body(await police("GET", "/testing/v1/collections?overdue=true"))["items"]
    assert [(row["deadline_kind"], row["owed_by"], row["deadline_on"]) for row in late] == [
        ("decision_and_dispatch", "police", "2021-07-05")
    ]
    by_state = await street.person(Role.COUNTY_OFFICER)("GET", "/testing/v1/collections?state=lab_requested")
    assert by_state.status == 403


async def test_hair_goes_to_the_laboratory_and_speaks_of_six_months(street: Street) -> None:
    person, _ = await someone_under_treatment(street)
    police, lab_id = street.person(Role.POLICE_OFFICER), await a_lab(street, "L1")
    extra = {
        "person_id": str(person),
        "kind": "mandatory",
        "specimen_type": "hair",
        "due_on": "2021-07-01",
        "grounds": "公安机关要求毛发检测",
        "document_no": "演示毛1",
    }
    due = body(await police("POST", "/testing/v1/plans", extra))
    hair = {"length_cm": 3.5, "weight_mg_each": 60, "from_crown": True}
    short = await police(
        "POST",
        "/testing/v1/collections",
        taking(due["id"], None, street, specimen_type="hair", hair=hair | {"weight_mg_each": 30}, seals=SEALS),
    )
    assert body(short)["errors"][0]["pointer"] == "/hair/weight_mg_each"
    taken = await collected(street, police, due["id"], None, specimen_type="hair", hair=hair, seals=SEALS)
    assert (taken["window_start"], taken["before_term"]) == ("2021-01-01", True)
    sent = {
        "decision": "granted",
        "decided_on": "2021-07-01",
        "document_no": "演示5",
        "lab_id": lab_id,
        "container": "A",
        "sent_on": "2021-07-01",
    }
    taken = await moved_on(police, taken, "lab-request", {**sent, "senders": ["P001", "P002"]})
    report = {
        "lab_id": lab_id,
        "report_no": "演示鉴5",
        "reported_on": "2021-07-01",
        "signed_and_stamped": True,
        "told_at": street.clock().isoformat(),
        "results": [
            {"analyte": "methamphetamine", "value": "0.2", "unit": "ng/mg"},
            {"analyte": "ketamine", "value": "0.1", "unit": "ng/mg"},
        ],
    }
    other = [{**report["results"][0], "code": "negative"}, report["results"][1]]
    contrary = await moved_on(police, taken, "lab-result", {**report, "results": other}, status=422)
    assert contrary["errors"][0]["code"] == "code_contradicts", "the cut-off of the law decides, and a code beside it must say the same"
    taken = await moved_on(police, taken, "lab-result", report)
    assert (taken["state"], taken["deadline_kind"], taken["deadline_on"]) == ("lab_reported", "objection", "2021-07-05")
    found = body(await police("GET", f"/testing/v1/collections/{taken['id']}/result"))["analytes"]
    assert {row["analyte"]: (row["code"], row["cutoff"]) for row in found} == {
        "methamphetamine": ("positive", "0.2000"),
        "ketamine": ("negative", "0.2000"),
    }
    assert [(event["code"], event["before_term"]) for event in street.events("result.reported")] == [("presumptive_positive", True)]


async def test_an_entry_from_a_phone_that_comes_late_undoes_the_missed_test(street: Street) -> None:
    await someone_under_treatment(street)
    police, lot = street.person(Role.POLICE_OFFICER), await a_lot(street)
    due = (await due_of(street, police))[0]
    taken_at = street.clock().isoformat()
    a_day_later(street, 15)
    await street.run(jobs.mark_missed)
    await collected(street, police, due["id"], lot, collected_at=taken_at)
    assert [event["code"] for event in street.events("test.missed")] == ["missed", "attended_in_time"]


async def test_the_same_key_gets_the_first_answer(street: Street) -> None:
    await someone_under_treatment(street)
    police, lot = street.person(Role.POLICE_OFFICER), await a_lot(street)
    new = taking((await due_of(street, police))[0]["id"], lot, street)
    first = await police("POST", "/testing/v1/collections", new, idempotency_key="phone-0001")
    again = await police("POST", "/testing/v1/collections", new, idempotency_key="phone-0001")
    assert (first.status, again.status, first.body) == (201, 201, again.body)
    assert street.count("select count(*) from testing.collection") == 1


async def test_labs_and_lots_are_entered_once_and_amended_with_their_version(street: Street) -> None:
    police, lab_id = street.person(Role.POLICE_OFFICER), await a_lab(street, "L1")
    again = {
        "code": "L1",
        "name": "另一家",
        "qualification": "forensic",
        "certificate_no": "1",
        "designated_by": "公安局",
        "valid_from": "2020-01-01",
    }
    assert (await police("POST", "/testing/v1/labs", again)).status == 409
    assert (await police("PATCH", f"/testing/v1/labs/{lab_id}", {"valid_to": "2021-12-31"})).status == 428
    ended = await police("PATCH", f"/testing/v1/labs/{lab_id}", {"valid_to": "2021-12-31"}, if_match='"v1"')
    assert (ended.status, body(ended)["valid_to"]) == (200, "2021-12-31")
    assert (await police("PATCH", f"/testing/v1/labs/{lab_id}", {"valid_to": "2019-12-31"}, if_match='"v2"')).status == 422
    await a_lot(street)
    worker = street.person(Role.SOCIAL_WORKER)
    assert [lot["lot_no"] for lot in body(await worker("GET", "/testing/v1/kit-lots?usable_on=2022-05-31"))["items"]] == ["20210501"]
    assert body(await worker("GET", "/testing/v1/kit-lots?usable_on=2022-06-01"))["items"] == []
    cutoffs = {row["analyte"]: row["ng_per_mg"] for row in body(await worker("GET", "/testing/v1/hair-cutoffs"))["items"]}
    assert (len(cutoffs), cutoffs["cocaine"], cutoffs["thc"]) == (12, "0.500", "0.050")
    schemes = {row["code"]: row["phases"] for row in body(await worker("GET", "/testing/v1/schemes"))["items"]}
    assert schemes == {"A": [[0, 2], [12, 4], [24, 6]], "C": [[0, 2], [12, 4], [24, 6]]}
