"""Half-months and other periods, their numbers and cut-offs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.clock import day_start
from services.alerts.bulletins.periods import Rhythm, last_closed_period, period_after, period_before, period_of

ROWS = [
    (Rhythm.HALF_MONTH, "2021-06-01", "2021-06-01", "2021-06-15", "2021年第11期", "2021年6月上半月"),
    (Rhythm.HALF_MONTH, "2021-06-15", "2021-06-01", "2021-06-15", "2021年第11期", "2021年6月上半月"),
    (Rhythm.HALF_MONTH, "2021-06-16", "2021-06-16", "2021-06-30", "2021年第12期", "2021年6月下半月"),
    (Rhythm.HALF_MONTH, "2024-02-29", "2024-02-16", "2024-02-29", "2024年第4期", "2024年2月下半月"),
    (Rhythm.HALF_MONTH, "2021-12-31", "2021-12-16", "2021-12-31", "2021年第24期", "2021年12月下半月"),
    (Rhythm.MONTH, "2021-02-11", "2021-02-01", "2021-02-28", "2021年第2期月报", "2021年2月"),
    (Rhythm.DAY, "2021-02-01", "2021-02-01", "2021-02-01", "2021年第32期日报", "2021年2月1日"),
    (Rhythm.WEEK, "2021-01-03", "2020-12-28", "2021-01-03", "2020年第53期周报", "2020年第53周"),
    (Rhythm.WEEK, "2021-01-04", "2021-01-04", "2021-01-10", "2021年第1期周报", "2021年第1周"),
]


@pytest.mark.parametrize(("rhythm", "day", "start", "end", "number", "label"), ROWS)
def test_a_day_falls_into_its_period(rhythm: Rhythm, day: str, start: str, end: str, number: str, label: str) -> None:
    period = period_of(date.fromisoformat(day), rhythm)
    assert (period.start.isoformat(), period.end.isoformat()) == (start, end)
    assert (str(period.number), period.label) == (number, label)


def test_the_cut_off_is_midnight_in_shanghai_after_the_last_day() -> None:
    period = period_of(date(2021, 6, 8))
    assert period.cut_off == datetime(2021, 6, 15, 16, tzinfo=UTC) == day_start(date(2021, 6, 16))
    assert period.opens_at == day_start(date(2021, 6, 1))
    assert not period.contains(period.cut_off)
    assert period.contains(period.cut_off - timedelta(microseconds=1))


def test_the_period_to_report_is_the_last_one_whose_cut_off_has_passed() -> None:
    at_cut_off = datetime(2021, 6, 15, 16, tzinfo=UTC)
    assert str(last_closed_period(at_cut_off).number) == "2021年第11期"
    assert str(last_closed_period(at_cut_off - timedelta(seconds=1)).number) == "2021年第10期"


def test_an_instant_without_an_offset_is_refused() -> None:
    naive = datetime(2021, 6, 8)  # noqa: DTZ001 - the refused value itself
    with pytest.raises(ValueError, match="offset"):
        last_closed_period(naive)
    with pytest.raises(ValueError, match="offset"):
        period_of(date(2021, 6, 8)).contains(naive)


@settings(deadline=None)
@given(st.dates(date(2000, 1, 1), date(2100, 12, 31)), st.sampled_from(list(Rhythm)))
def test_periods_meet_without_gap_or_overlap_and_no_two_share_a_number(day: date, rhythm: Rhythm) -> None:
    period = period_of(day, rhythm)
    after = period_after(period)
    assert period.start <= day <= period.end
    assert after.start == period.end + timedelta(days=1)
    assert after.opens_at == period.cut_off
    assert period_before(after) == period
    assert (after.number.year, after.number.issue) > (period.number.year, period.number.issue)
