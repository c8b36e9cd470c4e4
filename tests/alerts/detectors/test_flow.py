"""Leaving and returning, held against the person's own habit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from random import Random

import pytest

from services.alerts.detectors.counties import by_division, by_nearest_centre
from services.alerts.detectors.flow import FlowAnomaly, continues, detect_flow, overnight_exits
from services.alerts.detectors.movements import AnnouncedAbsence, PersonHistory, Sighting, sightings_of, tail_probability
from services.alerts.detectors.parameters import FlowParameters
from services.alerts.detectors.rules import SHANGHAI, CheckIn

PARAMETERS = FlowParameters()
HERE, BAODE, HEQU, JUNGAR = "610822", "140931", "140930", "150622"
FIRST = date(2021, 4, 1)


def moment(day: int, hour: float) -> datetime:
    return datetime.combine(FIRST + timedelta(days=day), time(0), SHANGHAI) + timedelta(hours=hour)


def seen(day: int, hour: float, county: str = HERE) -> Sighting:
    return Sighting(moment(day, hour), f"K{day:03d}-{hour}", county)


def home_days(days: Iterable[int]) -> list[Sighting]:
    return [seen(day, hour) for day in days for hour in (8, 20.5)]


def person(sightings: list[Sighting], *absences: AnnouncedAbsence, person_id: str = "C1", household: str | None = None) -> PersonHistory:
    return PersonHistory(person_id, HERE, sightings, absences, household)


def detect(sightings: list[Sighting], day: int, *absences: AnnouncedAbsence, hour: float = 23.9) -> list[FlowAnomaly]:
    return detect_flow(person(sightings, *absences), moment(day, hour), PARAMETERS)


SETTLED = home_days(range(40))
BURST = [seen(day, 12, HEQU) for day in range(40, 46)] + home_days(range(40, 46))


def test_a_person_who_stays_is_never_flagged() -> None:
    assert all(detect(SETTLED, day) == [] for day in range(45))


def test_daily_trips_of_somebody_who_never_travelled_are_a_burst() -> None:
    (anomaly,) = detect(SETTLED + BURST, 45)
    assert (anomaly.kind, anomaly.start, anomaly.end) == ("burst", FIRST + timedelta(days=40), FIRST + timedelta(days=45))
    assert anomaly.counties == (HEQU,)
    assert anomaly.checkin_ids == tuple(f"K{day:03d}-12" for day in range(40, 46))
    assert anomaly.reasons[0].numbers == {"days": 6, "out_days": 6, "habit_per_week": 0.0}
    assert anomaly.reasons[1].numbers == {"departures": 6}


def test_the_key_stays_while_the_episode_grows() -> None:
    early, late = detect(SETTLED + BURST, 44)[0], detect(SETTLED + BURST, 45)[0]
    assert early.key == late.key == "flow:C1:2021-05-11"
    assert late.end > early.end
    assert continues(early, late)


def test_an_episode_that_is_over_is_no_longer_reported() -> None:
    history = SETTLED + BURST + home_days(range(46, 60))
    assert detect(history, 48) != []
    assert detect(history, 50) == []


def test_the_order_of_sightings_does_not_matter() -> None:
    shuffled = SETTLED + BURST
    Random(3).shuffle(shuffled)
    assert detect(shuffled, 45) == detect(SETTLED + BURST, 45)


def test_announced_absences_suppress_what_they_cover_and_nothing_else() -> None:
    start, end = FIRST + timedelta(days=40), FIRST + timedelta(days=45)
    assert detect(SETTLED + BURST, 45, AnnouncedAbsence(start, end)) == []
    assert detect(SETTLED + BURST, 45, AnnouncedAbsence(start, end, HEQU)) == []
    assert detect(SETTLED + BURST, 45, AnnouncedAbsence(start, end, JUNGAR)) != []
    assert detect(SETTLED + BURST, 45, AnnouncedAbsence(FIRST, start - timedelta(days=1))) != []


def test_a_commuter_is_learned() -> None:
    commute = [seen(day, 12, BAODE) for day in range(80) if day % 7 < 6]
    assert all(detect(home_days(range(80)) + commute, day) == [] for day in range(80))


def test_a_driver_by_trade_who_goes_out_every_third_day_is_learned() -> None:
    random = Random(1)
    trips = [seen(day, 12, random.choice([BAODE, HEQU, JUNGAR])) for day in range(80) if random.random() < 0.35]
    assert all(detect(home_days(range(80)) + trips, day) == [] for day in range(80))


def test_who_lives_across_the_border_is_at_home_there_and_not_out_here_either() -> None:
    history = [seen(day, hour, BAODE) for day in range(60) for hour in (8, 21)] + [seen(day, 12) for day in range(50, 60)]
    assert all(detect(history, day) == [] for day in range(60))


def test_nobody_is_flagged_before_their_habit_is_known() -> None:
    assert detect(home_days(range(26)) + [seen(day, 12, HEQU) for day in range(20, 26)], 25) == []


def test_nights_out_that_return_by_morning() -> None:
    nights = [s for day in range(40, 44) for s in (seen(day, 20.5), seen(day, 23.2, HEQU), seen(day, 27))]
    (anomaly,) = detect(SETTLED + nights, 43, hour=30)
    assert (anomaly.kind, anomaly.start, anomaly.end) == ("night_round_trips", FIRST + timedelta(days=40), FIRST + timedelta(days=43))
    assert anomaly.reasons[0].numbers == {"days": 4, "nights": 4, "habit_per_week": 0.0}


def test_a_night_counts_for_the_evening_it_began() -> None:
    after_midnight = [seen(day + 1, 1.0, HEQU) for day in range(40, 44)] + home_days(range(40, 44))
    (anomaly,) = detect(SETTLED + after_midnight, 44, hour=6)
    assert (anomaly.kind, anomaly.start) == ("night_round_trips", FIRST + timedelta(days=40))


def test_silence_after_a_trip_out() -> None:
    history = [*SETTLED, seen(40, 9), seen(40, 19, HEQU)]
    assert detect(history, 44, hour=9) == []
    (anomaly,) = detect(history, 45, hour=9.5)
    assert (anomaly.kind, anomaly.start, anomaly.end) == ("silent_absence", FIRST + timedelta(days=40), FIRST + timedelta(days=45))
    assert anomaly.reasons[0].numbers == {"destination": HEQU, "silent_days": 4, "longest_gap_days": 0.5}


def test_silence_after_being_home_is_another_detectors_matter() -> None:
    assert detect([*SETTLED, seen(40, 12, HEQU), seen(40, 20)], 50) == []


def test_silence_is_measured_against_the_persons_own_longest_gap() -> None:
    sparse = [seen(day, 8) for day in range(0, 40, 4)]
    history = [*sparse, seen(40, 19, HEQU)]
    assert detect(history, 45) == []
    assert [a.kind for a in detect(history, 47)] == ["silent_absence"]


def test_silence_during_an_announced_absence_is_none() -> None:
    absence = AnnouncedAbsence(FIRST + timedelta(days=40), FIRST + timedelta(days=60))
    assert detect([*SETTLED, seen(40, 19, HEQU)], 50, absence) == []


def test_a_route_never_taken_before() -> None:
    trips = [seen(day, 13, JUNGAR) for day in (40, 43, 46, 49, 52)]
    (anomaly,) = detect(SETTLED + home_days(range(40, 53)) + trips, 52)
    assert (anomaly.kind, anomaly.counties) == ("new_route", (JUNGAR,))
    assert anomaly.reasons[0].numbers == {"days": 13, "visits": 5, "destination": JUNGAR, "habit_days": 40, "before": 0}


def joint(name: str, county: str = JUNGAR, hour: float = 20.5, household: str | None = None) -> PersonHistory:
    days = [seen(40, 9), *(seen(day, hour, county) for day in (40, 41, 42))]
    return person(SETTLED + days, person_id=name, household=household)


@pytest.mark.parametrize(
    ("why", "other", "kinds"),
    [
        ("another household, same evening", joint("C2", household="H2"), ["joint_exit"]),
        ("their own household", joint("C2", household="H1"), []),
        ("another destination", joint("C2", county=HEQU), []),
        ("two hours later", joint("C2", hour=22.6), []),
        ("somebody who returned the same night", person([*SETTLED, seen(40, 20.5, JUNGAR), seen(40, 23)], person_id="C2"), []),
    ],
)
def test_leaving_together_for_the_night(why: str, other: PersonHistory, kinds: list[str]) -> None:
    as_of = moment(41, 9.5)
    others = overnight_exits(other, as_of, PARAMETERS, FIRST + timedelta(days=38))
    found = detect_flow(joint("C1", household="H1"), as_of, PARAMETERS, others)
    assert [a.kind for a in found] == kinds
    assert not any("C2" in str(a) for a in found)


def test_a_night_away_is_known_only_in_the_morning() -> None:
    since = FIRST + timedelta(days=38)
    assert overnight_exits(joint("C2"), moment(40, 23), PARAMETERS, since) == []
    assert [e.county for e in overnight_exits(joint("C2"), moment(41, 9), PARAMETERS, since)] == [JUNGAR]


def test_the_future_is_not_looked_at() -> None:
    assert detect(SETTLED + BURST, 42) == []


def test_every_reason_has_a_sentence_in_both_languages() -> None:
    (anomaly,) = detect(SETTLED + BURST, 45)
    assert anomaly.reasons[0].text("zh") == "6天内有6天出县（平时每周0.0天）"
    assert all(reason.text("en") and reason.text("zh") for reason in anomaly.reasons)


def test_a_partners_report_counts_like_a_check_in() -> None:
    reports = [CheckIn(f"P{day}", "C1", moment(day, 12), 111.138, 39.384, 0.0, "partner") for day in range(40, 46)]
    sightings = sightings_of(reports, by_division({r.checkin_id: "140930103000" for r in reports}), PARAMETERS)
    assert [a.kind for a in detect(SETTLED + home_days(range(40, 46)) + sightings, 45)] == ["burst"]


def test_a_fix_too_poor_or_without_a_county_is_left_out() -> None:
    checkins = [
        CheckIn("K1", "C1", moment(1, 8), 111.067, 39.028, 10.0),
        CheckIn("K2", "C1", moment(1, 9), 111.067, 39.028, 1_500.0),
        CheckIn("K3", "C1", moment(1, 10), 111.067, 39.028, 10.0),
    ]
    assert [s.checkin_id for s in sightings_of(checkins, by_division({"K1": "610822100000", "K2": "610822100000"}), PARAMETERS)] == ["K1"]


def test_the_nearest_centre_tells_the_county() -> None:
    resolve = by_nearest_centre([("610822100000", 111.067, 39.028), ("140930", 111.138, 39.384)])
    assert resolve(CheckIn("K1", "C1", moment(1, 8), 111.10, 39.30, 10.0)) == HEQU
    assert resolve(CheckIn("K2", "C1", moment(1, 8), 111.07, 39.05, 10.0)) == HERE
    with pytest.raises(ValueError, match="needs centres"):
        by_nearest_centre([])


def test_the_tail_of_the_binomial_distribution() -> None:
    assert tail_probability(10, 0, 0.5) == 1.0
    assert tail_probability(2, 2, 0.5) == pytest.approx(0.25)
    assert tail_probability(3, 2, 1 / 3) == pytest.approx(7 / 27)
    assert tail_probability(3, 4, 0.5) == 0.0
