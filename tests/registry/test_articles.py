"""The articles through the door: what an API user can and cannot record of a measure."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from kit.roles import Role
from tests.houses import Caller, Template, TestHouse, open_house
from tests.registry.people_data import OTHER_TOWN, TOWN, add_towns, an_order, county_officer, ordered, registered, running, step


@pytest.mark.parametrize(
    ("served", "due", "in_time", "late"),
    [
        ("2021-01-27", "2021-02-18", "2021-02-18", "2021-02-19"),  # Spring Festival, 11-17 February
        ("2021-02-05", "2021-02-20", "2021-02-20", "2021-02-21"),  # a Saturday that was worked
        ("2021-09-16", "2021-10-08", "2021-10-08", "2021-10-09"),  # National Day, 1-7 October
        ("2021-09-24", "2021-10-09", "2021-10-09", "2021-10-10"),  # a Saturday that was worked
    ],
)
async def test_article_14_the_fifteen_days_roll_over_public_holidays(
    template: Template, served: str, due: str, in_time: str, late: str
) -> None:
    async with open_house(template, only="registry", start=datetime(2021, 12, 1, tzinfo=UTC)) as house:
        add_towns(house)
        officer = county_officer(house)
        for sequence, day, accepted in ((1, in_time, True), (3, late, False)):
            order = await ordered(officer, (await registered(officer, sequence))["id"], ordered_on="2021-01-20")
            measure = await step(officer, order, "serve", served)
            assert measure["report_in_due"] == due
            path = f"/registry/v1/measures/{measure['id']}/transitions"
            answer = await officer("POST", path, {"event": "report_in", "on": day}, if_match='"v2"')
            assert (answer.status == 200) is accepted, answer.body
            if not accepted:
                assert json.loads(answer.body)["errors"][0]["code"] == "late_without_reason"


async def refused_code(officer: Caller, measure: dict[str, Any], event: str, on: str, **more: object) -> str:
    """The code with which a step is refused."""
    path = f"/registry/v1/measures/{measure['id']}/transitions"
    answer = await officer("POST", path, {"event": event, "on": on, **more}, if_match=f'"v{measure["version"]}"')
    assert answer.status == 422, answer.body
    return json.loads(answer.body)["errors"][0]["code"]


def an_isolation(**more: object) -> dict[str, object]:
    """An order of isolation (NCL art. 38)."""
    return an_order(
        kind="compulsory_isolation_treatment", ordered_on="2019-06-01", order_no="强戒1号", ground="used_again_afterwards", **more
    )


async def isolated(officer: Caller, **more: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """A person in isolation since 1 June 2019."""
    person = await registered(officer)
    made = await officer("POST", f"/registry/v1/people/{person['id']}/measures", an_isolation(**more))
    assert made.status == 201, made.body
    return person, json.loads(made.body)


async def test_article_33_no_standing_is_an_early_discharge(house: TestHouse) -> None:
    add_towns(house)
    officer, town = county_officer(house), house.caller("registry", Role.TOWN_OFFICER)
    person, measure = await running(officer)
    path = f"/registry/v1/people/{person['id']}/standings"
    clean = {"status": "three_years_clean", "since": "2021-06-30", "reason": "表现良好"}
    for caller in (officer, town):
        answer = await caller("POST", path, clean, if_match='"v1"')
        assert (answer.status, json.loads(answer.body)["errors"][0]["code"]) == (422, "three_years_not_over")
    mistaken = {"status": "erroneous", "since": "2021-06-30", "reason": "登记错误"}
    assert (await town("POST", path, mistaken, if_match='"v1"')).status == 403, "only the organ annuls its order (T18)"
    elsewhere = house.caller("registry", Role.TOWN_OFFICER, scope=("610822105",))
    for status in ("three_years_clean", "transferred_out", "erroneous"):
        told = await elsewhere("POST", path, {"status": status, "since": "2021-06-30", "reason": "探问"}, if_match='"v1"')
        assert told.status == 404, "nobody learns of another town's measures from a refusal"
    assert (await elsewhere("GET", f"/registry/v1/people/{person['id']}/monitoring")).status == 404
    gone = await officer("POST", path, {"status": "transferred_out", "since": "2021-06-30", "reason": "移交外地"}, if_match='"v1"')
    assert (gone.status, json.loads(gone.body)["errors"][0]["code"]) == (422, "transfer_out_required"), "DRR art. 22: with its letter"
    monitoring = json.loads((await town("GET", f"/registry/v1/people/{person['id']}/monitoring")).body)
    assert (monitoring["ground"], monitoring["clean_since"], monitoring["ends_on"], monitoring["over"]) == (
        "execution_began",
        "2021-05-10",
        "2024-05-10",
        False,
    )
    assert json.loads((await officer("GET", f"/registry/v1/measures/{measure['id']}")).body)["state"] == "active"
    assert (await officer("POST", path, mistaken, if_match='"v1"')).status == 201


async def test_article_7_both_ends_come_on_the_same_day(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    person, _ = await running(officer)
    house.clock.advance(timedelta(days=3 * 366))
    monitoring = json.loads((await officer("GET", f"/registry/v1/people/{person['id']}/monitoring")).body)
    assert (monitoring["ends_on"], monitoring["over"]) == ("2024-05-10", True), "no job has run"


async def test_article_23_the_notice_is_owed_seven_days_and_served_once(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    _, measure = await running(officer)
    house.clock.advance(timedelta(days=3 * 366))  # no job writes the end down before the notice is served
    path = f"/registry/v1/measures/{measure['id']}"
    over = json.loads((await officer("GET", path)).body)
    assert [(duty["kind"], duty["owed_by"], duty["due_on"]) for duty in over["duties"]] == [
        ("serve_discharge_notice", "police", "2024-05-17")
    ]
    early = await officer(
        "POST", path + "/transitions", {"event": "serve_discharge_notice", "on": "2024-05-09", "document_no": "解1号"}, if_match='"v3"'
    )
    assert json.loads(early.body)["errors"][0]["code"] == "date_before_last_step"
    served = await step(officer, measure, "serve_discharge_notice", "2024-05-13", document_no="解1号")
    assert (served["state"], served["ended_on"], served["duties"]) == ("discharged", "2024-05-10", [])
    assert await refused_code(officer, served, "serve_discharge_notice", "2024-05-14", document_no="解2号") == "already_recorded"


async def test_article_22_a_new_place_needs_a_new_agreement_from_the_arrival_on(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    _, measure = await running(officer)
    signed = await step(officer, measure, "sign_agreement", "2021-05-12", document_no="协1号")
    assert signed["agreement_due"] is None
    moving = await step(officer, signed, "begin_transfer", "2021-06-11", division_code=OTHER_TOWN)
    assert [(duty["kind"], duty["due_on"]) for duty in moving["duties"]] == [("report_in_at_new_place", "2021-06-28")], (
        "26 June is a Saturday"
    )
    assert await refused_code(officer, moving, "report_in_at_new_place", "2021-06-10") == "date_before_last_step"
    there = await step(officer, moving, "report_in_at_new_place", "2021-06-11")
    assert (there["agreement_due"], there["term_end"]) == ("2021-06-17", "2024-05-10"), "12-14 June was the Dragon Boat holiday"


async def test_article_24_custody_on_the_way_and_prison_at_any_stage(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    _, measure = await running(officer)
    moving = await step(officer, measure, "begin_transfer", "2021-05-20", division_code=OTHER_TOWN)
    held = await step(officer, moving, "suspend", "2021-05-25", document_no="拘1号")
    back = await step(officer, held, "resume", "2021-06-04")
    assert (back["state"], back["suspended_days"], back["term_end"], back["transfer_due"]) == (
        "transfer_pending",
        10,
        "2024-05-20",
        "2021-06-15",
    )
    ended = await step(officer, back, "terminate", "2021-06-10", document_no="判1号")
    assert (ended["state"], ended["next_steps"]) == ("terminated", []), "it never resumes"
    waiting = await ordered(officer, (await registered(officer, 3))["id"])
    assert (await step(officer, waiting, "terminate", "2021-05-10", document_no="判2号"))["state"] == "terminated"


async def test_article_38_what_was_reported_founds_the_isolation_and_nothing_else(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    _, measure = await running(officer)
    reported = await step(officer, measure, "report_reuse", "2021-06-01", finding_no="认1号")
    decided = {"order_no": "强戒1号", "order_organ": "府谷县公安局"}
    assert await refused_code(officer, reported, "decide_isolation", "2021-06-02", ground="serious_breach", **decided) == "ground_required"
    assert (
        await refused_code(officer, reported, "decide_isolation", "2021-06-02", ground="seriously_addicted", **decided)
        == "serious_finding_required"
    )
    early = await refused_code(officer, reported, "decide_isolation", "2021-05-31", ground="used_during_community_treatment", **decided)
    assert early == "date_before_last_step"
    person = await registered(officer, 3)
    path = f"/registry/v1/people/{person['id']}/measures"
    bare = await officer("POST", path, an_isolation() | {"addiction": None})
    assert json.loads(bare.body)["errors"][0]["code"] == "finding_required", "only whoever is addicted can be isolated"


async def test_article_38_a_refused_rehabilitation_never_leads_to_isolation(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    person, _ = await isolated(officer)
    order = an_order(kind="community_rehabilitation", ordered_on="2021-06-01", term_months=24)
    other = await officer("POST", f"/registry/v1/people/{person['id']}/measures", {**order, "order_organ": "榆林市公安局"})
    assert json.loads(other.body)["errors"][0]["code"] == "other_organ"
    made = json.loads((await officer("POST", f"/registry/v1/people/{person['id']}/measures", order)).body)
    served = await step(officer, made, "serve", "2021-06-02")
    breach = await step(officer, served, "report_breach", "2021-06-20", reason="拒绝报到", statement="不愿意")
    assert sorted(s["event"] for s in breach["next_steps"]) == ["close_breach", "die", "expire", "revoke", "terminate"]
    path = f"/registry/v1/measures/{made['id']}/transitions"
    decision = {"event": "decide_isolation", "on": "2021-06-21", "ground": "refused_community_treatment", "order_no": "1"}
    assert (await officer("POST", path, decision, if_match=f'"v{breach["version"]}"')).status == 409
    open_again = await step(officer, breach, "close_breach", "2021-06-22", reason="谈话后愿意接受")
    assert (open_again["state"], open_again["report_in_due"]) == ("awaiting_report_in", "2021-07-07")


async def test_article_48_without_an_order_at_release_nothing_follows(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    person, isolation = await isolated(officer)
    path = f"/registry/v1/measures/{isolation['id']}"
    over = json.loads((await officer("GET", path)).body)
    assert (over["state"], over["ended_on"]) == ("released", "2021-06-01"), "two years, whoever wrote them down"
    closed = await step(officer, isolation, "close_without_order", "2021-06-01", reason="未责令")
    assert closed["state"] == "ended"
    order = an_order(kind="community_rehabilitation", ordered_on="2021-06-10", term_months=24, released_on="2021-06-01")
    answer = await officer("POST", f"/registry/v1/people/{person['id']}/measures", order)
    assert json.loads(answer.body)["errors"][0]["code"] == "release_first", "what the register knows goes before what the caller says"


async def test_article_31_days_in_isolation_count_for_community_treatment(template: Template) -> None:
    async with open_house(template, only="registry", start=datetime(2020, 12, 1, tzinfo=UTC)) as house:
        add_towns(house)
        officer = county_officer(house)
        person, isolation = await isolated(officer)
        assert [(d["kind"], d["due_on"]) for d in isolation["duties"]] == [
            ("notify_family", "2019-06-02"),
            ("announce_release", "2021-05-29"),
        ]
        assert await refused_code(officer, isolation, "release_early", "2020-06-01", document_no="1") == "proposal_required"
        assert await refused_code(officer, isolation, "propose_early_release", "2020-05-31", document_no="1") == "one_year_first"
        gone = await step(officer, isolation, "escape", "2020-06-01")
        back = await step(officer, gone, "recapture", "2020-06-11")
        assert (back["term_end"], back["suspended_days"]) == ("2021-06-11", 10), "days of an escape do not count (DRR art. 32)"
        assert await refused_code(officer, back, "propose_early_release", "2020-11-01", document_no="1") == "escaped"
        proposed = await step(officer, back, "propose_change", "2020-09-25", document_no="提1号", reason="所外就医,不宜回所")
        due = {d["kind"]: d["due_on"] for d in proposed["duties"]}
        assert due["decide_change"] == "2020-10-09", "2 October was a holiday, work began again on the 9th (DRR art. 31)"
        changed = await step(officer, proposed, "change_to_community", "2020-09-29", document_no="变1号", division_code=TOWN)
        assert changed["state"] == "ended"
        both = json.loads((await officer("GET", f"/registry/v1/people/{person['id']}/measures")).body)["items"]
        community = both[0]
        served = (date(2020, 9, 29) - date(2019, 6, 1)).days - 10
        assert (community["kind"], community["state"], community["credited_days"]) == ("community_treatment", "ordered", served)
        community = await step(officer, community, "serve", "2020-09-30")
        community = await step(officer, community, "report_in", "2020-10-09")
        assert community["term_end"] == (date(2023, 10, 9) - timedelta(days=served)).isoformat()


async def test_article_24_a_suspension_taken_back_is_heard_as_a_resumption(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    _, measure = await running(officer)
    held = await step(officer, measure, "suspend", "2021-06-01", document_no="拘1号")
    path = f"/registry/v1/measures/{measure['id']}"

    async def take_back(version: int) -> None:
        last = json.loads((await officer("GET", path + "/history")).body)["items"][-1]["id"]
        wrong = {"corrects_id": last, "reason": "登记错人"}
        assert (await officer("POST", path + "/corrections", wrong, if_match=f'"v{version}"')).status == 200

    await take_back(held["version"])
    again = await step(officer, {**held, "version": held["version"] + 1}, "suspend", "2021-06-02", document_no="拘2号")
    free = await step(officer, again, "resume", "2021-06-05")
    assert (free["suspended_days"], free["term_end"]) == (3, "2024-05-13")
    await take_back(free["version"])
    with psycopg.connect(house.owner) as connection:
        said = [
            row[0] for row in connection.execute("select type from registry.outbox where type like 'measure.%' order by id desc limit 5")
        ]
    assert said == ["measure.suspended", "measure.resumed", "measure.suspended", "measure.resumed", "measure.suspended"]
    now = json.loads((await officer("GET", path)).body)
    assert (now["state"], now["suspended_days"], now["term_end"]) == ("suspended", 0, "2024-05-10")
