"""What detectors found as alerts: one gathering or episode is one alert, whatever its key was yesterday."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from kit.clock import day_start
from kit.work import Work
from services.alerts import cells as h3
from services.alerts.alerts import repository
from services.alerts.alerts.rules import severity_of_gathering
from services.alerts.alerts.service import Matter, grow_alert, merge_alert, raise_alert
from services.alerts.detectors.flow import FlowAnomaly
from services.alerts.detectors.gathering import Gathering, GatheringChange
from services.alerts.detectors.rules import Reason

CELL_RESOLUTION = 7


def newest_only(changes: Iterable[GatheringChange]) -> list[Gathering]:
    """Of several changes to one gathering in a run only the last, in the order of their keys."""
    found: dict[str, Gathering] = {}
    for change in changes:
        for key in change.replaces:
            found.pop(key, None)
        found[change.gathering.key] = change.gathering
    return [found[key] for key in sorted(found)]


def _reasons(reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    return [{"code": reason.code, "numbers": dict(reason.numbers)} for reason in reasons]


def _town_of(person_ids: Iterable[str], towns: Mapping[str, str]) -> str:
    """The town that most of the persons belong to; the smallest code where several have as many."""
    counted = Counter(towns[person] for person in person_ids if person in towns)
    return min(counted, key=lambda code: (-counted[code], code))


async def record_gathering(work: Work, gathering: Gathering, towns: Mapping[str, str]) -> None:
    """Raise the gathering's alert, or let it grow; alerts that turned out to be one are merged into the oldest open one."""
    matter = Matter(
        key=gathering.key,
        kind="gathering",
        severity=severity_of_gathering(len(gathering.persons)),
        division_code=_town_of(gathering.persons, towns),
        first_at=gathering.first_at,
        last_at=gathering.last_at,
        reasons=_reasons(gathering.reasons),
        person_ids=tuple(UUID(person) for person in gathering.persons),
        checkin_ids=tuple(UUID(checkin) for checkin in gathering.checkin_ids),
        cell=h3.latlng_to_cell(gathering.lat, gathering.lon, CELL_RESOLUTION),
        parameters_from=gathering.parameters_from,
    )
    same = await repository.gatherings_sharing(work.session, matter.checkin_ids)
    still_open = [alert for alert in same if alert.state != "closed"]
    if not same:
        await raise_alert(work, matter)
    elif still_open:
        for other in still_open[1:]:
            await merge_alert(work, other, still_open[0])
        await grow_alert(work, still_open[0], matter)


async def record_anomaly(work: Work, anomaly: FlowAnomaly, town: str) -> None:
    """Raise the episode's alert, or let it grow. A closed one stays as a person left it."""
    person = UUID(anomaly.person_id)
    first_at, last_at = day_start(anomaly.start), _end_of(anomaly.end)
    matter = Matter(
        key=anomaly.key,
        kind="flow_frequency",
        severity="medium",
        division_code=town,
        first_at=first_at,
        last_at=last_at,
        reasons=[{"code": "flow_kind", "numbers": {"kind": anomaly.kind}}, *_reasons(anomaly.reasons)],
        person_ids=(person,),
        checkin_ids=tuple(UUID(checkin) for checkin in anomaly.checkin_ids),
        parameters_from=anomaly.parameters_from,
    )
    same = await repository.episodes_of(work.session, person, first_at, last_at)
    still_open = [alert for alert in same if alert.state != "closed"]
    if not same:
        await raise_alert(work, matter)
    elif still_open:
        for other in still_open[1:]:
            await merge_alert(work, other, still_open[0])
        await grow_alert(work, still_open[0], matter)


def _end_of(day: date) -> Any:
    return day_start(day + timedelta(days=1)) - timedelta(seconds=1)
