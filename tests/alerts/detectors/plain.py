"""The same gatherings found the plain way: all pairs, all at once, no cells. What the incremental detector must agree with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from services.alerts.detectors.parameters import GatheringParameters
from services.alerts.detectors.places import GatheringContext, Innocence
from services.alerts.detectors.rules import CheckIn, distance_m


def linked(a: CheckIn, b: CheckIn, parameters: GatheringParameters) -> bool:
    """True when two check-ins are close in time and on the sphere."""
    return abs(a.at - b.at) <= parameters.window and distance_m(a.lon, a.lat, b.lon, b.lat) <= parameters.radius_m


def _components(points: Sequence[CheckIn], parameters: GatheringParameters) -> list[list[CheckIn]]:
    left, components = set(range(len(points))), list[list[CheckIn]]()
    while left:
        reached = [left.pop()]
        for number in reached:
            near = {other for other in left if linked(points[number], points[other], parameters)}
            reached += near
            left -= near
        components.append([points[number] for number in reached])
    return components


def gatherings(
    checkins: Iterable[CheckIn], context: GatheringContext, parameters: GatheringParameters
) -> dict[str, tuple[datetime, datetime, tuple[str, ...], tuple[str, ...]]]:
    """Key -> first, last, persons, check-ins. Crews at work are left to the other tests: contexts here have no workplaces."""
    innocence = Innocence(context, parameters)
    found: dict[str, tuple[datetime, datetime, tuple[str, ...], tuple[str, ...]]] = {}
    for component in _components([c for c in checkins if innocence.explains(c) is None], parameters):
        inputs = sorted(component, key=lambda c: (c.at, c.checkin_id))

        def unit(checkin: CheckIn) -> str:
            return innocence.places_of(checkin.person_id).household or checkin.person_id

        together = max(len({unit(c) for c in inputs if start.at <= c.at <= start.at + parameters.together_within}) for start in inputs)
        if together >= parameters.minimum_units and inputs[-1].at - inputs[0].at >= parameters.minimum_duration:
            persons = tuple(sorted({c.person_id for c in inputs}))
            found[f"gathering:{inputs[0].checkin_id}"] = (inputs[0].at, inputs[-1].at, persons, tuple(c.checkin_id for c in inputs))
    return found
