"""Gatherings (聚集) of supervised persons, found as check-ins come in.

Check-ins that nothing explains are points; two points are linked when they lie within `radius_m` and `window` of each other. A gathering is a
connected set of linked points in which enough households were present together for long enough. Every quantity depends on the set alone and only
grows with it, so the order of arrival cannot matter: late and shuffled check-ins give the alerts that sorted ones give, as long as none is later
than `lateness` behind the newest. One gathering is one alert that grows; when a late check-in joins two, one of them replaces the other.

Being at one's own home or workplace is never part of a gathering, so neighbours and hosts are never named; the price is that a host with two
guests is not seen. A company that moves on from place to place is a gathering at each; `Company` shows that they belong together.
"""

from __future__ import annotations

import heapq
import math
from bisect import insort
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.alerts import cells as h3
from services.alerts.detectors.parameters import GatheringParameters
from services.alerts.detectors.places import GatheringContext, Innocence, neighbourhood, resolution_for
from services.alerts.detectors.rules import EARTH_RADIUS_M, SHANGHAI, CheckIn, GatheringChangeKind, Reason

_SCALE = 10**15
"""Unit vectors are summed as integers: sums of floats would depend on the order, and 1e-15 of an Earth radius is 6 nanometres."""


MINIMUM_COMPANY = 3
"""Fewer people in common may have met others afterwards."""


@dataclass(frozen=True, slots=True)
class Gathering:
    """One gathering as known now. `key` names its earliest check-in; `checkin_ids` are its inputs in time order; radius in metres (RMS)."""

    key: str
    first_at: datetime
    last_at: datetime
    lon: float
    lat: float
    spread_m: float
    persons: tuple[str, ...]
    units: int
    checkin_ids: tuple[str, ...]
    reasons: tuple[Reason, ...]
    parameters_from: str


@dataclass(frozen=True, slots=True)
class GatheringChange:
    """What the alert store has to do: `raised` = new row, `grown` = update the row; rows of the keys in `replaces` become this one."""

    kind: GatheringChangeKind
    gathering: Gathering
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Company:
    """Who was together from when to when, as far as it is known: all that tells whether a company moved on."""

    persons: frozenset[str]
    first_at: datetime
    last_at: datetime

    def is_that_of(self, other: Company, window: timedelta) -> bool:
        """True when mostly the same people (three at least, and half of all) were together again within `window`, wherever: one matter that moved on."""
        both = len(self.persons & other.persons)
        near = self.first_at - window <= other.last_at and other.first_at - window <= self.last_at
        return near and both >= MINIMUM_COMPANY and 2 * both >= len(self.persons | other.persons)


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)


class _Point:
    __slots__ = ("at", "cell", "checkin_id", "cluster", "unit", "x", "y", "z")

    def __init__(self, checkin: CheckIn, cell: int, unit: str) -> None:
        phi, lam = math.radians(checkin.lat), math.radians(checkin.lon)
        self.x, self.y, self.z = math.cos(phi) * math.cos(lam), math.cos(phi) * math.sin(lam), math.sin(phi)
        self.at, self.cell, self.checkin_id, self.unit = checkin.at, cell, checkin.checkin_id, unit
        self.cluster: _Cluster


class _Cluster:
    """A connected set: what is needed of all its points, and those points that may still link."""

    __slots__ = ("crew_hours", "crews", "live", "moments", "persons", "raised_as", "sums", "times", "units")

    def __init__(self) -> None:
        self.live: set[_Point] = set()
        self.moments: list[tuple[datetime, str]] = []
        self.times: list[tuple[datetime, str]] = []
        self.persons: set[str] = set()
        self.units: set[str] = set()
        self.crews: set[str | None] = set()
        self.crew_hours = True
        self.sums = [0, 0, 0]
        self.raised_as: set[str] = set()

    def add(self, point: _Point, person_id: str, crew: str | None, at_work_time: bool) -> None:
        point.cluster = self
        self.live.add(point)
        insort(self.moments, (point.at, point.checkin_id))
        insort(self.times, (point.at, point.unit))
        self.persons.add(person_id)
        self.units.add(point.unit)
        self.crews.add(crew)
        self.crew_hours = self.crew_hours and at_work_time
        for axis, value in enumerate((point.x, point.y, point.z)):
            self.sums[axis] += round(value * _SCALE)

    def absorb(self, other: _Cluster) -> None:
        for point in other.live:
            point.cluster = self
        self.live |= other.live
        self.moments = list(heapq.merge(self.moments, other.moments))
        self.times = list(heapq.merge(self.times, other.times))
        self.persons |= other.persons
        self.units |= other.units
        self.crews |= other.crews
        self.crew_hours = self.crew_hours and other.crew_hours
        self.sums = [a + b for a, b in zip(self.sums, other.sums, strict=True)]
        self.raised_as |= other.raised_as

    def most_units_within(self, span: timedelta) -> int:
        """The largest number of households seen inside any time of this length."""
        best, start = 0, 0
        inside: dict[str, int] = {}
        for at, unit in self.times:
            inside[unit] = inside.get(unit, 0) + 1
            while at - self.times[start][0] > span:
                gone = self.times[start][1]
                inside[gone] -= 1
                if not inside[gone]:
                    del inside[gone]
                start += 1
            best = max(best, len(inside))
        return best


class GatheringDetector:
    """Holds the last `window + lateness` of unexplained check-ins; one instance per county or per shard of H3 cells with a ring of overlap.

    `refused` counts check-ins that were not used, by reason (`late`, `clock`, `duplicate`, and the reasons of `Innocence.explains`).
    """

    def __init__(self, parameters: GatheringParameters, context: GatheringContext) -> None:
        self.parameters = parameters
        self.refused: dict[str, int] = {}
        self._innocence = Innocence(context, parameters)
        self._resolution = resolution_for(parameters.radius_m)
        self._chord2 = (2.0 * math.sin(parameters.radius_m / EARTH_RADIUS_M / 2.0)) ** 2
        self._cells: dict[int, list[_Point]] = {}
        self._expiry: list[tuple[datetime, str, _Point]] = []
        self._ids: set[str] = set()
        self._newest: datetime | None = None

    def observe(self, checkin: CheckIn, now: datetime | None = None) -> list[GatheringChange]:
        """Takes one check-in and returns what became of gatherings: nothing or one change.

        With `now` (time of receipt) a check-in from the future is refused; without it the caller vouches for the phone's clock, because one check-in
        far ahead makes all others late. Delivering a check-in twice has no effect.
        """
        parameters = self.parameters
        at = checkin.at
        if now is not None and at > now + parameters.clock_skew:
            return self._refuse("clock")
        if self._newest is not None and at < self._newest - parameters.lateness:
            return self._refuse("late")
        if self._newest is None or at > self._newest:
            self._newest = at
            self._expire(at - parameters.lateness - parameters.window)
        if checkin.checkin_id in self._ids:
            return self._refuse("duplicate")
        explained = self._innocence.explains(checkin)
        return self._refuse(explained) if explained is not None else self._link(checkin)

    def use_context(self, context: GatheringContext) -> None:
        """Takes newer knowledge for the check-ins to come, for instance places learned last night.

        What only adds spots with `since` in the future keeps the promise about the order of arrival; anything else calls for a replay.
        """
        self._innocence = Innocence(context, self.parameters)

    def restore(self, checkins: Iterable[CheckIn]) -> None:
        """Rebuilds the state after a restart from the check-ins observed since `replay_from()`, without announcing anything again."""
        for checkin in checkins:
            self.observe(checkin)

    def replay_from(self) -> datetime | None:
        """The time from which check-ins must be replayed to rebuild this state exactly; to be stored with the feed's cursor. None = empty."""
        if self._newest is None:
            return None
        clusters = {id(p.cluster): p.cluster for points in self._cells.values() for p in points}
        horizon = self._newest - self.parameters.lateness - self.parameters.window
        return min((c.moments[0][0] for c in clusters.values()), default=horizon)

    def open_gatherings(self) -> list[Gathering]:
        """The gatherings that may still grow, by key."""
        clusters = {id(p.cluster): p.cluster for points in self._cells.values() for p in points}
        return sorted((self._view(c) for c in clusters.values() if c.raised_as), key=lambda g: g.key)

    def __len__(self) -> int:
        return len(self._ids)

    def _refuse(self, reason: str) -> list[GatheringChange]:
        self.refused[reason] = self.refused.get(reason, 0) + 1
        return []

    def _expire(self, horizon: datetime) -> None:
        while self._expiry and self._expiry[0][0] < horizon:
            _, _, point = heapq.heappop(self._expiry)
            self._ids.discard(point.checkin_id)
            point.cluster.live.discard(point)
            points = self._cells[point.cell]
            points.remove(point)
            if not points:
                del self._cells[point.cell]

    def _link(self, checkin: CheckIn) -> list[GatheringChange]:
        places = self._innocence.places_of(checkin.person_id)
        unit = f"h:{places.household}" if places.household else f"p:{checkin.person_id}"
        point = _Point(checkin, h3.latlng_to_cell(checkin.lat, checkin.lon, self._resolution), unit)
        window, chord2 = self.parameters.window, self._chord2
        linked: dict[int, _Cluster] = {}
        for cell in neighbourhood(point.cell):
            for other in self._cells.get(cell, ()):
                apart = (point.x - other.x) ** 2 + (point.y - other.y) ** 2 + (point.z - other.z) ** 2
                if apart <= chord2 and -window <= point.at - other.at <= window:
                    linked[id(other.cluster)] = other.cluster
        clusters = sorted(linked.values(), key=lambda c: len(c.moments), reverse=True)
        home = clusters[0] if clusters else _Cluster()
        for smaller in clusters[1:]:
            home.absorb(smaller)
        home.add(point, checkin.person_id, places.workplace or None, self._at_work_time(checkin.at))
        self._cells.setdefault(point.cell, []).append(point)
        self._ids.add(point.checkin_id)
        heapq.heappush(self._expiry, (point.at, point.checkin_id, point))
        return self._announce(home)

    def _at_work_time(self, at: datetime) -> bool:
        local = at.astimezone(SHANGHAI)
        start, end = self.parameters.working_hours
        return local.weekday() < 6 and start <= local.hour < end

    def _announce(self, cluster: _Cluster) -> list[GatheringChange]:
        if not cluster.raised_as and not self._qualifies(cluster):
            return []
        gathering = self._view(cluster)
        kind: GatheringChangeKind = "grown" if cluster.raised_as else "raised"
        replaces = tuple(sorted(cluster.raised_as - {gathering.key}))
        cluster.raised_as = {gathering.key}
        return [GatheringChange(kind, gathering, replaces)]

    def _qualifies(self, cluster: _Cluster) -> bool:
        parameters = self.parameters
        if len(cluster.units) < parameters.minimum_units:
            return False
        if cluster.moments[-1][0] - cluster.moments[0][0] < parameters.minimum_duration:
            return False
        if cluster.crew_hours and len(cluster.crews) == 1 and None not in cluster.crews:
            return False
        return cluster.most_units_within(parameters.together_within) >= parameters.minimum_units

    def _view(self, cluster: _Cluster) -> Gathering:
        parameters = self.parameters
        x, y, z = cluster.sums
        length, count = math.isqrt(x * x + y * y + z * z), len(cluster.moments)
        spread = math.sqrt(max(0.0, 2.0 * (count * _SCALE - length) / (count * _SCALE))) * EARTH_RADIUS_M
        first, last = cluster.moments[0][0], cluster.moments[-1][0]
        lasted = _minutes(last - first)
        reasons = (
            Reason(
                "persons_together",
                {
                    "persons": len(cluster.persons),
                    "units": len(cluster.units),
                    "minimum": parameters.minimum_units,
                    "within_minutes": lasted,
                },
            ),
            Reason("duration", {"minutes": lasted, "minimum": _minutes(parameters.minimum_duration)}),
            Reason("spread", {"metres": round(spread), "radius": round(parameters.radius_m)}),
            Reason("place_unexplained", {}),
        )
        return Gathering(
            key=f"gathering:{cluster.moments[0][1]}",
            first_at=first,
            last_at=last,
            lon=round(math.degrees(math.atan2(y, x)), 6),
            lat=round(math.degrees(math.asin(max(-1.0, min(1.0, z / length)))), 6),
            spread_m=round(spread, 1),
            persons=tuple(sorted(cluster.persons)),
            units=len(cluster.units),
            checkin_ids=tuple(checkin_id for _, checkin_id in cluster.moments),
            reasons=reasons,
            parameters_from=parameters.effective_from.isoformat(),
        )
