"""The marked copy: same sheets and cells, problems red with a note, a list in front, nothing becomes a formula."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from kit.sheets import Block, FileRefused, Remark, Vocabulary, mark, read_blocks
from tests.kit.sheets.conftest import LEDGERS
from tests.kit.sheets.factory import book

TODAY = dt.date(2020, 12, 31)
LEDGER = next(path for path in sorted(LEDGERS.glob("01*.xlsx")))
RED = "FFFFC7CE"


def values(sheet: Worksheet) -> dict[str, Any]:
    """Filled cells by address; days without their time."""
    cells = {cell.coordinate: cell.value for row in sheet.iter_rows() for cell in row if cell.value not in (None, "")}
    return {where: value.date() if isinstance(value, dt.datetime) else value for where, value in cells.items()}


@pytest.fixture(scope="module")
def marked(all_words: Vocabulary, tmp_path_factory: pytest.TempPathFactory) -> openpyxl.Workbook:
    """The first practice ledger, marked, with one remark of the caller."""
    target = tmp_path_factory.mktemp("marked") / "marked.xlsx"
    mark(LEDGER, target, all_words, as_of=TODAY, demo=True, remarks=[Remark("城区社区", "D5", "此人已在邻镇登记", "KNOWN_ELSEWHERE")])
    return openpyxl.load_workbook(target)


@pytest.mark.filterwarnings("ignore:Cannot parse header or footer")
def test_every_sheet_and_cell_comes_back_as_it_was_read(marked: openpyxl.Workbook) -> None:
    original = openpyxl.load_workbook(LEDGER, data_only=True)
    assert marked.sheetnames == ["问题清单", *original.sheetnames]
    for sheet in original.worksheets:
        assert values(marked[sheet.title]) == values(sheet)
        assert marked[sheet.title].sheet_state == sheet.sheet_state


def test_each_problem_is_red_noted_and_listed(marked: openpyxl.Workbook, all_words: Vocabulary) -> None:
    problems = [
        (row.sheet, problem)
        for part in read_blocks(LEDGER, all_words, as_of=TODAY, demo=True)
        if isinstance(part, Block)
        for row in part.rows
        for problem in row.problems
    ]
    listed = list(marked["问题清单"].iter_rows(min_row=2, values_only=True))
    assert len(listed) == len(problems) + 1
    assert {(row[1], row[3], row[6]) for row in listed} == {(sheet, p.cell, p.code) for sheet, p in problems} | {
        ("城区社区", "D5", "KNOWN_ELSEWHERE")
    }
    for sheet, problem in problems:
        cell = marked[sheet][problem.cell]
        assert cell.fill.start_color.rgb == RED
        assert cell.comment is not None and problem.code in cell.comment.text
    assert any("已在邻镇登记" in str(marked["城区社区"]["D5"].comment.text) for _ in (1,))
    assert {row[8] for row in listed} == {"须人工核查", "提示"}
    red = sum(cell.fill.start_color.rgb == RED for sheet in marked.worksheets[1:] for row in sheet.iter_rows() for cell in row)
    assert red == len({(sheet, p.cell) for sheet, p in problems} | {("城区社区", "D5")})


def test_texts_that_look_like_formulas_links_or_numbers_stay_texts(all_words: Vocabulary, tmp_path: Path) -> None:
    nasty = ["=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", "http://evil.example", "{=A1}", "0012", "990822198001010014"]
    target = tmp_path / "m.xlsx"
    mark(
        "\n".join(["姓名,身份证号,状态,备注", *(f'"{text}",1,社戒,"{text}"' for text in nasty)]).encode(),
        target,
        all_words,
        as_of=TODAY,
        name="表.csv",
    )
    for sheet in openpyxl.load_workbook(target).worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f" and cell.hyperlink is None
    assert [openpyxl.load_workbook(target)["csv"].cell(n + 2, 4).value for n in range(len(nasty))] == nasty


def test_a_clean_workbook_says_so_and_a_sheet_of_the_lists_name_keeps_its_own(all_words: Vocabulary, tmp_path: Path) -> None:
    target = tmp_path / "m.xlsx"
    mark(
        book({"问题清单": [["姓名", "身份证号", "状态"], ["王军", "990822198001010014", "社戒"]]}),
        target,
        all_words,
        as_of=TODAY,
        demo=True,
        name="a.xlsx",
    )
    made = openpyxl.load_workbook(target)
    assert made.sheetnames == ["问题清单(2)", "问题清单"]
    assert made.worksheets[0]["B2"].value == "未发现问题"


def test_a_refused_file_leaves_no_copy_behind(all_words: Vocabulary, tmp_path: Path) -> None:
    target = tmp_path / "m.xlsx"
    with pytest.raises(FileRefused):
        mark(io.BytesIO(b"no workbook").getvalue(), target, all_words, as_of=TODAY, name="a.xlsx")
    assert not target.exists()
