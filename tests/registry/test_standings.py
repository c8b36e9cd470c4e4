"""No word ends supervision before its time, what was decided is what the register shows, and a wrong word has its way back."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from kit.roles import Role
from services.registry.measures.rules.monitoring import Course, monitoring_of
from services.registry.measures.rules.standing import Shown, clean_years_missing, contradicts, status_after
from tests.houses import Caller, TestHouse
from tests.registry.people_data import OTHER_TOWN, TOWN, add_staff, add_towns, county_officer, ordered, registered, running, step

CLEAN = {"status": "three_years_clean", "reason": "认定"}


async def said(officer: Caller, person: dict[str, Any], status: str, since: str, **more: object) -> tuple[int, Any]:
    """Status and code (or the answer) of a standing."""
    path = f"/registry/v1/people/{person['id']}"
    seen = await officer("GET", path, purpose="audit")
    body = {"status": status, "since": since, "reason": "认定", **more}
    answer = await officer("POST", path + "/standings", body, if_match=seen.headers.get("etag", '"v1"'))
    told = json.loads(answer.body)
    return answer.status, told["errors"][0]["code"] if answer.status == 422 else told


async def refused_to_report(officer: Caller) -> dict[str, Any]:
    person = await registered(officer, 31)
    measure = await step(officer, await ordered(officer, person["id"]), "serve", "2021-05-07")
    await step(officer, measure, "confirm_refusal", "2021-05-25", contact_attempts=2, confirmed_by="P2")
    return person


async def waiting(officer: Caller) -> dict[str, Any]:
    person = await registered(officer, 33)
    await step(officer, await ordered(officer, person["id"]), "serve", "2021-05-07")
    return person


async def seriously_breached(officer: Caller) -> dict[str, Any]:
    person, measure = await running(officer, 35)
    await step(officer, measure, "report_serious_breach", "2021-06-20", evaded_tests=3, statement="本人陈述")
    return person


async def in_custody(officer: Caller) -> dict[str, Any]:
    person, measure = await running(officer, 37)
    await step(officer, measure, "suspend", "2021-06-20", document_no="拘1号")
    return person


async def on_the_way(officer: Caller) -> dict[str, Any]:
    person, measure = await running(officer, 39)
    await step(officer, measure, "begin_transfer", "2021-06-20", division_code=OTHER_TOWN)
    return person


@pytest.mark.parametrize("begin", [refused_to_report, waiting, seriously_breached, in_custody, on_the_way])
async def test_no_state_of_a_measure_is_left_by_a_word(house: TestHouse, begin: Any) -> None:
    """NCL art. 33; DRR art. 14, 23: neither on the day nor after three years, as long as the law has not ended the measure."""
    add_towns(house)
    add_staff(house, "P2")
    officer, town = county_officer(house), house.caller("registry", Role.TOWN_OFFICER)
    person = await begin(officer)
    for caller in (officer, town):
        for status, since in (("three_years_clean", "2021-07-01"), ("transferred_out", "2021-07-01"), ("in_society", "2021-07-01")):
            assert (await said(caller, person, status, since))[0] == 422, status
    states = [m["state"] for m in json.loads((await officer("GET", f"/registry/v1/people/{person['id']}/measures")).body)["items"]]
    assert not {"ended", "revoked", "discharged"} & set(states)
    house.clock.advance(timedelta(days=1000))  # 27 March 2024: less than three years since any of them began
    assert (await said(officer, person, "three_years_clean", "2024-03-20"))[0] == 422
    assert json.loads((await officer("GET", f"/registry/v1/people/{person['id']}")).body)["state"] == "open"


async def test_days_in_custody_move_the_end_and_the_word_waits_for_it(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    person, measure = await running(officer, 41)
    held = await step(officer, measure, "suspend", "2021-06-01", document_no="拘2号")
    house.clock.advance(timedelta(days=320))
    back = await step(officer, held, "resume", "2022-05-01")
    assert back["term_end"] == "2025-04-09"
    house.clock.advance(timedelta(days=800))  # after 10 May 2024, before the moved end
    assert await said(officer, person, "three_years_clean", "2024-06-01") == (422, "measure_open")
    house.clock.advance(timedelta(days=400))
    assert (await said(officer, person, "three_years_clean", "2025-04-09"))[0] == 201


@pytest.mark.parametrize(
    ("status", "since", "code"),
    [
        ("in_society", "2020-01-02", "three_years_not_over"),
        ("in_society", "2018-07-02", "three_years_not_over"),
        ("detained", "2015-01-02", "in_custody"),
        ("compulsory_isolation_treatment", "2015-01-02", "in_isolation"),
        ("maintenance_treatment", "2019-05-01", "three_years_not_over"),
    ],
)
async def test_without_a_measure_the_years_run_from_what_the_register_shows(house: TestHouse, status: str, since: str, code: str) -> None:
    add_towns(house)
    town = house.caller("registry", Role.TOWN_OFFICER)
    person = await registered(town, 43, status=status, status_since=since)
    assert await said(town, person, "three_years_clean", "2021-07-01") == (422, code)


async def test_three_years_in_society_are_enough(house: TestHouse) -> None:
    add_towns(house)
    town = house.caller("registry", Role.TOWN_OFFICER)
    person = await registered(town, 45, status_since="2018-07-01")
    assert (await said(town, person, "three_years_clean", "2021-06-30"))[0] == 422
    assert (await said(town, person, "three_years_clean", "2021-07-01"))[0] == 201


async def test_a_day_is_moved_back_by_the_office_alone(house: TestHouse) -> None:
    """A town that corrects the day of a standing could otherwise end supervision in two steps."""
    add_towns(house)
    town, officer = house.caller("registry", Role.TOWN_OFFICER), county_officer(house)
    person = await registered(town, 47)
    listed = json.loads((await town("GET", f"/registry/v1/people/{person['id']}/standings")).body)["items"]
    assert [(row["status"], row["correct_at"]) for row in listed] == [("in_society", f"/registry/v1/people/{person['id']}/standings")]
    assert (await said(town, person, "in_society", "2016-01-01", corrects_id=listed[0]["id"]))[0] == 403
    assert (await said(town, person, "erroneous", "2021-07-01"))[0] == 403
    assert await said(officer, person, "three_years_clean", "2021-07-01", corrects_id=listed[0]["id"]) == (422, "clean_since_unknown")


@pytest.mark.parametrize("by", ["step", "standing"])
async def test_a_wrong_death_has_its_way_back(house: TestHouse, by: str) -> None:
    """The standing, the record and every measure that the death had ended come back, also a term that stood still; the neighbours hear of all of it."""
    add_towns(house)
    officer = county_officer(house)
    person, measure = await running(officer, 49)
    clinic = {"kind": "maintenance_treatment", "division_code": TOWN, "ordered_on": "2021-06-01"}
    beside = json.loads((await officer("POST", f"/registry/v1/people/{person['id']}/measures", clinic)).body)
    held = await step(officer, measure, "suspend", "2021-06-20", document_no="拘3号")
    if by == "step":
        dead = await step(officer, held, "die", "2021-06-30", document_no="死1号")
        assert dead["state"] == "closed_death"
    else:
        assert (await said(officer, person, "dead", "2021-06-30"))[0] == 201
    path = f"/registry/v1/people/{person['id']}"
    gone = json.loads((await officer("GET", path, purpose="audit")).body)
    assert (gone["status"], gone["status_since"], gone["state"]) == ("dead", "2021-06-30", "closed")
    with psycopg.connect(house.owner) as connection:
        heard = [row[0] for row in connection.execute("select type from registry.outbox order by id desc limit 3")]
    assert sorted(heard) == ["measure.ended", "measure.ended", "person.standing_changed"]
    rows = json.loads((await officer("GET", path + "/standings", purpose="audit")).body)["items"]
    dead_row = next(row for row in rows if row["status"] == "dead")
    if by == "step":
        history = json.loads((await officer("GET", f"/registry/v1/measures/{measure['id']}/history", purpose="audit")).body)["items"]
        entry = history[-1]
        assert (entry["event"], entry["correct_at"]) == ("die", f"/registry/v1/measures/{measure['id']}/corrections")
        wrong = {"corrects_id": entry["id"], "reason": "登记错人"}
        seen = await officer("GET", f"/registry/v1/measures/{measure['id']}", purpose="audit")
        back = await officer("POST", entry["correct_at"], wrong, if_match=seen.headers["etag"])
        assert back.status == 200, back.body
    else:
        answer = await said(officer, person, "community_treatment", "2021-05-06", corrects_id=dead_row["id"])
        assert answer[0] == 201, answer
    now = json.loads((await officer("GET", path)).body)
    assert (now["status"], now["state"], now["closed_on"]) == ("community_treatment", "open", None)
    measures = {m["id"]: m for m in json.loads((await officer("GET", path + "/measures")).body)["items"]}
    assert (measures[measure["id"]]["state"], measures[measure["id"]]["suspended_on"]) == ("suspended", "2021-06-20")
    assert (measures[measure["id"]]["ended_on"], measures[beside["id"]]["state"]) == (None, "active")
    rows = json.loads((await officer("GET", path + "/standings")).body)["items"]
    assert next(row for row in rows if row["id"] == dead_row["id"])["corrected_by"] is not None
    with psycopg.connect(house.owner) as connection:
        heard = [row[0] for row in connection.execute("select type from registry.outbox order by id desc limit 3")]
    assert sorted(heard) == ["measure.resumed", "measure.suspended", "person.standing_changed"]


async def test_a_death_needs_the_person_in_reach_and_not_only_the_measure(house: TestHouse) -> None:
    """After a move the measure stays for a while in the old town: its officers cannot close the record of the new town's person."""
    add_towns(house)
    officer = county_officer(house)
    person, measure = await running(officer, 51)
    path = f"/registry/v1/people/{person['id']}"
    seen = await officer("GET", path)
    move = {"division_code": OTHER_TOWN, "reason": "搬家"}
    assert (await officer("POST", path + "/move", move, if_match=seen.headers["etag"])).status == 200
    old = house.caller("registry", Role.TOWN_OFFICER, scope=(TOWN[:9],))
    body = {"event": "die", "on": "2021-06-30", "document_no": "死2号"}
    refused = await old("POST", f"/registry/v1/measures/{measure['id']}/transitions", body, if_match='"v3"')
    assert refused.status in (403, 404)
    assert json.loads((await officer("GET", path)).body)["state"] == "open"


async def test_the_register_shows_what_was_decided(house: TestHouse) -> None:
    """An order, a decision of isolation, its release: the standing follows each, and no list by status misses the person."""
    add_towns(house)
    add_staff(house, "P2")
    officer = county_officer(house)
    person = await refused_to_report(officer)
    path = f"/registry/v1/people/{person['id']}"

    async def shown() -> str:
        return json.loads((await officer("GET", path)).body)["status"]

    assert await shown() == "community_treatment"
    measures = json.loads((await officer("GET", path + "/measures")).body)["items"]
    decision = {"ground": "refused_community_treatment", "order_no": "强1号", "order_organ": "府谷县公安局"}
    await step(officer, measures[0], "decide_isolation", "2021-06-01", **decision)
    assert await shown() == "compulsory_isolation_treatment"
    listed = json.loads((await officer("GET", "/registry/v1/people?status=compulsory_isolation_treatment")).body)["items"]
    assert [item["id"] for item in listed] == [person["id"]]
    isolation = json.loads((await officer("GET", path + "/measures")).body)["items"][0]
    await step(officer, isolation, "revoke", "2021-06-15", document_no="撤1号")
    assert await shown() == "in_society"
    assert await said(officer, person, "community_treatment", "2021-06-20") != (422, "contradicts_measure"), "nothing runs any more"


def test_what_a_standing_is_after_each_decision() -> None:
    ct, isolation = "community_treatment", "compulsory_isolation_treatment"
    assert [status_after(ct, state) for state in ("ordered", "active", "refused", "suspended")] == [ct] * 4
    assert [status_after(ct, state) for state in ("terminated", "revoked", "converted_to_isolation", "closed_death", "discharged")] == [
        "detained",
        "in_society",
        None,
        None,
        None,
    ]
    assert status_after(isolation, "released") == "in_society"
    assert status_after("maintenance_treatment", "active") is None
    assert contradicts("in_society", ct)
    assert contradicts(isolation, ct)
    assert not contradicts("detained", ct)
    assert not contradicts("in_society", None)


def test_the_years_are_counted_by_the_measures_before_the_register() -> None:
    began = date(2018, 3, 1)
    over = [Course("community_treatment", "discharged", began, date(2021, 3, 1), date(2021, 3, 1))]
    found = monitoring_of(over, None, date(2021, 7, 1))
    shown = Shown("in_society", date(2021, 3, 1))
    assert clean_years_missing(found, over, shown, date(2021, 3, 1), date(2021, 7, 1)) is None
    early = clean_years_missing(found, over, shown, date(2021, 2, 28), date(2021, 7, 1))
    assert early is not None
    assert early.code == "three_years_not_over"
