"""What a re-test may say, who may say it, and what becomes of an objection when the person moves or the record closes."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from kit.call import NeighbourDown
from kit.roles import Role
from services.registry.events import PersonMoved, PersonStanding
from services.testing.collections.rules import Judgement, judge
from tests.houses import Caller
from tests.testing.street import (
    OTHER_TOWN,
    PANEL,
    SEALS,
    TOWN,
    Street,
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

DAY = "2021-07-01"
OBJECTION = {"words": "我没有吸毒,要求复核", "objected_on": DAY}


def sent_to(lab_id: str, container: str) -> dict[str, Any]:
    """The police's decision to send."""
    return {
        "decision": "granted",
        "decided_on": DAY,
        "document_no": "演示检字9号",
        "lab_id": lab_id,
        "container": container,
        "sent_on": DAY,
        "senders": ["P001", "P002"],
    }


def reported(lab_id: str, number: str, **codes: str) -> dict[str, Any]:
    """A laboratory's report: analyte → code."""
    rows = [{"analyte": analyte, "code": code} for analyte, code in codes.items()]
    return {"lab_id": lab_id, "report_no": number, "reported_on": DAY, "signed_and_stamped": True, "results": rows}


async def positive_for(street: Street, *analytes: str) -> tuple[UUID, dict[str, Any], Caller]:
    """A person, the on-site test that showed these analytes, and the police who made it."""
    person, _ = await someone_under_treatment(street)
    police, lot = street.person(Role.POLICE_OFFICER), await a_lot(street)
    taken = await collected(street, police, (await due_of(street, police))[0]["id"], lot)
    results = {**dict.fromkeys(PANEL, "negative"), **dict.fromkeys(analytes, "positive")}
    return person, await moved_on(police, taken, "onsite-result", showing(street, "negative", seals=SEALS, results=results)), police


@pytest.mark.parametrize(
    ("before", "disputed", "found", "judged"),
    [
        ({"morphine"}, set(), {"morphine": "negative", "ketamine": "positive"}, (set(), {"morphine"}, set(), {"ketamine"})),
        ({"morphine"}, set(), {"ketamine": "positive"}, (set(), set(), {"morphine"}, {"ketamine"})),
        ({"morphine"}, set(), {"o6_monoacetylmorphine": "positive"}, ({"morphine"}, set(), set(), set())),
        ({"morphine", "mdma"}, {"mdma"}, {"mdma": "negative"}, ({"morphine"}, {"mdma"}, set(), set())),
        (set(), set(), {"cocaine": "positive"}, ({"cocaine"}, set(), set(), set())),
    ],
)
def test_a_report_is_judged_by_what_is_in_dispute(
    before: set[str], disputed: set[str], found: dict[str, str], judged: tuple[set[str], ...]
) -> None:
    confirmed, refuted, missing, new = map(frozenset, judged)
    assert judge(before, disputed, found) == Judgement(confirmed, refuted, missing, new)  # DTP art. 12, 15


async def test_another_drug_in_the_re_test_confirms_nothing(street: Street) -> None:
    _, taken, police = await positive_for(street, "morphine")
    first, second = await a_lab(street, "L1"), await a_lab(street, "L2")
    taken = await moved_on(police, taken, "objection", {**OBJECTION, "analytes": ["morphine"]})
    taken = await moved_on(police, taken, "lab-request", sent_to(first, "A"))
    one, two = street.laboratory(first), street.laboratory(second)
    assert (await two("GET", f"/testing/v1/collections/{taken['id']}")).status == 404, "it lies with another laboratory"
    assert body(await two("GET", "/testing/v1/collections"))["items"] == []
    assert [row["id"] for row in body(await one("GET", "/testing/v1/collections"))["items"]] == [taken["id"]]
    await moved_on(two, taken, "lab-result", reported(first, "冒名1", morphine="positive"), status=404)
    await moved_on(street.person(Role.LAB_TECHNICIAN), taken, "lab-result", reported(first, "无主1", morphine="positive"), status=404)
    silent = await moved_on(one, taken, "lab-result", reported(first, "演示鉴1", ketamine="positive"), status=422)
    assert silent["errors"][0]["code"] == "disputed_missing"
    taken = await moved_on(one, taken, "lab-result", reported(first, "演示鉴1", morphine="positive"))
    taken = await moved_on(police, taken, "telling", {"told_at": street.clock().isoformat(), "right_to_object_told": True})
    taken = await moved_on(police, taken, "objection", OBJECTION)
    taken = await moved_on(police, taken, "lab-request", sent_to(second, "B"))
    await moved_on(one, taken, "lab-result", reported(second, "冒名2", morphine="positive"), status=404)
    taken = await moved_on(two, taken, "lab-result", reported(second, "演示鉴2", morphine="negative", ketamine="positive"))
    assert taken["state"] == "final_negative", "morphine was in dispute, and is refuted"
    assert taken["new_findings"] == ["ketamine"], "a matter of its own"
    assert street.events("result.confirmed") == []
    assert [event["code"] for event in street.events("result.withdrawn")] == ["retest_negative"]


async def test_a_report_does_not_contradict_its_own_values(street: Street) -> None:
    """A value under the cut-off is not positive, one at it is not negative, whatever the code says."""
    _, taken, police = await positive_for(street, "methamphetamine")
    lab = await a_lab(street, "L1")
    taken = await moved_on(police, taken, "objection", OBJECTION)
    taken = await moved_on(police, taken, "lab-request", sent_to(lab, "A"))
    for value, code in (("29.9", "positive"), ("30", "negative"), ("0", "positive")):
        measured = {"analyte": "methamphetamine", "value": value, "unit": "ng/mL", "cutoff": "30", "code": code}
        refused = await moved_on(street.laboratory(lab), taken, "lab-result", {**reported(lab, "矛盾1"), "results": [measured]}, status=422)
        assert [(error["pointer"], error["code"]) for error in refused["errors"]] == [("/results/0/code", "code_contradicts")]
    measured = {"analyte": "methamphetamine", "value": "30", "unit": "ng/mL", "cutoff": "30", "code": "positive"}
    taken = await moved_on(street.laboratory(lab), taken, "lab-result", {**reported(lab, "相符1"), "results": [measured]})
    assert taken["state"] == "lab_reported"


async def test_one_institution_under_two_codes_re_tests_nothing(street: Street) -> None:
    _, taken, police = await positive_for(street, "morphine")
    first = await a_lab(street, "L1")
    twin = {
        "code": "L1-B",
        "name": "演示鉴定中心 L1",
        "qualification": "forensic",
        "certificate_no": "另一编号",
        "designated_by": "府谷县公安局",
        "valid_from": "2020-01-01",
    }
    second = str(body(await police("POST", "/testing/v1/labs", twin))["id"])
    taken = await moved_on(police, taken, "objection", OBJECTION)
    taken = await moved_on(police, taken, "lab-request", sent_to(first, "A"))
    taken = await moved_on(street.laboratory(first), taken, "lab-result", reported(first, "演示鉴1", morphine="positive"))
    taken = await moved_on(police, taken, "telling", {"told_at": street.clock().isoformat(), "right_to_object_told": True})
    taken = await moved_on(police, taken, "objection", OBJECTION)
    refused = await moved_on(police, taken, "lab-request", sent_to(second, "B"), status=409)
    assert refused["type"] == "/problems/other-lab-required"


async def test_a_laboratory_whose_designation_has_ended_reports_nothing_and_gives_the_specimen_back(street: Street) -> None:
    _, taken, police = await positive_for(street, "morphine")
    first, second = await a_lab(street, "L1"), await a_lab(street, "L2")
    taken = await moved_on(police, taken, "objection", OBJECTION)
    taken = await moved_on(police, taken, "lab-request", sent_to(first, "A"))
    ended = await police("PATCH", f"/testing/v1/labs/{first}", {"valid_to": DAY}, if_match='"v1"')
    assert ended.status == 200
    refused = await moved_on(street.laboratory(first), taken, "lab-result", reported(first, "演示鉴1", morphine="positive"), status=409)
    assert refused["type"] == "/problems/other-lab-required"
    taken = await moved_on(police, taken, "return", {"reason": "资质终止", "fetched_on": DAY, "document_no": "演示回1"})
    assert (taken["state"], taken["deadline_kind"]) == ("lab_requested", "decision_and_dispatch")
    taken = await moved_on(police, taken, "lab-request", sent_to(second, "A"))
    assert taken["first_lab_name"] == "演示鉴定中心L2"


async def test_an_objection_outlives_the_record_and_follows_nobody_away(street: Street) -> None:
    person, taken, _ = await positive_for(street, "morphine")
    police = street.person(Role.POLICE_OFFICER, scope=("610822100",))
    town = street.person(Role.TOWN_OFFICER, scope=("610822100",))
    subject = street.person(Role.SUBJECT, person_id=str(person), scope=())
    taken = await moved_on(subject, taken, "objection", OBJECTION)
    path, listed = f"/testing/v1/collections/{taken['id']}", "/testing/v1/collections?overdue=false"
    await street.say((PersonStanding(division_code=TOWN, status="dead", status_since=date(2021, 7, 1)), person))
    await street.hear()
    for keeper in (police, street.person(Role.COUNTY_OFFICER), subject):
        assert (await keeper("GET", path)).status == 200
    for keeper in (police, street.person(Role.COUNTY_OFFICER)):
        assert [row["id"] for row in body(await keeper("GET", listed))["items"]] == [taken["id"]]
    shown = body(await police("GET", path))
    assert (shown["state"], shown["deadline_kind"], shown["deadline_on"]) == ("lab_requested", "decision_and_dispatch", "2021-07-05")
    assert {"send", "refuse_request"} <= {step["event"] for step in shown["next_steps"]}
    assert body(await subject("GET", f"/testing/v1/subjects/{person}/collections"))["items"][0]["id"] == taken["id"]
    assert (await town("GET", path)).status == 404, "supervision is over: the town's workers see nothing any more"
    assert body(await town("GET", listed))["items"] == []
    refusal = {"decision": "refused", "decided_on": DAY, "document_no": "演示10", "reason": "检材已灭失"}
    closed = await moved_on(police, shown, "lab-request", refusal)
    assert closed["state"] == "onsite_final"
    assert (await police("GET", path)).status == 404, "the chain has ended, and so has the record"


async def test_lists_and_details_agree_after_a_move(street: Street) -> None:
    person, taken, _ = await positive_for(street, "morphine")
    await street.say((PersonMoved(from_division=TOWN, division_code=OTHER_TOWN), person))
    await street.hear()
    path, listed = f"/testing/v1/collections/{taken['id']}", "/testing/v1/collections"
    seen = {}
    street.carer(person)
    for name, role, scope, code in (
        ("old worker", Role.SOCIAL_WORKER, "610822100", "S001"),
        ("new worker", Role.SOCIAL_WORKER, "610822105000", "S001"),
        ("worker of another caseload", Role.SOCIAL_WORKER, "610822105000", "S002"),
        ("new officer", Role.TOWN_OFFICER, "610822105000", None),
        ("old police", Role.POLICE_OFFICER, "610822100000", None),
        ("nobody", Role.POLICE_OFFICER, "", None),
    ):
        caller = street.person(role, scope=(scope,) if scope else (), staff_id=code)
        in_list = [row["id"] for row in body(await caller("GET", listed))["items"]] == [taken["id"]]
        seen[name] = (in_list, (await caller("GET", path)).status == 200)
    assert seen == {
        "old worker": (False, False),
        "new worker": (True, True),
        "worker of another caseload": (False, False),
        "new officer": (True, True),
        "old police": (True, True),
        "nobody": (False, False),
    }
    assert body(await street.person(Role.POLICE_OFFICER)("GET", path))["tested_in"] == TOWN


async def test_the_register_of_staff_is_asked_and_its_silence_is_said(street: Street) -> None:
    await someone_under_treatment(street)
    police, lot = street.person(Role.POLICE_OFFICER), await a_lot(street)
    plan = (await due_of(street, police))[0]["id"]
    door = street.house.apps["testing"].state.house.neighbours["registry"]
    reached = door._neighbour
    door._neighbour = Silence()
    refused = await police("POST", "/testing/v1/collections", taking(plan, lot, street))
    door._neighbour = reached
    assert (refused.status, refused.headers["retry-after"]) == (503, "5")
    assert "未作任何登记" in body(refused)["detail"]
    assert street.count("select count(*) from testing.collection") == 0
    taken = await collected(street, police, plan, lot)
    assert [(who["staff_code"], who["name"], who["organ"], who["sex"]) for who in taken["collectors"]] == [
        ("P001", "演示P001", "police", "male"),
        ("P002", "演示P002", "police", "male"),
    ]


class Silence:
    """A registry that does not answer."""

    async def request(self, *_: Any, **__: Any) -> Any:
        """Nothing comes."""
        raise NeighbourDown("nobody is there")


async def test_a_seal_closes_one_container_in_the_whole_county(street: Street) -> None:
    await positive_for(street, "morphine")
    other, _ = await someone_under_treatment(street, town=OTHER_TOWN)
    police = street.person(Role.POLICE_OFFICER)
    due = next(item for item in await due_of(street, police) if item["person_id"] == str(other))
    lot = body(await police("GET", "/testing/v1/kit-lots"))["items"][0]["id"]
    taken = await collected(street, police, due["id"], lot)
    for a, b in ((" fg-a-0001", "FG-B-0777"), ("FG-A-0777", "FG-A-0001"), ("ＦＧ-Ｂ-0001", "FG-B-0777")):
        used = await moved_on(police, taken, "onsite-result", showing(street, "positive", seals={"a": a, "b": b}), status=409)
        assert used["type"] == "/problems/seal-used"
    assert street.count("select count(*) from testing.seal") == 2
    taken = await moved_on(police, taken, "onsite-result", showing(street, "positive", seals={"a": "FG-A-0777", "b": "FG-B-0777"}))
    assert (taken["seal_a"], taken["state"]) == ("FG-A-0777", "presumptive_positive")


async def test_a_town_officer_makes_no_test_of_the_police(street: Street) -> None:
    await someone_under_treatment(street)
    officer, police, lot = street.person(Role.TOWN_OFFICER), street.person(Role.POLICE_OFFICER), await a_lot(street)
    plan = (await due_of(street, officer))[0]["id"]
    named = taking(plan, lot, street)  # real policemen, who know nothing of it
    assert (await officer("POST", "/testing/v1/collections", named)).status == 403
    taken = await collected(street, police, plan, lot)
    await moved_on(officer, taken, "onsite-result", showing(street, "positive", seals=SEALS), status=403)
    townspeople = showing(street, "positive", seals=SEALS, testers=["T001", "T002"])
    assert (await moved_on(police, taken, "onsite-result", townspeople, status=422))["errors"][0]["code"] == "police_required"
