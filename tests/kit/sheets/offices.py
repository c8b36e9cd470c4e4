"""Workbooks that nobody has seen: fictitious rows put through what real offices do to a table, by a seed, with the reading that is right.

Other columns in another order, other words in the header, headers of one to three rows, titles and unit lines above, the header again on each printed
page, subtotals, footers, notes, hidden rows, empty columns, columns of no interest, tables below or beside each other, covers and macro sheets, formulas,
rich text, the 1904 date system; as xlsx, xlsm, xls or delimited text in any encoding.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from typing import Any

from tests.kit.sheets import office_words as words
from tests.kit.sheets.office_cells import TOWNS, VILLAGES, Formula, person, typed

TODAY = dt.date(2021, 6, 30)
KINDS = ("person", "person", "person", "visit", "clean3", "transfer", "urine", "hair", "practitioner", "company")
TITLES = {
    "person": "社区戒毒社区康复人员花名册 吸毒人员动态管控台账 在册吸毒人员底册 涉毒人员信息统计表", "visit": "吸毒人员走访摸排台账 大走访登记表", "clean3": "戒断三年未复吸人员名册 戒断满三年人员花名册", "transfer": "外地籍吸毒人员移交花名册 移交人员名单",
    "urine": "吸毒人员尿检台账 尿液检测登记表", "hair": "毛发检测台账 毛发检测登记表", "practitioner": "从业人员尿检登记表 行业场所从业人员检测台账", "company": "易制毒化学品企业台账 企业检查登记表",
}  # fmt: skip


@dataclass
class Wanted:
    """What a careful reader takes from one row of one table."""

    kind: str
    record: dict[str, Any]
    codes: dict[str, tuple[str, ...]]


@dataclass
class Page:
    """A sheet while it is filled: cells by (row, column), 0-based."""

    name: str
    cells: dict[tuple[int, int], Any] = field(default_factory=dict)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    wanted: dict[int, list[Wanted]] = field(default_factory=dict)  # 1-based row -> left to right
    hidden: bool = False
    strangers: set[str] = field(default_factory=set)
    headers: dict[str, str] = field(default_factory=dict)  # header as written -> field

    @property
    def height(self) -> int:
        """Rows used so far."""
        return max((row for row, _ in self.cells), default=-1) + 1


@dataclass
class Workbook:
    """A made workbook before it is written in some format."""

    stem: str
    pages: list[Page]
    kinds: list[str]
    date1904: bool = False


def decorated(chance: random.Random, header: str) -> str:
    """A header as it stands in a narrow column."""
    kind = chance.random()
    if kind < 0.12 and len(header) == 2:
        return chance.choice((" ", "  ", "\u3000", "\n")).join(header)
    if kind < 0.22 and len(header) >= 4:
        cut = len(header) // 2
        return header[:cut] + "\n" + header[cut:]
    if kind < 0.28:
        return chance.choice(("*{}", "{}*", "{}:", "{}(必填)", " {} ", "{}", "★{}", "{}(如实填写)")).format(header)
    return header.replace("(", "(").replace(")", ")") if kind < 0.5 else header


def columns_of(chance: random.Random, kind: str, leave: set[str]) -> list[tuple[str, str]]:
    """(field or "", header) of each column: ours with one of many names, strangers, empty ones."""
    known = words.HEADERS[kind]
    needed = words.PLACES_BY[kind]
    of_measures = {"cd_date", "cr_date", "cid_date"}
    leave = leave | ({"status_date"} if chance.random() < 0.3 else of_measures)
    others = [name for name in known if name not in needed and name not in leave]
    if kind == "urine" and chance.random() < 0.5:
        needed = [*(name for name in needed if name != "result"), "morphine", "methamphetamine"]
        others = [name for name in others if name not in needed and name != "result"]
    elif kind == "urine":
        others = [name for name in others if name not in ("morphine", "methamphetamine", "ketamine")]
    chosen = [*(n for n in needed if n not in leave), *chance.sample(others, chance.randrange(len(others) + 1))]
    chance.shuffle(chosen)
    if chance.random() < 0.6:  # most offices begin with the name
        first = "company_name" if kind == "company" else "name"
        chosen.remove(first)
        chosen.insert(0, first)
    columns, used = [], set()
    for name in chosen:
        header = chance.choice([one for one in known[name].split() if one not in used])
        used.add(header)
        columns.append((name, decorated(chance, header)))
    if kind != "company":
        for stranger in chance.sample(sorted(words.STRANGERS), chance.choice((0, 0, 1, 2, 3))):
            columns.insert(chance.randrange(len(columns) + 1), ("", stranger))
    if chance.random() < 0.12:
        columns.insert(chance.randrange(1, len(columns)), ("", ""))
    if chance.random() < 0.8:
        columns.insert(0, ("#", chance.choice(("序号", "序 号", "编号" if kind in ("person", "visit") else "序号", "No."))))
    return columns


def put_header(chance: random.Random, page: Page, top: int, left: int, columns: list[tuple[str, str]], height: int) -> int:
    """Write a header of `height` rows; groups stand above neighbours. The rows used."""
    if height == 1:
        for at, (_, header) in enumerate(columns):
            _put(page, top, left + at, header)
        return 1
    at = 0
    while at < len(columns):
        width = chance.choice((1, 2, 3, 4))
        run = columns[at : at + width]
        if len(run) > 1 and all(header for _, header in run):
            group = chance.choice(("基本信息", "基本情况", "有关情况", "登记信息", "具体情况"))
            _put(page, top, left + at, group)
            page.merges.append((top, left + at, top, left + at + len(run) - 1))
            for offset, (_, header) in enumerate(run):
                _put(page, top + 1, left + at + offset, header)
                if height == 3:
                    page.merges.append((top + 1, left + at + offset, top + 2, left + at + offset))
        else:
            run = run[:1]
            if run[0][1]:
                _put(page, top, left + at, run[0][1])
                page.merges.append((top, left + at, top + height - 1, left + at))
        at += len(run)
    return height


def _put(page: Page, row: int, column: int, value: Any) -> None:
    if value != "":
        page.cells[row, column] = value


def put_table(chance: random.Random, page: Page, top: int, left: int, kind: str, rows: int, *, beside: bool = False) -> int:
    """A table with what stands above and below it; the first free row under it."""
    levelled = "town_code" in words.HEADERS[kind]
    town = chance.choice([code for code in TOWNS if VILLAGES[code]])
    titled = levelled and not beside and chance.random() < 0.5
    leave = {"town_code"} if titled else set()
    if not titled:
        leave |= {"village_code"}
    columns = columns_of(chance, kind, leave)
    if beside:  # of two empty columns nobody could tell which one lies between the tables
        columns = [column for column in columns if column != ("", "")]
    if not titled and any(name == "town_code" for name, _ in columns) and kind == "person" and chance.random() < 0.6:
        columns.append(("village_code", chance.choice(words.HEADERS[kind]["village_code"].split())))
    row = top
    if not beside:
        row = put_titles(chance, page, row, left, len(columns), kind, TOWNS[town][0] if titled else None)
    height = 1 if beside else chance.choice((1, 1, 1, 2, 2, 3))
    header_at = row
    row += put_header(chance, page, row, left, columns, height)
    page.strangers |= {header for name, header in columns if name == "" and header}
    page.headers |= {header: name for name, header in columns if name not in ("", "#")}
    printed = chance.choice((0, 0, 7)) if not beside and height == 1 else 0
    grouped = not titled and chance.random() < 0.3 and any(name == "town_code" for name, _ in columns)
    resident = any(name == "address" for name, _ in columns)
    people = [person(chance) for _ in range(rows)]
    some = chance.sample([code for code in TOWNS if VILLAGES[code]], 3)
    for one in people:
        if titled or (grouped and rows > 6):
            one["town_code"] = town if titled else chance.choice(some)
            one["village_code"] = chance.choice(list(VILLAGES[one["town_code"]]))
    grouped = grouped and rows > 6
    if grouped:
        people.sort(key=lambda one: one["town_code"])
    town_from: tuple[str, int] | None = None
    for number, one in enumerate(people, 1):
        if printed and number > 1 and number % printed == 1:
            if chance.random() < 0.5:
                _put(page, row, left, "本页小计")
                _put(page, row, left + 1, printed)
                row += 1
            put_header(chance, page, row, left, columns, 1)
            row += 1
        record: dict[str, Any] = {"town_code": town} if titled else {}
        codes: dict[str, tuple[str, ...]] = {}
        for at, (name, header) in enumerate(columns):
            if name == "#":
                page.cells[row, left + at] = chance.choice((number, Formula(number)))
            elif name == "":
                _put(page, row, left + at, chance.choice(words.STRANGERS[header]) if header else "")
            elif name == "town_code" and grouped and town_from is not None and town_from[0] == one["town_code"]:
                record[name] = one["town_code"]
            else:
                found = typed(chance, name, one)
                _put(page, row, left + at, found.raw)
                if name != "household_address":
                    record[name] = found.value
                elif not resident:  # where nothing says where somebody lives, the place of registration must do
                    record["address"] = found.value
                if found.codes:
                    codes[name] = found.codes
        if grouped:
            town_from = (one["town_code"], row) if town_from is None or town_from[0] != one["town_code"] else town_from
        if "status" in record and "status_date" not in record:  # a day for each measure: the standing's is that of its own
            record["status_date"] = record.get(
                {"community_treatment": "cd_date", "community_rehabilitation": "cr_date", "compulsory_isolation_treatment": "cid_date"}.get(
                    one["status"], ""
                )
            )
        if "id_no" in record:  # what the number says completes an empty sex or day of birth
            record |= {name: one[name] for name in ("sex", "birth") if name in record}
        page.wanted.setdefault(row + 1, []).append(Wanted(kind, record, codes))
        if chance.random() < 0.05 and not beside:
            page.hidden_rows.add(row)
        row += 1
        if chance.random() < 0.02 and not beside:
            row += 1  # an empty row
    assert header_at < row
    return row if beside else put_footers(chance, page, row, left, len(columns), rows)


def put_titles(chance: random.Random, page: Page, row: int, left: int, width: int, kind: str, town: str | None) -> int:
    """Title and unit rows over a table."""
    title = chance.choice(TITLES[kind].split())
    if town is not None:
        _put(page, row, left, chance.choice((f"{town}{title}", f"2021年{town}{title}", f"府谷县{town}{title}")))
    elif chance.random() < 0.6:
        _put(page, row, left, chance.choice((title, f"2021年上半年{title}", f"{title}(演示数据)", f"附件1:{title}", f"府谷县{title}")))
    else:
        return row
    if chance.random() < 0.6:
        page.merges.append((row, left, row, left + width - 1))
    row += 1
    if chance.random() < 0.3:
        row += 1
    if chance.random() < 0.5:
        lines = ("填报单位:演示单位(盖章)", "填报日期:2021年6月30日", "单位:人", "制表单位:县禁毒办", "密级:内部", "填报人:演示甲")
        for at, text in zip((0, width // 2, width - 1), chance.sample(lines, chance.choice((1, 2, 3))), strict=False):
            page.cells.setdefault((row, left + at), text)
        row += 1
    return row


def put_footers(chance: random.Random, page: Page, row: int, left: int, width: int, rows: int) -> int:
    """Sums, signatures and notes under a table."""
    if chance.random() < 0.4:
        _put(page, row, left, chance.choice(("合计", "合 计", "总计", "共计")))
        _put(page, row, left + 1, chance.choice((rows, f"{rows}人")))
        row += 1
    if chance.random() < 0.5:
        if chance.random() < 0.5:
            _put(page, row, left, chance.choice(("填表人:演示甲    审核人:演示乙    填表日期:2021.6.30", "制表人:演示甲  分管领导:演示乙")))
        else:
            for at, text in zip((0, width // 2, width - 1), ("填表人:演示甲", "审核人:演示乙", "联系电话:0912-0000000"), strict=True):
                page.cells.setdefault((row, left + at), text)
        row += 1
    if chance.random() < 0.4:
        _put(page, row, left, chance.choice(("注:本表一式两份,每月5日前报送。", "说明:1.管控现状按实际填写;", "备注:以上人员均已核实")))
        row += 1
        if chance.random() < 0.5:
            _put(
                page,
                row,
                left,
                chance.choice(("2.本表由各镇填报,县禁毒办汇总。", "  2、一人一行,不得合并。", "3.联系人:演示甲,电话:0912-0000000")),
            )
            row += 1
    return row


def make(seed: int) -> Workbook:
    """A workbook: one to three tables on one or two sheets, with what offices put beside them."""
    chance = random.Random(seed)
    kind = chance.choice(KINDS)
    page = Page(chance.choice(("Sheet1", "台账", "名单", "汇总表", "2021年", "sheet 1")))
    book = Workbook(chance.choice(("表", "台账2021", "新建 XLSX 工作表", "报送件(终稿)", "副本-台账")), [page], [], chance.random() < 0.1)
    left, top = chance.choice((0, 0, 0, 1, 2)), chance.choice((0, 0, 0, 1, 3))
    shape = chance.random()
    if shape < 0.12:  # two tables beside each other
        under = put_table(chance, page, top, left, kind, 6, beside=True)
        start = max(column for _, column in page.cells) + chance.choice((2, 2, 3))
        put_table(chance, page, top, start, kind, chance.choice((6, 4)), beside=True)
        book.kinds = [kind, kind]
        assert under
    else:
        under = put_table(chance, page, top, left, kind, chance.choice((3, 12, 20)))
        book.kinds = [kind]
        if shape < 0.3:  # another one below
            other = chance.choice(KINDS)
            put_table(chance, page, under + chance.choice((1, 2)), left, other, 6)
            book.kinds.append(other)
    if chance.random() < 0.2:
        cover = Page("封面", {(3, 2): "演示县禁毒委员会办公室", (5, 2): "二〇二一年六月"})
        book.pages.insert(0, cover)
    if chance.random() < 0.2:
        book.pages.append(Page("填表说明", {(0, 0): "填表说明", (1, 0): "1.姓名、身份证号必填;", (2, 0): "2.日期按“2021.3.5”填写。"}))
    if chance.random() < 0.15:
        book.pages.append(Page("下拉选项", {(0, 0): "社区戒毒", (1, 0): "社区康复", (2, 0): "强制隔离戒毒"}, hidden=True))
    if chance.random() < 0.15:
        last = max(column for _, column in page.cells)
        page.cells[1, last + chance.choice((60, 120))] = " "  # somebody touched a cell far to the right
    if chance.random() < 0.15:
        page.hidden_columns.add(left + 1)
    return book
