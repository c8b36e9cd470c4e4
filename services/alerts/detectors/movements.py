"""One person's check-ins read as days at home and days out of their home county, and the habit these make."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from services.alerts.detectors.counties import CountyResolver
from services.alerts.detectors.parameters import FlowParameters
from services.alerts.detectors.rules import SHANGHAI, CheckIn

NIGHT_BELONGS_TO_THE_DAY_BEFORE = timedelta(hours=5)
_DAY = timedelta(days=1)


def flow_day(at: datetime) -> date:
    """The local day a sighting counts for: up to 05:00 it is the night of the day before."""
    return (at.astimezone(SHANGHAI) - NIGHT_BELONGS_TO_THE_DAY_BEFORE).date()


@dataclass(frozen=True, slots=True)
class Sighting:
    """A check-in reduced to what flow needs: when, and in which county (six digits). `day` is the local day it counts for; `at` is kept in local time."""

    at: datetime
    checkin_id: str
    county: str
    day: date = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "at", self.at.astimezone(SHANGHAI))  # one tzinfo object: comparing mixed ones is ten times slower
        object.__setattr__(self, "day", flow_day(self.at))


@dataclass(frozen=True, slots=True)
class AnnouncedAbsence:
    """A written report of absence (外出书面报告, 戒毒条例 art. 19), first to last day inclusive; no destination = anywhere."""

    first: date
    last: date
    county: str | None = None

    def covers(self, day: date, county: str) -> bool:
        """True when being in that county on that day was announced."""
        return self.first <= day <= self.last and self.county in (None, county)


@dataclass(frozen=True, slots=True)
class PersonHistory:
    """What `detect_flow` may know of one person: sightings of the last `history_days` in any order, announced absences, household code.

    `county` is the county that supervises the person: being there is never out, wherever the person turns out to live.
    """

    person_id: str
    county: str
    sightings: Sequence[Sighting]
    absences: Sequence[AnnouncedAbsence] = ()
    household: str | None = None


def sightings_of(checkins: Iterable[CheckIn], resolve: CountyResolver, parameters: FlowParameters) -> list[Sighting]:
    """The check-ins whose county can be told, in time order; poor fixes are left out."""
    found = (
        Sighting(c.at, c.checkin_id, county)
        for c in checkins
        if c.accuracy_m <= parameters.maximum_accuracy_m and (county := resolve(c)) is not None
    )
    return sorted(found, key=_when)


def is_between_hours(at: datetime, hours: tuple[int, int]) -> bool:
    """True inside [from, to) local hours, where `to` may lie on the next day."""
    hour, (start, end) = at.astimezone(SHANGHAI).hour, hours
    return start <= hour < end if start < end else hour >= start or hour < end


def tail_probability(days: int, hits: int, chance: float) -> float:
    """Probability of at least `hits` in `days` independent days, each with `chance` (binomial upper tail)."""
    if hits <= 0:
        return 1.0
    return math.fsum(math.comb(days, k) * chance**k * (1.0 - chance) ** (days - k) for k in range(hits, days + 1))


@dataclass(slots=True)
class Movements:
    """Days out with their sightings, nights out and departures, up to `as_of`."""

    homes: frozenset[str]
    sightings: list[Sighting]
    out: dict[date, list[Sighting]] = field(default_factory=dict)
    nights: set[date] = field(default_factory=set)
    departures: list[Sighting] = field(default_factory=list)

    def habit_days(self, start: date, parameters: FlowParameters) -> int:
        """Calendar days from the first sighting to the day before `start`."""
        first = self.sightings[0].day
        return min((start - first).days, parameters.history_days)

    def longest_gap_days(self, until: datetime) -> float:
        """The longest time between two sightings before `until`, in days."""
        times = [s.at for s in self.sightings if s.at <= until]
        return max(((b - a) / _DAY for a, b in pairwise(times)), default=0.0)

    def overnight_exits(self, parameters: FlowParameters) -> dict[date, Sighting]:
        """By day: the first evening sighting out of the county that no sighting at home followed before the next morning."""
        exits: dict[date, Sighting] = {}
        for day, sightings in self.out.items():
            evening = next((s for s in sightings if is_between_hours(s.at, parameters.evening_hours)), None)
            if evening is not None:
                morning = morning_after(day, parameters)
                if not any(s.county in self.homes and evening.at < s.at < morning for s in self.sightings):
                    exits[day] = evening
        return exits


def last_episode(days: Collection[date], gap: int) -> list[date]:
    """The chain of days that ends with the last one, each at most `gap` days after the one before, in order."""
    chain: list[date] = []
    for day in sorted(days, reverse=True):
        if chain and (chain[-1] - day).days > gap:
            break
        chain.append(day)
    return chain[::-1]


def morning_after(day: date, parameters: FlowParameters) -> datetime:
    """When a night away is taken as such: `morning_hour` of the next local day."""
    return datetime.combine(day + _DAY, time(parameters.morning_hour), SHANGHAI)


def _when(sighting: Sighting) -> tuple[datetime, str]:
    return sighting.at, sighting.checkin_id


def read_movements(history: PersonHistory, as_of: datetime, parameters: FlowParameters) -> Movements | None:
    """Reads the history; None when there is nothing. Announced days out are left out of everything that could count against the person.

    Home is learned: the county of most days in the history, so that somebody who lives across the border is at home there too.
    """
    as_of = as_of.astimezone(SHANGHAI)
    today = flow_day(as_of)
    horizon = today - timedelta(days=parameters.history_days)
    seen = [s for s in history.sightings if horizon <= s.day and (s.day < today or s.at <= as_of)]
    if not seen:
        return None
    if all(s.county == history.county for s in seen):
        return Movements(frozenset({history.county}), seen)
    seen.sort(key=_when)
    days = Counter(county for county, _ in {(s.county, s.day) for s in seen})
    movements = Movements(frozenset({history.county, max(sorted(days), key=days.__getitem__)}), seen)
    before: Sighting | None = None
    for sighting in seen:
        day = sighting.day
        if sighting.county not in movements.homes and not any(a.covers(day, sighting.county) for a in history.absences):
            movements.out.setdefault(day, []).append(sighting)
            if is_between_hours(sighting.at, parameters.night_hours):
                movements.nights.add(day)
            if before is None or before.county in movements.homes:
                movements.departures.append(sighting)
        before = sighting
    return movements
