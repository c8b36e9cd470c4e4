"""Inspections: only the drawn, certificated officers record; the county office coordinates; grid workers and contractors never inspect."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from kit.clock import load_working_days
from kit.roles import Role
from services.precursor.events import EVENTS
from services.precursor.inspections.checklists import template_on, templates
from services.precursor.inspections.rules import OUTCOMES, last_working_day, result_category
from services.precursor.rectifications import rules as rectification_rules
from tests.houses import TestHouse
from tests.precursor import county
from tests.precursor.county import parsed
from tests.precursor.test_whole_path import published_draw


async def drawn(house: TestHouse) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """An inspection that was drawn, its officers, and the directory."""
    await county.load_catalogue(house)
    await county.take_over(house, "courier")
    entries = await county.enter_officers(house, 5, "postal_administration")
    draw = await published_draw(house, object_kind="courier", authority="postal_administration")
    item = parsed(await county.county_officer(house)("GET", f"/precursor/v1/inspections?draw_id={draw['id']}"))["items"][0]
    return item, [entries[officer] for officer in item["officers"]], entries


def shown(officers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Certificates as they are shown on the spot."""
    return [{"inspector_id": entry["id"], "certificate_no": entry["certificate_no"]} for entry in officers]


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"authority": "narcotics_office"}, "/authority"),
        ({"authority": "third_party"}, "/authority"),
        ({"post": "grid_worker"}, "/post"),
        ({"post": "contractor"}, "/post"),
        ({"certificate_no": "??????"}, "/certificate_no"),
        ({"certificate_valid_to": "2020-01-01"}, "/certificate_valid_to"),
        ({"certificate_no": None}, "/certificate_no"),
    ],
)
async def test_who_may_not_inspect_is_not_entered(house: TestHouse, wrong: dict[str, Any], pointer: str) -> None:
    officer = county.county_officer(house)
    problem = parsed(await officer("POST", "/precursor/v1/inspectors", {**county.an_officer(1), **wrong}), 422)
    assert problem["errors"][0]["pointer"] == pointer
    if pointer in ("/authority", "/post"):
        assert (problem["type"], problem["errors"][0]["code"]) == ("/problems/may-not-inspect", "no_power")


async def test_the_directory_of_inspectors_is_kept_by_version(house: TestHouse) -> None:
    officer = county.county_officer(house)
    entry = parsed(await officer("POST", "/precursor/v1/inspectors", county.an_officer(1)), 201)
    assert (await officer("POST", "/precursor/v1/inspectors", county.an_officer(1))).status == 409
    path = f"/precursor/v1/inspectors/{entry['id']}"
    gone = {"state": "inactive", "reason": "调离"}
    assert (await officer("PATCH", path, gone)).status == 428
    assert (await officer("PATCH", path, gone, if_match='"v2"')).status == 412
    assert parsed(await officer("PATCH", path, gone, if_match='"v1"'))["state"] == "inactive"
    assert (await house.caller("precursor", Role.TOWN_OFFICER)("GET", path)).status == 403
    assert (await county.inspector(house, "E001")("PATCH", path, gone, if_match='"v2"')).status == 403
    leave = parsed(await officer("POST", f"{path}/leaves", {"away_from": "2021-07-01", "away_to": "2021-07-02"}), 201)
    assert parsed(await officer("POST", f"{path}/leaves/{leave['id']}/cancel", {}))["cancelled_at"]
    assert (await officer("POST", f"{path}/leaves/{leave['id']}/cancel", {})).status == 409
    assert (await officer("POST", f"{path}/leaves", {"away_from": "2021-07-03", "away_to": "2021-07-02"})).status == 422


async def test_only_its_own_officers_record_an_inspection(house: TestHouse) -> None:
    item, officers, entries = await drawn(house)
    path = f"/precursor/v1/inspections/{item['id']}"
    begin = {"inspected_on": "2021-07-06", "certificates": shown(officers)}
    stranger = next(entry for entry in entries.values() if entry not in officers)
    assert (await county.county_officer(house)("POST", f"{path}/start", begin, if_match='"v1"')).status == 403
    assert (await house.caller("precursor", Role.GRID_WORKER)("POST", f"{path}/start", begin, if_match='"v1"')).status == 403
    assert (await county.inspector(house, stranger["staff_code"])("POST", f"{path}/start", begin, if_match='"v1"')).status == 403
    assert (await house.caller("precursor", Role.INSPECTOR)("POST", f"{path}/start", begin, if_match='"v1"')).status == 403
    outside = house.caller("precursor", Role.INSPECTOR, scope=("610881",), staff_id=officers[0]["staff_code"])
    assert (await outside("POST", f"{path}/start", begin, if_match='"v1"')).status == 403
    mine = county.inspector(house, officers[0]["staff_code"])
    assert (await mine("POST", f"{path}/start", begin)).status == 428
    assert (await mine("POST", f"{path}/start", begin, if_match='"v5"')).status == 412
    alone = {**begin, "certificates": shown(officers[:1])}
    assert parsed(await mine("POST", f"{path}/start", alone, if_match='"v1"'), 422)["errors"][0]["pointer"] == "/certificates"
    doubled = {**begin, "certificates": shown([officers[0], officers[0]])}
    assert parsed(await mine("POST", f"{path}/start", doubled, if_match='"v1"'), 422)["errors"][0]["code"] == "two_officers"
    replaced = {**begin, "certificates": shown([officers[0], stranger])}
    assert parsed(await mine("POST", f"{path}/start", replaced, if_match='"v1"'), 422)["errors"][0]["code"] == "not_drawn"
    forged = {**begin, "certificates": [*shown(officers[:1]), {"inspector_id": officers[1]["id"], "certificate_no": "陕K999999"}]}
    assert parsed(await mine("POST", f"{path}/start", forged, if_match='"v1"'), 422)["errors"][0]["code"] == "certificate_differs"
    tomorrow = {**begin, "inspected_on": "2021-07-07"}
    assert parsed(await mine("POST", f"{path}/start", tomorrow, if_match='"v1"'), 422)["errors"][0]["code"] == "date_future"
    assert parsed(await mine("POST", f"{path}/start", begin, if_match='"v1"'))["state"] == "started"
    assert (await mine("POST", f"{path}/start", begin, if_match='"v2"')).status == 409
    draws = f"/precursor/v1/draws/{item['draw_id']}/set-aside"
    ground = {"reason": "directory_wrong", "note": "x", "document_no": "文1"}
    assert (
        await county.county_officer(house)("POST", draws, ground, if_match='"v4"')
    ).status == 409  # an inspection has begun: the draw stands


async def test_outcomes_need_what_they_claim_and_nothing_half_done_stays(house: TestHouse) -> None:
    item, officers, _ = await drawn(house)
    path = f"/precursor/v1/inspections/{item['id']}"
    mine = county.inspector(house, officers[0]["staff_code"])
    one = {"outcomes": [{"item_no": "C01", "outcome": "ok"}]}
    assert (await mine("POST", f"{path}/outcomes", one, if_match='"v1"')).status == 409
    parsed(await mine("POST", f"{path}/start", {"inspected_on": "2021-07-06", "certificates": shown(officers)}, if_match='"v1"'))
    wrong: list[dict[str, Any]] = [
        {"item_no": "C01", "outcome": "ok"},
        {"item_no": "P01", "outcome": "ok"},
        {"item_no": "C02", "outcome": "refer", "note": "超地域经营"},
        {"item_no": "C03", "outcome": "not_checked"},
        {"item_no": "C01", "outcome": "na"},
    ]
    problem = parsed(await mine("POST", f"{path}/outcomes", {"outcomes": wrong}, if_match='"v2"'), 422)
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [
        ("/outcomes/1/item_no", "item_unknown"),
        ("/outcomes/2/passed_to", "missing"),
        ("/outcomes/3/note", "missing"),
        ("/outcomes/4/item_no", "twice"),
    ]
    assert {entry["outcome"] for entry in parsed(await mine("GET", f"{path}/checklist"))["items"]} == {None}
    full: list[dict[str, Any]] = [{"item_no": f"C{number:02d}", "outcome": "ok"} for number in range(1, 29)]
    full[1] = {"item_no": "C02", "outcome": "refer", "note": "超地域经营", "passed_to": "postal_administration"}
    full[4] = {"item_no": "C05", "outcome": "correct_by_date", "note": "缺经办人证件"}
    parsed(await mine("POST", f"{path}/outcomes", {"outcomes": full}, if_match='"v2"'))
    closing: dict[str, Any] = {"party_statement": "无", "party_signature": "signed"}
    for more, pointer in (
        ({}, "/deadlines/C05"),
        ({"deadlines": {"C05": "2021-07-01"}}, "/deadlines/C05"),
        ({"deadlines": {"C05": "2022-07-01"}}, "/deadlines/C05"),
        ({"deadlines": {"C05": "2021-07-20", "C01": "2021-07-20"}}, "/deadlines/C01"),
        ({"deadlines": {"C05": "2021-07-20"}, "party_signature": "refused"}, "/refusal_note"),
    ):
        refused = parsed(await mine("POST", f"{path}/complete", {**closing, **more}, if_match='"v3"'), 422)
        assert refused["errors"][0]["pointer"] == pointer
    assert parsed(await mine("GET", f"{path}/findings"))["items"] == []
    fine = await mine("POST", f"{path}/complete", {**closing, "deadlines": {"C05": "2021-07-20"}, "fine": 5000}, if_match='"v3"')
    assert parsed(fine, 422)["errors"][0]["pointer"] == "/fine"  # penalties are not decided here
    done = parsed(await mine("POST", f"{path}/complete", {**closing, "deadlines": {"C05": "2021-07-20"}}, if_match='"v3"'))
    assert done["result_category"] == "passed_on"
    found = {entry["item_no"]: entry for entry in parsed(await mine("GET", f"{path}/findings"))["items"]}
    assert (found["C02"]["disposition"], found["C02"]["passed_to"]) == ("referred", "postal_administration")
    late = await mine("POST", f"{path}/outcomes", one, if_match='"v4"')
    assert late.status == 409
    orders = parsed(await mine("GET", f"/precursor/v1/rectifications?inspection_id={item['id']}"))["items"]
    town = house.caller("precursor", Role.TOWN_OFFICER, scope=("610822199",))
    assert (await town("GET", f"/precursor/v1/rectifications/{orders[0]['id']}")).status == 403
    assert parsed(await town("GET", "/precursor/v1/rectifications"))["items"] == []
    answer = {"answered_on": "2021-07-06", "statement": "已补"}
    assert (await town("POST", f"/precursor/v1/rectifications/{orders[0]['id']}/answer", answer, if_match='"v1"')).status == 403
    assert (await mine("POST", f"/precursor/v1/rectifications/{orders[0]['id']}/answer", answer)).status == 428
    assert (await mine("POST", f"/precursor/v1/rectifications/{orders[0]['id']}/answer", answer, if_match='"v2"')).status == 412


async def test_a_complaint_is_checked_directly_by_the_competent_authority(house: TestHouse) -> None:
    await county.load_catalogue(house)
    await county.take_over(house, "courier")
    entries = list((await county.enter_officers(house, 2, "postal_administration")).values())
    officer = county.county_officer(house)
    firm = parsed(await officer("GET", "/precursor/v1/firms"))["items"][0]
    direct = {
        "firm_id": firm["id"],
        "source": "complaint",
        "ground": "投诉〔2021〕12号",
        "officers": [entry["id"] for entry in entries],
        "window_from": "2021-07-01",
        "window_to": "2021-07-10",
    }
    mine = county.inspector(house, entries[0]["staff_code"])
    assert (await officer("POST", "/precursor/v1/inspections", direct)).status == 403
    made = parsed(await mine("POST", "/precursor/v1/inspections", direct), 201)
    assert (made["source"], made["authority"], made["draw_id"]) == ("complaint", "postal_administration", None)
    recusal = {"firm_id": firm["id"], "ground": "party_request", "decided_by": entries[0]["staff_code"], "since": "2021-07-01"}
    parsed(await officer("POST", f"/precursor/v1/inspectors/{entries[1]['id']}/recusals", recusal), 201)
    again = await mine("POST", "/precursor/v1/inspections", direct)
    assert parsed(again, 422)["errors"][0]["code"] == "recused"
    key = {**direct, "officers": [entries[0]["id"], entries[0]["id"]]}
    assert parsed(await mine("POST", "/precursor/v1/inspections", key), 422)["errors"][0]["code"] == "two_officers"


async def test_figures_tell_of_visits_that_were_due_and_announce_none(house: TestHouse) -> None:
    await county.load_catalogue(house)
    await county.take_over(house, "courier")
    entries = list((await county.enter_officers(house, 2, "postal_administration")).values())
    firm = parsed(await county.county_officer(house)("GET", "/precursor/v1/firms"))["items"][0]
    direct = {
        "firm_id": firm["id"],
        "source": "complaint",
        "ground": "投诉〔2021〕12号",
        "officers": [entry["id"] for entry in entries],
        "window_from": "2021-07-01",
        "window_to": "2021-07-10",
    }
    made = parsed(await county.inspector(house, entries[0]["staff_code"])("POST", "/precursor/v1/inspections", direct), 201)
    town = house.caller("precursor", Role.TOWN_OFFICER, scope=(made["division_code"][:9],))
    for period in ("from=2021-07-01&to=2021-07-31", "from=2021-07-10&to=2021-07-10"):
        assert parsed(await town("GET", f"/precursor/v1/figures?{period}"))["towns"] == {}
    house.clock.now = datetime(2021, 7, 11, 1, tzinfo=UTC)
    told = parsed(await town("GET", "/precursor/v1/figures?from=2021-07-01&to=2021-07-31"))["towns"]
    assert [line["inspection"] for line in told.values()] == [[0, 1]]


def test_checklists_are_dated_and_whole() -> None:
    chemical, courier = template_on("chemical", date(2021, 7, 1)), template_on("courier", date(2021, 7, 1))
    assert chemical is not None
    assert courier is not None
    assert [item.item_no for item in chemical.items] == [f"P{number:02d}" for number in range(1, 43)]
    assert [item.item_no for item in courier.items] == [f"C{number:02d}" for number in range(1, 29)]
    assert template_on("courier", date(2018, 1, 1)) is None
    for template in templates().values():
        for item in template.items:
            assert item.basis
            assert set(item.typical_outcomes) <= set(OUTCOMES)


def test_the_gravest_outcome_names_the_result() -> None:
    assert result_category(["ok", "na", "advice", "not_checked"]) == "no_problem"
    assert result_category(["ok", "correct_on_site"]) == "corrected_on_site"
    assert result_category(["stop", "correct_on_site"]) == "ordered_to_correct"
    assert result_category(["correct_by_date", "refer"]) == "passed_on"
    assert result_category(["seal_evidence"]) == "passed_on"


def test_publication_counts_working_days_with_the_moved_ones() -> None:
    # 2021: National Day 1-7 October off, Sunday 26 September and Saturday 9 October worked
    works = load_working_days("610822")
    assert last_working_day(date(2021, 9, 24), works) == date(2021, 10, 27)
    assert last_working_day(date(2021, 9, 25), works, 1) == date(2021, 9, 26)


def test_an_order_leads_only_to_declared_states() -> None:
    machine = rectification_rules.MACHINE
    assert machine.find("closed", "answer") is None
    assert machine.find("passed_on", "close") is None
    assert machine.find("answered", "answer") is None
    assert not machine.unreachable()
    assert not rectification_rules.is_overdue("answered", date(2021, 7, 1), date(2021, 8, 1))
    assert not rectification_rules.is_overdue("ordered", date(2021, 7, 1), date(2021, 7, 1))
    assert rectification_rules.is_overdue("ordered", date(2021, 7, 1), date(2021, 7, 2))


def test_every_event_has_a_valid_sample() -> None:
    for event in EVENTS:
        assert event.model_validate(event.sample).model_dump(mode="json") == event.sample
