"""Measures through HTTP: a whole course, what the law refuses, who may record what, and that they end by themselves."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import psycopg

from kit.roles import Role
from services.registry.jobs import end_due_measures
from tests.houses import TestHouse
from tests.registry.people_data import OTHER_TOWN, TOWN, add_staff, add_towns, an_order, county_officer, ordered, registered, running, step


def published(house: TestHouse) -> list[tuple[str, dict[str, object]]]:
    """What the neighbours may read."""
    with psycopg.connect(house.owner) as connection:
        return [(row[0], row[1]) for row in connection.execute("select type, data from registry.outbox order by id")]


async def test_a_community_treatment_runs_three_years_from_reporting_in(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    _, measure = await running(officer)
    assert (measure["state"], measure["term_start"], measure["term_end"]) == ("active", "2021-05-10", "2024-05-10")
    assert measure["report_in_due"] == "2021-05-24"  # 22 May is a Saturday
    assert measure["agreement_due"] == "2021-05-13"
    signed = await step(officer, measure, "sign_agreement", "2021-05-12", document_no="协〔2021〕1号")
    assert signed["agreement_on"] == "2021-05-12"
    history = json.loads((await officer("GET", f"/registry/v1/measures/{measure['id']}/history")).body)["items"]
    assert [(entry["event"], entry["to_state"]) for entry in history] == [
        ("order", "ordered"),
        ("serve", "awaiting_report_in"),
        ("report_in", "active"),
        ("sign_agreement", "active"),
    ]
    assert [kind for kind, _ in published(house)] == [
        "person.registered",
        "person.standing_changed",
        "measure.ordered",
        "measure.changed",
        "measure.reported_in",
        "measure.changed",
    ]


async def test_a_measure_reads_as_discharged_on_its_last_day_and_the_job_writes_it_down(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    person, measure = await running(officer)
    path = f"/registry/v1/measures/{measure['id']}"
    house.clock.advance(timedelta(days=3 * 366))
    late = json.loads((await officer("GET", path)).body)
    assert (late["state"], late["ended_on"]) == ("discharged", "2024-05-10")
    assert [step["event"] for step in late["next_steps"]] == [
        "serve_discharge_notice",
        "revoke",
    ], "nothing but the notice that the office owes, and an annulment by a court"
    refused = await officer("POST", path + "/transitions", {"event": "admonish", "on": "2024-05-11", "reason": "迟到"}, if_match='"v3"')
    assert (refused.status, json.loads(refused.body)["type"]) == (409, "/problems/step-not-declared")
    assert json.loads(refused.body)["detail"] == "2024-05-11不能“告诫”;当日可以:“送达解除通知书”、“撤销决定”"
    listed = json.loads((await officer("GET", "/registry/v1/measures?state=discharged")).body)
    assert [item["id"] for item in listed["items"]] == [measure["id"]]
    asked = house.neighbour("testing", "registry")
    assert json.loads((await asked("GET", f"/internal/people/{person['id']}/running?on=2024-05-09")).body)["runs"] is True
    assert json.loads((await asked("GET", f"/internal/people/{person['id']}/running?on=2024-05-10")).body)["runs"] is False
    with psycopg.connect(house.owner) as connection:
        assert connection.execute("select state from registry.measure").fetchall() == [("active",)]
    await end_due_measures(house.house.apps["registry"].state.house)
    with psycopg.connect(house.owner) as connection:
        assert connection.execute("select state, ended_on::text, end_reason from registry.measure").fetchall() == [
            ("discharged", "2024-05-10", "term_end")
        ]
    kind, data = published(house)[-1]
    assert (kind, data["on"], data["reason"]) == ("measure.ended", "2024-05-10", "term_end")


async def test_three_clean_years_end_the_measure_and_close_the_record(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    person, measure = await running(officer)
    house.clock.advance(timedelta(days=3 * 366))
    path = f"/registry/v1/people/{person['id']}"
    clean = {"status": "three_years_clean", "reason": "公安机关认定"}
    early = await officer("POST", path + "/standings", {**clean, "since": "2024-05-09"}, if_match='"v1"')
    assert (early.status, json.loads(early.body)["errors"][0]["code"]) == (422, "three_years_not_over")
    done = await officer("POST", path + "/standings", {**clean, "since": "2024-05-10"}, if_match='"v1"')
    assert (done.status, json.loads(done.body)["state"]) == (201, "closed")
    assert (await officer("GET", path)).status == 404
    assert (await officer("GET", path, purpose="audit")).status == 200
    subject = house.caller("registry", Role.SUBJECT, person_id=person["id"])
    own = json.loads((await subject("GET", path + "/measures")).body)["items"]
    assert [(m["id"], m["state"], m["ended_on"]) for m in own] == [(measure["id"], "discharged", "2024-05-10")], "by law, not by the word"
    assert published(house)[-1][0] == "measure.ended"


async def test_the_decision_of_isolation_converts_and_begins_the_isolation(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    person = await registered(officer)
    measure = await step(officer, await ordered(officer, person["id"]), "serve", "2021-05-07")
    early = {"event": "confirm_refusal", "on": "2021-05-20", "contact_attempts": 2}
    path = f"/registry/v1/measures/{measure['id']}/transitions"
    assert (await officer("POST", path, early, if_match='"v2"')).status == 422
    add_staff(house, "P2")
    add_staff(house, "F1", post="family")
    add_staff(house, "P8", left="2021-05-25")
    for code, why in (("某某", "staff_unknown"), ("P8", "staff_unknown"), ("F1", "post_unfit")):
        late = {**early, "on": "2021-05-25", "confirmed_by": code}
        answer = await officer("POST", path, late, if_match='"v2"')
        told = [(error["pointer"], error["code"]) for error in json.loads(answer.body)["errors"]]
        assert (answer.status, told) == (422, [("/confirmed_by", why)]), code
    refused = await step(officer, measure, "confirm_refusal", "2021-05-25", contact_attempts=2, confirmed_by="P2")
    barred = {
        "event": "decide_isolation",
        "on": "2021-06-01",
        "ground": "refused_community_treatment",
        "order_no": "强戒1号",
        "bar": "pregnant",
    }
    answer = await officer("POST", path, barred, if_match='"v3"')
    assert (answer.status, json.loads(answer.body)["errors"][0]["code"]) == (422, "barred")
    done = await step(
        officer,
        refused,
        "decide_isolation",
        "2021-06-01",
        ground="refused_community_treatment",
        order_no="强戒1号",
        order_organ="府谷县公安局",
    )
    assert done["state"] == "converted_to_isolation"
    both = json.loads((await officer("GET", f"/registry/v1/people/{person['id']}/measures")).body)["items"]
    assert next((m["kind"], m["state"], m["term_end"]) for m in both) == (
        "compulsory_isolation_treatment",
        "isolation_active",
        "2023-06-01",
    )


async def test_a_transfer_moves_the_place_and_never_the_term(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    person, measure = await running(officer)
    moving = await step(officer, measure, "begin_transfer", "2021-06-01", division_code=OTHER_TOWN)
    there = await step(officer, moving, "report_in_at_new_place", "2021-06-10")
    assert (there["division_code"], there["term_end"], there["agreement_on"]) == (OTHER_TOWN, measure["term_end"], None)
    assert json.loads((await officer("GET", f"/registry/v1/people/{person['id']}")).body)["division_code"] == OTHER_TOWN
    assert {"measure.transferred", "person.moved"} <= {kind for kind, _ in published(house)}


async def test_who_may_record_what(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    person = await registered(officer)
    town = house.caller("registry", Role.TOWN_OFFICER, scope=("610822100",))
    elsewhere = house.caller("registry", Role.TOWN_OFFICER, scope=("610822105",))
    grid = house.caller("registry", Role.GRID_WORKER)
    leader = house.caller("registry", Role.LEADER)
    orders = f"/registry/v1/people/{person['id']}/measures"
    assert (await town("POST", orders, an_order())).status == 403
    assert (await elsewhere("POST", orders, an_order())).status == 404
    measure = await ordered(officer, person["id"])
    assert (await officer("POST", orders, an_order())).status == 409
    path = f"/registry/v1/measures/{measure['id']}"
    for caller in (grid, leader):
        assert (await caller("GET", path)).status == 403
        assert (await caller("GET", orders)).status == 403
    assert (await elsewhere("GET", path)).status == 404
    assert json.loads((await elsewhere("GET", "/registry/v1/measures")).body)["items"] == []
    assert len(json.loads((await town("GET", f"/registry/v1/measures?division_code={TOWN}&kind=community_treatment")).body)["items"]) == 1
    serve = {"event": "serve", "on": "2021-05-07"}
    assert (await elsewhere("POST", path + "/transitions", serve, if_match='"v1"')).status == 404
    assert (await town("POST", path + "/transitions", serve)).status == 428
    assert (await town("POST", path + "/transitions", serve, if_match='"v9"')).status == 412
    assert (await town("POST", path + "/transitions", {**serve, "colour": "red"}, if_match='"v1"')).status == 422
    assert (
        await town("POST", path + "/transitions", {"event": "revoke", "on": "2021-05-07", "document_no": "1"}, if_match='"v1"')
    ).status == 403
    assert (await town("POST", path + "/transitions", serve, if_match='"v1"')).status == 200
    assert (await officer("GET", path, purpose="")).status == 422


async def test_two_officers_at_once_leave_one_step(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    measure = await ordered(officer, (await registered(officer))["id"])
    path = f"/registry/v1/measures/{measure['id']}/transitions"
    answers = await asyncio.gather(*(officer("POST", path, {"event": "serve", "on": f"2021-05-1{n}"}, if_match='"v1"') for n in range(5)))
    assert sorted(answer.status for answer in answers) == [200, 412, 412, 412, 412]
    history = json.loads((await officer("GET", f"/registry/v1/measures/{measure['id']}/history")).body)["items"]
    assert [entry["event"] for entry in history] == ["order", "serve"]


async def test_a_step_recorded_by_mistake_is_taken_back_by_a_new_row(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    _, measure = await running(officer)
    path = f"/registry/v1/measures/{measure['id']}"
    ended = await step(officer, measure, "terminate", "2021-06-01", document_no="判1号")
    assert ended["ended_on"] == "2021-06-01"
    history = json.loads((await officer("GET", path + "/history")).body)["items"]
    last, beginning = history[-1]["id"], history[0]["id"]
    town = house.caller("registry", Role.TOWN_OFFICER)
    wrong = {"corrects_id": last, "reason": "登记错人"}
    assert (await town("POST", path + "/corrections", wrong, if_match='"v4"')).status == 403
    assert (await officer("POST", path + "/corrections", {**wrong, "corrects_id": beginning}, if_match='"v4"')).status == 409
    assert (await officer("POST", path + "/corrections", wrong, if_match='"v3"')).status == 412
    back = json.loads((await officer("POST", path + "/corrections", wrong, if_match='"v4"')).body)
    same = ("state", "term_start", "term_end", "ended_on", "end_reason")
    assert {name: back[name] for name in same} == {name: measure[name] for name in same}
    assert (await officer("POST", path + "/corrections", wrong, if_match='"v5"')).status == 409
    told = json.loads((await officer("GET", path + "/history")).body)["items"]
    assert [(entry["event"], entry["corrects_id"]) for entry in told[-2:]] == [("terminate", None), ("correct", last)]
    assert [kind for kind, _ in published(house)][-4:] == [
        "person.standing_changed",
        "measure.ended",
        "person.standing_changed",
        "measure.resumed",
    ]
