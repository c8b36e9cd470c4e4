"""Step 3: the county's nineteen ledgers, from Excel into the register, as an office does it."""

from __future__ import annotations

import io
from typing import Any

from openpyxl import load_workbook

from deploy.demo import ledgers as demo
from deploy.demo.ledgers import FOLDER, Desk
from tests.journeys.county.office import Office, Official
from tests.registry.people_data import an_id

FIRST = "01_府谷镇社戒社康人员台账.xlsx"
CSV = "04_黄甫镇台账.csv"
RED = "FFC7CE"
ROUNDED = "ID_PRECISION_LOST"


def ledger(name: str) -> bytes:
    """The bytes of a ledger."""
    return (FOLDER / name).read_bytes()


async def the_report_comes_before_anything_changes(office: Office) -> None:
    """Upload, job, report by row and cell, the workbook back with its problem cells in red; the register is still empty."""
    officer = await office.official("county_officer")
    desk = Desk(officer.client, "registry")
    job = await desk.read(FIRST, ledger(FIRST), demo.BEFORE)
    assert (job["state"], job["recognised"], job["done"], job["error"]) == ("reported", True, job["total"], None)
    assert job["problems"] == job["dispositions"]["hold"] > 0
    path = f"/registry/v1/ledger-imports/{job['id']}"
    rows = await officer.pages(f"{path}/rows?problems_only=true")
    problems = [problem for row in rows for problem in row["problems"]]
    assert all(problem["code"] and problem["cell"] and problem["message_zh"] and problem["message_en"] for problem in problems)
    _are_never_guessed(rows)
    await _workbook_comes_back_marked(officer, path, rows)
    assert await officer.pages("/registry/v1/people") == []
    early = await officer.refused("POST", f"{path}/commit", {}, status=428)
    assert early["status"] == 428
    assert (await officer.get(path))["state"] == "reported"


def _are_never_guessed(rows: list[dict[str, Any]]) -> None:
    """18 digits that Excel has rounded are reported: the row waits for a person, and no number is made up."""
    rounded = [row for row in rows if any(problem["code"] == ROUNDED for problem in row["problems"])]
    assert rounded, sorted({problem["code"] for row in rows for problem in row["problems"]})
    for row in rounded:
        assert row["disposition"] in ("hold", "duplicate", "discard")
        assert not row["record"].get("id_no")


async def _workbook_comes_back_marked(officer: Official, path: str, rows: list[dict[str, Any]]) -> None:
    answer = await officer("GET", f"{path}/marked")
    assert answer.headers["content-type"].startswith("application/vnd.openxmlformats")
    book = load_workbook(io.BytesIO(answer.content))
    for row in rows:
        for problem in row["problems"]:
            sheet: Any = book[row["sheet"]]
            cell = sheet[problem["cell"].rpartition("!")[2]]
            assert cell.fill.fgColor.rgb[-6:] == RED, (row["sheet"], problem["cell"], cell.fill.fgColor.rgb)
            assert cell.comment is not None


async def all_are_taken_over(office: Office) -> None:
    """The nineteen files in their order: corrected, decided, committed; none is left over."""
    officer = await office.official("county_officer")
    await demo.load(officer.client, lambda done, total: None)
    await office.step()
    committed: dict[str, list[str]] = {}
    for service in demo.SERVICES:
        for job in await officer.pages(f"/{service}/v1/ledger-imports"):
            if job["state"] == "committed":
                committed.setdefault(job["file_name"][:2], []).append(service)
    assert sorted(committed) == [f"{number:02d}" for number in (*range(1, 19),)], committed
    persons = ["registry"]
    assert all(committed[f"{number:02d}"] == persons for number in range(1, 14))
    assert committed["14"] == committed["15"] == ["testing"]
    assert committed["16"] == committed["17"] == ["precursor"]


async def contradictions_were_decided_by_a_person(office: Office) -> None:
    """Two ledgers side by side, the choice, who made it and why."""
    officer = await office.official("county_officer")
    jobs = await officer.pages("/registry/v1/ledger-imports")
    decided: list[dict[str, Any]] = []
    for job in jobs:
        decided += await officer.pages(f"/registry/v1/ledger-imports/{job['id']}/conflicts?state=decided")
        assert await officer.pages(f"/registry/v1/ledger-imports/{job['id']}/conflicts?state=open") == []
    assert len(decided) > 20
    assert {conflict["choice"] for conflict in decided} == {"keep", "take"}
    assert all(len(conflict["sides"]) == 2 and conflict["reason"] and conflict["decided_by"] for conflict in decided)


async def the_same_file_again_changes_nothing(office: Office) -> None:
    """Also under another name: the office's earlier import is the answer."""
    officer = await office.official("county_officer")
    count = (
        "select (select count(*) from registry.person), (select count(*) from registry.outbox), (select count(*) from registry.ledger_row)"
    )
    before = office.query(count)
    desk = Desk(officer.client, "registry")
    again = await desk.read(CSV, ledger(CSV), demo.BEFORE)
    assert again["state"] == "committed"
    await office.step()
    assert office.query(count) == before


async def what_is_no_workbook_is_answered_with_a_problem(office: Office) -> None:
    """A truncated workbook, a bomb of zeros, a picture: each fails with a sentence, and the next ledger is read as before."""
    officer = await office.official("county_officer")
    desk = Desk(officer.client, "registry")
    for name, content in (
        ("截断.xlsx", ledger(FIRST)[:4000]),
        ("空.xlsx", b"PK\x03\x04" + bytes(4000)),
        ("照片.xls", b"\x89PNG\r\n\x1a\n" * 40),
    ):
        job = await desk.read(name, content, demo.BEFORE)
        assert (job["state"], job["recognised"]) == ("failed", None)
        assert job["error"]["message_zh"]
        assert job["error"]["message_en"]


async def an_unknown_header_is_asked_for_once(office: Office) -> None:
    """Headers that no table knows are offered with their place; what they mean is said once and remembered."""
    officer = await office.official("county_officer")
    desk = Desk(officer.client, "registry")
    head = "姓名,证件编码,所在镇,人员现时管理类型,状态时间"
    first, second = (f"{head}\n演示{name},{an_id(sequence)},府谷镇,社区戒毒,2021-03-05\n" for name, sequence in (("甲", 901), ("乙", 902)))
    job = await desk.read("新台账.csv", first.encode(), demo.AFTER)
    assert job["recognised"] is False
    in_clear = str(await officer.pages(f"/registry/v1/ledger-imports/{job['id']}/headers"))  # masked in the report: a card has names there
    assert "证件编码" in in_clear
    assert "人员现时管理类型" in in_clear
    wanted = [{"header": "证件编码", "field": "id_no"}, {"kind": "person", "header": "人员现时管理类型", "field": "status"}]
    await officer("PUT", "/registry/v1/ledger-imports/mappings", {"mappings": wanted})
    path = f"/registry/v1/ledger-imports/{job['id']}"
    await officer.post(f"{path}/reread", {}, 202, if_match=f'"v{job["version"]}"')
    await office.step()
    read = await officer.get(path)
    assert (read["recognised"], read["dispositions"]) == (True, {"accept": 1})
    other = await desk.read("又一本.csv", second.encode(), demo.AFTER)
    assert other["recognised"] is True
    for known in (read, other):
        gone = await officer.post(
            f"/registry/v1/ledger-imports/{known['id']}/discard", {"reason": "演示"}, if_match=f'"v{known["version"]}"'
        )
        assert gone["state"] == "discarded"
