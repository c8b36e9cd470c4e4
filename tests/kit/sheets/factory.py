"""Workbooks that nobody tuned the words for: other layouts, other headers, other ways to write the same, with their truth.

Seeded; persons are fictitious (ID area 990822, mobiles 1690…). Each maker returns the file's bytes, its name and, by
(sheet, row), the record that a careful reader would take from it.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
from dataclasses import dataclass, field
from typing import Any

import xlsxwriter

from kit.sheets.id_numbers import check_character

HAN = "〇一二三四五六七八九"
FULL_WIDTH = str.maketrans("0123456789X./-", "0123456789X./-")
TOWNS = {
    "610822105000": ("新民镇", "新民"),
    "610822107000": ("清水镇", "清水"),
    "610822114000": ("田家寨镇", "田家寨"),
    "610822L07000": ("碛塄便民服务中心", "碛塄"),
}
STATUS = {
    "community_treatment": ("社区戒毒", "正在社区戒毒", "责令社区戒毒"),
    "community_rehabilitation": ("社区康复", "社康人员"),
    "three_years_clean": ("戒断3年", "三年以上未复吸"),
    "compulsory_isolation_treatment": ("强隔", "强制隔离戒毒中"),
    "dead": ("病故", "已去世"),
}
DRUGS = {"heroin": ("海洛因", "4号"), "meth": ("冰毒", "甲基苯丙胺"), "ketamine": ("K粉", "氯胺酮")}
Record = dict[str, Any]


@dataclass
class Made:
    """A workbook and what it says."""

    name: str
    data: bytes
    rows: dict[tuple[str, int], Record] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)
    others: dict[tuple[str, int], str] = field(default_factory=dict)


def han(number: int) -> str:
    """1 to 31 as people write days."""
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else "十" if tens == 1 else f"{HAN[tens]}十") + (HAN[ones] if ones else "")


def date_forms(day: dt.date) -> list[str]:
    """The same day as offices write it."""
    year = "".join(HAN[int(c)] for c in str(day.year))
    month = day.strftime("%b")
    return [
        f"{day.year}.{day.month}.{day.day}", f"{day.year}. {day.month}. {day.day}", f"{day:%Y%m%d}", f"{day.year}年{day.month}月{day.day}日", f"{day.year}年{day.month}月{day.day}号",
        f"{day.year} 年 {day.month} 月 {day.day} 日", f"{day.year}/{day.month:02d}/{day.day:02d}", day.isoformat(), f"{day.isoformat()} 00:00:00", f"{day.isoformat()}T08:30:00+08:00",
        f"{day.year}、{day.month}、{day.day}", f"{day.year}.{day.month}.{day.day}".translate(FULL_WIDTH), f"{year}年{han(day.month)}月{han(day.day)}日", f"{day.day}-{month}-{day.year}",
        f"{month} {day.day}, {day.year}", f"{day.year}.{day.month}.{day.day}起", f" {day.isoformat()}\t", f"'{day:%Y%m%d}", f"{day.year}\\{day.month}\\{day.day}",
    ]  # fmt: skip


def person(chance: random.Random) -> Record:
    """A fictitious person with canonical values."""
    sex = chance.choice(("male", "male", "female"))
    birth = dt.date(1955, 1, 1) + dt.timedelta(days=chance.randrange(16_000))
    digits = f"990822{birth:%Y%m%d}{chance.randrange(499) * 2 + (sex == 'male'):03d}"
    town = chance.choice(list(TOWNS))
    return {
        "name": chance.choice("王李张刘陈欧阳") + chance.choice(("建国", "秀英", "军", "巴特尔")), "id_no": digits + check_character(digits), "sex": sex, "birth": birth.isoformat(),
        "phone": f"1690{chance.randrange(10**7):07d}", "town_code": town, "status": chance.choice(list(STATUS)), "drugs": sorted(chance.sample(list(DRUGS), chance.choice((1, 1, 2)))),
        "status_date": (dt.date(2016, 1, 1) + dt.timedelta(days=chance.randrange(1_800))).isoformat(),
    }  # fmt: skip


def written(chance: random.Random, name: str, record: Record) -> str:
    """One field as somebody typed it."""
    value = record[name]
    if name in ("birth", "status_date", "register_date", "sampled_on", "inspected_on"):
        return chance.choice(date_forms(dt.date.fromisoformat(value)))
    if name == "status":
        return chance.choice(STATUS[value])
    if name == "drugs":
        return chance.choice(("、", "/", "+", ";", " ")).join(chance.choice(DRUGS[one]) for one in value)
    if name == "sex":
        return {"male": "男", "female": "女"}[value]
    if name == "town_code":
        return chance.choice(TOWNS[value])
    if name == "id_no":
        return chance.choice(
            (
                value,
                value.lower(),
                f"{value[:6]} {value[6:14]} {value[14:]}",
                f"'{value}",
                value.translate(FULL_WIDTH),
                f"\u200b{value}\u00a0",
                f"{value[:6]}-{value[6:14]}-{value[14:]}",
            )
        )
    if name == "phone":
        return chance.choice(
            (value, f"{value[:3]}-{value[3:7]}-{value[7:]}", f"+86 {value}", f"{value[:3]} {value[3:7]} {value[7:]}", f"{value}/无")
        )
    if name == "name":
        return chance.choice((value, f"{value} ", " ".join(value) if len(value) == 2 else value))
    return str(value)


def book(sheets: dict[str, list[list[Any]]], merges: dict[str, list[tuple[int, int, int, int]]] | None = None) -> bytes:
    """An xlsx with the given rows; merged areas keep their first cell."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as made:
        day = made.add_format({"num_format": "yyyy年m月d日"})
        for name, rows in sheets.items():
            sheet = made.add_worksheet(name)
            for area in (merges or {}).get(name, []):
                sheet.merge_range(*area, "")
            for number, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if isinstance(cell, dt.date):
                        sheet.write_datetime(number, column, dt.datetime.combine(cell, dt.time()), day)
                    elif isinstance(cell, int | float):
                        sheet.write_number(number, column, cell)
                    elif cell:
                        sheet.write_string(number, column, cell)
    return out.getvalue()


def deep_sheet(seed: int) -> Made:
    """Header in row 8 from column D, sections by town, subtotals, a header repeated for each printed page."""
    chance = random.Random(seed)
    fields = ["name", "sex", "id_no", "birth", "drugs", "status", "status_date", "phone"]
    head = [
        "",
        "",
        "",
        "序 号",
        "人员名称",
        "男女",
        "二代身份证号码",
        "出 生\n年月日",
        "涉毒种类",
        "人员分类*",
        "执行起始日期",
        "移动电话",
        "技能特长",
    ]
    rows: list[list[Any]] = [
        ["", "", "", "管控人员底册"],
        ["", "", "", "(内部资料 注意保密)"],
        [],
        ["", "", "", "填报单位:县办", "", "", "", "", "填报日期:2021年3月31日"],
        [],
        [],
        [],
        head,
    ]
    made = Made("底册.xlsx", b"", kinds=["person"], others={("底册", 1): "title", ("底册", 4): "note", ("底册", 5): "blank"})
    number = 0
    for place, (official, _) in TOWNS.items():
        rows.append(["", "", "", f"{official}人员"])
        made.others[("底册", len(rows))] = "section"
        for _ in range(chance.randrange(9, 14)):
            number += 1
            one = person(chance)
            rows.append(["", "", "", number, *[written(chance, name, one) for name in fields], chance.choice(("电工", ""))])
            made.rows[("底册", len(rows))] = {name: one[name] for name in fields}
            if number % 15 == 0:
                rows.append(head)
                made.others[("底册", len(rows))] = "repeated_header"
        rows.append(["", "", "", "小 计", number])
        made.others[("底册", len(rows))] = "total"
        assert place in TOWNS
    rows.append(["", "", "", f"总计{number}人"])
    made.others[("底册", len(rows))] = "total"
    made.data = book({"底册": rows}, {"底册": [(0, 3, 0, 12)]})
    return made


def grouped_sheet(seed: int) -> Made:
    """A header of three rows with groups that are in no vocabulary, town cells merged downwards, real dates and serial numbers."""
    chance = random.Random(seed)
    rows: list[list[Any]] = [
        ["在册人员动态表"],
        ["乡镇(街道)", "甲方面", "", "", "乙方面", "", ""],
        ["", "人员", "", "联络", "处置", "", "起算"],
        ["", "姓名", "公民身份号码", "手机号码", "现管控状态", "主要滥用毒品", "时间"],
    ]
    merges = [(0, 0, 0, 6), (1, 0, 3, 0), (1, 1, 1, 3), (2, 1, 2, 2), (1, 4, 1, 6), (2, 4, 2, 5)]
    made = Made("动态.xlsx", b"", kinds=["person"], others={("动态", 1): "title"})
    for place in TOWNS:
        start = len(rows)
        for index in range(6):
            one = {**person(chance), "town_code": place}
            day = dt.date.fromisoformat(one["status_date"])
            when: Any = chance.choice((day, (day - dt.date(1899, 12, 30)).days, int(f"{day:%Y%m%d}"), written(chance, "status_date", one)))
            cells = [written(chance, name, one) for name in ("name", "id_no", "phone", "status", "drugs")]
            rows.append([TOWNS[place][0] if index == 0 else "", *cells, when])
            made.rows[("动态", len(rows))] = {
                name: one[name] for name in ("town_code", "name", "id_no", "phone", "status", "drugs", "status_date")
            }
        merges.append((start, 0, len(rows) - 1, 0))
    rows.append(["注:本表一式两份"])
    made.others[("动态", len(rows))] = "footer"
    made.data = book({"动态": rows}, {"动态": merges})
    return made


def delimited(seed: int, encoding: str, delimiter: str) -> Made:
    """A delimited text with quoted line ends, an unknown column, blank records and a scientific ID."""
    chance = random.Random(seed)
    fields = ["id_no", "name", "status", "birth", "phone", "status_date"]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(["居民身份证\n号码", "吸毒人员\n姓名", "人员现状", "生日", "本人手机号", "状态开始时间", "血型"])
    made = Made("清水镇 导出.csv", b"", kinds=["person"])
    for number in range(2, 40):
        if number % 11 == 0:
            writer.writerow([])
            made.others[("csv", number)] = "blank"
            continue
        one = person(chance)
        writer.writerow([*[written(chance, name, one) for name in fields], chance.choice("AB")])
        made.rows[("csv", number)] = {**{name: one[name] for name in fields}, "town_code": "610822107000"}
    made.data = out.getvalue().encode(encoding)
    return made


def stacked(seed: int) -> Made:
    """Two tables with the same header under two towns' titles on one sheet, beside an unknown table and a cover sheet."""
    chance = random.Random(seed)
    fields = ["name", "id_no", "status", "status_date"]
    rows: list[list[Any]] = []
    made = Made("汇编.xlsx", b"", kinds=["person", "person"])
    for place in ("610822105000", "610822114000"):
        rows.append([f"{TOWNS[place][0]}名单"])
        made.others[("名单", len(rows))] = "title"
        rows.append(["对象姓名", "证件号码(18位)", "目前状态", "决定日期"])
        for _ in range(5):
            one = person(chance)
            rows.append([written(chance, name, one) for name in fields])
            made.rows[("名单", len(rows))] = {**{name: one[name] for name in fields}, "town_code": place}
        rows.append([])
        made.others[("名单", len(rows))] = "blank"
    rows += [["车辆登记"], ["车牌", "车型", "座位数"], ["陕K演示1", "轿车", 5], ["陕K演示2", "面包车", 7]]
    made.others[("名单", len(rows) - 3)] = "title"
    made.data = book({"封面": [["汇编"], [], ["2021年"]], "名单": rows})
    return made


def urine_sheet(seed: int) -> Made:
    """A test register with its own words, English panel codes and the columns in another order."""
    chance = random.Random(seed)
    words = {"negative": ("阴性", "-", "未检出", "negative", "(-)"), "positive": ("阳性", "+", "positive"), "invalid": ("无效", "重检")}
    panel = ["methamphetamine", "morphine", "ketamine"]
    rows: list[list[Any]] = [["2021年筛查登记簿"], ["样品编号", "采样时间", "受检人姓名", "居民身份证号", "MET", "MOP", "KET", "操作人"]]
    made = Made("筛查.xlsx", b"", kinds=["urine"])
    for number in range(30):
        one = person(chance)
        record = {
            "record_no": f"Y-{number:03d}",
            "sampled_on": one["status_date"],
            "name": one["name"],
            "id_no": one["id_no"],
            "tester": "演示员",
        }
        record |= {analyte: chance.choice(("negative", "negative", "positive", "invalid")) for analyte in panel}
        rows.append(
            [
                record["record_no"],
                written(chance, "sampled_on", record),
                one["name"],
                written(chance, "id_no", one),
                *[chance.choice(words[record[a]]) for a in panel],
                "演示员",
            ]
        )
        made.rows[("簿", len(rows))] = record
    made.data = book({"簿": rows})
    return made


def firm_sheet(seed: int) -> Made:
    """Firms under other headers, in a text with semicolons."""
    chance = random.Random(seed)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    writer.writerow(
        ["被检查单位名称", "社会信用代码", "所属镇街", "易制毒化学品名称", "管制类别", "负责人", "负责人电话", "巡查时间", "巡查结果"]
    )
    made = Made("巡查.csv", b"", kinds=["company"])
    for number in range(2, 20):
        place = chance.choice(list(TOWNS))
        day = dt.date(2021, 1, 1) + dt.timedelta(days=chance.randrange(150))
        record = {
            "company_name": f"演示{number}号化工有限公司",
            "town_code": place,
            "chemicals": ["三氯甲烷", "盐酸"],
            "categories": [2, 3],
            "legal_person": "演示甲",
            "phone": f"0912{number:07d}",
            "inspected_on": day.isoformat(),
        }
        record["inspection_result"] = chance.choice(("pass", "rectify"))
        result = {"pass": "未发现异常", "rectify": "标识不全,要求三日内整改"}[record["inspection_result"]]
        writer.writerow(
            [
                record["company_name"],
                "",
                TOWNS[place][1],
                "氯仿/HCl",
                "第二类、第三类",
                "演示甲",
                f"0912-{number:07d}",
                written(chance, "inspected_on", record),
                result,
            ]
        )
        made.rows[("csv", number)] = record
    made.data = out.getvalue().encode("gb18030")
    return made


def all_made(seed: int) -> list[Made]:
    """One of each."""
    return [
        deep_sheet(seed), grouped_sheet(seed + 1), delimited(seed + 2, "utf-16", "\t"), delimited(seed + 3, "utf-8", ","), delimited(seed + 4, "gb18030", ";"), delimited(seed + 5, "utf-16-le", "|"),
        stacked(seed + 6), urine_sheet(seed + 7), firm_sheet(seed + 8),
    ]  # fmt: skip
