"""How long uploads are kept, what the nightly sweep takes away, and what stays when a file is read again."""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg

from kit.clock import SHANGHAI
from kit.intake import LedgerSettings, sweep_job
from kit.intake.keeping import kept_until
from kit.work import House
from services.registry.ledgers.intake import INTAKE
from services.registry.settings import RegistrySettings
from tests.registry.ledgers.desk import Desk, Json
from tests.registry.ledgers.test_reports import somebody, table


async def swept(desk: Desk, days: int) -> House:
    """So many days later, after the night."""
    desk.house.clock.advance(timedelta(days=days))
    house: House = desk.house.house.apps["registry"].state.house
    await sweep_job(INTAKE)(house)
    return house


def folder_of(desk: Desk) -> Path:
    """Where the registry keeps uploads."""
    house: House = desk.house.house.apps["registry"].state.house
    return house.files / "ledgers"


def audited(desk: Desk, action: str) -> list[str]:
    """The objects of the audit rows of an action."""
    with psycopg.connect(desk.house.owner) as connection:
        rows = connection.execute("select object_ids::text from registry.audit where action = %s", (action,)).fetchall()
    return [str(row[0]) for row in rows]


async def reread(desk: Desk, job: Json) -> Json:
    """Read a file again."""
    now = await desk.get(f"/{job['id']}")
    reply = await desk.caller("POST", f"{desk.path}/{job['id']}/reread", {}, if_match=f'"v{now["version"]}"')
    assert reply.status == 202, reply.body
    await desk.house.step()
    return await desk.get(f"/{job['id']}")


async def test_decisions_of_both_sides_stay_when_a_file_is_read_again(desk: Desk) -> None:
    head = "姓名,身份证号,镇,电话分机,毒品种类,管控状态,状态起始时间"
    (first,) = await desk.upload(table(somebody(1), somebody(1, since="2020-06-01"), somebody(2), somebody(3), head=head))
    (second,) = await desk.upload(("另一镇.csv", table(somebody(2, town="新民镇"), somebody(3, status="社区康复"))[1]))
    (inside,) = await desk.every(f"/{first['id']}/conflicts")
    town, status = await desk.every(f"/{second['id']}/conflicts")
    await desk.decide(first, inside, "take")
    await desk.decide(second, town, "take")
    wanted = [{"header": "电话分机", "field": "phone"}]
    assert (await desk.caller("PUT", f"{desk.path}/mappings", {"mappings": wanted})).status == 200
    assert (await reread(desk, first))["state"] == "reported"
    (again,) = [c for c in await desk.every(f"/{first['id']}/conflicts") if c["field"] == "status_date"]
    assert (again["id"], again["state"], again["choice"], again["reason"]) == (inside["id"], "decided", "take", "核实")
    kept = {c["field"]: (c["id"], c["state"]) for c in await desk.every(f"/{second['id']}/conflicts")}
    assert kept == {"town_code": (town["id"], "decided"), "status": (status["id"], "open")}
    await reread(desk, second)
    kept = {c["field"]: (c["id"], c["state"]) for c in await desk.every(f"/{second['id']}/conflicts")}
    assert kept == {"town_code": (town["id"], "decided"), "status": (status["id"], "open")}
    await desk.commit(first)
    done = await desk.commit(second)
    assert done["taken"]["open_conflicts"] == 1
    with psycopg.connect(desk.house.owner) as connection:
        towns = connection.execute("select count(*) from registry.person where division_code = '610822105000'").fetchone()
        since = connection.execute("select count(*) from registry.person where status_since = '2020-06-01'").fetchone()
    assert (towns, since) == ((1,), (1,))


async def test_a_decision_does_not_stand_for_what_the_other_side_says_since(desk: Desk) -> None:
    head = "姓名,身份证号,镇,临时手机,毒品种类,管控状态,状态起始时间"
    (first,) = await desk.upload(table(somebody(1), somebody(1, since="2020-06-01", phone="16900000009"), head=head))
    (inside,) = await desk.every(f"/{first['id']}/conflicts")
    await desk.decide(first, inside, "take")
    await desk.caller("PUT", f"{desk.path}/mappings", {"mappings": [{"header": "临时手机", "field": "phone"}]})
    await reread(desk, first)
    states = {c["field"]: c["state"] for c in await desk.every(f"/{first['id']}/conflicts")}
    assert states == {"status_date": "decided", "phone": "open"}


async def test_the_file_of_a_committed_ledger_goes_after_its_time_and_what_it_brought_stays(desk: Desk) -> None:
    (job,) = await desk.upload(table(somebody(1)))
    await desk.commit(job)
    await swept(desk, 29)
    assert (folder_of(desk) / f"{job['id']}.sealed").exists()
    await swept(desk, 2)
    assert not (folder_of(desk) / f"{job['id']}.sealed").exists()
    assert [job["id"] in ids for ids in audited(desk, "ledger.forget_file")] == [True]
    assert (await desk.get(f"/{job['id']}"))["state"] == "committed" and len(await desk.rows(job)) == 1
    marked = await desk.caller("GET", f"{desk.path}/{job['id']}/marked")
    assert marked.status == 422 and "保存期限" in marked.body.decode()
    await swept(desk, 1)
    assert len(audited(desk, "ledger.forget_file")) == 1
    (again,) = await desk.upload(table(somebody(1)))  # its digest is still known: the same file again changes nothing
    assert again["id"] == job["id"]


async def test_an_import_that_nobody_commits_is_given_up_and_one_that_is_worked_on_is_not(desk: Desk) -> None:
    (idle,) = await desk.upload(table(somebody(1)))
    (busy,) = await desk.upload(("另.csv", table(somebody(2))[1]))
    desk.house.clock.advance(timedelta(days=60))
    await desk.correct(busy, (await desk.rows(busy))[0], {"status": "社区康复"})
    await swept(desk, 31)
    assert ((await desk.get(f"/{idle['id']}"))["state"], (await desk.get(f"/{busy['id']}"))["state"]) == ("discarded", "reported")
    assert not (folder_of(desk) / f"{idle['id']}.sealed").exists() and (folder_of(desk) / f"{busy['id']}.sealed").exists()
    assert await desk.rows(idle) == [] and len(await desk.rows(busy)) == 1
    assert [idle["id"] in ids for ids in audited(desk, "ledger.give_up")] == [True]


async def test_files_that_no_import_knows_are_swept_and_no_others(desk: Desk) -> None:
    (job,) = await desk.upload(table(somebody(1)))
    folder, orphan = folder_of(desk), uuid4()
    (folder / f"{orphan}.sealed").write_bytes(b"a request failed after this was written")
    for name, age in (("old.marked.xlsx", 7200), ("new.marked.xlsx", 0), ("old.part", 7200)):
        (folder / name).write_bytes(b"x")
        written = (folder / name).stat().st_mtime - age
        os.utime(folder / name, (written, written))
    await swept(desk, 0)
    assert sorted(path.name for path in folder.iterdir()) == sorted([f"{job['id']}.sealed", "new.marked.xlsx"])
    assert [str(orphan) in ids for ids in audited(desk, "ledger.sweep_file")] == [True]
    (folder / "new.marked.xlsx").unlink()


def test_a_countys_own_number_of_days_holds_from_its_day_on() -> None:
    before, after = (datetime(2026, month, 15, 12, tzinfo=SHANGHAI) for month in (6, 8))
    own = RegistrySettings(ledger_file_days=10, ledger_waiting_days=20, ledger_days_from=date(2026, 7, 1))
    assert kept_until(own, "committed", before) == before + timedelta(days=30)
    assert kept_until(own, "committed", after) == after + timedelta(days=10)
    assert kept_until(own, "reported", after) == after + timedelta(days=20)
    assert kept_until(LedgerSettings(), "reported", after) == after + timedelta(days=90)
    assert kept_until(own, "reading", before) is None


async def test_one_decision_is_enough_for_both_ledgers(desk: Desk) -> None:
    (first,) = await desk.upload(table(somebody(1)))
    (second,) = await desk.upload(("另一镇.csv", table(somebody(1, town="新民镇", status="社区康复"))[1]))
    town, status = await desk.every(f"/{second['id']}/conflicts")
    await desk.decide(second, town, "take")
    first = await reread(desk, first)  # only now the first ledger learns of the second
    seen = {c["field"]: (c["state"], c["choice"]) for c in await desk.every(f"/{first['id']}/conflicts")}
    assert seen == {"town_code": ("decided", "keep"), "status": ("open", None)}
    await desk.decide(second, status, "keep")
    mine = next(c for c in await desk.every(f"/{first['id']}/conflicts") if c["field"] == "status")
    assert (mine["state"], mine["choice"], mine["version"]) == ("decided", "take", 2)
    done = await desk.commit(first)
    assert "open_conflicts" not in done["taken"]
    await desk.commit(second)
    with psycopg.connect(desk.house.owner) as connection:
        found = connection.execute("select division_code, status from registry.person").fetchall()
    assert found == [("610822105000", "community_treatment")]
