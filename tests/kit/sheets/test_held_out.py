"""Layouts and words that the word tables were not made from: generated with other seeds, read without a mistake."""

from __future__ import annotations

import datetime as dt

import pytest

from kit.sheets import Block, Layout, Row, Vocabulary, read_blocks
from tests.kit.sheets.factory import Made, all_made, stacked

TODAY = dt.date(2021, 6, 30)


def reading(made: Made, vocabulary: Vocabulary) -> tuple[Layout, list[Row]]:
    """Layout and rows of a made workbook."""
    first, *parts = read_blocks(made.data, vocabulary, as_of=TODAY, demo=True, name=made.name)
    assert isinstance(first, Layout)
    return first, [row for part in parts if isinstance(part, Block) for row in part.rows]


@pytest.mark.parametrize("seed", [7, 1_900, 42_000])
@pytest.mark.parametrize("index", range(9))
def test_an_unseen_workbook_is_read_completely_and_without_a_false_value(seed: int, index: int, all_words: Vocabulary) -> None:
    made = all_made(seed)[index]
    layout, rows = reading(made, all_words)
    assert [table.kind for table in layout.tables] == made.kinds
    got = {(row.sheet, row.row): row for row in rows}
    assert set(got) == set(made.rows)
    for key, wanted in made.rows.items():
        record = got[key].record
        assert {name: record.get(name) for name in wanted} == wanted, (key, got[key].problems)
        assert got[key].disposition == "accept" and not got[key].problems
    others = {(other.sheet, other.row): other.why for other in layout.non_data_rows}
    assert {key: others.get(key) for key in made.others} == made.others


def test_sections_and_titles_give_each_row_its_town(all_words: Vocabulary) -> None:
    made = stacked(3)
    layout, rows = reading(made, all_words)
    assert [table.context for table in layout.tables] == [{"town_code": "610822105000"}, {"town_code": "610822114000"}]
    assert {row.record["town_code"] for row in rows} == {"610822105000", "610822114000"}


def test_a_table_of_no_kind_is_offered_with_headers_and_samples_and_a_cover_is_ignored(all_words: Vocabulary) -> None:
    layout, _ = reading(stacked(3), all_words)
    (table,) = layout.unrecognised
    assert [header.header for header in table.headers] == ["车牌", "车型", "座位数"]
    assert table.headers[0].samples == ("陕K演示1", "陕K演示2") and not table.summary
    assert [(sheet.sheet, sheet.why) for sheet in layout.ignored_sheets] == [("封面", "no_table")]
    assert "陕K" not in repr(layout)


def test_an_unknown_column_is_offered_and_once_mapped_it_is_read(all_words: Vocabulary) -> None:
    text = "姓名,身份证号,状态,户籍派出所认定日,监护人电话\n王军,990822198001010014,社戒,2019.3.1,16900000001\n"
    made = Made("表.csv", text.encode())
    layout, rows = reading(made, all_words)
    offered = {header.header: header for header in layout.tables[0].unknown_headers}
    assert set(offered) == {"户籍派出所认定日", "监护人电话"}
    assert offered["户籍派出所认定日"].samples == ("2019.3.1",) and "phone" in offered["监护人电话"].suggestions
    assert "status_date" not in rows[0].record and "phone" not in rows[0].record
    taught = all_words.knowing(learned={"person": {"户籍派出所认定日": "status_date", "监护人电话": ""}})
    layout, rows = reading(made, taught)
    assert rows[0].record["status_date"] == "2019-03-01" and not layout.tables[0].unknown_headers


def test_a_learned_header_wins_over_the_word_table(all_words: Vocabulary) -> None:
    made = Made("表.csv", "姓名,身份证号,状态,电话\n王军,990822198001010014,社戒,社区楼下\n".encode())
    _, rows = reading(made, all_words.knowing(learned={"*": {"电话": "address"}}))
    assert rows[0].record["address"] == "社区楼下" and "phone" not in rows[0].record


def test_the_day_found_in_the_sheet_is_told(all_words: Vocabulary) -> None:
    made = Made("表.csv", "人员台账\n截止2020年12月31日\n姓名,身份证号,状态\n王军,990822198001010014,社戒\n".encode())
    assert reading(made, all_words)[0].as_of == "2020-12-31"
