"""Readings that would harm somebody are not made: no kind of list by chance, no invented day, no other person's number, no swallowed record."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from kit.sheets import Layout, Limits, Vocabulary
from kit.sheets.dates import date_reader
from kit.sheets.id_numbers import check_character
from kit.sheets.reader import WorkbookReader
from kit.sheets.scan import scan

TODAY = dt.date(2021, 6, 30)
SERVICES = Path(__file__).resolve().parents[3] / "services"


def number(sequence: int, born: str = "19850612") -> str:
    """A fictitious ID number."""
    head = f"990822{born}{sequence:03d}"
    return head + check_character(head)


def ending_in_zeros(born: str) -> str:
    """A number whose rounding to 15 digits passes the check character by chance."""
    for area in range(990100, 990999):
        head = f"{area}{born}00"
        if check_character(head + "0") == "0":
            return head + "00"
    raise AssertionError


def told(
    words: Vocabulary, data: bytes | str, name: str = "表.csv"
) -> tuple[Layout, list[tuple[str, str, dict[str, Any], list[tuple[str, str]]]]]:
    """(layout, rows as kind, disposition, record, problems)."""
    raw = data.encode() if isinstance(data, str) else data
    reader = WorkbookReader(scan(raw, name, Limits()), name, words, TODAY, demo=True)
    rows = []
    for table, block in reader.blocks():
        fields = reader.fields(table)
        for _, disposition, values, problems in block:
            record = {key: value for key, value in zip(fields, values, strict=True) if value not in (None, [])}
            rows.append((reader.layout.tables[table].kind, disposition, record, [(code, fields[at]) for code, at, _, _ in problems]))
    return reader.layout, rows


def book(*rows: list[Any], title: str = "Sheet1", hidden: str = "") -> bytes:
    """An xlsx of one sheet; `hidden`: a column's letter."""
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    if hidden:
        sheet.column_dimensions[hidden].hidden = True
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


# W1: no kind of list without a sure word ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        "姓名,身份证号,时间",
        "姓名,身份证号,日期,签名",
        "人员,证号,认定时间",
        "姓名,身份证号码,确认日期,单位",
        "姓名,身份证号,时间,结果,单位名称",
        "姓名,身份证号,是否戒断满三年,日期",
        "姓名,身份证号,戒断情况,日期",
        "姓名,身份证号,预计满三年,日期",
    ],
)
def test_names_numbers_and_a_day_are_no_list_of_anything(head: str, all_words: Vocabulary) -> None:
    cells = {
        "姓名": "演示甲",
        "人员": "演示甲",
        "身份证号": number(1),
        "身份证号码": number(1),
        "证号": number(1),
        "结果": "合格",
        "签名": "",
        "单位": "演示村",
    }
    line = ",".join(cells.get(word, "演示宾馆" if word == "单位名称" else "2021-06-20") for word in head.split(","))
    layout, rows = told(all_words, f"{head}\n{line}\n")
    assert rows == [] and layout.tables == () and len(layout.unrecognised) == 1


@pytest.mark.parametrize(
    ("written", "code"),
    [("\u3164", "NAME_MISSING"), ("\uffa0\u2800", "NAME_MISSING"), ("演示\U000e0041甲", "NAME_CHARSET"), ("甲\u202e乙", "NAME_CHARSET")],
)
def test_a_name_that_cannot_be_seen_is_not_taken(written: str, code: str, all_words: Vocabulary) -> None:
    _, rows = told(all_words, f"姓名,身份证号,管控状态,状态开始时间,镇\n{written},{number(1)},社区戒毒,2021-01-05,府谷镇\n")
    assert [(disposition, (code, "name") in problems) for _, disposition, _, problems in rows] == [("hold", True)], rows


@pytest.mark.parametrize(
    ("title", "head"),
    [
        ("戒断未满三年人员名册", "姓名,身份证号,日期"),
        ("戒断不满3年人员统计", "姓名,身份证号,认定时间"),
        ("拟认定戒断三年未复吸人员公示", "姓名,身份证号,认定日期"),
        ("戒断三年后复吸人员", "姓名,身份证号,日期"),
        ("不符合戒断满三年条件人员", "姓名,身份证号,确认时间"),
        ("戒断三年人员座谈会签到表", "姓名,身份证号,时间"),
        ("满三年人员技能培训签到册", "姓名,身份证号,日期"),
        ("走访戒断三年人员慰问品领取表", "姓名,身份证号,日期"),
        ("全县核酸检测登记", "姓名,身份证号,检测日期,检测结果"),
        ("吸毒人员新冠抗原检测台账", "姓名,身份证号,采样时间,结果"),
        ("从业人员健康证检验名单", "姓名,身份证号,单位名称,检验日期,结果"),
    ],
)
def test_a_title_that_says_something_else_is_believed(title: str, head: str, all_words: Vocabulary) -> None:
    cells = {"姓名": "演示甲", "身份证号": number(1), "检测结果": "阳性", "结果": "阴性", "单位名称": "演示宾馆"}
    line = ",".join(cells.get(word, "2021-06-20") for word in head.split(","))
    for data, name in ((f"{title}\n{head}\n{line}\n".encode(), "表.csv"), (book(head.split(","), line.split(","), title=title), "表.xlsx")):
        layout, rows = told(all_words, data, name)
        assert rows == [] and layout.tables == () and len(layout.unrecognised) == 1, title


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("戒断三年人员名册\n姓名,身份证号,时间\n{row}\n", "表.csv"),
        ("姓名,身份证号,戒断满三年时间\n{row}\n", "表.csv"),
        ("姓名,身份证号,认定时间\n{row}\n", "戒断三年未复吸名单.csv"),
    ],
)
def test_a_title_a_header_or_the_sheets_name_says_the_kind(data: str, name: str, all_words: Vocabulary) -> None:
    _, rows = told(all_words, data.format(row=f"演示甲,{number(1)},2021-06-20"), name)
    assert [kind for kind, *_ in rows] == ["clean3"]


def test_a_sheet_may_say_the_kind_too_and_a_person_may_teach_it(all_words: Vocabulary) -> None:
    rows = [["姓名", "身份证号", "认定时间"], ["演示甲", number(1), "2021-06-20"]]
    assert [row[0] for row in told(all_words, book(*rows, title="戒断三年"), "a.xlsx")[1]] == ["clean3"]
    assert told(all_words, book(*rows, title="名单"), "a.xlsx")[1] == []
    taught = all_words.knowing(learned={"clean3": {"认定时间": "confirmed_on"}})
    assert [row[0] for row in told(taught, book(*rows, title="名单"), "a.xlsx")[1]] == ["clean3"]


# W2, W6: days -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def begin() -> Callable[[Any], tuple[str | None, str | None]]:
    """The reader of a field that takes the begin of a range."""
    months = ["jan"] * 12
    return date_reader(frozenset({""}), TODAY, False, months, ["起", "止"], ["自"], ranges=True)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2020年3月4日至2023年3月3日", ("2020-03-04", "DATE_RANGE")),
        ("2020.3.4-2023.3.3", ("2020-03-04", "DATE_RANGE")),
        ("自2020/03/04起到2023/03/03止", ("2020-03-04", "DATE_RANGE")),
        ("2020-03-04~2023-03-03", ("2020-03-04", "DATE_RANGE")),
        ("二0二0年三月四日", ("2020-03-04", None)),
        ("2020年3月至2023年3月", (None, "DATE_UNPARSABLE")),
        ("2020.3.4或2020.5.6", (None, "DATE_UNPARSABLE")),
        ("2020 3 4", ("2020-03-04", None)),
        ("2020 11 2", ("2020-11-02", None)),
        ("2020 1 12", ("2020-01-12", None)),
        ("2020年 3 月 4 日", ("2020-03-04", None)),
        ("2020-03-04T18:30:00Z", ("2020-03-05", "DATE_ZONE")),
        ("2020-03-04T10:00:00Z", ("2020-03-04", "DATE_ZONE")),
        ("2020-03-05T01:00:00+10:00", ("2020-03-04", "DATE_ZONE")),
        ("2020-03-04 23:59:59+0800", ("2020-03-04", None)),
        ("2020-12-31 20:00:00.000 UTC", ("2021-01-01", "DATE_ZONE")),
        ("2020/03/04 18:00:00Z", ("2020-03-05", "DATE_ZONE")),
        ("2020-03-04 18:00:00 +0000 UTC", ("2020-03-05", "DATE_ZONE")),
        ("2020年3月4日 18:30 UTC", ("2020-03-05", "DATE_ZONE")),
        ("2020-03-04T23:00:00 GMT+8", ("2020-03-04", None)),
        ("2020-03-04T18:00:00Z[UTC]", ("2020-03-05", "DATE_ZONE")),
        ("2020.3.4 18:00 +8 UTC+0", (None, "DATE_UNPARSABLE")),
        ("2020.3.4 8:30 PM", ("2020-03-04", None)),
        ("2023.3.3-2020.3.4", (None, "DATE_FUTURE")),
        ("2021.3.3-2020.3.4", (None, "DATE_UNPARSABLE")),
        ("2020.3.4-2020.3.4", ("2020-03-04", "DATE_RANGE")),
        ("200304", (None, "DATE_UNPARSABLE")),
        ("200305", (None, "DATE_UNPARSABLE")),
        ("190506", ("2019-05-06", "DATE_TWO_DIGIT_YEAR")),
        (190506, ("2019-05-06", "DATE_TWO_DIGIT_YEAR")),
        ("201806", ("2018-06", "DATE_PARTIAL")),
        ("180506", ("2018-05-06", "DATE_TWO_DIGIT_YEAR")),
        (dt.datetime(2020, 3, 4, 20, tzinfo=dt.UTC), ("2020-03-05", "DATE_ZONE")),
    ],
)
def test_a_day_is_what_stands_there(
    text: Any, wanted: tuple[str | None, str | None], begin: Callable[[Any], tuple[str | None, str | None]]
) -> None:
    assert begin(text) == wanted


def test_a_range_is_only_read_where_a_begin_is_meant(all_words: Vocabulary) -> None:
    _, rows = told(all_words, f"姓名,身份证号,戒断三年认定时间\n演示甲,{number(1)},2018.5.6-2021.5.5\n")
    assert rows[0][3] == [("DATE_UNPARSABLE", "confirmed_on")]


# W3: two columns for one field --------------------------------------------------------------------------------------------


def test_two_columns_that_differ_are_asked_and_two_that_agree_are_not(all_words: Vocabulary) -> None:
    head = "姓名,身份证号,管控状态,人员类别,起始时间\n"
    lines = f"演示甲,{number(1)},社区戒毒,社戒,2020-05-01\n演示乙,{number(2)},社区戒毒,死亡,2020-05-01\n演示丙,{number(3)},,社区康复,2020-05-01\n"
    _, rows = told(all_words, head + lines)
    assert [(row[1], row[2].get("status"), row[3]) for row in rows] == [
        ("accept", "community_treatment", []),
        ("hold", "community_treatment", [("COLUMNS_DIFFER", "status")]),
        ("accept", "community_rehabilitation", []),
    ]


@pytest.mark.parametrize("before", [True, False])
def test_the_persons_own_phone_comes_before_a_bare_one_and_the_other_column_is_told(before: bool, all_words: Vocabulary) -> None:
    cells = [("联系电话", "16900000001"), ("本人手机", "16900000002")]
    first, second = cells if before else cells[::-1]
    layout, rows = told(all_words, f"姓名,身份证号,状态,{first[0]},{second[0]}\n演示甲,{number(1)},社会面,{first[1]},{second[1]}\n")
    assert rows[0][2]["phone"] == "16900000002"
    assert [(one.header, one.claims) for one in layout.tables[0].unknown_headers] == [("联系电话", "phone")]


@pytest.mark.parametrize(
    "other",
    [
        "家属姓名",
        "监护人",
        "紧急联系人",
        "配偶姓名",
        "家庭成员",
        "兄弟",
        "母亲",
        "村干部",
        "帮教小组成员",
        "家属姓名,与本人关系",
        "父亲,工作单位",
    ],
)
def test_a_phone_beside_the_familys_name_is_not_the_persons(other: str, all_words: Vocabulary) -> None:
    layout, rows = told(
        all_words,
        f"姓名,身份证号,状态,{other},电话\n演示甲,{number(1)},社会面,{','.join('演示父' for _ in other.split(','))},16900000001\n",
    )
    assert "phone" not in rows[0][2]
    assert ("电话", "phone") in [(one.header, one.claims) for one in layout.tables[0].unknown_headers]


def test_a_workers_phone_gives_way_to_the_persons(all_words: Vocabulary) -> None:
    _, rows = told(all_words, f"姓名,身份证号,状态,社工,联系电话,电话\n演示甲,{number(1)},社会面,演示工,16900000001,16900000002\n")
    assert (rows[0][1], rows[0][2]["phone"]) == ("accept", "16900000002")


def test_a_visible_column_comes_before_a_hidden_one(all_words: Vocabulary) -> None:
    rows = [["姓名", "身份证号", "现状", "管控状态"], ["演示甲", number(1), "死亡", "社区戒毒"]]
    layout, read = told(all_words, book(*rows, hidden="C"), "a.xlsx")
    assert read[0][2]["status"] == "community_treatment" and read[0][1] == "accept"
    assert [(one.header, one.claims) for one in layout.tables[0].unknown_headers] == [("现状", "status")]


# W4: swallowed records ----------------------------------------------------------------------------------------------------


def test_a_record_that_swallowed_others_is_held_with_its_lines(all_words: Vocabulary) -> None:
    head = "姓名,身份证号,镇,住址,管控状态,起始时间\n"
    lines = [f"演示{n},{number(n)},府谷镇,某路{n}号,社区戒毒,2020-05-01\n" for n in range(1, 7)]
    lines[2] = lines[2].replace("某路", '"某路')
    lines[4] = lines[4].replace("某路", '"某路')
    reader = WorkbookReader(scan((head + "".join(lines)).encode(), "表.csv", Limits()), "表.csv", all_words, TODAY, demo=True)
    rows = [row for _, block in reader.blocks() for row in block]
    held = [row for row in rows if row[1] == "hold"]
    assert len(held) == 1 and len(rows) == 4
    assert [(p[0], p[2]) for p in held[0][3] if p[0] == "RECORD_SWALLOWED"] == [("RECORD_SWALLOWED", {"first_line": 4, "last_line": 6})]


def test_a_quote_that_swallows_its_own_line_is_seen_and_an_honest_one_is_not(all_words: Vocabulary) -> None:
    head = "姓名,身份证号,镇,住址,管控状态,起始时间\n"
    good = f'演示甲,{number(1)},府谷镇,"某路1号,三楼",社区戒毒,2020-05-01\n演示乙,{number(2)},府谷镇,"某路\n2号",社区戒毒,2020-05-01\n'
    bad = f'演示丙,{number(3)},府谷镇,"某路3号,社区戒毒",2020-05-01\n'
    _, rows = told(all_words, head + good + bad)
    assert [row[1] for row in rows] == ["accept", "accept", "hold"]
    assert ("RECORD_SWALLOWED", "name") in rows[2][3]


# W5: rounded numbers ------------------------------------------------------------------------------------------------------


def test_a_number_ending_in_zeros_is_doubtful_only_where_its_column_was_rounded(all_words: Vocabulary) -> None:
    lucky = ending_in_zeros("19510926")
    head = "姓名,身份证号,管控状态,起始时间\n"
    alone = head + f"演示甲,{lucky},社会面,2020-05-01\n演示乙,{number(2)},社会面,2020-05-01\n"
    assert [row[1] for row in told(all_words, alone)[1]] == ["accept", "accept"]
    for sign in (number(3)[:15] + "000", "9.90822E+17"):
        rows = told(all_words, alone + f"演示丙,{sign},社会面,2020-05-01\n")[1]
        assert [row[1] for row in rows] == ["hold", "accept", "hold"]
        assert rows[0][3] == [("ID_PRECISION_LOST", "id_no")] and "id_no" not in rows[0][2]


# W7, W9: what the database cannot hold, and whose names stand in headers ---------------------------------------------------


def test_our_own_words_are_told_from_cells_that_only_stand_where_headers_do(all_words: Vocabulary) -> None:
    layout, rows = told(all_words, book(["姓名", "演示甲", "性别", "男"], ["身份证号", number(1), "手机", "16900000001"]), "卡.xlsx")
    assert rows == []
    words = {one.header: one.word for part in layout.unrecognised for one in part.headers}
    assert words["姓名"] and words["性别"] and not words["演示甲"]
