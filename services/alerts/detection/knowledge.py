"""What the detectors may know, read from the tables: homes and learned places are opened here and held in memory alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from kit.clock import day_start, local_day
from kit.work import Work
from services.alerts.detection import repository
from services.alerts.detectors.parameters import GatheringParameters
from services.alerts.detectors.places import GatheringContext, Occasion, PersonPlaces, Spot
from services.alerts.detectors.rules import CheckIn, distance_m
from services.alerts.places import repository as places
from services.alerts.places.tables import CENTRES, PUBLIC_KINDS


@dataclass(slots=True)
class Known:
    """Everything that makes a presence innocent, by person id as text."""

    persons: dict[str, PersonPlaces] = field(default_factory=dict)
    registered: dict[str, tuple[Spot, ...]] = field(default_factory=dict)
    """Homes and workplaces, without learned places."""
    first_seen: dict[str, datetime] = field(default_factory=dict)
    public: tuple[Spot, ...] = ()
    counties: frozenset[str] = frozenset()
    """The counties that a check-in can be told to lie in."""
    occasions: tuple[Occasion, ...] = ()

    def context(self) -> GatheringContext:
        """As the gathering detector takes it."""
        return GatheringContext(self.persons, self.public, self.occasions)

    def meet(self, person_id: str, at: datetime, parameters: GatheringParameters) -> bool:
        """Note the first sighting of a person; whether it was the first."""
        if person_id in self.first_seen:
            return False
        self.first_seen[person_id] = at
        known = self.persons.get(person_id, PersonPlaces())
        self.persons[person_id] = PersonPlaces(known.household, known.workplace, known.own, known_from(at, parameters))
        return True

    def add_learned(self, person_id: str, spots: tuple[Spot, ...]) -> None:
        """Take up places that became a person's own."""
        known = self.persons.get(person_id, PersonPlaces())
        self.persons[person_id] = PersonPlaces(known.household, known.workplace, known.own + spots, known.known_from)

    def is_registered_place(self, checkin: CheckIn, parameters: GatheringParameters) -> bool:
        """Whether a check-in was made at the person's registered home or workplace."""
        return any(
            distance_m(checkin.lon, checkin.lat, spot.lon, spot.lat) <= (spot.radius_m or parameters.own_place_m)
            for spot in self.registered.get(checkin.person_id, ())
        )


def known_from(first: datetime, parameters: GatheringParameters) -> datetime:
    """From when a person's ordinary places count as known."""
    return day_start(local_day(first)) + timedelta(days=parameters.newcomer_days)


def _point(text: str) -> tuple[float, float]:
    lon, _, lat = text.partition(",")
    return float(lon), float(lat)


async def read_known(work: Work, since: datetime, parameters: GatheringParameters) -> Known:
    """Read everything that explains a presence from `since` on."""
    known = Known(first_seen=await repository.first_sightings(work.session))
    rows = await places.places(work.session)
    known.counties = frozenset(place.division_code[:6] for place in rows if place.kind in CENTRES)
    spots = {place.code: (place.kind, Spot(place.lon, place.lat, place.radius_m)) for place in rows}
    known.public = tuple(spot for kind, spot in spots.values() if kind in PUBLIC_KINDS)
    occasions = (await work.session.execute(places.occasions_after(since - timedelta(days=1)))).scalars()
    known.occasions = tuple(Occasion(o.starts_at, o.ends_at, Spot(o.lon, o.lat, o.radius_m)) for o in occasions)
    for row in await places.ordinary_places(work.session):
        person = str(row.person_id)
        own: tuple[Spot, ...] = ()
        if row.home_sealed is not None:
            own = (Spot(*_point(work.sealer.open(row.home_sealed, "ordinary_places", "home", person))),)
        if row.workplace_code in spots:
            own += (spots[row.workplace_code][1],)
        known.registered[person] = own
        known.persons[person] = PersonPlaces(row.household_key, row.workplace_code, own)
    for person, at in known.first_seen.items():
        there = known.persons.get(person, PersonPlaces())
        known.persons[person] = PersonPlaces(there.household, there.workplace, there.own, known_from(at, parameters))
    for place in await repository.learned_places(work.session, since):
        spot = Spot(*_point(work.sealer.open(place.spot_sealed, "learned_place", "spot", str(place.id))), None, place.since, place.until)
        known.add_learned(str(place.person_id), (spot,))
    return known


def sealed_spot(work: Work, place_id: UUID, spot: Spot) -> bytes:
    """A learned place as it is stored."""
    return work.sealer.seal(f"{spot.lon},{spot.lat}", "learned_place", "spot", str(place_id))
