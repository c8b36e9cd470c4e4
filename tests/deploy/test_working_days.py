"""A county's own calendar in the data folder: it is used, and one that cannot be read is refused with a sentence."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from deploy.compose import working_days_of
from deploy.problems import CalendarUnreadable

HEAD = "area,first,last,works,name,source,checked\n"


def test_the_countys_own_days_are_read_from_the_data_folder(tmp_path: Path) -> None:
    assert working_days_of(tmp_path, "610822")(date(2021, 10, 8))
    (tmp_path / "working_days.csv").write_text(
        HEAD + "610822,2021-10-08,2021-10-08,no,大雪停工,府政办发(演示),verified\n", encoding="utf-8"
    )
    assert not working_days_of(tmp_path, "610822")(date(2021, 10, 8))
    assert working_days_of(tmp_path, "610821")(date(2021, 10, 8)), "not the neighbouring county's"


@pytest.mark.parametrize("row", [",2021-10-08,2021-10-08,maybe,x,y,z\n", ",2021.10.8,2021-10-08,no,x,y,z\n", ",,,,\n", ",\n"])
def test_a_calendar_that_cannot_be_read_is_refused_with_a_sentence(tmp_path: Path, row: str) -> None:
    (tmp_path / "working_days.csv").write_text(HEAD + row, encoding="utf-8")
    with pytest.raises(CalendarUnreadable, match=r"working_days\.csv is not a calendar") as caught:
        working_days_of(tmp_path, "610822")
    assert "工作日历" in caught.value.chinese
    assert caught.value.exit_code == 65


def test_a_file_without_the_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "working_days.csv").write_bytes("日期,休息\n2021-10-08,是\n".encode("gb18030"))
    with pytest.raises(CalendarUnreadable):
        working_days_of(tmp_path, "610822")
