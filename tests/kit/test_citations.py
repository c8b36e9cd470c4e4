"""Citations read in both languages."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from kit.citations import Cited, chinese, chinese_number


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("DRR art. 14", "《戒毒条例》第十四条"),
        ("NCL art. 35, 38; DRR art. 21", "《禁毒法》第三十五条、第三十八条;《戒毒条例》第二十一条"),
        ("DRR art. 19(2)", "《戒毒条例》第十九条第(二)项"),
        ("DRR art. 24 §2", "《戒毒条例》第二十四条第二款"),
        ("NCL art. 38 §1(3)", "《禁毒法》第三十八条第一款第(三)项"),
        ("PCR annex", "《易制毒化学品管理条例》附表"),
        ("DTP art. 8-16", "《吸毒检测程序规定》第八条至第十六条"),
        ("DRR ch. 2", "《戒毒条例》第二章"),
        ("domain 3.5", "业务说明3.5节"),
        ("record of death", "死亡登记"),
        ("registered by mistake: PIPL art. 46", "登记有误:《个人信息保护法》第四十六条"),
        ("DRR art. 24 §2: nobody attends from custody", "《戒毒条例》第二十四条第二款"),
        ("NCL art. 40; Administrative Review Law", "《禁毒法》第四十条;《行政复议法》"),
        ("General Office of the State Council (2015) no. 58; APL art. 27", "国办发〔2015〕58号;《行政处罚法》第二十七条"),
        ("RFC 9110", "RFC 9110"),
    ],
)
def test_a_source_is_spelled_as_offices_write_it(source: str, shown: str) -> None:
    assert chinese(source) == shown


def test_numbers_are_those_of_the_law() -> None:
    assert [chinese_number(n) for n in (1, 10, 11, 20, 47, 100, 105, 110, 119)] == [
        "一",
        "十",
        "十一",
        "二十",
        "四十七",
        "一百",
        "一百零五",
        "一百一十",
        "一百一十九",
    ]


def test_a_field_that_cites_takes_the_source_of_the_code() -> None:
    assert TypeAdapter(Cited).validate_python("DRR art. 23").model_dump() == {"zh": "《戒毒条例》第二十三条", "en": "DRR art. 23"}


@pytest.mark.parametrize(
    ("stored", "zh", "en"),
    [
        ("戒毒条例第7条、第23条、第40条", "《戒毒条例》第七条、第二十三条、第四十条", "DRR art. 7, 23, 40"),
        ("个人信息保护法第24条", "《个人信息保护法》第二十四条", "PIPL art. 24"),
        (
            "国办发〔2015〕58号; 行政处罚法 art. 27",
            "国办发〔2015〕58号;《行政处罚法》第二十七条",
            "General Office of the State Council (2015) no. 58; APL art. 27",
        ),
    ],
)
def test_a_history_that_was_stored_in_chinese_is_shown_in_both_languages(stored: str, zh: str, en: str) -> None:
    assert TypeAdapter(Cited).validate_python(stored).model_dump() == {"zh": zh, "en": en}
