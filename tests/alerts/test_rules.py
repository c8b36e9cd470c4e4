"""Pure rules of the service: datum, clock, running measures, working days, withheld counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kit.clock import load_working_days
from services.alerts.alerts.figures import SMALL, withheld_total, withhold
from services.alerts.alerts.rules import ACTIONS, MACHINE, precision
from services.alerts.alerts.sentences import DEADLINES, sentence
from services.alerts.alerts.working_days import end_of_working_day, working_days_after, working_days_before
from services.alerts.checkins.rules import is_noted, skew_seconds, to_gcj02, to_wgs84
from services.alerts.codes import CODES
from services.alerts.detectors.rules import SENTENCES, distance_m
from services.alerts.watched.rules import KINDS, RUNNING_STATES, runs


@given(st.floats(75.0, 134.0), st.floats(18.0, 53.0))
def test_the_chinese_datum_is_undone_to_less_than_a_decimetre(lon: float, lat: float) -> None:
    there = to_gcj02(lon, lat)
    back = to_wgs84(*there)
    assert distance_m(lon, lat, *back) < 0.1
    assert 20.0 < distance_m(lon, lat, *there) < 2000.0


@given(st.floats(-180, 180), st.floats(-90, 90).filter(lambda lat: lat < 0.8 or lat > 55.9))
def test_outside_china_both_datums_are_one(lon: float, lat: float) -> None:
    assert to_wgs84(lon, lat) == (lon, lat)


def test_a_known_point_moves_as_published() -> None:
    lon, lat = to_gcj02(116.3912022, 39.9075017)
    assert (round(lon, 4), round(lat, 4)) == (116.3974, 39.9089)


def test_a_clock_that_is_off_by_more_than_two_minutes_is_noted() -> None:
    now = datetime(2021, 7, 1, tzinfo=UTC)
    assert not is_noted(skew_seconds(now + timedelta(seconds=120), now))
    assert is_noted(skew_seconds(now - timedelta(seconds=121), now))
    assert skew_seconds(None, now) == 0
    assert skew_seconds(datetime(9999, 1, 1, tzinfo=UTC), now) == 2**31 - 1


@given(
    st.dates(date(2020, 1, 1), date(2024, 1, 1)), st.dates(date(2020, 1, 1), date(2024, 1, 1)), st.dates(date(2020, 1, 1), date(2024, 1, 1))
)
def test_nothing_runs_before_the_first_day_or_from_the_last_on(since: date, until: date, day: date) -> None:
    assert runs("community_treatment", "active", since, until, None, day) == (since <= day < until)
    assert runs("community_treatment", "active", since, None, until, day) == (since <= day < until)


def test_only_measures_in_the_community_that_run_are_a_basis() -> None:
    day = date(2021, 7, 1)
    assert [runs(kind, "active", day, None, None, day) for kind in (*KINDS, "compulsory_isolation_treatment", "maintenance_treatment")] == [
        True,
        True,
        False,
        False,
    ]
    for state in ("ordered", "awaiting_report_in", "refused", "suspended", "discharged", "terminated", "ended", "revoked"):
        assert state not in RUNNING_STATES
    assert not runs("community_treatment", "active", None, None, None, day)


def test_spring_festival_is_no_working_time_and_its_make_up_weekends_are() -> None:
    works = load_working_days("610822")
    assert working_days_after(date(2021, 2, 9), 2, works) == date(2021, 2, 18)
    assert working_days_before(date(2021, 2, 18), 2, works) == date(2021, 2, 9)
    assert working_days_after(date(2021, 2, 5), 2, works) == date(2021, 2, 8)  # Sunday 7 February 2021 is worked
    assert end_of_working_day(datetime(2021, 7, 1, 4, tzinfo=UTC), 5, works).isoformat() == "2021-07-08T16:00:00+00:00"
    assert end_of_working_day(datetime(2021, 7, 1, 15, 59, tzinfo=UTC), 5, works) == end_of_working_day(
        datetime(2021, 6, 30, 16, 0, tzinfo=UTC), 5, works
    )  # one day in Shanghai
    assert end_of_working_day(datetime(2021, 9, 30, 4, tzinfo=UTC), 5, works).isoformat() == "2021-10-13T16:00:00+00:00"


@given(st.lists(st.integers(0, 60), max_size=21))
def test_a_withheld_count_cannot_be_had_from_the_sum(values: list[int]) -> None:
    shown = withhold(values)
    assert all(shown[n] is None for n, value in enumerate(values) if 0 < value < SMALL)
    assert all(shown[n] in (None, value) for n, value in enumerate(values))
    hidden = shown.count(None)
    assert hidden != 1 or sum(value > 0 for value in values) == 1


def test_nothing_leads_out_of_a_closed_alert_and_only_people_close_it_with_a_finding() -> None:
    assert MACHINE.open_from("closed") == []
    assert {step.event for step in MACHINE.steps if step.roles} == {"acknowledge", "assign", "close"}
    assert {step.event for step in MACHINE.steps} == set(ACTIONS)


def test_precision_is_of_what_people_reviewed() -> None:
    assert precision(0, 0, 0) is None
    assert precision(3, 1, 0) == 0.75


def test_deadlines_have_a_sentence_in_both_languages() -> None:
    numbers = {"due_on": "2021-07-01", "until": "2021-07-09", "days": 8}
    for code in DEADLINES:
        for language in ("zh", "en"):
            assert "{" not in sentence({"code": code, "numbers": numbers}, language)
    assert sentence({"code": "unheard", "numbers": {}}, "zh") == "unheard"


def test_every_reason_has_a_label() -> None:
    assert CODES["alert_reason.code"].keys() == DEADLINES.keys() | SENTENCES.keys() | {"flow_kind"}


def test_a_total_gives_back_no_count_that_was_withheld() -> None:
    """Two towns with one each: the county's 22 less the open 20 would say 1 and 1, since 0 is shown as 0."""
    for values, wanted in (([1, 1, 20], None), ([4, 4, 20], 28), ([0, 0, 3], None), ([0, 9, 20], 29), ([2, 9], 11), ([1, 2], None)):
        assert withheld_total(values, withhold(values)) == wanted, values
