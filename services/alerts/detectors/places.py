"""What makes being somewhere innocent, as data passed in: own homes and workplaces, public places, announced events.

The context holds no names and no links between persons beyond household and workplace codes that the caller chose to pass.
Lookups go through H3 cells, so that their cost does not grow with the county.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from services.alerts import cells as h3
from services.alerts.detectors.parameters import GatheringParameters
from services.alerts.detectors.rules import CheckIn, distance_m

_SAFE_EDGE = 0.5
"""A disk of one ring reaches at least one edge beyond its centre cell. H3 edges shrink to about 0.6 of the mean near pentagons."""


def resolution_for(reach_m: float) -> int:
    """The finest H3 resolution at which a cell and its ring contain everything within `reach_m` metres of any point in the cell."""
    for resolution in range(15, -1, -1):
        if h3.average_hexagon_edge_length(resolution, unit="m") * _SAFE_EDGE >= reach_m:
            return resolution
    raise ValueError(f"{reach_m} m is more than a neighbourhood")


@lru_cache(maxsize=65_536)
def neighbourhood(cell: int) -> tuple[int, ...]:
    """The cell and its ring (6 neighbours, 5 around a pentagon)."""
    return tuple(h3.grid_disk(cell, 1))


@dataclass(frozen=True, slots=True)
class Spot:
    """A point with the radius in metres inside which it explains a presence (None = the parameter set's), from `since` up to `until` (None = always)."""

    lon: float
    lat: float
    radius_m: float | None = None
    since: datetime | None = None
    until: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """True when the spot explains a presence at that time."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class PersonPlaces:
    """What is known about one person's ordinary places.

    `own` holds registered homes, the workplace's point and learned places (`habits.learn_places`). Before `known_from` the person's ordinary places
    are not known yet, so no presence of theirs can be called out of the ordinary; None = known since ever.
    """

    household: str | None = None
    workplace: str | None = None
    own: tuple[Spot, ...] = ()
    known_from: datetime | None = None


UNKNOWN = PersonPlaces()


@dataclass(frozen=True, slots=True)
class Occasion:
    """A station activity or an announced event: where and when attendance is not a gathering."""

    starts_at: datetime
    ends_at: datetime
    spot: Spot


@dataclass(frozen=True, slots=True)
class GatheringContext:
    """The innocent reasons known to the system at one moment. A change of knowledge makes a new context and a replay."""

    persons: Mapping[str, PersonPlaces] = field(default_factory=dict)
    public_places: tuple[Spot, ...] = ()
    occasions: tuple[Occasion, ...] = ()


class _SpotIndex:
    """Spots with their radius by H3 cell: the answer is a superset, distances are measured by the caller."""

    def __init__(self, spots: Sequence[tuple[Spot, float]]) -> None:
        self._resolution = resolution_for(max((radius for _, radius in spots), default=100.0))
        self._cells: dict[int, list[int]] = {}
        for number, (spot, _) in enumerate(spots):
            for cell in neighbourhood(h3.latlng_to_cell(spot.lat, spot.lon, self._resolution)):
                self._cells.setdefault(cell, []).append(number)

    def near(self, lon: float, lat: float) -> Sequence[int]:
        return self._cells.get(h3.latlng_to_cell(lat, lon, self._resolution), ())


class Innocence:
    """Answers whether a check-in is explained by itself, before anybody else's is looked at."""

    def __init__(self, context: GatheringContext, parameters: GatheringParameters) -> None:
        self._parameters = parameters
        self._persons = context.persons
        self._public = [(spot, spot.radius_m or parameters.public_place_m) for spot in context.public_places]
        self._public_index = _SpotIndex(self._public)
        slack = parameters.event_slack
        self._occasions = [
            (o.spot, o.spot.radius_m or parameters.event_place_m, o.starts_at - slack, o.ends_at + slack) for o in context.occasions
        ]
        self._occasion_index = _SpotIndex([(spot, radius) for spot, radius, _, _ in self._occasions])

    def places_of(self, person_id: str) -> PersonPlaces:
        """What was passed in about the person; without data, a household of one."""
        return self._persons.get(person_id, UNKNOWN)

    def explains(self, checkin: CheckIn) -> str | None:
        """Why this check-in cannot belong to a gathering, or None: `staff`, `accuracy`, `newcomer`, `own_place`, `public_place`, `occasion`."""
        parameters = self._parameters
        if checkin.source in parameters.excused_sources:
            return "staff"
        if checkin.accuracy_m > parameters.maximum_accuracy_m:
            return "accuracy"
        lon, lat, at = checkin.lon, checkin.lat, checkin.at
        places = self.places_of(checkin.person_id)
        if places.known_from is not None and at < places.known_from:
            return "newcomer"
        for spot in places.own:
            if spot.holds(at) and distance_m(lon, lat, spot.lon, spot.lat) <= (spot.radius_m or parameters.own_place_m):
                return "own_place"
        for number in self._public_index.near(lon, lat):
            spot, radius = self._public[number]
            if spot.holds(at) and distance_m(lon, lat, spot.lon, spot.lat) <= radius:
                return "public_place"
        for number in self._occasion_index.near(lon, lat):
            spot, radius, starts_at, ends_at = self._occasions[number]
            if starts_at <= at <= ends_at and distance_m(lon, lat, spot.lon, spot.lat) <= radius:
                return "occasion"
        return None
