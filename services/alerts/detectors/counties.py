"""Which county a check-in lies in: passed in as a resolver, or by the nearest known centre when nothing better is at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from services.alerts.detectors.rules import CheckIn, distance_m

CountyResolver: TypeAlias = Callable[[CheckIn], str | None]
"""Gives the six-digit county code, or None when it cannot be told."""


def by_division(divisions: Mapping[str, str]) -> CountyResolver:
    """The division recorded with the check-in (`checkin_id` -> division code of any level), cut to the county's six digits."""

    def resolve(checkin: CheckIn) -> str | None:
        division = divisions.get(checkin.checkin_id)
        return division[:6] if division else None

    return resolve


def by_nearest_centre(centres: Iterable[tuple[str, float, float]]) -> CountyResolver:
    """Nearest of (division code, lon, lat): town centres of the own county and seats of the neighbours. Raises ValueError without any.

    A rule of thumb: where two towns face each other across a river it errs for those who live off the middle of theirs; the detectors then see
    that person's habit on the wrong side, but still see changes of it.
    """
    points = tuple(centres)
    if not points:
        raise ValueError("the nearest centre needs centres")

    def resolve(checkin: CheckIn) -> str | None:
        nearest = min(points, key=lambda point: distance_m(checkin.lon, checkin.lat, point[1], point[2]))
        return nearest[0][:6]

    return resolve
