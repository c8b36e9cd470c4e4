"""A ledger discharges nobody before the term is over (NCL art. 33; DRR art. 14, 23), and shows nobody whose record is closed (domain 2.5, 11.1)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import psycopg

from tests.registry.ledgers.desk import Desk, Json
from tests.registry.ledgers.test_reports import person, somebody, table
from tests.registry.people_data import an_id

CLEAN = "姓名,身份证号,戒断三年认定时间"


def clean(*rows: tuple[int, str]) -> tuple[str, bytes]:
    """A list of persons confirmed as three years clean."""
    return table(*(f"演示{'甲乙丙丁'[n % 4]},{an_id(n)},{day}" for n, day in rows), head=CLEAN)


def measures(desk: Desk) -> list[tuple[Any, ...]]:
    """(kind, state, end reason, persons' record) of every measure."""
    query = "select m.kind, m.state, m.end_reason, p.state from registry.measure m join registry.person p on p.id = m.person_id order by p.name, m.id"
    with psycopg.connect(desk.house.owner) as connection:
        return connection.execute(query.encode()).fetchall()


async def at_work(desk: Desk, *rows: str) -> None:
    """Persons of a committed ledger."""
    (job,) = await desk.upload(("在册.csv", table(*rows)[1]))
    await desk.commit(job)


RUNNING = ("community_treatment", "active", None, "open")


async def test_article_33_of_the_narcotics_law_a_list_of_clean_years_does_not_end_a_running_treatment(desk: Desk) -> None:
    await at_work(desk, somebody(1), somebody(2, status="社会面", since="2018-05-01"))
    (job,) = await desk.upload(clean((1, "2021-05-06"), (2, "2021-05-06")))
    (held,) = await desk.rows(job, "&disposition=hold")
    (problem,) = held["problems"]
    assert (held["row"], problem["code"], problem["args"]["end"]) == (2, "MEASURE_RUNS", "2023-05-01")
    assert "社区戒毒尚在执行,2023-05-01期满" in problem["message_zh"]
    assert "community treatment of this person running until 2023-05-01" in problem["message_en"]
    done = await desk.commit(job)
    assert done["taken"] == {"standings": 1, "closed": 1} and done["dispositions"] == {"accept": 1, "hold": 1}
    assert person(desk, 1) == ("610822100000", "169******01", "community_treatment", "2020-05-01")
    assert measures(desk) == [RUNNING]
    assert (person(desk, 2) or ())[2:] == ("three_years_clean", "2021-05-06")


async def test_article_14_of_the_regulations_a_row_is_free_again_when_its_day_is_the_last_of_the_term(desk: Desk) -> None:
    await at_work(desk, somebody(1, since="2018-07-02"))  # the last day is tomorrow
    (job,) = await desk.upload(clean((1, "2021-06-30")))
    assert job["codes"] == {"MEASURE_RUNS": 1}
    desk.house.clock.advance(timedelta(days=1))
    (job,) = await desk.upload(clean((1, "2021-07-02")))
    assert job["dispositions"] == {"accept": 1}
    done = await desk.commit(job)
    assert done["taken"] == {"standings": 1, "closed": 1, "measures_ended": 1}
    assert (person(desk, 1) or ())[2:] == ("three_years_clean", "2021-07-02")


async def test_article_14_a_day_that_is_still_to_come_is_not_the_last_of_the_term(desk: Desk) -> None:
    await at_work(desk, somebody(1))
    (job,) = await desk.upload(clean((1, "2023-06-01"), (2, "2021-05-06")))
    assert job["codes"]["MEASURE_RUNS"] == 1
    assert measures(desk) == [RUNNING]


async def test_article_47_an_isolation_is_no_time_of_clean_years_either(desk: Desk) -> None:
    await at_work(desk, somebody(1, status="强制隔离戒毒", since="2021-01-05"))
    (job,) = await desk.upload(clean((1, "2021-05-06")))
    assert job["codes"] == {"MEASURE_RUNS": 1}


async def test_article_23_a_contradiction_of_two_ledgers_cannot_be_decided_into_an_early_discharge(desk: Desk) -> None:
    await at_work(desk, somebody(1), somebody(2))
    (job,) = await desk.upload(table(*(somebody(n, status="戒断三年未复吸", since="2021-03-01") for n in (1, 2))))
    first, second = await desk.every(f"/{job['id']}/conflicts")
    assert (first["field"], first["suggestion"]) == ("status", None)  # the later day suggests nothing here
    assert [side["value"]["status"] for side in first["sides"]] == ["three_years_clean", "community_treatment"]

    async def refused(conflict: Json) -> None:
        path = f"{desk.path}/{job['id']}/conflicts/{conflict['id']}/decide"
        reply = await desk.caller("POST", path, {"choice": "take", "reason": "核实"}, if_match=f'"v{conflict["version"]}"')
        (error,) = json.loads(reply.body)["errors"]
        assert (reply.status, error["pointer"], error["code"]) == (422, "/choice", "measure_runs")
        assert "2023-05-01" in error["message_zh"] and "2023-05-01" in error["message_en"]

    await refused(first)
    await desk.decide(job, second, "keep")
    done = await desk.commit(job)
    assert done["taken"] == {"unchanged": 2, "open_conflicts": 1}  # the default takes nothing over
    await refused(first)
    assert measures(desk) == [RUNNING, RUNNING]


async def test_article_23_holds_too_when_the_measure_comes_after_the_decision(desk: Desk) -> None:
    (one,) = await desk.upload(("甲.csv", table(somebody(1, status="戒断三年未复吸", since="2021-03-01"))[1]))
    (other,) = await desk.upload(("乙.csv", table(somebody(1, status="社会面", since="2020-02-01"))[1]))
    (across,) = [c for c in await desk.every(f"/{other['id']}/conflicts") if c["field"] == "status"]
    await desk.decide(other, across, "keep")  # clean, says the first ledger
    await at_work(desk, somebody(1))  # but a third ledger brings the measure before either is committed
    done = await desk.commit(other)
    assert done["taken"]["withheld"] == 1 and done["taken"]["open_conflicts"] >= 1
    await desk.commit(one)
    assert measures(desk) == [RUNNING]
    assert (person(desk, 1) or ())[2:] == ("community_treatment", "2020-05-01")


async def test_a_death_in_a_ledger_ends_a_measure_because_it_is_a_fact(desk: Desk) -> None:
    await at_work(desk, somebody(1))
    (job,) = await desk.upload(table(somebody(1, status="死亡", since="2021-03-01")))
    (conflict,) = await desk.every(f"/{job['id']}/conflicts")
    await desk.decide(job, conflict, "take")
    await desk.commit(job)
    assert measures(desk) == [("community_treatment", "closed_death", "dead", "closed")]


async def test_article_7_rows_of_closed_records_are_for_the_records_officer_alone_once_the_ledger_is_committed(desk: Desk) -> None:
    (job,) = await desk.upload(table(somebody(1, status="社会面", since="2018-05-01"), somebody(2)))
    assert [row["row_id"] for row in await desk.rows(job)] == [1, 2]
    await desk.commit(job)
    (again,) = await desk.upload(table(somebody(1, phone="16900000009", status="社会面", since="2018-05-01"), somebody(2), somebody(3)))
    (contradiction,) = await desk.every(f"/{again['id']}/conflicts")
    (list_,) = await desk.upload(clean((1, "2021-05-06")))
    assert len(await desk.rows(list_)) == 1
    await desk.commit(again)
    assert len(await desk.every(f"/{again['id']}/conflicts")) == 1
    assert (await desk.caller("GET", f"{desk.path}/{job['id']}/marked")).status == 200
    await desk.commit(list_)  # now the record of the first is closed
    assert [row["row_id"] for row in await desk.rows(job)] == [2]
    assert await desk.rows(list_) == [] and await desk.every(f"/{again['id']}/conflicts") == []
    assert (await desk.caller("GET", f"{desk.path}/{job['id']}/rows/1")).status == 404
    assert (await desk.caller("GET", f"{desk.path}/{job['id']}/rows/2")).status == 200
    assert (await desk.caller("GET", f"{desk.path}/{job['id']}/marked")).status == 403
    decide = f"{desk.path}/{again['id']}/conflicts/{contradiction['id']}/decide"
    assert (await desk.caller("POST", decide, {"choice": "keep", "reason": "核实"}, if_match='"v1"')).status == 404
    for path in (f"{job['id']}/rows/1", f"{job['id']}/marked"):
        reply = await desk.caller("GET", f"{desk.path}/{path}", purpose="audit")
        assert reply.status == 200, reply.body
