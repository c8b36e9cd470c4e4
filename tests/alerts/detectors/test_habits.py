"""Ordinary places are learned from a person's own days; parameters say why they are what they are."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime, timedelta

import pytest

from services.alerts.detectors.habits import learn_places
from services.alerts.detectors.parameters import FlowParameters, GatheringParameters
from services.alerts.detectors.places import Spot, resolution_for
from services.alerts.detectors.rules import SENTENCES, SHANGHAI, CheckIn, Reason, distance_m

MONDAY = datetime(2021, 6, 7, 12, 0, tzinfo=SHANGHAI)
TONIGHT = MONDAY + timedelta(days=13)
PARAMETERS = GatheringParameters()


def at_work(*days: int, lon: float = 111.10, accuracy_m: float = 12.0) -> list[CheckIn]:
    return [CheckIn(f"K{day}-{lon}", "C1", MONDAY + timedelta(days=day), lon, 39.0, accuracy_m) for day in days]


def test_a_job_across_the_river_is_learned_in_its_first_week() -> None:
    (spot,) = learn_places((), at_work(0, 1, 2, 3), TONIGHT, PARAMETERS)
    assert distance_m(spot.lon, spot.lat, 111.10, 39.0) < 1
    assert not spot.holds(TONIGHT - timedelta(minutes=1))
    assert spot.holds(TONIGHT)
    assert not spot.holds(TONIGHT + timedelta(days=PARAMETERS.habit_lasts_days))


def test_what_is_known_is_not_learned_again_until_it_ends() -> None:
    checkins = at_work(0, 1, 2, 3)
    learned = learn_places((), checkins, TONIGHT, PARAMETERS)
    assert learn_places(learned, checkins, TONIGHT + timedelta(days=1), PARAMETERS) == ()
    assert learn_places((Spot(111.10, 39.0),), checkins, TONIGHT, PARAMETERS) == ()


@pytest.mark.parametrize(
    ("why", "checkins"),
    [
        ("a circle that meets weekly", at_work(0, 7)),
        ("many check-ins on one day", [*at_work(0, 1), *at_work(0, 1, lon=111.1001), *at_work(0, 1, lon=111.1002)]),
        ("poor fixes", at_work(0, 1, 2, 3, 4, accuracy_m=300.0)),
        ("days to come", at_work(10, 11, 12, 13, 14)),
        ("days long past", at_work(-3, -2, 0, 1, 2)),
    ],
)
def test_no_habit_comes_from(why: str, checkins: list[CheckIn]) -> None:
    assert learn_places((), checkins, TONIGHT, PARAMETERS) == ()


def test_two_places_can_be_learned_in_one_night() -> None:
    both = [*at_work(0, 1, 2, 3), *at_work(4, 5, 6, 7, lon=111.20)]
    assert [round(s.lon, 2) for s in learn_places((), both, TONIGHT, PARAMETERS)] == [111.10, 111.20]


@pytest.mark.parametrize("parameters", [GatheringParameters, FlowParameters])
def test_every_parameter_gives_its_reason(parameters: type[GatheringParameters | FlowParameters]) -> None:
    assert [f.name for f in fields(parameters) if not f.metadata.get("why")] == []


@pytest.mark.parametrize(
    "wrong",
    [{"minimum_units": 2}, {"radius_m": 0.0}, {"radius_m": 5_000.0}, {"together_within": timedelta(hours=5)}],
)
def test_parameters_that_contradict_the_domain_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"least three|radius_m|together_within"):
        GatheringParameters(**wrong)


@pytest.mark.parametrize(
    "wrong", [{"lat": 91.0}, {"lon": 181.0}, {"accuracy_m": -1.0}, {"accuracy_m": float("nan")}, {"lat": float("nan")}]
)
def test_a_check_in_off_the_earth_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="check-in"):
        CheckIn(**{"checkin_id": "K1", "person_id": "C1", "at": MONDAY, "lon": 111.0, "lat": 39.0, "accuracy_m": 5.0, **wrong})


def test_a_check_in_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        CheckIn("K1", "C1", MONDAY.replace(tzinfo=None), 111.0, 39.0, 5.0)


def test_distances_on_the_sphere() -> None:
    assert distance_m(0, 0, 0, 1) == pytest.approx(111_195, abs=1)
    assert distance_m(179.9995, 0, -179.9995, 0) == pytest.approx(111.2, abs=0.1)
    assert distance_m(0, 60, 0.001, 60) == pytest.approx(55.6, abs=0.1)
    assert distance_m(0, 90, 123, 90) == pytest.approx(0, abs=1e-6)


def test_no_resolution_covers_half_the_planet() -> None:
    with pytest.raises(ValueError, match="neighbourhood"):
        resolution_for(5_000_000.0)


def test_an_unknown_reason_has_no_sentence() -> None:
    assert all(len(pair) == 2 for pair in SENTENCES.values())
    with pytest.raises(KeyError):
        Reason("because", {}).text()
