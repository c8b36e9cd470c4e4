"""Invented counties, made otherwise than the practice set: other densities, longitudes and party sizes, long nights, neighbours, groups that move on.

Every person is a number. The ground truth is what was planted; what people do besides (home, work, market, a shop round the corner that nobody
registered, visits by staff, phones that jump) is noise that must raise nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from services.alerts.detectors.parameters import GatheringParameters
from services.alerts.detectors.places import GatheringContext, PersonPlaces, Spot
from services.alerts.detectors.rules import SHANGHAI, CheckIn, distance_m
from tests.alerts.detectors.practice import Score, companies, gathering_alerts, score_gatherings

MONDAY = datetime(2022, 3, 7, tzinfo=SHANGHAI)
Place = tuple[float, float]


@dataclass(frozen=True)
class County:
    """What an invented county is like. `radius_m`: how far homes lie from the middle; `shops`: places that many go to and nobody registered."""

    name: str
    middle: Place
    persons: int = 400
    radius_m: float = 3000.0
    shops: int = 25
    days: int = 14
    talkative: bool = True
    """Whether guests report again when a party is long; else most report once, however long it lasts."""


@dataclass(frozen=True)
class Party:
    """A planted gathering: how many, from when, how long, and its kind."""

    kind: str
    size: int
    starts: datetime
    lasts: timedelta
    stops: int = 1


def parties(random: Random, days: int) -> list[Party]:
    """Small and large ones, short and long, over midnight, two next door at once, and groups that move on."""
    found: list[Party] = []
    for day in range(8, days):
        evening = MONDAY + timedelta(days=day, hours=18)
        sizes = (3, 4, random.randint(5, 8), random.randint(9, 15))
        found += [
            Party("evening", size, evening + timedelta(minutes=random.randint(0, 180)), timedelta(minutes=random.randint(40, 170)))
            for size in sizes
        ]
        found.append(
            Party("over midnight", random.randint(4, 12), evening + timedelta(hours=4), timedelta(minutes=random.randint(240, 480)))
        )
        found.append(Party("next door", random.randint(4, 7), evening + timedelta(hours=2), timedelta(minutes=random.randint(60, 120))))
        found.append(Party("moves on", random.randint(4, 7), evening + timedelta(hours=1), timedelta(minutes=150), stops=3))
        found.append(
            Party("noon", random.randint(3, 6), MONDAY + timedelta(days=day, hours=11), timedelta(minutes=random.randint(40, 120)))
        )
    return found


class Maker:
    """Makes one county's check-ins and its truth."""

    def __init__(self, county: County, seed: int) -> None:
        self.random, self.county = Random(seed), county
        self.checkins: list[CheckIn] = []
        self.truth: list[dict[str, Any]] = []
        self.busy: dict[str, list[tuple[datetime, datetime]]] = {}
        self.homes: dict[str, Place] = {}
        self.works: dict[str, Place] = {}
        self.households: dict[str, str] = {}
        self.shops = [self.near(county.middle, county.radius_m) for _ in range(county.shops)]
        self.markets = [self.near(county.middle, county.radius_m / 2) for _ in range(3)]
        work = [self.near(county.middle, county.radius_m) for _ in range(county.persons // 10)]
        household = 0
        while len(self.homes) < county.persons:
            household += 1
            home = self.near(county.middle, county.radius_m)
            for _ in range(self.random.choice((1, 1, 1, 1, 2, 3))):
                person = f"C{len(self.homes):04d}"
                self.homes[person], self.households[person] = home, f"H{household}"
                if self.random.random() < 0.5:
                    self.works[person] = self.random.choice(work)

    def near(self, place: Place, metres: float) -> Place:
        """Somewhere around a place, evenly over the disc."""
        turn, away = self.random.uniform(0, 2 * math.pi), metres * math.sqrt(self.random.random())
        return self.moved(place, away * math.cos(turn), away * math.sin(turn))

    @staticmethod
    def moved(place: Place, east_m: float, north_m: float) -> Place:
        """A place so many metres further."""
        return place[0] + east_m / (111_195.0 * math.cos(math.radians(place[1]))), place[1] + north_m / 111_195.0

    def say(self, person: str, at: datetime, place: Place, source: str = "app") -> None:
        """One check-in, with an error like a phone's: mostly some metres, indoors tens, now and then far and said so, rarely far and not said."""
        error = abs(self.random.gauss(0, 14)) + 3
        luck = self.random.random()
        told = error * self.random.uniform(0.7, 1.8)
        if luck < 0.03:
            error = self.random.uniform(150, 1500)
            told = error * self.random.uniform(0.8, 1.3)
        elif luck < 0.033:
            error, told = self.random.uniform(3000, 30000), 15.0
        turn = self.random.uniform(0, 2 * math.pi)
        lon, lat = self.moved(place, error * math.cos(turn), error * math.sin(turn))
        lon = (lon + 540.0) % 360.0 - 180.0
        self.checkins.append(CheckIn(f"K{len(self.checkins):06d}", person, at, round(lon, 6), round(lat, 6), round(told, 1), source))

    def free(self, people: Sequence[str], start: datetime, end: datetime) -> list[str]:
        """Those who are nowhere else then."""
        return [p for p in people if not any(a < end and start < b for a, b in self.busy.get(p, ()))]

    def venue(self) -> Place:
        """A place that is nobody's and no shop."""
        known = [*self.homes.values(), *self.works.values(), *self.shops, *self.markets]
        while True:
            place = self.near(self.county.middle, self.county.radius_m * 1.3)
            if all(distance_m(*place, *other) > 260 for other in known) or self.random.random() < 0.002:
                return place

    def plant(self, party: Party, place: Place) -> None:
        """One gathering: everybody comes, reports once or more while there, and goes."""
        pad, end = timedelta(minutes=40), party.starts + party.lasts
        free = self.free(list(self.homes), party.starts - pad, end + pad)
        guests: list[str] = []
        for person in self.random.sample(free, len(free)):
            if self.households[person] not in {self.households[g] for g in guests}:
                guests.append(person)
            if len(guests) == party.size:
                break
        stays = party.lasts / party.stops
        places = [place, *(self.moved(place, 400.0 * n, 150.0 * n) for n in range(1, party.stops))]
        times: list[datetime] = []
        for person in guests:
            self.busy.setdefault(person, []).append((party.starts - pad, end + pad))
            for stop, where in enumerate(places):
                opens = party.starts + stays * stop
                for _ in range(self.random.choice((1, 1, 1, 2)) + (int(stays / timedelta(hours=2)) if self.county.talkative else 0)):
                    at = opens + stays * self.random.random()
                    times.append(at)
                    self.say(person, at, where)
        self.truth.append(
            {
                "kind": party.kind,
                "size": party.size,
                "persons": sorted(guests),
                "start": min(times).isoformat(),
                "end": max(times).isoformat(),
            }
        )

    def live(self, person: str, day: datetime) -> None:
        """An ordinary day."""
        random, wanted = self.random, list[tuple[datetime, Place, str]]()
        if random.random() < 0.7:
            wanted.append((day + timedelta(hours=random.gauss(7.5, 0.8)), self.homes[person], "app"))
        if person in self.works and day.weekday() < 6 and random.random() < 0.6:
            wanted.append((day + timedelta(hours=random.gauss(13, 2)), self.works[person], "app"))
        elif random.random() < 0.25:
            place = random.choice((random.choice(self.markets), random.choice(self.shops), self.near(self.homes[person], 900)))
            wanted.append((day + timedelta(hours=random.gauss(14, 3)), place, "app"))
        if random.random() < 0.7:
            wanted.append((day + timedelta(hours=random.gauss(21, 1)), self.homes[person], "app"))
        if random.random() < 0.03:
            wanted.append((day + timedelta(hours=random.gauss(15, 2)), self.near(self.homes[person], 500), "worker"))
        for at, place, source in wanted:
            if not any(a <= at <= b for a, b in self.busy.get(person, ())):
                self.say(person, at, place, source)


@dataclass(frozen=True)
class Invented:
    """A county's check-ins in time order, what is known of it, and what was planted."""

    checkins: list[CheckIn]
    context: GatheringContext
    truth: list[dict[str, Any]]

    def score(self, parameters: GatheringParameters) -> tuple[Score, dict[str, str]]:
        """The score of the detector, and found of planted by kind."""
        alerts = companies(gathering_alerts(self.checkins, self.context, parameters).values(), parameters)
        kinds: dict[str, str] = {}
        for kind in sorted({event["kind"] for event in self.truth}):
            events = [event for event in self.truth if event["kind"] == kind]
            kinds[kind] = f"{score_gatherings(alerts, events).found}/{len(events)}"
        return score_gatherings(alerts, self.truth), kinds


def invent(county: County, seed: int, *, registered: bool) -> Invented:
    """The same seed gives the same county. `registered`: the county has entered the shops as public places, as it does once they were flagged."""
    maker = Maker(county, seed)
    for party in parties(maker.random, county.days):
        place = maker.venue()
        maker.plant(party, place)
        if party.kind == "next door":
            maker.plant(party, maker.moved(place, maker.random.uniform(130, 220), maker.random.uniform(-60, 60)))
    for day in range(county.days):
        for person in maker.homes:
            maker.live(person, MONDAY + timedelta(days=day))
    own = {person: (Spot(*home), *((Spot(*maker.works[person]),) if person in maker.works else ())) for person, home in maker.homes.items()}
    persons = {person: PersonPlaces(maker.households[person], None, own[person]) for person in maker.homes}
    shops = maker.shops if registered else []
    context = GatheringContext(persons, tuple(Spot(*place) for place in (*maker.markets, *shops)), ())
    return Invented(sorted(maker.checkins, key=lambda c: (c.at, c.checkin_id)), context, maker.truth)


COUNTIES = (
    County("a small town in Shaanxi", (110.9, 39.1)),
    County("a crowded district in Guangdong", (113.4, 23.1), persons=1500, radius_m=1800.0, shops=60),
    County("pastures in Inner Mongolia", (119.7, 49.2), persons=250, radius_m=20000.0, shops=10),
    County("an oasis in Xinjiang", (75.9, 39.5), persons=600, radius_m=5000.0),
    County("on the date line", (179.99, 52.0), persons=400, radius_m=4000.0),
)
