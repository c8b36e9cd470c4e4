"""The other typed cells: names, phones, choices, lists, yes and no, company codes, measured values, numbers, places."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.sheets import Place, Vocabulary, cell_message
from kit.sheets.cells import Setting, parser_for
from kit.sheets.messages import CELL_MESSAGES, FILE_MESSAGES
from kit.sheets.places import Gazetteer
from kit.sheets.plain import header_forms
from tests.kit.sheets.conftest import SERVICES, words_of

SETTING = Setting(dt.date(2021, 6, 30), demo=True, date1904=False)


def reads(service: str, kind: str, name: str, raw: Any) -> tuple[Any, str | None]:
    """What a field of a service's words makes of a cell."""
    words = words_of(service)
    return parser_for(words.kinds[kind].fields[name], words, SETTING)(raw)


@pytest.mark.parametrize(
    ("raw", "value"),
    [("王 明", "王明"), ("王  明 ", "王明"), (" 欧阳建国\u00a0", "欧阳建国"), ("巴特尔•乌云", "巴特尔·乌云"), ("巴特尔 . 乌云", "巴特尔·乌云"), ("折\U0002bd6f", "折\U0002bd6f"), ("\u200b李䶮", "李䶮"), ("John  Smith", "John Smith")],
)  # fmt: skip
def test_names_lose_blanks_and_keep_rare_letters(raw: str, value: str) -> None:
    assert reads("registry", "person", "name", raw) == (value, None)


@pytest.mark.parametrize("raw", ["", "/", "无", None, " \u3000"])
def test_an_empty_name_is_missing(raw: str | None) -> None:
    assert reads("registry", "person", "name", raw) == (None, "NAME_MISSING")


@pytest.mark.parametrize(
    ("raw", "value", "code"),
    [
        ("16900000001", "16900000001", None), (16900000001.0, "16900000001", None), ("+86 169-0000-0001", "16900000001", None), ("16900000001", "16900000001", None), ("0086-16900000001", "16900000001", None),
        ("0912-0000001", "09120000001", None), ("(0912)8700001", "09128700001", None), ("16900000001/16900000002", "16900000001", None), ("无", None, None), ("", None, None),
        ("1690000001", None, "PHONE_INVALID"), ("123", None, "PHONE_INVALID"), ("家里", None, "PHONE_INVALID"), (1.69e10, "16900000000", None),
    ],
)  # fmt: skip
def test_phones_are_reduced_to_their_digits(raw: object, value: str | None, code: str | None) -> None:
    assert reads("registry", "person", "phone", raw) == (value, code)


@pytest.mark.parametrize(
    ("service", "kind", "name", "raw", "value", "code"),
    [
        ("registry", "person", "status", "社区戒毒(2020.3起)", "community_treatment", None), ("registry", "person", "status", "外出", None, "STATUS_UNKNOWN"), ("registry", "person", "status", "", None, "STATUS_UNKNOWN"),
        ("registry", "person", "drugs", "冰毒、海洛英", ["heroin", "meth"], None), ("registry", "person", "drugs", "不详", [], None), ("registry", "person", "drugs", "冰毒、仙丹", ["meth"], "DRUG_UNKNOWN"),
        ("registry", "person", "ethnicity", "蒙古", "蒙古族", None), ("registry", "person", "ethnicity", "穿青人", "穿青人", None), ("registry", "visit", "employed", "务工", True, None),
        ("registry", "visit", "met", "√", True, None), ("registry", "visit", "met", "×", False, None), ("registry", "visit", "met", "改日", None, "CHOICE_UNKNOWN"),
        ("testing", "urine", "thc", "(-)", "negative", None), ("testing", "urine", "thc", "阴性(-)", "negative", None), ("testing", "urine", "thc", "弱阳", None, "RESULT_UNKNOWN"), ("testing", "urine", "thc", "", None, None),
        ("testing", "hair", "hair_cm", "3.0cm", 3, None), ("testing", "hair", "hair_cm", "15mm", 1.5, None), ("testing", "hair", "hair_cm", "长", None, "NUMBER_UNPARSABLE"),
        ("testing", "hair", "hair_result", "未检出", {"result": "negative", "items": {}, "unit": "ng/mg"}, None),
        ("testing", "hair", "hair_result", "6-单乙酰吗啡 0.52ng/mg(阳性)、甲基苯丙胺:300pg/mg", {"result": "positive", "items": {"morphine": 0.52, "methamphetamine": 0.3}, "unit": "ng/mg"}, None),
        ("testing", "hair", "hair_result", "甲基苯丙胺 偏高", None, "RESULT_UNKNOWN"),
        ("precursor", "company", "uscc", "91990822dem000014a ", "91990822DEM000014A", None), ("precursor", "company", "uscc", "91990822DEM000014B", None, "USCC_CHECKSUM"), ("precursor", "company", "uscc", "", None, None),
        ("precursor", "company", "chemicals", "浓硫酸;KMnO4", ["硫酸", "高锰酸钾"], None), ("precursor", "company", "categories", "三类、第二类", [2, 3], None),
        ("precursor", "company", "inspection_result", "台账不全,责令整改", "rectify", None), ("precursor", "company", "inspection_result", "未发现问题", "pass", None),
    ],
)  # fmt: skip
def test_words_become_values_or_a_problem(service: str, kind: str, name: str, raw: str, value: object, code: str | None) -> None:
    assert reads(service, kind, name, raw) == (value, code)


CELLS = st.one_of(
    st.text(max_size=40),
    st.floats(),
    st.integers(-(10**20), 10**20),
    st.booleans(),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.none(),
)
EVERY = [(service, kind.name, name) for service in SERVICES for kind in words_of(service).kinds.values() for name in kind.fields]


@given(st.data())
def test_no_cell_can_stop_a_parser(data: st.DataObject) -> None:
    service, kind, name = data.draw(st.sampled_from(EVERY))
    value, code = reads(service, kind, name, data.draw(CELLS))
    assert code is None or isinstance(code, str)
    assert value is None or isinstance(value, str | bool | int | float | list | dict)


PLACES = (
    Place("610822105000", "新民镇", "town", ("610822000000",), ("新民",)), Place("610822000000", "府谷县", "county", (), ("府谷",)), Place("610822100000", "府谷镇", "town", ("610822000000",), ("府谷", "城区")),
    Place("610822105201", "新城川村民委员会", "village", ("610822105000",), ("新城川", "新城川村")), Place("610822100011", "高石崖社区居民委员会", "community", ("610822100000",), ("高石崖", "高石崖社区")),
    Place("610822100211", "高石崖村民委员会", "village", ("610822100000",), ("高石崖", "高石崖村")), Place("610881000000", "神木市", "neighbour", (), ("神木",)),
)  # fmt: skip
TOWN, VILLAGE, NEXT = frozenset(("town",)), frozenset(("village", "community")), frozenset(("neighbour",))


def test_places_are_found_by_the_names_that_people_use() -> None:
    office = Vocabulary(()).office
    gazetteer = Gazetteer(PLACES, office["provinces"], office["place_tails"])
    for text in ("新民镇", "新民", " 新 民 镇", "新民乡", "陕西省府谷县新民镇", "新民镇人民政府"):
        assert gazetteer.find(text, TOWN) == (["610822105000"], True), text
    assert gazetteer.find("府谷", TOWN) == (["610822100000"], True)
    assert gazetteer.find("神木县", NEXT) == gazetteer.find("陕西神木", NEXT) == (["610881000000"], True)
    assert gazetteer.find("乌有镇", TOWN) == ([], True)
    assert gazetteer.find("新城川", VILLAGE, "610822105000") == (["610822105201"], True)
    assert gazetteer.find("新城川", VILLAGE, "610822100000") == (["610822105201"], False)
    assert set(gazetteer.find("高石崖", VILLAGE, "610822100000")[0]) == {"610822100011", "610822100211"}
    assert gazetteer.find("高石崖村", VILLAGE, "610822100000") == (["610822100211"], True)


def test_a_title_names_a_town_only_when_it_is_not_the_county() -> None:
    office = Vocabulary(()).office
    gazetteer = Gazetteer(PLACES, office["provinces"], office["place_tails"])
    assert gazetteer.mentioned("府谷县人员移交花名册", TOWN) == []
    assert gazetteer.mentioned("府谷县新民镇台账", TOWN) == ["610822105000"]
    assert gazetteer.mentioned("新民镇及城区", TOWN) == ["610822105000", "610822100000"]


@pytest.mark.parametrize(("text", "first"), [("姓 名", "姓名"), (" 姓\n名*", "姓名"), ("1、姓名", "姓名"), ("(1)姓名:", "姓名"), ("村(社区)", "村社区"), ("证件号码(18位)", "证件号码18位"), ("出生年月日", "出生时间")])  # fmt: skip
def test_headers_are_compared_by_their_letters(text: str, first: str) -> None:
    assert header_forms(text)[0] == first


def test_every_code_that_a_service_can_give_is_explained_in_two_languages() -> None:
    for service in SERVICES:
        words = words_of(service)
        codes = {
            field.options[key]
            for kind in words.kinds.values()
            for field in kind.fields.values()
            for key in ("unknown", "missing")
            if key in field.options
        } | words.hold
        for code in codes:
            zh, en = cell_message(code, None, words.messages)
            assert code not in (zh, en) and zh and en
    assert all(zh and en for zh, en in (*CELL_MESSAGES.values(), *FILE_MESSAGES.values()))
    assert cell_message("DUP_IN_FILE", {"first_row": 7})[0] == "同一证件号码在本文件第7行已出现"
