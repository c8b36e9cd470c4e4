"""What detectors found as alerts: one gathering or episode is one alert, whatever its key was yesterday."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from kit.clock import day_start
from kit.work import Work
from services.alerts import cells as h3
from services.alerts.alerts import repository
from services.alerts.alerts.rules import MINIMUM_PERSONS, severity_of_gathering
from services.alerts.alerts.service import AlertContent, grow_alert, merge_alert, raise_alert
from services.alerts.alerts.tables import Alert
from services.alerts.detectors.flow import FlowAnomaly
from services.alerts.detectors.gathering import Company, Gathering, GatheringChange
from services.alerts.detectors.parameters import GatheringParameters
from services.alerts.detectors.rules import Reason
from services.alerts.watched import repository as watched

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


def _town_of(towns: Mapping[UUID, str]) -> str:
    """The town that most of the persons belong to; the smallest code where several have as many."""
    counted = Counter(towns.values())
    return min(counted, key=lambda code: (-counted[code], code))


async def record_gathering(work: Work, gathering: Gathering, parameters: GatheringParameters) -> None:
    """Raise the gathering's alert, or let it grow; alerts that turned out to be one are merged into the oldest open one.

    It goes to the town that answers for most of its people today, whoever did when they checked in. A company that moves on stays one alert.
    """
    people = [UUID(person) for person in gathering.persons]
    towns = await watched.divisions_of(work.session, people, work.today)
    if len(towns) < MINIMUM_PERSONS:
        return
    content = AlertContent(
        key=gathering.key,
        kind="gathering",
        severity=severity_of_gathering(len(gathering.persons)),
        division_code=_town_of(towns),
        first_at=gathering.first_at,
        last_at=gathering.last_at,
        reasons=_reasons(gathering.reasons),
        person_ids=tuple(people),
        checkin_ids=tuple(UUID(checkin) for checkin in gathering.checkin_ids),
        cell=h3.latlng_to_cell(gathering.lat, gathering.lon, CELL_RESOLUTION),
        parameters_from=gathering.parameters_from,
    )
    same = _speaking(await repository.gatherings_sharing(work.session, content.checkin_ids))
    if same and all(alert.state == "closed" for alert in same):
        return  # unchanged, as a person closed it
    first, last = content.first_at - parameters.window, content.last_at + parameters.window
    known, this = {alert.id for alert in same}, Company(frozenset(gathering.persons), content.first_at, content.last_at)
    company = [
        alert
        for alert in await repository.gatherings_of_some(work.session, people, first, last)
        if alert.id not in known
        and this.is_that_of(Company(frozenset(map(str, alert.person_ids)), alert.first_at, alert.last_at), parameters.window)
    ]
    if company or any(_moved_on(alert) for alert in same):
        content = await _with_stops_before(work, content, [alert for alert in (*same, *company) if alert.state != "closed"])
    await _settle(work, content, sorted((*same, *company), key=lambda alert: alert.id))


def _speaking(alerts: Iterable[Alert]) -> list[Alert]:
    """Without alerts that the end of a person's measure closed: they do not count for the remaining persons."""
    return [alert for alert in alerts if alert.finding != "measure_ended"]


def _moved_on(alert: Alert) -> bool:
    return alert.state != "closed" and any(reason["code"] == "moved_on" for reason in alert.reasons)


async def _with_stops_before(work: Work, content: AlertContent, parts: Sequence[Alert]) -> AlertContent:
    """The content with the people and check-ins of the other places where the same company was."""
    towns = await watched.divisions_of(
        work.session, list({*content.person_ids, *(p for part in parts for p in part.person_ids)}), work.today
    )
    people, checkins = sorted(towns), {*content.checkin_ids, *(c for part in parts for c in part.checkin_ids)}
    first, last = min(content.first_at, *(part.first_at for part in parts)), max(content.last_at, *(part.last_at for part in parts))
    moved = Reason("moved_on", {"persons": len(people), "minutes": int((last - first).total_seconds() // 60)})
    return replace(
        content,
        severity=severity_of_gathering(len(people)),
        division_code=_town_of(towns),
        first_at=first,
        last_at=last,
        reasons=[*content.reasons, *_reasons([moved])],
        person_ids=tuple(people),
        checkin_ids=tuple(await repository.checkins_of_people(work.session, list(checkins), people)),
    )


async def _settle(work: Work, content: AlertContent, same: Sequence[Alert]) -> None:
    """One content, one alert: what a person closed stays as they left it."""
    still_open = [alert for alert in same if alert.state != "closed"]
    if not same:
        await raise_alert(work, content)
    elif still_open:
        for other in still_open[1:]:
            await merge_alert(work, other, still_open[0])
        await grow_alert(work, still_open[0], content)


async def record_anomaly(work: Work, anomaly: FlowAnomaly) -> None:
    """Raise the episode's alert, or let it grow, in the town that answers for the person today."""
    person = UUID(anomaly.person_id)
    town = await watched.division_of(work.session, person, work.today)
    if town is None:
        return
    first_at, last_at = day_start(anomaly.start), _end_of(anomaly.end)
    content = AlertContent(
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
    await _settle(work, content, _speaking(await repository.episodes_of(work.session, person, first_at, last_at)))


def _end_of(day: date) -> Any:
    return day_start(day + timedelta(days=1)) - timedelta(seconds=1)
