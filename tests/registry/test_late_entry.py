"""History entered late: a step stands on its day, whatever was written down before, and the measure's row repeats what follows."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta
from typing import Any

import psycopg

from kit.call import Reply
from kit.jobs import in_work
from kit.work import Work
from services.registry.jobs import end_due_measures
from services.registry.measures.service.comparing import Unlike, unlike
from tests.houses import Caller, TestHouse
from tests.registry.people_data import OTHER_TOWN, add_towns, an_order, county_officer, ordered, registered, step

Shown = dict[str, Any]
COMPUTED = ("state", "division_code", "served_on", "report_in_due", "reported_in_on", "agreement_on", "term_start", "term_end", "suspended_on", "suspended_days", "ended_on", "end_reason")  # fmt: skip


async def differing(house: TestHouse) -> list[Unlike]:
    """What does not repeat its history, once the ends that the law brought are written down."""
    found: list[Unlike] = []
    registry = house.house.apps["registry"].state.house
    await end_due_measures(registry)

    async def run(work: Work) -> None:
        found.extend(await unlike(work))

    await in_work(registry, "compare_measures", run)
    return found


async def sent(officer: Caller, measure: Shown, event: str, on: str, **more: object) -> Reply:
    body = {"event": event, "on": on, **more}
    return await officer("POST", f"/registry/v1/measures/{measure['id']}/transitions", body, if_match=f'"v{measure["version"]}"')


async def read(officer: Caller, measure: Shown) -> Shown:
    return json.loads((await officer("GET", f"/registry/v1/measures/{measure['id']}", purpose="audit")).body)


async def begun(officer: Caller, sequence: int) -> Shown:
    """An order of 2018, served."""
    person = await registered(officer, sequence, status_since="2018-01-01")
    measure = await ordered(officer, person["id"], ordered_on="2018-02-01")
    return await step(officer, measure, "serve", "2018-02-05")


async def test_a_suspension_of_2019_is_entered_after_the_term_had_ended(house: TestHouse) -> None:
    """The report-in of 2018 is entered in 2021 and the term is over; its custody of 2019 is entered afterwards, and the term runs on (DRR art. 24 §2)."""
    add_towns(house)
    officer = county_officer(house)
    measure = await begun(officer, 1)
    measure = await step(officer, measure, "report_in", "2018-02-12")
    assert (measure["state"], measure["ended_on"]) == ("discharged", "2021-02-12")
    assert await differing(house) == []
    measure = await step(officer, await read(officer, measure), "suspend", "2019-03-01", document_no="拘〔2019〕1号")
    assert measure["state"] == "suspended", "nobody has said yet that it went on"
    measure = await step(officer, measure, "resume", "2020-01-29", document_no="恢〔2020〕1号")
    assert (measure["state"], measure["term_end"], measure["suspended_days"], measure["ended_on"]) == ("active", "2022-01-12", 334, None)
    assert await differing(house) == []
    house.clock.advance(timedelta(days=200))
    assert (await read(officer, measure))["state"] == "discharged"
    assert await differing(house) == []
    history = json.loads((await officer("GET", f"/registry/v1/measures/{measure['id']}/history", purpose="audit")).body)["items"]
    assert [one["event"] for one in history] == ["order", "serve", "report_in", "expire", "correct", "suspend", "resume", "expire"]
    assert all(one["from_state"] == before["to_state"] for before, one in itertools.pairwise(history)), "each row follows the one before"


async def test_any_order_of_recording_leads_to_the_same_measure(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    steps = [
        ("report_in", "2018-02-12", {}),
        ("sign_agreement", "2018-02-14", {"document_no": "协1号"}),
        ("suspend", "2019-03-01", {"document_no": "拘1号"}),
        ("resume", "2019-09-01", {"document_no": "恢1号"}),
        ("begin_transfer", "2020-01-06", {"division_code": OTHER_TOWN}),
        ("report_in_at_new_place", "2020-01-10", {}),
        ("sign_agreement", "2020-01-13", {"document_no": "协2号"}),
        ("admonish", "2020-05-06", {"reason": "无故缺席"}),
    ]
    orders: list[list[list[int]]] = [
        [[0], [1], [2], [3], [4], [5], [6], [7]],
        [[0], [4], [5], [7], [6], [3, 2], [1]],
        [[0], [2], [3], [7], [1], [5, 6, 4]],
        [[7, 6, 5, 4, 3, 2, 1, 0]],
    ]
    found: list[Shown] = []
    for number, order in enumerate(orders):
        measure = await begun(officer, number + 1)
        for together in order:
            measure = await read(officer, measure)
            body = {"steps": [{"event": event, "on": on, **more} for event, on, more in (steps[index] for index in together)]}
            done = await officer("POST", f"/registry/v1/measures/{measure['id']}/past-steps", body, if_match=f'"v{measure["version"]}"')
            assert done.status == 200, done.body
            measure = json.loads(done.body)
        found.append({name: measure[name] for name in COMPUTED})
    assert found[0]["term_end"] == "2021-08-15"
    assert found[0]["division_code"] == OTHER_TOWN
    assert all(one == found[0] for one in found)
    assert await differing(house) == []


async def test_a_late_step_that_would_take_the_ground_from_a_later_one_is_refused_by_its_name(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    measure = await step(officer, await begun(officer, 1), "report_in", "2018-02-12")
    measure = await step(officer, await read(officer, measure), "sign_agreement", "2018-02-14", document_no="协1号")
    refused = await sent(officer, await read(officer, measure), "terminate", "2018-02-13", document_no="判1号")
    problem = json.loads(refused.body)
    assert (refused.status, problem["type"].rpartition("/")[2]) == (409, "later-step-stands")
    assert "2018-02-14" in problem["detail"]
    alone = await sent(officer, await read(officer, measure), "suspend", "2018-02-13", document_no="拘1号")
    assert json.loads(alone.body)["type"].rpartition("/")[2] == "later-step-stands", "nobody signs an agreement in custody"
    both = {"steps": [{"event": "suspend", "on": "2018-02-13", "document_no": "拘1号"}, {"event": "resume", "on": "2018-02-30"}]}
    assert (
        await officer("POST", f"/registry/v1/measures/{measure['id']}/past-steps", both, if_match=f'"v{measure["version"]}"')
    ).status == 422
    both["steps"][1]["on"], both["steps"][0]["document_no"] = "2018-02-14", None  # pyright: ignore[reportArgumentType] - left out on purpose
    unnamed = await officer("POST", f"/registry/v1/measures/{measure['id']}/past-steps", both, if_match=f'"v{measure["version"]}"')
    assert json.loads(unnamed.body)["errors"][0]["pointer"] == "/steps/0/document_no"
    with_end = {"steps": [{"event": "admonish", "on": "2018-03-01", "reason": "缺席"}, {"event": "expire", "on": "2021-02-12"}]}
    ended = await officer("POST", f"/registry/v1/measures/{measure['id']}/past-steps", with_end, if_match=f'"v{measure["version"]}"')
    assert (ended.status, json.loads(ended.body)["type"].rpartition("/")[2]) == (409, "step-not-declared"), (
        "nothing of it is left out unsaid"
    )
    early = await sent(officer, await read(officer, measure), "suspend", "2018-02-08", document_no="拘1号")
    assert (early.status, json.loads(early.body)["type"].rpartition("/")[2]) == (409, "step-not-declared"), (
        "nobody had reported in on that day"
    )
    assert (await read(officer, measure))["version"] == measure["version"]
    assert await differing(house) == []


async def test_a_step_in_the_middle_is_taken_back_with_all_that_followed_from_it(house: TestHouse) -> None:
    """PIPL art. 46: a custody that never was gives its days back; the report-in on which the agreement rests cannot be taken back alone."""
    add_towns(house)
    officer = county_officer(house)
    measure = await step(officer, await begun(officer, 1), "report_in", "2018-02-12")
    for event, on, more in (("sign_agreement", "2018-02-14", {"document_no": "协1号"}), ("suspend", "2020-03-01", {"document_no": "拘1号"}), ("resume", "2020-12-01", {})):  # fmt: skip
        measure = await step(officer, await read(officer, measure), event, on, **more)
    assert (measure["state"], measure["term_end"]) == ("active", "2021-11-14")
    measure = await step(officer, await read(officer, measure), "admonish", "2021-06-01", reason="无故缺席")
    path = f"/registry/v1/measures/{measure['id']}"
    history = {one["event"]: one for one in json.loads((await officer("GET", f"{path}/history", purpose="audit")).body)["items"]}
    open_ = {event for event, one in history.items() if one["correct_at"]}
    assert "report_in" not in open_, "the agreement rests on it"
    assert "suspend" not in open_, "the resumption rests on it"
    assert {"resume", "admonish", "sign_agreement"} <= open_ or {"admonish", "sign_agreement"} <= open_
    refused = await officer("POST", f"{path}/corrections", {"corrects_id": history["report_in"]["id"], "reason": "误录"}, if_match=f'"v{measure["version"]}"')  # fmt: skip
    assert (refused.status, json.loads(refused.body)["type"].rpartition("/")[2]) == (409, "step-not-correctable")
    for event in ("admonish", "resume", "suspend"):
        measure = await read(officer, measure)
        done = await officer("POST", f"{path}/corrections", {"corrects_id": history[event]["id"], "reason": "误录"}, if_match=f'"v{measure["version"]}"')  # fmt: skip
        assert done.status == 200, (event, done.body)
    measure = await read(officer, measure)
    assert (measure["state"], measure["term_end"], measure["suspended_days"]) == ("discharged", "2021-02-12", 0)
    assert await differing(house) == []


async def test_a_reason_that_reads_like_a_standing_is_a_reason(house: TestHouse) -> None:
    """Somebody writes `erroneous` as the reason of a revocation: the measure was revoked by its paper, not by a standing."""
    add_towns(house)
    officer = county_officer(house)
    measure = await begun(officer, 1)
    measure = await step(officer, measure, "revoke", "2018-03-01", document_no="复议1号", reason="erroneous")
    assert (measure["state"], measure["end_reason"]) == ("revoked", "revoke")
    assert await differing(house) == []


async def test_a_row_that_was_changed_behind_the_register_is_found(house: TestHouse) -> None:
    """The comparison can fail: it names the measure and the column."""
    add_towns(house)
    officer = county_officer(house)
    measure = await step(officer, await begun(officer, 1), "report_in", "2018-02-12")
    with psycopg.connect(house.owner) as connection:
        connection.execute("update registry.measure set suspended_days = 7 where id = %s", [measure["id"]])
        connection.execute(
            "update registry.measure_stretch set until = until + 1 where measure_id = %s and held = 'ordered'", [measure["id"]]
        )
    assert {(str(one.measure_id), one.column) for one in await differing(house)} == {
        (measure["id"], "suspended_days"),
        (measure["id"], "stretches"),
    }


async def test_a_transfer_from_another_county_carries_the_days_served_there(house: TestHouse) -> None:
    """DRR art. 22: time runs on with what was served already; 30 days in custody there do not count (art. 24 §2)."""
    add_towns(house)
    officer = county_officer(house)
    person = await registered(officer, 1, status_since="2019-01-01")
    path = f"/registry/v1/people/{person['id']}/measures"
    transfer: Shown = an_order(
        ordered_on="2019-04-20", reported_in_on="2021-06-28", served_since="2019-05-10", uncounted_days=30, document_no="移〔2021〕3号"
    )
    for left_out, code in (("served_since", "served_since_required"), ("document_no", "document_required"), ("order_no", "order_required")):
        refused = await officer("POST", path, {**transfer, left_out: None})
        assert (refused.status, json.loads(refused.body)["errors"][0]["code"]) == (422, code)
    disorder = await officer("POST", path, {**transfer, "served_since": "2019-04-01"})
    assert json.loads(disorder.body)["errors"][0]["code"] == "served_since_disorder", "before the order"
    isolation = await officer("POST", path, {**transfer, "kind": "compulsory_isolation_treatment"})
    assert json.loads(isolation.body)["errors"][0]["code"] == "not_transferable"
    made = await officer("POST", path, transfer)
    assert made.status == 201, made.body
    measure = json.loads(made.body)
    assert (measure["state"], measure["term_start"], measure["term_end"]) == ("active", "2019-05-10", "2022-06-09")
    assert (measure["suspended_days"], measure["reported_in_on"], measure["ordered_on"]) == (30, "2021-06-28", "2019-04-20")
    assert await differing(house) == []
    other = await registered(officer, 2, status_since="2018-01-01")
    over = await officer(
        "POST", f"/registry/v1/people/{other['id']}/measures", {**transfer, "ordered_on": "2018-05-01", "served_since": "2018-05-10"}
    )
    assert json.loads(over.body)["errors"][0]["code"] == "term_over", "three years were over, wherever they were served"


async def test_no_two_measures_are_executed_on_one_day_of_the_past(house: TestHouse) -> None:
    add_towns(house)
    officer = county_officer(house)
    measure = await step(officer, await begun(officer, 1), "report_in", "2018-02-12")
    path = f"/registry/v1/people/{measure['person_id']}/measures"
    isolation = {"kind": "compulsory_isolation_treatment", "ground": "seriously_addicted", "addiction": "seriously_addicted"}
    beside = await officer("POST", path, an_order(ordered_on="2019-01-07", **isolation))
    assert (beside.status, json.loads(beside.body)["type"].rpartition("/")[2]) == (409, "measure-running")
    earlier = await officer("POST", path, an_order(ordered_on="2014-03-01", **isolation))
    assert earlier.status == 201, earlier.body
    assert json.loads(earlier.body)["state"] == "released", "it was over two years later"
    assert await differing(house) == []


async def test_an_order_that_is_annulled_after_its_end_counts_for_nothing(house: TestHouse) -> None:
    """T18: annulled on review or by a court, also when the term is over; it ended when it ended."""
    add_towns(house)
    officer = county_officer(house)
    measure = await step(officer, await begun(officer, 1), "report_in", "2018-02-12")
    measure = await step(officer, await read(officer, measure), "revoke", "2021-06-01", document_no="行终〔2021〕1号")
    assert (measure["state"], measure["ended_on"], measure["end_reason"]) == ("revoked", "2021-02-12", "revoke")
    found = json.loads((await officer("GET", f"/registry/v1/people/{measure['person_id']}/monitoring", purpose="audit")).body)
    assert found["ground"] != "execution_began"
    assert await differing(house) == []
