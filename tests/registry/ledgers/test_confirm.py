"""What a commit would do is told before it does it, and what it ends, begins or moves waits for a yes to exactly that."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import openpyxl
import psycopg
import pytest

from deploy.folder import DataFolder
from kit.intake import sweep_job
from kit.roles import Role
from services.registry.ledgers.intake import INTAKE
from tests.houses import Template
from tests.registry.ledgers.desk import Desk, Json
from tests.registry.ledgers.test_early_ends import clean, measures
from tests.registry.ledgers.test_reports import HEAD, person, somebody, table
from tests.registry.people_data import an_id


async def commit(desk: Desk, job: Json, confirm: str | None = None) -> tuple[int, Json]:
    """A commit as a client sends it."""
    version = (await desk.get(f"/{job['id']}"))["version"]
    reply = await desk.caller("POST", f"{desk.path}/{job['id']}/commit", {"confirm": confirm} if confirm else {}, if_match=f'"v{version}"')
    return reply.status, reply.json()


async def test_a_list_says_what_it_is_and_how_many_records_it_would_close(desk: Desk) -> None:
    (first,) = await desk.upload(table(*(somebody(n, status="社会面", since="2017-05-01") for n in (1, 2)), somebody(3)))
    assert first["layout"]["tables"][0]["kind_zh"] == "社戒社康及管控人员台账"
    assert first["effects"] == {"persons": 3, "standings": 3, "measures": 1} and first["confirm"]
    status, problem = await commit(desk, first)
    assert (status, problem["type"], problem["effects"]) == (409, "/problems/import-confirmation-needed", first["effects"])
    assert person(desk, 1) is None and (await desk.get(f"/{first['id']}"))["state"] == "reported"
    assert (await commit(desk, first, "0" * 32))[0] == 409
    status, done = await commit(desk, first, problem["confirm"])
    assert (status, done["taken"]) == (202, first["effects"])

    (list_,) = await desk.upload(clean((1, "2021-05-06"), (2, "2021-05-06"), (3, "2021-05-06")))
    assert list_["layout"]["tables"][0]["kind_zh"] == "戒断三年未复吸人员名册"
    assert list_["dispositions"] == {"accept": 2, "hold": 1} and list_["effects"] == {"standings": 2, "closed": 2}
    assert measures(desk)[-1][3] == "open" and [row[3] for row in measures(desk)] == ["open"]
    assert (await commit(desk, list_, list_["confirm"]))[0] == 202


async def test_a_yes_to_other_counts_is_no_yes(desk: Desk) -> None:
    (first,) = await desk.upload(table(*(somebody(n, status="社会面", since="2017-05-01") for n in (1, 2))))
    status, _ = await commit(desk, first)
    assert status == 202  # nothing begins and nothing ends
    (list_,) = await desk.upload(clean((1, "2021-05-06"), (2, "2021-05-06")))
    row = (await desk.rows(list_))[0]
    left = await desk.caller(
        "POST", f"{desk.path}/{list_['id']}/rows/{row['row_id']}/discard", {"reason": "未核实"}, if_match=f'"v{row["version"]}"'
    )
    assert left.status == 200
    assert (await desk.get(f"/{list_['id']}"))["effects"] is None  # what was counted is not true any more
    status, problem = await commit(desk, list_, list_["confirm"])
    assert status == 409 and problem["effects"] == {"standings": 1, "closed": 1}
    assert (await desk.ask(list_)) == {"effects": problem["effects"], "confirm": problem["confirm"]}


@pytest.mark.parametrize(
    ("status", "since", "confirmed", "why"),
    [
        ("服刑", "2017-01-05", "2021-05-06", "羁押期间不计算"),
        ("社会面", "2018-06-01", "2021-05-31", "至2021-06-01满"),
        ("自愿戒毒", "2019-06-01", "2021-05-31", "至2022-06-01满"),
        ("强制隔离戒毒", "2019-12-01", "2021-05-31", "强制隔离戒毒尚在执行"),
    ],
)
async def test_nobody_is_clean_for_three_years_before_they_are_over(desk: Desk, status: str, since: str, confirmed: str, why: str) -> None:
    (first,) = await desk.upload(table(somebody(1, status=status, since=since)))
    await desk.commit(first)
    (list_,) = await desk.upload(clean((1, confirmed)))
    (held,) = await desk.rows(list_, "&disposition=hold")
    assert why in held["problems"][0]["message_zh"] and held["problems"][0]["message_en"]


@pytest.mark.parametrize(
    ("cell", "term_end"),
    [("2019年5月6日至2022年5月5日", "2022-05-06"), ("2019.5.6-2022.5.5", "2022-05-06"), ("二0一九年五月六日", "2022-05-06")],
)
async def test_the_begin_of_a_range_begins_the_term(desk: Desk, cell: str, term_end: str) -> None:
    (job,) = await desk.upload(table(somebody(1, since=cell)))
    await desk.commit(job)
    with psycopg.connect(desk.house.owner) as connection:
        assert connection.execute("select term_start::text, term_end::text from registry.measure").fetchall() == [("2019-05-06", term_end)]


@pytest.mark.parametrize("cell", ["", "不详", "去年", "2020-05", "2020年", "2031-01-01"])
async def test_no_day_is_made_up(desk: Desk, cell: str) -> None:
    (job,) = await desk.upload(table(somebody(1, since=cell)))
    (held,) = await desk.rows(job, "&disposition=hold")
    assert "START_UNKNOWN" in [problem["code"] for problem in held["problems"]]
    assert job["effects"] == {} and (await commit(desk, job))[0] == 409
    row = await desk.correct(job, held, {"status_date": "2020-05-06"})
    assert row["disposition"] == "accept"


LISTS = {
    "confirmed_on": "姓名,身份证号,戒断满三年时间\n演示乙,{number},{day}\n",
    "handover_date": "姓名,身份证号,接收地,移交文号,移交时间\n演示乙,{number},保德县,府禁毒函〔2021〕8号,{day}\n",
    "round1": "姓名,身份证号,是否见面,第一轮走访时间\n演示乙,{number},是,{day}\n",
}


@pytest.mark.parametrize(
    ("field", "day"),
    [
        ("confirmed_on", ""),
        ("confirmed_on", "不详"),
        ("confirmed_on", "2021年"),
        ("handover_date", ""),
        ("handover_date", "2021-05"),
        ("round1", "2021年5月"),
    ],
)
async def test_no_day_of_an_end_or_a_visit_is_made_up(desk: Desk, field: str, day: str) -> None:
    (known,) = await desk.upload(table(somebody(1, status="社会面", since="2017-05-01")))
    await desk.commit(known)
    (job,) = await desk.upload(("表.csv", LISTS[field].format(number=an_id(1), day=day).encode()))
    (held,) = await desk.rows(job, "&disposition=hold")
    assert ("START_UNKNOWN", field) in [(problem["code"], problem["field"]) for problem in held["problems"]]
    assert job["effects"] == {} and (await commit(desk, job))[0] == 409
    assert (await desk.correct(job, held, {field: "2021-05-06"}))["disposition"] == "accept"


@pytest.mark.parametrize("letter", ["", "——", "　"])
async def test_article_22_nobody_is_handed_over_without_a_letter(desk: Desk, letter: str) -> None:
    (known,) = await desk.upload(table(somebody(1, status="社会面", since="2017-05-01")))
    await desk.commit(known)
    (job,) = await desk.upload(table(f"演示乙,{an_id(1)},保德县,{letter},2021-05-06", head="姓名,身份证号,接收地,移交文号,移交时间"))
    assert (job["dispositions"], job["codes"].get("LETTER_MISSING")) == ({"hold": 1}, 1)


async def test_an_assessment_without_its_day_is_not_entered_and_counted(desk: Desk) -> None:
    (known,) = await desk.upload(table(somebody(1, status="社会面", since="2017-05-01")))
    await desk.commit(known)
    (job,) = await desk.upload(table(f"演示乙,{an_id(1)},2021-05-06,是,中", head="姓名,身份证号,第一轮走访时间,是否见面,风险等级"))
    assert (await desk.commit(job))["taken"] == {"visits": 1, "withheld": 1}


QUOTE = '"'
SWALLOWED = "姓名,身份证号,镇,住址,管控状态,起始时间\n" + "".join(
    f"演示{'甲乙丙丁'[n % 4]},{an_id(n)},府谷镇,{QUOTE if n in (2, 4) else ''}演示路{n}号,社会面,2020-05-01\n" for n in range(1, 6)
)


async def test_what_the_reader_holds_stays_held_after_the_register_was_asked(desk: Desk) -> None:
    (job,) = await desk.upload(("吞.csv", SWALLOWED.encode()))
    assert (job["dispositions"], job["codes"]) == ({"accept": 2, "hold": 1}, {"RECORD_SWALLOWED": 1})
    (held,) = await desk.rows(job, "&disposition=hold")
    assert held["problems"][0]["args"] == {"first_line": 3, "last_line": 5}
    assert (await desk.commit(job))["taken"]["persons"] == 2


async def test_two_columns_that_differ_are_held_until_somebody_says_which(desk: Desk) -> None:
    head = "姓名,身份证号,镇,管控状态,现状,起始时间\n"
    (job,) = await desk.upload(("两列.csv", f"{head}演示乙,{an_id(1)},府谷镇,社会面,已去世,2020-05-01\n".encode()))
    (held,) = await desk.rows(job, "&disposition=hold")
    assert [(problem["code"], problem["field"]) for problem in held["problems"]] == [("COLUMNS_DIFFER", "status")]
    assert (await desk.correct(job, held, {"status": "死亡"}))["disposition"] == "accept"


def broken(header: str, sheet: str = "Sheet1") -> bytes:
    """A workbook whose last header holds a control character, as no spreadsheet writes it but a program may."""
    made = openpyxl.Workbook()
    assert made.active is not None
    made.active.title = "表"
    made.active.append(["姓名", "身份证号", "镇", "管控状态", "起始时间", "MARK"])
    made.active.append(["演示乙", an_id(1), "府谷镇", "社会面", "2020-05-01", "x"])
    plain, out = io.BytesIO(), io.BytesIO()
    made.save(plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data.replace(b"MARK", header.encode()).replace("表".encode(), sheet.encode()))
    return out.getvalue()


@pytest.mark.parametrize(("header", "sheet"), [("说_x0000_明", "表"), ("说明", "名_x0000_单")])
async def test_what_no_database_holds_does_not_leave_an_import_behind(desk: Desk, header: str, sheet: str) -> None:
    (job,) = await desk.upload(("坏.xlsx", broken(header, sheet)))
    assert job["state"] == "reported" and job["dispositions"] == {"accept": 1}, job
    assert "\x00" not in json.dumps(job["layout"])
    assert (await commit(desk, job))[0] == 202


async def test_a_reading_that_stopped_ends_as_failed_and_can_be_begun_anew(desk: Desk, template: Template) -> None:
    (job,) = await desk.upload(("一.csv", table(somebody(1))[1]))
    with psycopg.connect(desk.house.owner, autocommit=True) as connection:  # a worker died, and its job with it
        connection.execute("update registry.ledger_import set state = 'reading'")
    assert (
        await desk.caller("POST", f"{desk.path}/{job['id']}/discard", {"reason": "卡住"}, if_match=f'"v{job["version"]}"')
    ).status == 409
    desk.house.clock.advance(timedelta(hours=3))
    (anew,) = await desk.upload(("一.csv", table(somebody(1))[1]))
    assert anew["id"] != job["id"] and anew["state"] == "reported"
    await sweep_job(INTAKE)(desk.house.house.apps["registry"].state.house)
    lost = await desk.get(f"/{job['id']}")
    assert (lost["state"], lost["error"]["code"]) == ("failed", "READ_FAILED")
    folder = Path(DataFolder(template.data_dir).path) / "files" / "registry" / "ledgers"
    assert not (folder / f"{job['id']}.sealed").exists() and (folder / f"{anew['id']}.sealed").exists()
    gone = await desk.caller("POST", f"{desk.path}/{job['id']}/discard", {"reason": "卡住"}, if_match=f'"v{lost["version"]}"')
    assert gone.status == 200 and gone.json()["state"] == "discarded"


async def test_names_in_cards_are_sealed_and_shown_for_a_purpose_only(desk: Desk) -> None:
    cards = f"姓名,演示甲,性别,男\n身份证号,{an_id(1)},手机,16900000001\n"
    (job,) = await desk.upload(("卡片.csv", cards.encode()))
    assert job["recognised"] is False and "演示甲" not in json.dumps(job, ensure_ascii=False)
    with psycopg.connect(desk.house.owner) as connection:
        assert "演示甲" not in str(connection.execute("select i::text from registry.ledger_import i").fetchall())
    assert "演示甲" in [one["header"] for one in (await desk.get(f"/{job['id']}/headers"))["items"]]
    assert (await desk.caller("GET", f"{desk.path}/{job['id']}/headers", purpose="")).status == 422
    worker = Desk(desk.house, desk.house.caller("registry", Role.SOCIAL_WORKER))
    assert (await worker.caller("GET", f"{desk.path}/{job['id']}/headers")).status == 403


async def test_another_commit_is_not_waited_for_on_a_connection(desk: Desk) -> None:
    (job,) = await desk.upload(table(somebody(1, status="社会面"), head=HEAD))
    with psycopg.connect(desk.house.owner) as connection:  # somebody else commits just now
        connection.execute("select pg_advisory_xact_lock(hashtextextended('registry.ledgers.commit', 0))")
        asked = await desk.caller("GET", f"{desk.path}/{job['id']}/effects")
        assert asked.status == 503 and asked.headers["retry-after"]
        status, waiting = await commit(desk, job)
        assert (status, waiting["state"]) == (202, "committing")
        assert person(desk, 1) is None
    await desk.house.step()
    assert (await desk.get(f"/{job['id']}"))["taken"] == {"persons": 1, "standings": 1}
