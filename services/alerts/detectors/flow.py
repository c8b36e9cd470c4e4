"""In/out flow (流入流出): leaving and returning that departs from the person's own habit and was not announced.

The measure is always the same person's own past: an episode (a chain of days out) is compared with the days before it, so daily commuters and drivers
by trade are learned rather than listed. A function of its inputs alone, to be called when a check-in of the person comes in and once a day (silence
brings no check-in). Nothing is kept between calls, so no score of a person exists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.alerts.detectors.movements import (
    Movements,
    PersonHistory,
    Sighting,
    flow_day,
    last_episode,
    morning_after,
    read_movements,
    tail_probability,
)
from services.alerts.detectors.parameters import FlowParameters
from services.alerts.detectors.rules import FlowKind, Reason

SPECIFIC_FIRST: tuple[FlowKind, ...] = ("silent_absence", "joint_exit", "night_round_trips", "burst", "new_route")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OvernightExit:
    """Somebody left one evening, against their habit, and had not returned by morning. Two such together make a joint exit."""

    person_id: str
    household: str | None
    at: datetime
    county: str
    checkin_id: str


@dataclass(frozen=True, slots=True)
class FlowAnomaly:
    """One unusual episode of one person. `key` is stable while the episode grows (see `continues`); `kind` is its most specific description, `kinds` all of them.

    `start` and `end` are local days (a night counts for the evening before); `checkin_ids` are the sightings out of the county it rests on.
    """

    key: str
    kind: FlowKind
    kinds: tuple[FlowKind, ...]
    person_id: str
    start: date
    end: date
    counties: tuple[str, ...]
    reasons: tuple[Reason, ...]
    checkin_ids: tuple[str, ...]
    parameters_from: str


def detect_flow(
    history: PersonHistory,
    as_of: datetime,
    parameters: FlowParameters,
    others: Iterable[OvernightExit] = (),
) -> list[FlowAnomaly]:
    """What is unusual about the person's latest episode as of a moment: nothing or one anomaly.

    `others` are the exits of the same county's other persons in the last days (`overnight_exits` of each); without them no joint exit is found.
    Nobody is flagged before `minimum_habit_days`.
    """
    movements = read_movements(history, as_of, parameters)
    if movements is None or not movements.out:
        return []
    days = last_episode(movements.out, parameters.episode_gap_days)
    today = flow_day(as_of)
    silence = _silence(movements, as_of, parameters)
    if not silence and (today - days[-1]).days > parameters.active_days:
        return []
    habit = Habit(movements, days[0], parameters)
    if habit.days < parameters.minimum_habit_days:
        return []
    found: dict[FlowKind, list[Reason]] = {
        "silent_absence": silence,
        "joint_exit": _joint_exit(history, movements, days, habit, as_of, parameters, others),
        "night_round_trips": _night_trips(movements, days, habit, parameters),
        "burst": _burst(movements, days, parameters),
        "new_route": _new_route(movements, days, habit, parameters),
    }
    kinds: tuple[FlowKind, ...] = tuple(kind for kind in SPECIFIC_FIRST if found[kind])
    if not kinds:
        return []
    sightings = [s for day in days for s in movements.out[day]]
    return [
        FlowAnomaly(
            key=f"flow:{history.person_id}:{days[0].isoformat()}",
            kind=kinds[0],
            kinds=kinds,
            person_id=history.person_id,
            start=days[0],
            end=today if silence else days[-1],
            counties=tuple(sorted({s.county for s in sightings})),
            reasons=(*(reason for kind in kinds for reason in found[kind]), Reason("unannounced", {})),
            checkin_ids=tuple(s.checkin_id for s in sightings),
            parameters_from=parameters.effective_from.isoformat(),
        )
    ]


def continues(earlier: FlowAnomaly, later: FlowAnomaly) -> bool:
    """True when both describe one episode, so that its alert grows: a late check-in or absence report may have moved the start and so the key."""
    return earlier.person_id == later.person_id and later.start <= earlier.end and later.end >= earlier.start


def overnight_exits(history: PersonHistory, as_of: datetime, parameters: FlowParameters, since: date) -> list[OvernightExit]:
    """The person's unusual nights away from `since` on, known by the morning after: what others' `detect_flow` takes as `others`."""
    movements = read_movements(history, as_of, parameters)
    if movements is None or not movements.out:
        return []
    exits = {d: s for d, s in movements.overnight_exits(parameters).items() if morning_after(d, parameters) <= as_of}
    return [
        OvernightExit(history.person_id, history.household, sighting.at, sighting.county, sighting.checkin_id)
        for day, sighting in sorted(exits.items())
        if day >= since and _is_unusual_exit(exits, day, movements, parameters)
    ]


class Habit:
    """How often the person did something on the days before an episode."""

    def __init__(self, movements: Movements, start: date, parameters: FlowParameters) -> None:
        self.start = start
        self.days = movements.habit_days(start, parameters)
        self._prior = parameters.prior_days

    def before(self, days: Iterable[date]) -> int:
        """How many of these days lie before the episode."""
        return sum(day < self.start for day in days)

    def per_week(self, days: Iterable[date]) -> float:
        """The plain frequency, for people to read."""
        return round(7.0 * self.before(days) / max(1, self.days), 1)

    def chance(self, all_days: Sequence[date], episode: Sequence[date]) -> float:
        """Probability that the days after the episode's first hold its others by habit; the habit is smoothed by half a day in `prior_days`."""
        daily = min(1.0, (self.before(all_days) + 0.5) / (self.days + self._prior))
        return tail_probability((episode[-1] - episode[0]).days, len(episode) - 1, daily)


def _chance_reason(chance: float) -> Reason:
    return Reason("chance", {"probability": float(f"{max(chance, 1e-12):.1g}")})


def _span(days: Sequence[date]) -> int:
    return (days[-1] - days[0]).days + 1


def _burst(movements: Movements, days: list[date], parameters: FlowParameters) -> list[Reason]:
    """Trips close upon each other, held against everything before them, earlier trips of the same episode included."""
    days = last_episode(days, parameters.burst_gap_days)
    out = sorted(movements.out)
    habit = Habit(movements, days[0], parameters)
    chance = habit.chance(out, days)
    if len(days) < parameters.burst_out_days or chance > parameters.burst_chance:
        return []
    departures = sum(s.day >= days[0] for s in movements.departures)
    numbers = {"days": _span(days), "out_days": len(days), "habit_per_week": habit.per_week(out)}
    return [Reason("out_days", numbers), Reason("departures", {"departures": departures}), _chance_reason(chance)]


def _night_trips(movements: Movements, days: list[date], habit: Habit, parameters: FlowParameters) -> list[Reason]:
    nights = [day for day in days if day in movements.nights]
    if len(nights) < parameters.night_trips:
        return []
    every = sorted(movements.nights)
    chance = habit.chance(every, nights)
    if chance > parameters.chance:
        return []
    return [
        Reason("night_trips", {"days": _span(nights), "nights": len(nights), "habit_per_week": habit.per_week(every)}),
        _chance_reason(chance),
    ]


def _new_route(movements: Movements, days: list[date], habit: Habit, parameters: FlowParameters) -> list[Reason]:
    if habit.per_week(movements.out) > parameters.new_route_habit_per_week:
        return []
    visited = {day: {s.county for s in sightings} for day, sightings in movements.out.items()}
    for county, count in sorted(Counter(c for day in days for c in visited[day]).items()):
        every = sorted(day for day, counties in visited.items() if county in counties)
        episode = [day for day in days if county in visited[day]]
        chance = habit.chance(every, episode)
        if count >= parameters.new_route_visits and habit.before(every) <= parameters.new_route_before and chance <= parameters.chance:
            numbers = {
                "days": _span(episode),
                "visits": count,
                "destination": county,
                "habit_days": habit.days,
                "before": habit.before(every),
            }
            return [Reason("new_destination", numbers), _chance_reason(chance)]
    return []


def _silence(movements: Movements, as_of: datetime, parameters: FlowParameters) -> list[Reason]:
    last = movements.sightings[-1]
    if not movements.out or last is not movements.out[max(movements.out)][-1]:
        return []
    silent, longest = (as_of - last.at) / _DAY, movements.longest_gap_days(last.at)
    if silent < max(parameters.silence_days, parameters.silence_factor * longest):
        return []
    return [Reason("silence", {"destination": last.county, "silent_days": int(silent), "longest_gap_days": round(longest, 1)})]


def _is_unusual_exit(exits: dict[date, Sighting], day: date, movements: Movements, parameters: FlowParameters) -> bool:
    habit = movements.habit_days(day, parameters)
    before = sum(d < day for d in exits)
    return habit >= parameters.minimum_habit_days and before <= parameters.exit_habit_per_week * habit / 7.0


def _joint_exit(
    history: PersonHistory,
    movements: Movements,
    days: list[date],
    habit: Habit,
    as_of: datetime,
    parameters: FlowParameters,
    others: Iterable[OvernightExit],
) -> list[Reason]:
    exits = {d: s for d, s in movements.overnight_exits(parameters).items() if morning_after(d, parameters) <= as_of}
    mine = [exits[day] for day in days if day in exits and _is_unusual_exit(exits, day, movements, parameters)]
    if not mine:
        return []
    others = list(others)
    for exit_ in mine:
        company = {
            other.person_id
            for other in others
            if other.person_id != history.person_id
            and (history.household is None or other.household != history.household)
            and other.county == exit_.county
            and abs(other.at - exit_.at) <= parameters.joint_within
        }
        if company:
            minutes = int(parameters.joint_within.total_seconds() // 60)
            numbers = {
                "within_minutes": minutes,
                "others": len(company),
                "destination": exit_.county,
                "habit_per_week": habit.per_week(sorted(exits)),
            }
            return [Reason("joint_exit", numbers)]
    return []
