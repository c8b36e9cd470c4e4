"""A ledger reaches no further than whoever sends it: no person of another town, no closed record, not even whether there is one (ADR 0025)."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from kit.roles import Role
from tests.houses import TestHouse
from tests.registry.ledgers.desk import Desk, Json, add_county
from tests.registry.ledgers.test_early_ends import clean, measures
from tests.registry.ledgers.test_reports import HEAD, person, somebody, table
from tests.registry.people_data import an_id

MINE, OTHER = "610822100", "610822105"


def register(desk: Desk) -> list[tuple[Any, ...]]:
    """Everything that the register says of persons and measures."""
    with psycopg.connect(desk.house.owner) as connection:
        people = connection.execute(
            "select name, division_code, village_code, phone_masked, address_sealed is null, drugs::text, status, status_since, state, version "
            "from registry.person order by name, id"
        ).fetchall()
        ran = connection.execute("select person_id, kind, state, term_end, version from registry.measure order by id").fetchall()
    return [*people, *ran]


def blurred(job: Json, rows: list[Json]) -> tuple[Json, list[Json]]:
    """An import and its rows without what must differ between two files."""
    kept = {name: job[name] for name in ("state", "dispositions", "codes", "problems", "effects", "confirm", "recognised", "taken")}
    told = [{name: row[name] for name in ("disposition", "object_id", "problems", "kind")} for row in rows]
    return kept, told


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(somebody, id="as it is"),
        pytest.param(lambda n: somebody(n, status="死亡", since="2021-03-01"), id="a death"),
        pytest.param(lambda n: somebody(n, status="社区戒毒", phone="16900000077", since="2021-03-01"), id="a measure"),
    ],
)
async def test_another_towns_person_a_closed_record_and_nobody_look_the_same_to_a_town(desk: Desk, town: Desk, line: Any) -> None:
    before = register(desk)
    seen = []
    for number in (1, 4, 9):  # another town's, closed, registered nowhere
        (job,) = await town.upload((f"{number}.csv", table(line(number))[1]))
        rows = await town.rows(job)
        assert await town.every(f"/{job['id']}/conflicts") == []
        opened = await town.get(f"/{job['id']}/rows/1")
        assert opened["object_id"] is None
        refused = await town.caller("POST", f"{town.path}/{job['id']}/commit", {}, if_match=f'"v{job["version"]}"')
        seen.append((blurred(job, rows), [problem["code"] for problem in opened["problems"]], refused.status, refused.json()["title"]))
    assert seen[0] == seen[1] == seen[2]
    assert seen[0][1] == ["COUNTY_DECIDES"] and seen[0][2] == 409
    assert register(desk) == before


async def test_two_rows_of_one_number_cannot_be_decided_into_another_towns_person(desk: Desk, town: Desk) -> None:
    before = register(desk)
    (job,) = await town.upload(table(somebody(1), somebody(1, status="死亡", since="2021-03-01"), somebody(2, status="社会面")))
    assert job["dispositions"] == {"accept": 1, "duplicate": 1, "hold": 1}
    assert await town.every(f"/{job['id']}/conflicts") == []
    done = await town.commit(job)
    assert done["taken"] == {"unchanged": 1}
    assert register(desk) == before


async def test_no_decision_makes_a_town_responsible_that_the_caller_does_not_reach(desk: Desk, town: Desk) -> None:
    (job,) = await town.upload(table(somebody(2, status="社会面"), somebody(2, status="社会面", town="新民镇", phone="16900000055")))
    fields = {conflict["field"]: conflict for conflict in await town.every(f"/{job['id']}/conflicts")}
    assert "town_code" not in fields  # a row outside the town is not taken over, so nothing of it is offered
    await town.commit(job)
    assert (person(desk, 2) or ("",))[0] == "610822100000"


async def test_a_person_who_moves_away_between_report_and_commit_is_left_alone(desk: Desk, town: Desk) -> None:
    (job,) = await town.upload(table(somebody(2, status="社会面", phone="16900000066")))
    (conflict,) = await town.every(f"/{job['id']}/conflicts")
    await town.decide(job, conflict, "take")
    with psycopg.connect(desk.house.owner) as connection:
        (person_id, version) = connection.execute(
            "select id, version from registry.person where status = 'in_society' and name like '%%丙'"
        ).fetchone() or ("", 0)
    moved = await desk.caller(
        "POST", f"/registry/v1/people/{person_id}/move", {"division_code": "610822105000", "reason": "迁居"}, if_match=f'"v{version}"'
    )
    assert moved.status == 200, moved.body
    before = register(desk)
    refused = await town.caller(
        "POST", f"{town.path}/{job['id']}/commit", {}, if_match=f'"v{(await town.get("/" + job["id"]))["version"]}"'
    )
    assert refused.status in (202, 409)
    assert register(desk) == before
    assert await town.every(f"/{job['id']}/conflicts") == []


async def test_a_late_decision_stops_at_the_same_wall(desk: Desk, town: Desk) -> None:
    (job,) = await town.upload(table(somebody(2, status="社会面", phone="16900000066")))
    (conflict,) = await town.every(f"/{job['id']}/conflicts")
    await town.commit(job)
    with psycopg.connect(desk.house.owner, autocommit=True) as connection:
        connection.execute("update registry.person set division_code = '610822105000' where name like '%丙'")
    before = register(desk)
    path = f"{town.path}/{job['id']}/conflicts/{conflict['id']}/decide"
    reply = await town.caller("POST", path, {"choice": "take", "reason": "核实"}, if_match=f'"v{conflict["version"]}"')
    assert reply.status == 404
    assert register(desk) == before


async def test_a_closed_record_stays_closed_whatever_a_county_ledger_says(desk: Desk, town: Desk) -> None:
    del town
    (list_,) = await desk.upload(clean((5, "2021-05-06")))
    await desk.commit(list_)
    before = register(desk)
    (job,) = await desk.upload(
        table(somebody(5, status="社区戒毒", since="2021-06-01", phone="16900000033"), somebody(4, status="社会面", since="2021-06-01"))
    )
    assert job["codes"] == {"COUNTY_DECIDES": 2} and await desk.every(f"/{job['id']}/conflicts") == []
    assert [row["object_id"] for row in await desk.rows(job)] == [None, None]
    (again,) = await desk.upload(clean((5, "2021-05-07")))
    await desk.commit(again)
    assert register(desk) == before
    assert {state for _, state, _, _ in measures(desk)} == {"active"}


async def test_what_a_town_may_not_decide_the_office_takes_up_with_its_own_reach(desk: Desk, town: Desk) -> None:
    (job,) = await town.upload(table(somebody(9)))
    assert job["codes"] == {"COUNTY_DECIDES": 1}
    waiting = (await desk.caller("GET", f"{desk.path}?code=COUNTY_DECIDES")).json()["items"]
    assert [one["id"] for one in waiting] == [job["id"]]
    assert (await town.caller("POST", f"{town.path}/{job['id']}/take-up", {})).status == 403
    taken = await desk.caller("POST", f"{desk.path}/{job['id']}/take-up", {})
    assert taken.status == 202, taken.body
    await desk.house.step()
    done = await desk.commit(taken.json())
    assert done["taken"] == {"persons": 1, "standings": 1, "measures": 1}
    assert (person(desk, 9) or ("",))[0] == "610822100000"


async def test_whoever_moved_to_another_town_loses_the_imports_of_the_old_one(desk: Desk, town: Desk) -> None:
    (job,) = await town.upload(table(somebody(2, status="社会面", phone="16900000044")))
    name = town.caller.token  # the same account, whose scope has changed since
    del name
    moved = Desk(desk.house, desk.house.caller("registry", Role.TOWN_OFFICER, scope=(OTHER,)))
    key = {"idempotency_key": "moving-0001"}
    version = {"if_match": f'"v{job["version"]}"'}
    first = await town.caller("POST", f"{town.path}/{job['id']}/rows/1/discard", {"reason": "重复"}, if_match='"v1"', **key)
    assert first.status == 200
    for method, path in (
        ("GET", ""), ("GET", "/rows"), ("GET", "/rows/1"), ("GET", "/marked"), ("GET", "/headers"), ("GET", "/effects"), ("GET", "/conflicts"),
        ("POST", "/commit"), ("POST", "/reread"),
    ):  # fmt: skip
        reply = await moved.caller(method, f"{moved.path}/{job['id']}{path}", {} if method == "POST" else None, **version)
        assert reply.status == 404, (path, reply.body)
    assert (await moved.caller("GET", moved.path)).json()["items"] == []
    again = await moved.caller("POST", f"{town.path}/{job['id']}/rows/1/discard", {"reason": "重复"}, if_match='"v1"', **key)
    assert again.status == 422 and b"\xe5\x89\x8d" not in again.body and an_id(2).encode() not in again.body
    (other,) = await moved.upload(table(somebody(2, status="社会面", phone="16900000044")))
    assert other["id"] != job["id"]  # the same bytes are another import, with another reach


async def test_what_a_town_teaches_binds_that_town_and_unmasks_nothing(desk: Desk, town: Desk) -> None:
    for header, field in (("联系电话", "remark"), ("公民身份号码", ""), ("手机号码", "address"), ("本人电话", "")):
        reply = await town.caller("PUT", f"{town.path}/mappings", {"mappings": [{"header": header, "field": field}]})
        assert reply.status == 422 and reply.json()["errors"][0]["code"] == "known_header", header
    taught = await town.caller("PUT", f"{town.path}/mappings", {"mappings": [{"header": "联络方法", "field": "remark"}]})
    assert taught.status == 200 and taught.json() == {"*": {"联络方法": "remark"}}
    head = HEAD.replace("联系电话", "联络方法")
    (own,) = await town.upload(table(somebody(2, status="社会面"), head=head))
    (row,) = await town.rows(own)
    assert row["record"]["remark"] == "169********"  # whatever column it stands in, it is somebody's number
    neighbour = Desk(desk.house, desk.house.caller("registry", Role.TOWN_OFFICER, scope=(OTHER,), subject="another"))
    (other,) = await neighbour.upload(table(somebody(1, town="新民镇"), head=head))
    assert [one["suggestions"] for one in other["layout"]["tables"][0]["unknown_headers"]] and "remark" not in (
        await neighbour.rows(other)
    )[0]["record"]
    (county,) = await desk.upload(("县2.csv", table(somebody(7), head=head)[1]))
    assert "remark" not in (await desk.rows(county))[0]["record"]


async def test_an_account_without_a_town_imports_nothing(house: TestHouse) -> None:
    add_county(house)
    nowhere = Desk(house, house.caller("registry", Role.TOWN_OFFICER, scope=()))
    status, body = await nowhere.post(table(somebody(1)))
    assert status == 403, body
    assert json.loads((await nowhere.caller("GET", nowhere.path)).body)["items"] == []
