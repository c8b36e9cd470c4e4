"""Workbooks that nobody has seen (tests/kit/sheets/offices.py), read cell by cell; and the layouts that only such books have, one by one."""

from __future__ import annotations

import datetime as dt
import io
import random
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from kit.sheets import Layout, Limits, Vocabulary, mark
from kit.sheets.reader import WorkbookReader
from kit.sheets.scan import scan
from tests.boards import Board
from tests.kit.sheets import office_words
from tests.kit.sheets.factory import book
from tests.kit.sheets.office_files import with_macros, written
from tests.kit.sheets.offices import TODAY, Workbook, make
from tests.kit.sheets.test_scores import score

WANG, LI = "990822198001010014", "990822199003074614"
Facts = set[tuple[Any, ...]]


def read_here(data: bytes, name: str, words: Vocabulary) -> tuple[Layout, dict[tuple[str, int], list[tuple[dict[str, Any], Facts]]]]:
    """(layout, (sheet, row) → records and (code, field) of its tables, left to right), read in this process."""
    reader = WorkbookReader(scan(data, name, Limits()), name, words, TODAY, demo=True)
    found: dict[tuple[str, int], list[tuple[dict[str, Any], Facts]]] = defaultdict(list)
    for table, rows in reader.blocks():
        fields = reader.fields(table)
        for number, _, values, problems in rows:
            record = dict(zip(fields, values, strict=True))
            found[reader.layout.tables[table].sheet, number].append((record, {(code, fields[at]) for code, at, _, _ in problems}))
    return reader.layout, found


def _plain(record: dict[str, Any]) -> Facts:
    return {(field, str(value)) for field, value in record.items() if value not in (None, [])}


def facts_of(made: Workbook, got: dict[tuple[str, int], list[tuple[dict[str, Any], Facts]]]) -> tuple[Facts, Facts, Facts, Facts]:
    """(cells read, cells that stand there, problems told, problems that there are)."""
    wanted = {(page.name, row): rows for page in made.pages for row, rows in page.wanted.items()}
    cells, problems = (
        {(*place, i, *fact) for place, rows in got.items() for i, row in enumerate(rows) for fact in (_plain(row[0]) if part == 0 else row[1])} for part in (0, 1)
    )  # fmt: skip
    truth = {(*place, i, *fact) for place, rows in wanted.items() for i, row in enumerate(rows) for fact in _plain(row.record)}
    doubts = {
        (*place, i, code, field)
        for place, rows in wanted.items()
        for i, row in enumerate(rows)
        for field, codes in row.codes.items()
        for code in codes
    }
    return cells, truth, problems, doubts


@pytest.mark.parametrize("first", range(0, 160, 20))
def test_what_a_careful_reader_takes_from_an_unseen_workbook_is_what_is_read(first: int, all_words: Vocabulary, board: Board) -> None:
    total: list[Facts] = [set(), set(), set(), set()]
    formats: Counter[str] = Counter()
    wrong: list[Any] = []
    for seed in range(first, first + 20):
        made = make(seed)
        name, data, kind = written(made, random.Random(seed))
        formats[kind.split()[0]] += 1
        layout, got = read_here(data, name, all_words)
        sets = facts_of(made, got)
        for mine, more in zip(total, sets, strict=True):
            mine |= {(seed, *fact) for fact in more}
        if [table.kind for table in layout.tables] != made.kinds or sets[0] != sets[1] or sets[2] != sets[3]:
            wrong.append((seed, kind, sorted(map(str, (sets[0] ^ sets[1]) | (sets[2] ^ sets[3])))[:4]))
    cells, problems = score(total[0], total[1]), score(total[2], total[3])
    board(
        "workbooks that nobody has seen: precision / recall",
        f"seeds {first:>3} to {first + 19:>3}  {len(total[1]):>6,} cells  {cells[0]:.4f}/{cells[1]:.4f}  {len(total[3]):>4} problems "
        f"{problems[0]:.4f}/{problems[1]:.4f}  ({', '.join(f'{n} {kind}' for kind, n in sorted(formats.items()))})",
    )
    assert not wrong, wrong


def test_no_column_of_another_trade_is_taken_for_ours(all_words: Vocabulary) -> None:
    for stranger, values in office_words.STRANGERS.items():
        text = f"姓名,身份证号,管控现状,起始日期,现住址,联系电话,{stranger}\n王军,{WANG},社戒,2019.3.1,演示路1号,16900000001,{values[0]}\n"
        layout, _ = read_here(text.encode(), "表.csv", all_words)
        assert [header.header for header in layout.tables[0].unknown_headers] in ([stranger], [])
        assert "G" not in layout.tables[0].columns, stranger


def test_two_tables_beside_each_other_are_two_tables_and_come_back_marked_in_one_sheet(all_words: Vocabulary, tmp_path: Path) -> None:
    head = ["序号", "姓名", "身份证号", "管控现状"]
    rows = [
        ["清水镇双栏花名册"],
        [*head, "", *head],
        [1, "王军", WANG, "社戒", "", 3, "李秀", "12345", "社康"],
        [2, "张芳", "9908221990030746", "社戒"],
        ["填表人:演示甲", "", "", "", "", "", "审核人:演示乙"],
    ]
    data = book({"名单": rows})
    layout, got = read_here(data, "表.xlsx", all_words)
    assert [(t.kind, t.columns, t.first_data_row, t.last_data_row) for t in layout.tables] == [
        ("person", {"B": "name", "C": "id_no", "D": "status"}, 3, 4),
        ("person", {"G": "name", "H": "id_no", "I": "status"}, 3, 3),
    ]
    assert [table.context for table in layout.tables] == [{"town_code": "610822107000"}] * 2
    assert [record["name"] for record, _ in got["名单", 3]] == ["王军", "李秀"] and len(got["名单", 4]) == 1
    assert {(row.row, row.why) for row in layout.non_data_rows} == {(1, "title"), (5, "footer")}
    mark(data, tmp_path / "m.xlsx", all_words, as_of=TODAY, demo=True, name="表.xlsx")
    made = openpyxl.load_workbook(tmp_path / "m.xlsx")
    listed = [(row[2].value, row[3].value, row[6].value) for row in made.worksheets[0].iter_rows(min_row=2)]
    assert listed == [(3, "H3", "ID_LENGTH"), (4, "C4", "ID_LENGTH")]
    assert made["名单"]["G3"].value == "李秀"


def test_a_formula_that_failed_is_told_where_it_stands_and_shown_in_the_marked_copy(all_words: Vocabulary, tmp_path: Path) -> None:
    import xlsxwriter

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as made:
        sheet = made.add_worksheet("台账")
        sheet.write_row(0, 0, ["姓名", "身份证号", "管控现状", "现住址", "联系电话"])
        sheet.write_row(1, 0, ["王军", WANG, "社戒"])
        for column, failed in ((3, "#REF!"), (4, "#N/A")):
            sheet.write_formula(1, column, "=Z9", None, failed)  # pyright: ignore[reportArgumentType] - it takes any value
    _, got = read_here(out.getvalue(), "表.xlsx", all_words)
    ((record, problems),) = got["台账", 2]
    assert record["address"] is None and record["phone"] is None and problems == {("CELL_ERROR", "address")}
    mark(out.getvalue(), tmp_path / "m.xlsx", all_words, as_of=TODAY, demo=True, name="表.xlsx")
    listed = openpyxl.load_workbook(tmp_path / "m.xlsx").worksheets[0]
    assert [listed.cell(2, column).value for column in (3, 4, 6, 7)] == [2, "D2", "#REF!", "CELL_ERROR"]


def test_a_book_with_macros_is_read_without_them(all_words: Vocabulary) -> None:
    data = with_macros(book({"名单": [["姓名", "身份证号", "管控现状"], ["王军", WANG, "社戒"]]}))
    for name in ("表.xlsm", "表.xlsx"):
        layout, got = read_here(data, name, all_words)
        assert list(got) == [("名单", 2)] and not layout.ignored_sheets


def test_where_somebody_is_registered_is_no_address_beside_where_they_live(all_words: Vocabulary) -> None:
    text = f"姓名,户籍所在地,身份证号,管控现状{{}}\n王军,演示旧村1号,{WANG},社戒{{}}\n"
    _, got = read_here(text.format(",现居住地", ",演示路2号").encode(), "表.csv", all_words)
    assert got["csv", 2][0][0]["address"] == "演示路2号"
    _, got = read_here(text.format("", "").encode(), "表.csv", all_words)
    assert got["csv", 2][0][0]["address"] == "演示旧村1号"


def test_a_second_header_under_groups_begins_a_second_table(all_words: Vocabulary) -> None:
    rows = [
        ["姓名", "身份证号", "管控现状", "起始日期"],
        ["王军", WANG, "社戒", dt.date(2020, 1, 2)],
        [],
        ["移交人员"],
        ["基本信息", "", "接收\n地", "移交"],
        ["人员\n姓名", "身份证\n号码", "", "日期"],
        ["李秀", LI, "神木市", "2021.1.2"],
    ]
    layout, got = read_here(book({"表": rows}), "表.xlsx", all_words)
    assert [(table.kind, table.header_rows) for table in layout.tables] == [("person", (1,)), ("transfer", (5, 6))]
    assert got["表", 7][0][0] == {"name": "李秀", "id_no": LI, "receiving_area": "610881", "handover_date": "2021-01-02"}


def test_a_long_ledger_that_says_the_same_a_thousand_times_is_no_bomb(all_words: Vocabulary) -> None:
    rows: list[list[Any]] = [["姓名", "身份证号", "管控现状", "毒品种类", "镇", "备注"]]
    rows += [["王军", WANG, "社戒", "冰毒", "清水镇", "外出"]] * 3_000
    layout, got = read_here(book({"名单": rows}), "表.xlsx", all_words)
    assert layout.tables[0].last_data_row == 3_001 and len(got) == 3_000
