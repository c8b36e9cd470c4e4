"""Testing's doors: who may, what is refused, and with which words."""

from __future__ import annotations

from typing import Any

import pytest

from kit.db import new_id
from kit.roles import Role
from services.registry.events import MeasureEnded
from services.testing import jobs
from tests.testing.street import (
    SEALS,
    TOWN,
    Street,
    a_day_later,
    a_lot,
    body,
    collected,
    due_of,
    measure,
    moved_on,
    registered,
    showing,
    someone_under_treatment,
    taking,
)


@pytest.mark.parametrize(
    "role", [Role.GRID_WORKER, Role.INSPECTOR, Role.LEADER, Role.AUDITOR, Role.ADMINISTRATOR, Role.PARTNER, Role.LAB_TECHNICIAN]
)
async def test_due_lists_are_for_those_who_care_for_the_person(street: Street, role: Role) -> None:
    reply = await street.person(role)("GET", "/testing/v1/plans/due?from=2021-07-01&to=2021-07-31")
    assert (reply.status, body(reply)["type"]) == (403, "/problems/not-allowed")


async def test_a_read_needs_its_purpose_and_is_audited(street: Street) -> None:
    person, _ = await someone_under_treatment(street)
    officer = street.person(Role.TOWN_OFFICER)
    nameless = await officer("GET", "/testing/v1/plans/due?from=2021-07-01&to=2021-07-31", purpose="")
    assert (nameless.status, body(nameless)["errors"][0]["code"]) == (422, "purpose_required")
    await due_of(street, officer)
    noted = street.count("select object_ids from testing.audit where action = 'plan.list' and purpose = 'supervision'")
    assert noted == [str(person)]


async def test_another_town_sees_nobody(street: Street) -> None:
    person, _ = await someone_under_treatment(street)
    officer, other = street.person(Role.TOWN_OFFICER), street.person(Role.TOWN_OFFICER, scope=("610822105",))
    due = (await due_of(street, officer))[0]
    assert await due_of(street, other) == []
    assert (await other("GET", f"/testing/v1/plans/due?from=2021-07-01&to=2021-07-31&division_code={TOWN}")).status == 403
    assert (await other("GET", f"/testing/v1/plans/{due['id']}")).status == 404
    assert (await other("GET", f"/testing/v1/subjects/{person}/plans")).status == 404
    assert (await other("GET", f"/testing/v1/plans/{new_id()}")).status == 404
    lot = await a_lot(street)
    police = street.person(Role.POLICE_OFFICER, scope=("610822105",))
    assert (await police("POST", "/testing/v1/collections", taking(due["id"], lot, street))).status == 404


async def test_the_due_list_turns_its_pages_without_gap(street: Street) -> None:
    news: list[Any] = []
    for _ in range(7):
        person = new_id()
        news += [(registered(), person), (measure(), person)]
    await street.say(*news)
    await street.hear()
    officer, seen, path = street.person(Role.TOWN_OFFICER), [], "/testing/v1/plans/due?from=2021-07-01&to=2021-07-20&limit=3"
    cursor = ""
    for _ in range(4):
        page = body(await officer("GET", path + cursor))
        seen += [item["person_id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(seen) == len(set(seen)) == 7
    other = await street.person(Role.COUNTY_OFFICER)("GET", path + cursor)
    assert body(other)["type"] == "/problems/bad-cursor"


async def test_a_stale_or_missing_version_changes_nothing(street: Street) -> None:
    await someone_under_treatment(street)
    officer = street.person(Role.TOWN_OFFICER)
    path = f"/testing/v1/plans/{(await due_of(street, officer))[0]['id']}/decisions"
    verdict = {"decision": "excused", "reason": "住院"}
    assert (await officer("POST", path, verdict)).status == 428
    assert (await officer("POST", path, verdict, if_match='"v9"')).status == 412
    assert (await officer("POST", path, {**verdict, "colour": "red"}, if_match='"v1"')).status == 422
    assert (await officer("POST", path, verdict, if_match='"v1"')).status == 200
    again = await officer("POST", path, {"decision": "refused", "reason": "到场拒检", "words": "不想做"}, if_match='"v2"')
    assert (again.status, body(again)["type"]) == (409, "/problems/step-not-allowed")


async def test_a_refusal_needs_the_persons_words_and_a_worker_does_not_judge(street: Street) -> None:
    person, _ = await someone_under_treatment(street)
    officer, worker = street.person(Role.TOWN_OFFICER), street.carer(person)
    path = f"/testing/v1/plans/{(await due_of(street, officer))[0]['id']}/decisions"
    refusal = {"decision": "refused", "reason": "到场拒检"}
    assert (await worker("POST", path, {**refusal, "words": "不做"}, if_match='"v1"')).status == 403
    wordless = await officer("POST", path, refusal, if_match='"v1"')
    assert (wordless.status, body(wordless)["errors"][0]["pointer"]) == (422, "/words")
    assert (await officer("POST", path, {**refusal, "words": "我昨天才测过"}, if_match='"v1"')).status == 200
    assert [event["code"] for event in street.events("test.refused")] == ["refused"]
    assert "昨天" not in str(street.events("test.refused"))


async def test_a_mandatory_test_without_legal_basis_is_refused_by_article(street: Street) -> None:
    person = new_id()
    await street.say((registered(), person))
    await street.hear()
    officer, police = street.person(Role.TOWN_OFFICER), street.person(Role.POLICE_OFFICER)
    extra = {
        "person_id": str(person),
        "kind": "mandatory",
        "specimen_type": "urine",
        "due_on": "2021-07-05",
        "grounds": "公安机关书面要求",
        "document_no": "演示1",
    }
    instruction = {"instructed_by": "府谷县公安局", "instructed_on": "2021-07-01"}
    refused = await officer("POST", "/testing/v1/plans", extra | instruction)
    problem = body(refused)
    assert (refused.status, problem["type"]) == (409, "/problems/no-legal-basis-for-test")
    assert "第二条" in problem["detail"]
    assert "DTP art. 2" in body(await officer("POST", "/testing/v1/plans", extra | instruction, accept_language="en"))["detail"]
    assert (await officer("POST", "/testing/v1/plans", {**extra, "kind": "suspected"})).status == 403
    assert (await police("POST", "/testing/v1/plans", {**extra, "kind": "suspected", "grounds": "现场查获吸毒工具"})).status == 201
    consent = {**extra, "kind": "voluntary", "grounds": "本人书面同意"}
    assert (await street.carer(new_id(), code="S002")("POST", "/testing/v1/plans", consent)).status == 404, "not of the own caseload"
    willing = await street.carer(person)("POST", "/testing/v1/plans", consent)
    assert (willing.status, body(willing)["measure_id"]) == (201, None)
    a_day_later(street, 5)
    await street.run(jobs.mark_missed)
    assert [event["kind"] for event in street.events("test.missed")] == ["suspected"], "nothing follows from a voluntary test not taken"


async def test_a_measure_that_ended_meanwhile_takes_no_specimen(street: Street) -> None:
    person, order = await someone_under_treatment(street)
    await street.run(jobs.open_windows)
    police, lot = street.person(Role.POLICE_OFFICER), await a_lot(street)
    due = (await due_of(street, police))[0]
    await street.say((measure(MeasureEnded, order, state="terminated"), person))
    await street.hear()
    reply = await police("POST", "/testing/v1/collections", taking(due["id"], lot, street))
    assert (reply.status, body(reply)["type"]) == (409, "/problems/no-legal-basis-for-test")


def _staff(*codes: str, **said: str) -> list[dict[str, str]]:
    return [{"staff_code": code, **said} for code in codes]


@pytest.mark.parametrize(
    ("change", "status", "word"),
    [
        ({"collectors": _staff("P001")}, 422, "two_staff"),
        ({"collectors": _staff("P001", "P001")}, 422, "two_staff"),
        ({"collectors": _staff("P001", "P003")}, 409, "/problems/same-sex-required"),
        ({"collectors": _staff("P003", "P004")}, 409, "/problems/same-sex-required"),
        ({"collectors": _staff("T001", "T002")}, 422, "police_required"),
        ({"collectors": _staff("T001", "T002", organ="police")}, 422, "not_as_registered"),
        ({"collectors": _staff("P003", "P004", sex="male")}, 422, "not_as_registered"),
        ({"collectors": _staff("P001", "ZZZ")}, 422, "staff_unknown"),
        ({"collectors": _staff("P001", "P009")}, 422, "not_in_service"),
        ({"collectors": _staff("P001", "P010")}, 422, "sex_unknown"),
        ({"collectors": _staff("P001", "G001")}, 422, "post_unfit"),
        ({"collectors": _staff("P001", "F001")}, 422, "post_unfit"),
        ({"witnesses": ["P001"]}, 422, "collects"),
        ({"witnesses": ["ZZZ"]}, 422, "staff_unknown"),
        ({"kit_lot_id": None}, 422, "missing"),
        ({"kit_lot_id": str(new_id())}, 422, "unknown"),
        ({"collected_at": "2021-07-02T08:00:00+08:00"}, 422, "date_future"),
        ({"collected_at": "2021-06-30T08:00:00+08:00"}, 422, "outside_window"),
        ({"collected_at": "2021-07-01T08:00:00"}, 422, "timezone_aware"),
        ({"identity_checked": False}, 422, "literal_error"),
        ({"specimen_type": "hair"}, 422, "missing"),
        ({"colour": "red"}, 422, "extra_forbidden"),
    ],
)
async def test_what_a_collection_must_be(street: Street, change: dict[str, Any], status: int, word: str) -> None:
    await someone_under_treatment(street)
    police, lot = street.person(Role.POLICE_OFFICER), await a_lot(street)
    due = (await due_of(street, police))[0]
    reply = await police("POST", "/testing/v1/collections", taking(due["id"], lot, street) | change)
    problem = body(reply)
    assert reply.status == status, problem
    assert word in (problem["type"], problem.get("errors", [{}])[0].get("code"))
    assert street.count("select count(*) from testing.collection") == 0
    assert street.count("select state from testing.due_test where number = 1") == "scheduled"


async def test_a_kit_out_of_date_shows_nothing(street: Street) -> None:
    await someone_under_treatment(street)
    police, lot = street.person(Role.POLICE_OFFICER), await a_lot(street, expires="2021-06-30")
    due = (await due_of(street, police))[0]
    reply = await police("POST", "/testing/v1/collections", taking(due["id"], lot, street))
    assert (reply.status, body(reply)["type"]) == (409, "/problems/kit-lot-expired")


async def test_a_workers_strip_is_a_screening_and_its_positive_goes_to_the_police(street: Street) -> None:
    person, _ = await someone_under_treatment(street)
    worker, police, lot = street.carer(person), street.person(Role.POLICE_OFFICER), await a_lot(street)
    due = (await due_of(street, worker))[0]
    staff = _staff("S001", "S002")
    as_test = await worker("POST", "/testing/v1/collections", taking(due["id"], lot, street, collectors=staff))
    assert as_test.status == 403
    strip = await collected(street, worker, due["id"], lot, collectors=staff, mode="screening")
    strip = await moved_on(worker, strip, "onsite-result", showing(street, "positive", testers=["S001", "S002"]))
    assert (strip["state"], strip["owed_by"]) == ("referred_to_police", "police")
    assert [(event["code"], event["reference_id"]) for event in street.events("screening.positive")] == [("worker_strip", strip["id"])]
    assert street.events("result.reported") == [], "a strip is no result"
    test = await collected(street, police, due["id"], lot)
    test = await moved_on(police, test, "onsite-result", showing(street))
    assert test["state"] == "final_negative"
    assert street.count("select state from testing.collection where id = %s", strip["id"]) == "superseded"
    assert [event["code"] for event in street.events("result.reported")] == ["negative"]
    assert street.count("select count(*) from testing.outbox where subject_id = %s and type = 'result.confirmed'", person) == 0


async def test_an_invalid_kit_is_followed_by_one_of_another_lot(street: Street) -> None:
    await someone_under_treatment(street)
    police, lot, other = street.person(Role.POLICE_OFFICER), await a_lot(street), await a_lot(street, "20210601")
    taken = await collected(street, police, (await due_of(street, police))[0]["id"], lot)
    taken = await moved_on(police, taken, "onsite-result", showing(street, "invalid"))
    assert taken["state"] == "repeat_onsite"
    problem = await moved_on(police, taken, "onsite-result", showing(street), status=422)
    assert problem["errors"][0]["code"] == "other_lot"
    taken = await moved_on(police, taken, "onsite-result", showing(street, kit_lot_id=other))
    assert taken["state"] == "final_negative"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"seals": None}, "/seals"),
        ({"seals": {"a": "1", "b": "1"}}, "/seals/b"),
        ({"right_to_object_told": False}, "/right_to_object_told"),
        ({"signed_by_subject": False}, "/signature_note"),
        ({"testers": ["P001"]}, "/testers"),
        ({"results": {"morphine": "negative"}}, "/results"),
        ({"told_at": "2021-07-01T07:00:00+08:00"}, "/told_at"),
    ],
)
async def test_what_a_positive_needs(street: Street, change: dict[str, Any], pointer: str) -> None:
    await someone_under_treatment(street)
    police, lot = street.person(Role.POLICE_OFFICER), await a_lot(street)
    taken = await collected(street, police, (await due_of(street, police))[0]["id"], lot)
    problem = await moved_on(police, taken, "onsite-result", showing(street, "positive", seals=SEALS) | change, status=422)
    assert problem["errors"][0]["pointer"] == pointer
    assert street.count("select count(*) from testing.analyte_result") == 0
