"""One cell as somebody in an office typed it, with what a careful reader takes from it. Seeded; every person is fictitious (ID area 990822, 1690…)."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from typing import Any

from stdnum.cn import uscc

from kit.sheets.id_numbers import check_character
from tests.kit.sheets import office_words as words
from tests.kit.sheets.conftest import county_places

FULL_WIDTH = {ord(a): chr(ord(a) + 0xFEE0) for a in "0123456789X./-"}
HAN = "〇一二三四五六七八九"
SURNAMES, GIVEN = ["王", "李", "张", "刘", "陈", "欧阳", "郝", "白"], ["建国", "秀英", "军", "巴特尔", "芳", "海", "永强", "玉梅"]
TOWNS = {p.code: (p.name, *p.aliases) for p in county_places() if p.level in ("town", "service_centre")}
AREAS = {p.code[:6]: (p.name, *p.aliases) for p in county_places() if p.level == "neighbour"}


@dataclass(frozen=True)
class Formula:
    """A formula cell and the value that the office's program had calculated."""

    value: Any


@dataclass(frozen=True)
class Failed:
    """A formula cell that lost what it pointed at."""

    text: str


@dataclass(frozen=True)
class Rich:
    """A text in two fonts."""

    text: str


@dataclass(frozen=True)
class Serial:
    """A day as the number that its book counts it by."""

    day: dt.date


@dataclass(frozen=True)
class Typed:
    """What stands in a cell, the value in it, and the problem codes that a careful reader notes."""

    raw: Any
    value: Any
    codes: tuple[str, ...] = ()


def _villages() -> dict[str, dict[str, tuple[str, ...]]]:
    """Town → village → names that no other village of the town shares."""
    found: dict[str, dict[str, tuple[str, ...]]] = {town: {} for town in TOWNS}
    places = [p for p in county_places() if p.level in ("village", "community")]
    for town in TOWNS:
        mine = [p for p in places if town in p.parents]
        names = [name for p in mine for name in (p.name, *p.aliases)]
        for p in mine:
            own = tuple(name for name in (p.name, *p.aliases) if names.count(name) == 1)
            if own:
                found[town][p.code] = own
    return found


VILLAGES = _villages()


def person(chance: random.Random) -> dict[str, Any]:
    """A fictitious person with canonical values for every field that a ledger may ask for."""
    sex = chance.choice(("male", "male", "female"))
    birth = dt.date(1955, 1, 1) + dt.timedelta(days=chance.randrange(17_000))
    digits = f"990822{birth:%Y%m%d}{chance.randrange(499) * 2 + (sex == 'male'):03d}"
    town = chance.choice([code for code in TOWNS if VILLAGES[code]])

    def day(first: int = 2016, last: int = 1_900) -> str:
        return (dt.date(first, 1, 1) + dt.timedelta(days=chance.randrange(last))).isoformat()

    number = chance.randrange(10**6)
    code = uscc.calc_check_digit(f"91990822DEM{number:06d}")
    return {
        "name": chance.choice(SURNAMES) + chance.choice(GIVEN), "id_no": digits + check_character(digits), "sex": sex, "birth": birth.isoformat(), "ethnicity": chance.choice(("汉族", "汉族", "蒙古族", "回族")),
        "phone": f"1690{chance.randrange(10**7):07d}", "town_code": town, "village_code": chance.choice(list(VILLAGES[town])), "address": f"演示路{chance.randrange(1, 99)}号", "household_address": f"演示旧村{chance.randrange(1, 99)}号",
        "drugs": sorted(chance.sample(list(words.DRUGS), chance.choice((1, 1, 2)))), "status": chance.choice(list(words.STATUS)), "status_date": day(), "cd_date": day(), "cr_date": day(), "cid_date": day(), "register_date": day(2012, 1_400), "worker": "演示民警", "remark": chance.choice(("", "本人在家务农", "外出务工")),
        "receiving_area": chance.choice(list(AREAS)), "handover_date": day(2019, 700), "document_no": f"演禁移〔2020〕{number % 90 + 1}号", "confirmed_on": day(2019, 800), "round1": day(2021, 60), "round2": day(2021, 170),
        "met": chance.random() < 0.7, "tested": chance.random() < 0.6, "family_met": chance.random() < 0.5, "employed": chance.random() < 0.5, "risk": chance.choice(list(words.RISK)), "assess_date": day(2021, 100),
        "record_no": f"YS-{number:06d}", "sampled_on": day(2021, 170), "reported_on": day(2021, 170), "tester": "演示员", "morphine": chance.choice(("negative", "negative", "positive")), "methamphetamine": chance.choice(("negative", "negative", "invalid")), "ketamine": chance.choice(("negative", "negative", "positive")),
        "result": chance.choice(("negative", "negative", "negative", "positive", "invalid")), "hair_cm": chance.choice((3, 2.5, 4)), "hair_result": chance.choice((None, "methamphetamine", "morphine")), "unit_name": f"演示{number % 50}号宾馆",
        "company_name": f"演示{number}号化工有限公司", "uscc": f"91990822DEM{number:06d}{code}", "chemicals": sorted(chance.sample(["盐酸", "硫酸", "丙酮", "甲苯", "三氯甲烷"], 2)), "activity": chance.choice(list(words.ACTIVITY)), "legal_person": "演示法人", "inspected_on": day(2021, 170),
        "inspection_result": chance.choice(list(words.INSPECTED)),
    }  # fmt: skip


def _han(number: int) -> str:
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else "十" if tens == 1 else f"{HAN[tens]}十") + (HAN[ones] if ones else "")


def _date(chance: random.Random, iso: str) -> Typed:
    day = dt.date.fromisoformat(iso)
    y, m, d = day.year, day.month, day.day
    year = "".join(HAN[int(c)] for c in str(y))
    certain = [
        f"{y}.{m}.{d}", f"{y}年{m}月{d}日", f"{y}/{m}/{d}", f"{y}-{m:02d}-{d:02d}", f"{y}{m:02d}{d:02d}", f"{y}.{m:02d}.{d:02d}", f"{y}. {m}. {d}", f"{y}年{m:02d}月{d:02d}日", f"{y}年{m}月{d}号", f"{y}、{m}、{d}", f"{y}-{m}-{d} 0:00:00", f"{y}.{m}.{d}.",
        f"{y}。{m}。{d}", f"{y}.{m}.{d}".translate(FULL_WIDTH), f"{y} 年 {m} 月 {d} 日", f"{year}年{_han(m)}月{_han(d)}日", f"{d}-{day:%b}-{y}", f"{y}.{m}.{d}起", f"自{y}.{m}.{d}", f"{y}年{m}月{d}", f"'{y}-{m}-{d}", f"{y}/{m}/{d} 星期一", f"{y},{m},{d}", f"{y}.{m}/{d}",
    ]  # fmt: skip
    kind = chance.random()
    if kind < 0.14:
        return Typed(day, iso)
    if kind < 0.20:
        return Typed(int(f"{day:%Y%m%d}"), iso)
    if kind < 0.26:
        return Typed(Serial(day), iso)
    if kind < 0.32 and y >= 2000:
        return Typed(
            chance.choice((f"{y % 100:02d}.{m}.{d}", f"{y % 100:02d}/{m}/{d}", f"{y % 100:02d}年{m}月{d}日")), iso, ("DATE_TWO_DIGIT_YEAR",)
        )
    if kind < 0.36:
        return Typed(chance.choice((f"{y}年{m}月", f"{y}.{m:02d}", f"{y}-{m:02d}", f"{y}/{m}")), iso[:7], ("DATE_PARTIAL",))
    return Typed(chance.choice(certain), iso)


def _id(chance: random.Random, value: str) -> Typed:
    if value[6:8] == "19" and chance.random() < 0.08:
        old = value[:6] + value[8:17]
        return Typed(chance.choice((old, int(old))), value, ("ID_15_CONVERTED",))
    forms = [value, value, value, value.lower(), f"'{value}", f"{value} ", f" {value}", f"{value[:6]} {value[6:14]} {value[14:]}", value.translate(FULL_WIDTH), f"‘{value}", f"{value}\u00a0", f"\t{value}", f"{value[:6]}-{value[6:14]}-{value[14:]}", f"身份证:{value}", f"{value}\n"]  # fmt: skip
    return Typed(chance.choice(forms), value)


def _phone(chance: random.Random, value: str) -> Typed:
    a, b, c = value[:3], value[3:7], value[7:]
    return Typed(chance.choice((value, value, int(value), f"{a}-{b}-{c}", f"{a} {b} {c}", f"+86{value}", f"86-{value}", value.translate(FULL_WIDTH), f"{value}(本人)", f"{value}、16900000001", f"{value} ", f"手机{value}", f"{value}/16900000002", f"{value}\n16900000003")), value)  # fmt: skip


def _blank(chance: random.Random) -> Any:
    return chance.choice(("", "", "/", "无", "-", "——", " "))


EMPTY = frozenset({"cd_date", "cr_date", "cid_date", "phone", "address", "register_date", "ethnicity", "document_no", "risk", "employed", "family_met", "drugs", "reported_on", "household_address"})  # fmt: skip
"""Fields that offices leave empty, and that may be."""
FRAGILE = frozenset({"phone", "address", "remark", "register_date", "worker", "tester", "legal_person"})
"""Fields that offices look up by formula, and that may fail."""
DATES = frozenset({"status_date", "cd_date", "cr_date", "cid_date", "register_date", "handover_date", "confirmed_on", "round1", "round2", "assess_date", "sampled_on", "reported_on", "inspected_on"})  # fmt: skip
CHOICES: dict[str, dict[Any, str]] = {
    "status": words.STATUS, "risk": words.RISK, "activity": words.ACTIVITY, "inspection_result": words.INSPECTED, "met": words.YES_NO, "tested": words.YES_NO, "family_met": words.YES_NO, "employed": words.YES_NO,
    "morphine": words.RESULTS, "methamphetamine": words.RESULTS, "ketamine": words.RESULTS, "result": words.RESULTS,
}  # fmt: skip


def typed(chance: random.Random, field: str, record: dict[str, Any]) -> Typed:
    """One field of a record as somebody typed it."""
    value = record[field]
    if field in EMPTY and chance.random() < 0.06:
        raw = _blank(chance)
        if field in ("address", "household_address", "document_no") and raw == "无":
            return Typed(raw, "无")
        return Typed(raw, [] if field == "drugs" else False if raw == "无" and field in ("employed", "family_met") else None)
    if field in FRAGILE and chance.random() < 0.03:
        failed = chance.choice(("#REF!", "#VALUE!", "#NAME?", "#N/A"))
        return Typed(Failed(failed), None, () if failed == "#N/A" else ("CELL_ERROR",))
    if field in DATES:
        return _date(chance, value)
    if field == "birth":
        found = _date(chance, value)
        partial = "DATE_PARTIAL" in found.codes  # the ID number completes it
        return Typed(found.raw, value, () if partial else found.codes)
    if field in CHOICES:
        return Typed(chance.choice(CHOICES[field][value].split()), value)
    if field == "id_no":
        return _id(chance, value)
    if field == "phone":
        return _phone(chance, value)
    if field == "name":
        spaced = " ".join(value) if len(value) == 2 else value
        return Typed(chance.choice((value, value, spaced, value.replace("", " ").strip() if len(value) < 4 else value, f"{value} ", "\u3000".join(value) if len(value) == 2 else value, Rich(value))), value)  # fmt: skip
    if field == "drugs":
        return Typed(
            chance.choice(("、", "/", "+", ",", ",", " ", "和", ";")).join(chance.choice(words.DRUGS[one].split()) for one in value), value
        )
    if field == "sex":
        return Typed({"male": chance.choice(("男", "男 ", "男性")), "female": chance.choice(("女", "女性"))}[value], value)
    if field == "ethnicity":
        return Typed(chance.choice((value, value[:-1])), value)
    if field == "town_code":
        return Typed(chance.choice(TOWNS[value]), value)
    if field == "village_code":
        return Typed(chance.choice(VILLAGES[record["town_code"]][value]), value)
    if field == "receiving_area":
        return Typed(chance.choice(AREAS[value]), value)
    if field == "hair_result":
        if value is None:
            return Typed(chance.choice(("未检出", "阴性", "未检出毒品成分")), {"result": "negative", "items": {}, "unit": "ng/mg"})
        name = {"methamphetamine": "甲基苯丙胺", "morphine": "吗啡"}[value]
        return Typed(chance.choice((f"{name}0.52ng/mg(阳性)", f"{name}:0.52ng/mg", f"{name} 0.52 ng/mg")), {"result": "positive", "items": {value: 0.52}, "unit": "ng/mg"})  # fmt: skip
    if field == "hair_cm":
        return Typed(chance.choice((value, f"{value}cm", f"{value}厘米", f"约{value}cm")), value)
    if field == "chemicals":
        return Typed(chance.choice(("、", "/", ",", ",", ";")).join(value), value)
    if field in ("address", "worker", "remark", "unit_name", "legal_person") and value and chance.random() < 0.1:
        return Typed(chance.choice((Rich(value), Formula(value))), value)
    return Typed(value, value if value != "" else None)
