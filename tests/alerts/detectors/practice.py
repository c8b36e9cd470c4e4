"""The practice set (fictitious persons, planted events) as detectors take it, and the scoring rule that goes with it."""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from services.alerts.detectors.counties import CountyResolver, by_division, by_nearest_centre
from services.alerts.detectors.flow import FlowAnomaly, OvernightExit, detect_flow, overnight_exits
from services.alerts.detectors.gathering import Company, Gathering, GatheringChange, GatheringDetector
from services.alerts.detectors.habits import learn_places
from services.alerts.detectors.movements import PersonHistory, sightings_of
from services.alerts.detectors.parameters import FlowParameters, GatheringParameters
from services.alerts.detectors.places import GatheringContext, Innocence, Occasion, PersonPlaces, Spot
from services.alerts.detectors.rules import SHANGHAI, CheckIn

FOLDER = Path(__file__).parents[2] / "data" / "checkins"
COUNTY = "610822"
NEIGHBOUR_SEATS = (
    ("140931", 111.100, 39.000),
    ("140930", 111.138, 39.384),
    ("140929", 111.573, 38.704),
    ("150622", 111.240, 39.864),
    ("610881", 110.499, 38.842),
)


@dataclass(frozen=True)
class Practice:
    """One generated set. `context` holds what is registered; `learned()` adds what each night would have learned."""

    checkins: tuple[CheckIn, ...]
    context: GatheringContext
    truth: dict[str, Any]
    divisions: dict[str, str]
    centres: tuple[tuple[str, float, float], ...]

    @property
    def first_day(self) -> datetime:
        """Midnight of the first day."""
        return self.checkins[0].at.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)

    @property
    def days(self) -> int:
        """Days the set spans."""
        return int(self.truth["counts"]["days"])

    def by_person(self) -> dict[str, list[CheckIn]]:
        """Check-ins of each person in time order."""
        persons: dict[str, list[CheckIn]] = defaultdict(list)
        for checkin in self.checkins:
            persons[checkin.person_id].append(checkin)
        return persons

    def learned(self, parameters: GatheringParameters) -> GatheringContext:
        """The context after learning every person's places each night at two; a spot holds only from the night it was learned."""
        registered, persons = Innocence(self.context, parameters), {}
        for person_id, checkins in self.by_person().items():
            places = self.context.persons[person_id]
            own = places.own
            unexplained = [c for c in checkins if registered.explains(c) != "own_place"]
            for night in range(1, self.days + 1):
                as_of = self.first_day + timedelta(days=night, hours=2)
                own += learn_places(own, unexplained, as_of, parameters)
            persons[person_id] = replace(places, own=own, known_from=self.first_day + timedelta(days=parameters.newcomer_days))
        return replace(self.context, persons=persons)

    def recorded_county(self) -> CountyResolver:
        """The division recorded with each check-in."""
        return by_division(self.divisions)

    def nearest_county(self) -> CountyResolver:
        """The nearest town centre or neighbour's seat."""
        return by_nearest_centre((*self.centres, *NEIGHBOUR_SEATS))


def load(folder: Path = FOLDER) -> Practice:
    """Reads a set as `make_checkins.py` writes it."""

    def rows(name: str) -> list[dict[str, str]]:
        with (folder / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    with gzip.open(folder / "checkins.csv.gz", "rt", encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    checkins = tuple(
        CheckIn(
            r["checkin_id"],
            r["person_id"],
            datetime.fromisoformat(r["ts"]),
            float(r["lon"]),
            float(r["lat"]),
            float(r["accuracy_m"]),
            r["source"],
        )
        for r in lines
    )
    pois = {p["poi"]: (p["kind"], Spot(float(p["lon"]), float(p["lat"]))) for p in rows("pois.csv")}
    persons: dict[str, PersonPlaces] = {}
    for p in rows("persons.csv"):
        work = p["workplace"] or None
        own = (Spot(float(p["home_lon"]), float(p["home_lat"])), *((pois[work][1],) if work else ()))
        persons[p["person_id"]] = PersonPlaces(p["household"], work, own)
    occasions = tuple(
        Occasion(datetime.fromisoformat(s["start"]), datetime.fromisoformat(s["end"]), Spot(float(s["lon"]), float(s["lat"])))
        for s in rows("schedule.csv")
    )
    public = tuple(spot for kind, spot in pois.values() if kind != "work")
    centres = tuple((p["division"], float(p["lon"]), float(p["lat"])) for p in rows("pois.csv") if p["kind"] == "station")
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    divisions = {r["checkin_id"]: r["division"] for r in lines}
    return Practice(checkins, GatheringContext(persons, public, occasions), truth, divisions, centres)


def apply(alerts: dict[str, Gathering], changes: Iterable[GatheringChange]) -> None:
    """What an alert store does with changes."""
    for change in changes:
        for key in change.replaces:
            del alerts[key]
        alerts[change.gathering.key] = change.gathering


def gathering_alerts(checkins: Iterable[CheckIn], context: GatheringContext, parameters: GatheringParameters) -> dict[str, Gathering]:
    """The final alerts of a stream."""
    detector, alerts = GatheringDetector(parameters, context), {}
    for checkin in checkins:
        apply(alerts, detector.observe(checkin))
    return alerts


def companies(alerts: Iterable[Gathering], parameters: GatheringParameters) -> list[Gathering]:
    """The alerts as the service keeps them: a company that moves on is one."""
    joined: list[Gathering] = []
    for alert in sorted(alerts, key=lambda g: (g.first_at, g.key)):
        mine = Company(frozenset(alert.persons), alert.first_at, alert.last_at)
        for number, other in enumerate(joined):
            if mine.is_that_of(Company(frozenset(other.persons), other.first_at, other.last_at), parameters.window):
                persons = tuple(sorted({*alert.persons, *other.persons}))
                joined[number] = replace(other, persons=persons, last_at=max(alert.last_at, other.last_at))
                break
        else:
            joined.append(alert)
    return joined


def flow_alerts(practice: Practice, resolve: CountyResolver, parameters: FlowParameters) -> list[FlowAnomaly]:
    """Runs every person at each of their check-ins out of the county and every morning at 09:30; everything ever raised stays, by key."""
    alerts: dict[str, FlowAnomaly] = {}
    persons = practice.context.persons
    histories = {
        person_id: PersonHistory(person_id, COUNTY, sightings_of(checkins, resolve, parameters), (), persons[person_id].household)
        for person_id, checkins in practice.by_person().items()
    }
    out_on: dict[date, list[tuple[datetime, str]]] = defaultdict(list)
    for person_id, history in histories.items():
        for sighting in history.sightings:
            if sighting.county != COUNTY:
                out_on[sighting.at.date()].append((sighting.at, person_id))
    for number in range(1, practice.days):
        morning = practice.first_day + timedelta(days=number, hours=9, minutes=30)
        since = (morning - timedelta(days=3)).date()
        exits: list[OvernightExit] = []
        for history in histories.values():
            exits += overnight_exits(history, morning, parameters, since)
        runs = [(morning, person_id) for person_id in histories] + sorted(r for r in out_on[morning.date()] if r[0] > morning)
        for as_of, person_id in runs:
            for anomaly in detect_flow(histories[person_id], as_of, parameters, exits):
                alerts[anomaly.key] = anomaly
    return list(alerts.values())


@dataclass(frozen=True)
class Score:
    """Planted events found of all, right alerts of all."""

    found: int
    of: int
    right: int
    alerts: int

    @property
    def recall(self) -> float:
        return self.found / max(1, self.of)

    @property
    def precision(self) -> float:
        return self.right / max(1, self.alerts)

    def __str__(self) -> str:
        return f"recall {self.recall:.3f} ({self.found}/{self.of}), precision {self.precision:.3f} ({self.right}/{self.alerts})"


def score_gatherings(alerts: Sequence[Gathering], events: Sequence[dict[str, Any]]) -> Score:
    """Found = times overlap within 30 minutes and the person sets have Jaccard >= 0.5; one alert serves one event."""
    pad, used, found = timedelta(minutes=30), set[str](), 0
    for event in events:
        persons, start, end = set(event["persons"]), datetime.fromisoformat(event["start"]), datetime.fromisoformat(event["end"])
        for alert in alerts:
            both, either = persons & set(alert.persons), persons | set(alert.persons)
            if alert.key not in used and alert.first_at <= end + pad and alert.last_at >= start - pad and len(both) * 2 >= len(either):
                used.add(alert.key)
                found += 1
                break
    return Score(found, len(events), len(used), len(alerts))


def score_flow(alerts: Sequence[FlowAnomaly], events: Sequence[dict[str, Any]]) -> tuple[Score, Counter[str]]:
    """Found = an alert names one of the persons and its window overlaps or starts within 3 days after the end; also found events by kind."""
    right, found = set[str](), Counter[str]()
    for event in events:
        start, end = date.fromisoformat(event["start"]), date.fromisoformat(event["end"]) + timedelta(days=3)
        hits = {a.key for a in alerts if a.person_id in event["persons"] and a.start <= end and a.end >= start}
        right |= hits
        found[event["kind"]] += bool(hits)
    return Score(sum(found.values()), len(events), len(right), len(alerts)), found


def first_half_of_days(practice: Practice) -> datetime:
    """The moment that parts the set into the half for tuning and the half for showing."""
    return practice.first_day + timedelta(days=practice.days // 2)


def half_of_person(practice: Practice, person_id: str) -> int:
    """0 or 1: by alternate planted event for its persons, by number for everybody else, so that both halves hold all kinds."""
    for number, event in enumerate(practice.truth["flow_anomalies"]):
        if person_id in event["persons"]:
            return number % 2
    return int(person_id[1:]) % 2
