"""A person's ordinary places, learned from their own recent check-ins: a job across the river, a new home. Run once a night per person."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.alerts.detectors.parameters import GatheringParameters
from services.alerts.detectors.places import Spot
from services.alerts.detectors.rules import SHANGHAI, CheckIn, distance_m


def learn_places(known: Iterable[Spot], checkins: Iterable[CheckIn], as_of: datetime, parameters: GatheringParameters) -> tuple[Spot, ...]:
    """The places to add to the person's `own`: visited on `habit_days` different days of the `habit_within_days` before `as_of`.

    They hold from `as_of` for `habit_lasts_days`, so that an alert never changes backwards. Places that `known` explains then are not repeated.
    """
    horizon = as_of - timedelta(days=parameters.habit_within_days)
    standing = [spot for spot in known if spot.holds(as_of)]
    visits = sorted(
        (c.at, c.lon, c.lat)
        for c in checkins
        if horizon <= c.at < as_of
        and c.accuracy_m <= parameters.maximum_accuracy_m
        and not any(distance_m(c.lon, c.lat, s.lon, s.lat) <= (s.radius_m or parameters.own_place_m) for s in standing)
    )
    learned: list[Spot] = []
    while len(visits) >= parameters.habit_days:
        best: list[tuple[datetime, float, float]] = []
        best_days = 0
        for _, lon, lat in visits:
            around = [v for v in visits if distance_m(lon, lat, v[1], v[2]) <= parameters.own_place_m]
            days = len({v[0].astimezone(SHANGHAI).date() for v in around})
            if days > best_days:
                best, best_days = around, days
        if best_days < parameters.habit_days:
            break
        lons, lats = sorted(v[1] for v in best), sorted(v[2] for v in best)
        middle = len(best) // 2
        learned.append(Spot(lons[middle], lats[middle], None, as_of, as_of + timedelta(days=parameters.habit_lasts_days)))
        visits = [v for v in visits if v not in best]
    return tuple(learned)
