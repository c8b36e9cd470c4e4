"""The public reading: order of parts, dispositions, what is filled and what is not, async use, privacy, resources."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

from kit.sheets import Block, FileRefused, Layout, Limits, Place, Row, Totals, Vocabulary, mark, read, read_blocks
from tests.kit.sheets.conftest import LEDGERS, ROOT
from tests.kit.sheets.factory import book

TODAY = dt.date(2021, 6, 30)
WANG, LI, ZHAO = "990822198001010014", "990822199003074614", "990822197511120024"
LEDGER = next(path for path in sorted(LEDGERS.glob("01*.xlsx")))


def rows_of(data: bytes, words: Vocabulary, name: str = "表.csv", **how: object) -> list[Row]:
    """All rows of a small file."""
    demo = bool(how.get("demo", True))
    return [row for part in read_blocks(data, words, as_of=TODAY, demo=demo, name=name) if isinstance(part, Block) for row in part.rows]


def persons(*lines: str, head: str = "姓名,身份证号,状态") -> bytes:
    """A csv of persons."""
    return "\n".join((head, *lines)).encode()


async def test_layout_comes_first_then_blocks_then_totals(all_words: Vocabulary) -> None:
    parts = [part async for part in read(LEDGER, all_words, as_of=TODAY, demo=True, limits=Limits(block_rows=100))]
    assert isinstance(parts[0], Layout) and isinstance(parts[-1], Totals)
    blocks = [part for part in parts[1:-1] if isinstance(part, Block)]
    assert len(blocks) == len(parts) - 2 == 9
    assert max(len(block.rows) for block in blocks) == 100
    assert sum(len(block.rows) for block in blocks) == sum(parts[-1].rows) == sum(parts[-1].dispositions.values()) == 736


async def test_leaving_early_ends_the_child(all_words: Vocabulary) -> None:
    steps = read(LEDGER, all_words, as_of=TODAY, demo=True)
    assert isinstance(await anext(steps), Layout)
    await steps.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(steps)


async def test_a_refused_file_is_a_problem_of_one_field(all_words: Vocabulary) -> None:
    with pytest.raises(FileRefused) as refused:
        _ = [part async for part in read(b"x", all_words, as_of=TODAY, name="a.doc")]
    body = refused.value.body("zh", "req-1")
    assert refused.value.status == 422 and body["errors"][0]["code"] == refused.value.code == "FILE_TYPE_UNKNOWN"


def test_a_path_that_is_not_there_is_no_ones_fault_but_ours(all_words: Vocabulary, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(read_blocks(tmp_path / "none.xlsx", all_words, as_of=TODAY))


def test_a_repeated_id_is_a_duplicate_also_across_sheets_and_names_the_first_row(all_words: Vocabulary) -> None:
    head = ["姓名", "身份证号", "状态"]
    data = book(
        {"甲": [head, ["王军", WANG, "社戒"], ["李秀", LI, "外出"]], "乙": [head, ["王 军", f"'{WANG}", "社康"], ["李秀", LI, "社戒"]]}
    )
    rows = rows_of(data, all_words, "a.xlsx")
    assert [row.disposition for row in rows] == ["accept", "hold", "duplicate", "duplicate"]
    assert rows[2].problems[0].args == {"first_row": 2, "first_sheet": "甲"} and rows[2].problems[0].cell == "B2"


async def test_the_workbooks_own_day_counts_only_where_it_is_asked_for(all_words: Vocabulary, tmp_path: Path) -> None:
    data = persons(f"王军,{WANG},社戒,2021-03-01", head="名单\n截止2020年12月31日\n姓名,身份证号,状态,状态时间")
    for own, code in ((False, None), (True, "DATE_FUTURE")):
        parts = [part async for part in read(data, all_words, as_of=TODAY, demo=True, name="表.csv", own_as_of=own)]
        (row,) = next(part for part in parts if isinstance(part, Block)).rows
        assert [problem.code for problem in row.problems] == ([code] if code else [])
        mark(data, tmp_path / "m.xlsx", all_words, as_of=TODAY, demo=True, name="表.csv", own_as_of=own)
        listed = openpyxl.load_workbook(tmp_path / "m.xlsx").worksheets[0]
        assert listed["G2"].value == code


def test_fictitious_numbers_are_held_where_demo_is_off(all_words: Vocabulary) -> None:
    (row,) = rows_of(persons(f"王军,{WANG},社戒"), all_words, demo=False)
    assert row.disposition == "hold" and [problem.code for problem in row.problems] == ["ID_AREA_UNKNOWN"]


def test_sex_and_birth_follow_the_id_and_an_incomplete_birth_is_completed(all_words: Vocabulary) -> None:
    head = "姓名,身份证号,状态,性别,出生日期"
    rows = rows_of(
        persons(
            f"王军,{WANG},社戒,女,1980-01-02",
            f"李秀,{LI},社戒,,1990年3月",
            f"赵红,{ZHAO},社戒,女,75.11.12",
            "丁丁,无,社戒,女,1980.5.6",
            head=head,
        ),
        all_words,
    )
    assert [(row.record["sex"], row.record["birth"]) for row in rows] == [
        ("male", "1980-01-01"),
        ("male", "1990-03-07"),
        ("female", "1975-11-12"),
        ("female", "1980-05-06"),
    ]
    assert [sorted(problem.code for problem in row.problems) for row in rows] == [
        ["ID_BIRTH_MISMATCH", "ID_SEX_MISMATCH"],
        [],
        ["DATE_TWO_DIGIT_YEAR"],
        ["ID_MISSING"],
    ]


def test_an_empty_town_is_filled_only_where_a_column_is_written_in_groups(all_words: Vocabulary) -> None:
    grouped = persons(*[f"{town},王{n},,社戒" for n, town in enumerate(("新民镇", "", "", "清水镇", "", ""))], head="镇,姓名,身份证号,状态")
    assert [row.record["town_code"] for row in rows_of(grouped, all_words)] == ["610822105000"] * 3 + ["610822107000"] * 3
    every = persons(
        *[f"{town},王{n},,社戒" for n, town in enumerate(("新民镇", "清水镇", "", "清水镇", "新民镇"))], head="镇,姓名,身份证号,状态"
    )
    rows = rows_of(every, all_words)
    assert rows[2].record["town_code"] is None and "TOWN_UNKNOWN" in [problem.code for problem in rows[2].problems]


def test_a_village_of_another_town_is_told(all_words: Vocabulary) -> None:
    words = all_words.knowing(places=(Place("1", "甲镇", "town"), Place("2", "乙镇", "town"), Place("21", "丙村", "village", ("2",))))
    (row,) = rows_of(persons(f"甲镇,丙村,王军,{WANG},社戒", head="镇,村,姓名,身份证号,状态"), words)
    assert row.record["village_code"] == "21" and [(p.code, p.field) for p in row.problems] == [("PLACE_ELSEWHERE", "village_code")]


def test_the_text_of_a_doubtful_cell_is_kept_and_never_shown(all_words: Vocabulary) -> None:
    layout, block, totals = read_blocks(persons("王军,12345,社戒", head="姓名,身份证号,状态,家属"), all_words, as_of=TODAY, name="表.csv")
    assert isinstance(block, Block)
    row = block.rows[0]
    assert row.problems[0].raw == "12345" and row.record["name"] == "王军"
    assert not re.search("12345|王军", repr([layout, block, totals, row, row.problems]))


def test_formulas_that_were_never_calculated_are_told(all_words: Vocabulary, tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.worksheets[0].append(["姓名", "身份证号", "状态"])
    made.worksheets[0].append(["王军", f'=CONCATENATE("{WANG}","")', "社戒"])
    made.save(tmp_path / "a.xlsx")
    layout, *_ = read_blocks(tmp_path / "a.xlsx", all_words, as_of=TODAY, demo=True)
    assert isinstance(layout, Layout) and layout.warnings == ("FORMULA_WITHOUT_VALUE",)
    layout, *_ = read_blocks(LEDGER, all_words, as_of=TODAY, demo=True)
    assert isinstance(layout, Layout) and not layout.warnings


def test_text_that_looks_like_a_formula_is_only_text(all_words: Vocabulary) -> None:
    (row,) = rows_of(persons(f'=cmd|x,{WANG},社戒,"=HYPERLINK(""http://a"")"', head="姓名,身份证号,状态,备注"), all_words)
    assert row.record["remark"] == '=HYPERLINK("http://a")'


def test_nothing_in_the_product_names_a_practice_file_or_header() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "kit" / "sheets").glob("*.py"))
    for word in ("府谷", "台账", "花名册", "社戒", "社康", "戒毒", "吸毒", "尿检", "毛发", "易制毒", "管控状态"):
        assert word not in code, word


def test_the_parsing_process_knows_no_secret(all_words: Vocabulary, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from kit.sheets.reading import Parser

    monkeypatch.setenv("GUIKANG_SECRET_FOR_TEST", "must-not-leak")
    import os

    fifo = tmp_path / "a.csv"
    os.mkfifo(fifo)
    with Parser(fifo, None, all_words, TODAY, False, Limits()) as parser:
        environment = (Path("/proc") / str(parser._process.pid) / "environ").read_bytes()
    assert b"must-not-leak" not in environment


def test_a_county_of_two_thousand_is_read_by_a_fresh_interpreter_without_heavy_imports() -> None:
    heavy = (
        "import sys, kit.sheets; print([m for m in ('python_calamine', 'xlsxwriter', 'stdnum', 'asyncio', 'fastapi') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", heavy], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
