"""A list does what its sender may do by hand: no other act hides in a row or in a decision (law 15, ADR 0025)."""

from __future__ import annotations

import psycopg
import pytest

from tests.registry.ledgers.desk import Desk
from tests.registry.ledgers.test_early_ends import clean, measures
from tests.registry.ledgers.test_reach import register
from tests.registry.ledgers.test_reports import person, somebody, table
from tests.registry.people_data import an_id

ELSEWHERE = "姓名,身份证号,接收地,移交时间,移交文号"
VISITS = "姓名,身份证号,第一轮走访时间,是否见面,风险等级,评估时间"


async def refused(desk: Desk, job: dict[str, object], field: str) -> tuple[int, str]:
    """Take the ledger's side of a conflict: status and problem of the refusal."""
    (conflict,) = [one for one in await desk.every(f"/{job['id']}/conflicts") if one["field"] == field]
    path = f"{desk.path}/{job['id']}/conflicts/{conflict['id']}/decide"
    reply = await desk.caller("POST", path, {"choice": "take", "reason": "核实"}, if_match=f'"v{conflict["version"]}"')
    return reply.status, reply.json()["type"].removeprefix("/problems/")


async def test_article_22_a_town_hands_nobody_over_to_another_county_by_list(desk: Desk, town: Desk) -> None:
    before = register(desk)
    lines = [f"演示{'甲乙丙丁'[n % 4]},{an_id(n)},保德县,2021-05-01,府禁毒函〔2021〕7号" for n in (2, 5)]
    (job,) = await town.upload(table(*lines, head=ELSEWHERE))
    assert job["dispositions"] == {"hold": 2} and job["codes"] == {"PERSON_UNKNOWN": 2}
    assert [row["object_id"] for row in await town.rows(job)] == [None, None]
    assert register(desk) == before
    (job,) = await desk.upload(table(*lines, head=ELSEWHERE))
    assert (await desk.commit(job))["taken"]["transfers_out"] == 2


@pytest.mark.parametrize("since", ["2016-02-03", "2020-05-01"])
async def test_a_town_moves_no_day_of_a_standing_back(desk: Desk, town: Desk, since: str) -> None:
    (now,) = await desk.upload(("新.csv", table(somebody(6, status="社会面", since="2020-06-01"))[1]))
    await desk.commit(now)
    (job,) = await town.upload(table(somebody(6, status="社会面", since=since)))
    assert await refused(town, job, "status_date") == (403, "ledger-conflict-not-yours")
    await town.commit(job)
    assert person(desk, 6) == ("610822100000", "169******01", "in_society", "2020-06-01")
    (clean_now,) = await town.upload(clean((6, "2021-05-06")))
    assert clean_now["codes"] == {"CLEAN_TOO_EARLY": 1}
    (mine,) = await desk.upload(("县更正.csv", table(somebody(6, status="社会面", since=since))[1]))
    (conflict,) = await desk.every(f"/{mine['id']}/conflicts")
    await desk.decide(mine, conflict, "take")
    await desk.commit(mine)
    assert (person(desk, 6) or ("",) * 4)[3] == since


async def test_a_decision_of_before_is_not_written_when_it_has_become_a_correction(desk: Desk, town: Desk) -> None:
    (job,) = await town.upload(table(somebody(5, status="出境", since="2021-02-01")))
    (conflict,) = [one for one in await town.every(f"/{job['id']}/conflicts") if one["field"] == "status"]
    await town.decide(job, conflict, "take")
    (later,) = await desk.upload(("县.csv", table(somebody(5, status="羁押", since="2021-04-01"))[1]))
    (other,) = [one for one in await desk.every(f"/{later['id']}/conflicts") if one["sides"][1]["source"] == "register"]
    await desk.decide(later, other, "take")
    await desk.commit(later)
    shown = person(desk, 5)
    await town.commit(job)
    assert person(desk, 5) == shown and (shown or ("",) * 4)[2] == "detained"


@pytest.mark.parametrize("status", ["社区戒毒", "强制隔离戒毒"])
async def test_article_33_nobody_under_a_measure_lives_in_society_by_list(desk: Desk, town: Desk, status: str) -> None:
    (now,) = await desk.upload(("措施.csv", table(somebody(7, status=status, since="2020-08-01"))[1]))
    await desk.commit(now)
    before, ran = register(desk), measures(desk)
    for who in (town, desk):
        (job,) = await who.upload(("社会面.csv", table(somebody(7, status="社会面", since="2021-03-01"))[1]))
        assert await refused(who, job, "status") == (422, "invalid-request")
        await who.commit(job)
        assert (register(desk), measures(desk)) == (before, ran)


async def test_a_high_tier_of_a_towns_ledger_waits_for_a_second_person(desk: Desk, town: Desk) -> None:
    lines = [f"演示丙,{an_id(2)},2021-05-01,是,高,2021-05-01", f"演示乙,{an_id(5)},2021-05-01,是,低,2021-05-01"]
    (job,) = await town.upload(table(*lines, head=VISITS))
    assert (await town.commit(job))["taken"]["assessments"] == 2
    with psycopg.connect(desk.house.owner) as connection:
        query = "select tier, state, signed_by is null, proposed_by <> '' from registry.risk_assessment order by tier"
        assert connection.execute(query).fetchall() == [("high", "proposed", True, True), ("low", "signed", False, False)]
