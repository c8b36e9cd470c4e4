"""Whatever the order of arrival, wherever on Earth, after a crash or not: the same gatherings, and the same as the plain way finds."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.detectors.gathering import Gathering, GatheringDetector
from services.alerts.detectors.parameters import GatheringParameters
from services.alerts.detectors.places import GatheringContext, PersonPlaces
from services.alerts.detectors.rules import SHANGHAI, CheckIn
from tests.alerts.detectors import plain
from tests.alerts.detectors.practice import Practice, apply, gathering_alerts

START = datetime(2021, 6, 1, 18, 0, tzinfo=SHANGHAI)
PARAMETERS = GatheringParameters()
CENTRES = {
    "Fugu": (111.067, 39.028),
    "on the date line": (179.9999, -16.8),
    "near the North Pole": (10.0, 89.999),
    "on the equator and prime meridian": (0.0, 0.0),
    "at a pentagon of the grid": (10.536199, 64.700),
    "at the southern pentagon": (-57.7, 10.447345),
    "far north": (128.0, 71.6),
}


def scattered(seed: int, centre: tuple[float, float], count: int, spread_m: float, hours: float) -> list[CheckIn]:
    """Check-ins of a dozen persons at random around a centre."""
    random, (lon, lat), made = Random(seed), centre, list[CheckIn]()
    for number in range(count):
        turn, away = random.uniform(0, 2 * math.pi), math.radians(random.uniform(0, spread_m) / 111_195.0)
        phi = math.radians(lat)
        to = math.asin(math.sin(phi) * math.cos(away) + math.cos(phi) * math.sin(away) * math.cos(turn))
        east = math.atan2(math.sin(turn) * math.sin(away) * math.cos(phi), math.cos(away) - math.sin(phi) * math.sin(to))
        to_lon = (lon + math.degrees(east) + 540.0) % 360.0 - 180.0
        at = START + timedelta(minutes=random.randrange(int(hours * 60)))
        made.append(CheckIn(f"K{number:03d}", f"C{random.randrange(12):02d}", at, to_lon, math.degrees(to), 10.0))
    return sorted(made, key=lambda c: (c.at, c.checkin_id))


def essence(alerts: dict[str, Gathering]) -> dict[str, tuple[datetime, datetime, tuple[str, ...], tuple[str, ...]]]:
    return {key: (g.first_at, g.last_at, g.persons, g.checkin_ids) for key, g in alerts.items()}


HOUSEHOLDS = GatheringContext({f"C{n:02d}": PersonPlaces(household=f"H{n // 2}") for n in range(6)})


@pytest.mark.parametrize("centre", CENTRES.values(), ids=CENTRES.keys())
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), spread=st.sampled_from([60.0, 250.0, 600.0]))
def test_the_detector_agrees_with_all_pairs_at_any_latitude(centre: tuple[float, float], seed: int, spread: float) -> None:
    checkins = scattered(seed, centre, 60, spread, 20)
    alerts = gathering_alerts(checkins, HOUSEHOLDS, PARAMETERS)
    assert essence(alerts) == plain.gatherings(checkins, HOUSEHOLDS, PARAMETERS)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10**6), order=st.randoms(use_true_random=False), spread=st.sampled_from([60.0, 250.0, 600.0]))
def test_any_order_within_the_retained_time_ends_in_the_same_alerts(seed: int, order: Random, spread: float) -> None:
    checkins = scattered(seed, CENTRES["Fugu"], 60, spread, 12)
    shuffled = checkins[:]
    order.shuffle(shuffled)
    assert gathering_alerts(shuffled, HOUSEHOLDS, PARAMETERS) == gathering_alerts(checkins, HOUSEHOLDS, PARAMETERS)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), spread=st.sampled_from([60.0, 250.0]))
def test_delays_up_to_the_lateness_change_nothing_over_many_days(seed: int, spread: float) -> None:
    checkins, random = scattered(seed, CENTRES["Fugu"], 150, spread, 72), Random(seed)
    arrival = {c.checkin_id: c.at + timedelta(seconds=random.uniform(0, PARAMETERS.lateness.total_seconds())) for c in checkins}
    delayed = sorted(checkins, key=lambda c: arrival[c.checkin_id])
    assert gathering_alerts(delayed, HOUSEHOLDS, PARAMETERS) == gathering_alerts(checkins, HOUSEHOLDS, PARAMETERS)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), crash=st.integers(1, 149), spread=st.sampled_from([60.0, 250.0]))
def test_a_crash_and_a_replay_go_unnoticed(seed: int, crash: int, spread: float) -> None:
    checkins, random = scattered(seed, CENTRES["Fugu"], 150, spread, 72), Random(seed)
    checkins.sort(key=lambda c: c.at + timedelta(seconds=random.uniform(0, PARAMETERS.lateness.total_seconds())))
    before, alerts = GatheringDetector(PARAMETERS, HOUSEHOLDS), dict[str, Gathering]()
    for checkin in checkins[:crash]:
        apply(alerts, before.observe(checkin))
    replay_from = before.replay_from()
    assert replay_from is not None
    after = GatheringDetector(PARAMETERS, HOUSEHOLDS)
    after.restore(c for c in checkins[:crash] if c.at >= replay_from)
    assert after.open_gatherings() == before.open_gatherings()
    kinds = list[str]()
    for checkin in checkins[crash:]:
        mine, theirs = after.observe(checkin), before.observe(checkin)
        assert mine == theirs
        kinds += [change.kind for change in mine]
        apply(alerts, mine)
    assert alerts == gathering_alerts(sorted(checkins, key=lambda c: (c.at, c.checkin_id)), HOUSEHOLDS, PARAMETERS)


def test_every_check_in_delivered_twice_changes_nothing() -> None:
    checkins = scattered(7, CENTRES["Fugu"], 80, 100.0, 24)
    twice = [c for c in checkins for _ in range(2)]
    assert gathering_alerts(twice, HOUSEHOLDS, PARAMETERS) == gathering_alerts(checkins, HOUSEHOLDS, PARAMETERS)


def test_the_practice_set_delayed_by_up_to_half_a_day_gives_the_same_alerts(practice: Practice) -> None:
    random = Random(5)
    days = [c for c in practice.checkins if c.at < practice.first_day + timedelta(days=30)]
    delayed = sorted(days, key=lambda c: c.at + timedelta(seconds=random.uniform(0, PARAMETERS.lateness.total_seconds())))
    alerts = gathering_alerts(days, practice.context, PARAMETERS)
    assert alerts
    assert gathering_alerts(delayed, practice.context, PARAMETERS) == alerts
