"""What is a gathering, what is not, and what an alert says."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.alerts.detectors.gathering import Gathering, GatheringChange, GatheringDetector
from services.alerts.detectors.parameters import GatheringParameters
from services.alerts.detectors.places import GatheringContext, Occasion, PersonPlaces, Spot
from services.alerts.detectors.rules import SHANGHAI, CheckIn
from tests.alerts.detectors.practice import gathering_alerts

EVENING = datetime(2021, 6, 1, 20, 0, tzinfo=SHANGHAI)
LON, LAT = 111.02, 39.05
METRE = 1 / 111_195
PARAMETERS = GatheringParameters()
NOTHING = GatheringContext()


def at(person: str, minute: float, metres_north: float = 0.0, **changes: object) -> CheckIn:
    checkin = CheckIn(f"K-{person}-{minute}", person, EVENING + timedelta(minutes=minute), LON, LAT + metres_north * METRE, 12.0)
    return replace(checkin, **changes)


GUESTS = [at("C1", 0), at("C2", 15, 20), at("C3", 40, 40)]


def alerts_of(checkins: list[CheckIn], context: GatheringContext = NOTHING) -> list[Gathering]:
    return list(gathering_alerts(checkins, context, PARAMETERS).values())


def changes_of(checkins: list[CheckIn]) -> list[GatheringChange]:
    detector = GatheringDetector(PARAMETERS, NOTHING)
    return [change for checkin in checkins for change in detector.observe(checkin)]


def test_three_persons_in_one_evening_at_one_unexplained_place_are_a_gathering() -> None:
    (gathering,) = alerts_of(GUESTS)
    assert gathering.persons == ("C1", "C2", "C3")
    assert (gathering.first_at, gathering.last_at) == (GUESTS[0].at, GUESTS[2].at)
    assert gathering.checkin_ids == ("K-C1-0", "K-C2-15", "K-C3-40")
    assert (gathering.lon, gathering.lat) == (pytest.approx(LON, abs=1e-6), pytest.approx(LAT + 20 * METRE, abs=2e-6))
    assert gathering.spread_m == pytest.approx(16.3, abs=0.2)


@pytest.mark.parametrize(
    ("why", "checkins"),
    [
        ("two persons", [*GUESTS[:2], at("C2", 50)]),
        ("too far apart", [at("C1", 0), at("C2", 15, 90), at("C3", 40, -90)]),
        ("too long apart", [at("C1", 0), at("C2", 15), at("C3", 110)]),
        ("a chain over hours, never three together", [at("C1", 0), at("C2", 80), at("C3", 160)]),
        ("strangers who pass within minutes", [at("C1", 0), at("C2", 2), at("C3", 4)]),
        ("a fix too poor to tell", [*GUESTS[:2], at("C3", 40, accuracy_m=400.0)]),
        ("a worker's visit", [*GUESTS[:2], at("C3", 40, source="worker")]),
        ("a terminal at a station", [replace(c, source="station") for c in GUESTS]),
    ],
)
def test_no_gathering_from(why: str, checkins: list[CheckIn]) -> None:
    assert alerts_of(checkins) == []


HERE = Spot(LON, LAT)


@pytest.mark.parametrize(
    ("why", "context"),
    [
        ("people of one household", GatheringContext({p: PersonPlaces(household="HH1") for p in ("C1", "C2")})),
        ("neighbours at their own homes", GatheringContext({p: PersonPlaces(own=(HERE,)) for p in ("C1", "C2", "C3")})),
        ("one of them at home: two guests", GatheringContext({"C1": PersonPlaces(own=(HERE,))})),
        ("a market or a bus station", GatheringContext(public_places=(HERE,))),
        ("an announced wedding", GatheringContext(occasions=(Occasion(EVENING, EVENING + timedelta(hours=2), HERE),))),
        ("a guest whose places are not known yet", GatheringContext({"C2": PersonPlaces(known_from=EVENING + timedelta(days=1))})),
    ],
)
def test_what_the_system_knows_explains(why: str, context: GatheringContext) -> None:
    assert alerts_of(GUESTS) != []
    assert alerts_of(GUESTS, context) == []


def test_a_crew_of_one_workplace_on_a_site_is_at_work_by_day_and_a_gathering_at_night() -> None:
    crew = GatheringContext({p: PersonPlaces(workplace="W1") for p in ("C1", "C2", "C3")})
    by_day = [replace(c, at=c.at - timedelta(hours=6)) for c in GUESTS]
    assert alerts_of(by_day, crew) == []
    assert len(alerts_of(GUESTS, crew)) == 1
    assert len(alerts_of([*by_day, replace(by_day[2], checkin_id="K4", person_id="C4")], crew)) == 1


def test_yesterdays_wedding_does_not_explain_tonight() -> None:
    yesterday = EVENING - timedelta(days=1)
    context = GatheringContext(occasions=(Occasion(yesterday, yesterday + timedelta(hours=3), HERE),))
    assert len(alerts_of(GUESTS, context)) == 1


def test_a_learned_place_explains_only_from_the_night_it_was_learned() -> None:
    learned = Spot(LON, LAT, None, EVENING + timedelta(minutes=30), EVENING + timedelta(days=14))
    context = GatheringContext({p: PersonPlaces(own=(learned,)) for p in ("C1", "C2", "C3")})
    assert alerts_of([*GUESTS, at("C1", 29), at("C3", 20)], context)[0].checkin_ids == ("K-C1-0", "K-C2-15", "K-C3-20", "K-C1-29")
    assert alerts_of([replace(c, at=c.at + timedelta(days=1)) for c in GUESTS], context) == []


def test_one_gathering_is_one_alert_that_grows_under_one_key() -> None:
    changes = changes_of([*GUESTS, at("C4", 60), at("C1", 75), at("C5", 90)])
    assert [change.kind for change in changes] == ["raised", "grown", "grown", "grown"]
    assert {change.gathering.key for change in changes} == {"gathering:K-C1-0"}
    assert changes[-1].gathering.persons == ("C1", "C2", "C3", "C4", "C5")
    assert all(change.replaces == () for change in changes)


def test_a_late_earlier_check_in_takes_over_the_alert_and_says_so() -> None:
    (_, late) = changes_of([*GUESTS, at("C4", -20)])
    assert (late.kind, late.gathering.key, late.replaces) == ("grown", "gathering:K-C4--20", ("gathering:K-C1-0",))


def test_two_alerts_that_turn_out_to_be_one_are_joined() -> None:
    west = [at(f"W{n}", 10 * n, -70) for n in range(3)]
    east = [at(f"E{n}", 10 * n + 5, 70) for n in range(3)]
    changes = changes_of([*west, *east, at("C9", 12)])
    assert [change.kind for change in changes] == ["raised", "raised", "grown"]
    assert changes[-1].replaces == (changes[1].gathering.key,)
    assert len(changes[-1].gathering.persons) == 7


def test_a_clock_ahead_is_refused_and_disturbs_nobody() -> None:
    detector, now = GatheringDetector(PARAMETERS, NOTHING), EVENING + timedelta(minutes=41)
    assert detector.observe(at("C8", 60 * 24 * 365), now) == []
    assert [change.kind for c in GUESTS for change in detector.observe(c, now)] == ["raised"]
    assert detector.refused == {"clock": 1}


def test_a_check_in_later_than_the_lateness_is_counted_and_ignored() -> None:
    detector = GatheringDetector(PARAMETERS, NOTHING)
    detector.observe(at("C1", 0))
    assert detector.observe(at("C2", -60 * 13)) == []
    assert detector.refused == {"late": 1}


def test_old_state_is_dropped() -> None:
    detector = GatheringDetector(PARAMETERS, NOTHING)
    sizes = list[int]()
    for minute in range(0, 60 * 24 * 30, 10):
        detector.observe(at(f"C{minute % 7}", minute, 200.0 * (minute // 10 % 50)))
        sizes.append(len(detector))
    assert max(sizes) <= (PARAMETERS.lateness + PARAMETERS.window) / timedelta(minutes=10) + 1
    assert len(detector._cells) <= max(sizes)
    assert len(detector._expiry) == len(detector)


def test_new_knowledge_counts_from_the_next_check_in() -> None:
    detector = GatheringDetector(PARAMETERS, NOTHING)
    for checkin in GUESTS[:2]:
        detector.observe(checkin)
    detector.use_context(GatheringContext(public_places=(HERE,)))
    assert detector.observe(GUESTS[2]) == []


def test_an_alert_explains_itself_in_numbers_and_in_both_languages() -> None:
    (gathering,) = alerts_of(GUESTS)
    assert [reason.code for reason in gathering.reasons] == ["persons_together", "duration", "spread", "place_unexplained"]
    assert gathering.reasons[0].numbers == {"persons": 3, "units": 3, "minimum": 3, "within_minutes": 40}
    assert gathering.reasons[0].text("zh") == "40分钟内有3人、3户先后在此出现（标准：3户）"
    assert "at least 40 minutes" in gathering.reasons[1].text("en")
    assert not any(person in reason.text() for reason in gathering.reasons for person in gathering.persons)
