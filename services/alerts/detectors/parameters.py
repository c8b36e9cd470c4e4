"""The dated numbers the detectors work with. Each carries its reason as `metadata["why"]`, so that a county can read and change it.

A set is frozen; a county that wants other numbers makes another set with its own `effective_from` and tries it on history first.
"""

# ruff: noqa: RUF009 - `_why` makes a dataclass field and holds nothing mutable

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any


def _why(default: Any, reason: str) -> Any:
    return field(default=default, metadata={"why": reason})


@dataclass(frozen=True, slots=True)
class GatheringParameters:
    """When check-ins are a gathering (聚集). Distances in metres.

    Raises ValueError when the numbers contradict each other.
    """

    effective_from: date = _why(date(2021, 4, 1), "first set")
    minimum_units: int = _why(3, "domain DEFAULT: three or more; people of one household count as one")
    radius_m: float = _why(80.0, "two phones in one yard, each some 15 m off, indoors up to 40 m")
    window: timedelta = _why(timedelta(minutes=90), "a person checks in 1 to 3 times a day: guests of one evening report well apart")
    together_within: timedelta = _why(
        timedelta(minutes=90), "that many must have been there inside this time, not along a chain over a day"
    )
    minimum_duration: timedelta = _why(timedelta(minutes=5), "strangers who pass each other do so within minutes")
    maximum_accuracy_m: float = _why(100.0, "a fix worse than the radius says nothing about who is near whom")
    own_place_m: float = _why(100.0, "own home or workplace: a yard plus the phone's error")
    public_place_m: float = _why(200.0, "a market, a bus station or a clinic with its forecourt")
    event_place_m: float = _why(200.0, "an announced event spreads over a yard and its street")
    event_slack: timedelta = _why(timedelta(minutes=45), "people come early to and leave late from an announced event")
    working_hours: tuple[int, int] = _why((7, 19), "a crew of one workplace on a site elsewhere, local hours, not Sunday")
    habit_days: int = _why(4, "a place where a person was on this many different days of `habit_within_days` is theirs: a job, a new home")
    habit_within_days: int = _why(14, "two weeks; a circle that meets weekly at one place makes two days and stays unexplained")
    habit_lasts_days: int = _why(14, "a learned place must be confirmed by newer days after this")
    newcomer_days: int = _why(7, "for learning: nobody's ordinary places are known before a week of check-ins")
    excused_sources: frozenset[str] = _why(frozenset({"station", "worker"}), "a member of staff was present")
    lateness: timedelta = _why(
        timedelta(hours=12), "phones without signal send their batch the same day; later ones no longer change an alert"
    )
    clock_skew: timedelta = _why(timedelta(minutes=10), "a phone clock further ahead than this is wrong")

    def __post_init__(self) -> None:
        if self.minimum_units < 3:
            raise ValueError("a gathering takes at least three")
        if self.together_within > self.window:
            raise ValueError("together_within must not exceed window")
        if not 0.0 < self.radius_m <= 1_000.0:
            raise ValueError("radius_m must lie in (0, 1000]")


def reports_only(parameters: GatheringParameters, since: date) -> GatheringParameters:
    """The same numbers for a county whose detectors take only what staff reported, from `since` on (domain 11.4; ADR 0005).

    A worker who reports several people together is then the input, no longer the excuse; they may be reported at one and the same moment, and nobody
    has to be known by a week of check-ins first. A terminal at a station still excuses.
    """
    return replace(parameters, effective_from=since, excused_sources=frozenset({"station"}), minimum_duration=timedelta(0), newcomer_days=0)


@dataclass(frozen=True, slots=True)
class FlowParameters:
    """When leaving and returning (流入流出) departs from the person's own habit. Days are local days."""

    effective_from: date = _why(date(2021, 4, 1), "first set")
    history_days: int = _why(90, "habits older than a season say little; also the longest history a caller needs to load")
    minimum_habit_days: int = _why(21, "three weeks show a weekly rhythm; before that nobody is flagged")
    episode_gap_days: int = _why(4, "trips up to this many days apart belong to one episode")
    active_days: int = _why(3, "an episode without a trip for longer is over")
    burst_out_days: int = _why(5, "fewer trips are an ordinary week even for those who never travel")
    burst_gap_days: int = _why(2, "a burst is a trip every day or every other day")
    night_trips: int = _why(3, "domain rule: three departures")
    new_route_visits: int = _why(4, "two may be an errand and its follow-up, three a coincidence")
    chance: float = _why(
        2e-4, "a county of 2,000 sees some thousand episodes a year, each looked at on several days; a handful may be chance"
    )
    burst_chance: float = _why(1e-5, "drivers by trade have lively weeks, and each of their many short chains of trips is another chance")
    prior_days: float = _why(14.0, "an unseen habit is taken as half a trip in this many more days")
    silence_days: int = _why(4, "a long weekend is not silence")
    silence_factor: float = _why(1.5, "against the person's own longest gap")
    night_hours: tuple[int, int] = _why((22, 5), "from hour, to hour of the next day")
    evening_hours: tuple[int, int] = _why((18, 2), "when a joint exit starts")
    new_route_before: int = _why(1, "more visits before and the route is not new")
    new_route_habit_per_week: float = _why(1.0, "who travels every week also goes to new places by habit")
    exit_habit_per_week: float = _why(0.25, "who stays away for a night more often than once a month does so by habit")
    morning_hour: int = _why(9, "who was not seen at home by then stayed away for the night")
    joint_within: timedelta = _why(timedelta(minutes=60), "one car or the same bus")
    maximum_accuracy_m: float = _why(1_000.0, "a fix worse than this cannot tell one side of the river from the other")
