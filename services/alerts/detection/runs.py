"""One run of the detectors over check-ins in time order, with the nightly and the morning work done when the stream passes their hour."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from kit.clock import local_day
from kit.db import new_id
from kit.work import Work
from services.alerts.detection import repository
from services.alerts.detection.knowledge import sealed_spot
from services.alerts.detection.memory import LEARN_AT, LONGEST_CATCH_UP, MORNING_AT, Memory, first_moment
from services.alerts.detection.repository import Seen
from services.alerts.detection.store import newest_only, record_anomaly, record_gathering
from services.alerts.detectors.flow import detect_flow, overnight_exits
from services.alerts.detectors.gathering import GatheringChange
from services.alerts.detectors.habits import learn_places
from services.alerts.detectors.movements import AnnouncedAbsence, PersonHistory, Sighting, flow_day
from services.alerts.detectors.parameters import FlowParameters, GatheringParameters
from services.alerts.places import repository as places
from services.alerts.watched import repository as watched

_DAY = timedelta(days=1)
LONGEST_ABSENCE_DAYS = 366
"""What the first release took had no bounds: a report of a thousand years explains a year."""
_BREATH = 200
"""Check-ins after which others in this process are served."""


class Run:
    """One unit of work of detection."""

    def __init__(self, work: Work, memory: Memory, parameters: GatheringParameters, flow: FlowParameters) -> None:
        self._work = work
        self._memory = memory
        self._parameters = parameters
        self._flow = flow
        self._county: str = work.house.county
        self._ahead: set[str] = set()

    async def take(self, batch: Sequence[Seen]) -> None:
        """Observe a batch in time order."""
        part: list[Seen] = []
        self._ahead = {seen.id for seen in batch}  # in the tables already, not yet in the stream
        for seen in batch:
            if self._next_moment(seen.at) is not None:
                await self._observe(part)
                part = []
                await self.advance(seen.at)
            part.append(seen)
        await self._observe(part)

    async def advance(self, to: datetime) -> None:
        """Do the nightly and morning work that is due up to a moment, in order."""
        while (moment := self._next_moment(to)) is not None:
            if moment == self._memory.learned_until:
                await self._learn(moment)
                self._memory.learned_until = moment + _DAY
            else:
                await self._look_at_flow(moment)
                self._memory.morning_until = moment + _DAY

    def _next_moment(self, to: datetime) -> datetime | None:
        """The next hour of nightly or morning work that is not after `to`. Both fields hold the next moment due."""
        memory = self._memory
        if memory.learned_until is None or memory.learned_until < to - LONGEST_CATCH_UP:
            memory.learned_until = first_moment(LEARN_AT, to if memory.learned_until is None else to - LONGEST_CATCH_UP) + _DAY
        if memory.morning_until is None or memory.morning_until < to - LONGEST_CATCH_UP:
            memory.morning_until = first_moment(MORNING_AT, to if memory.morning_until is None else to - LONGEST_CATCH_UP) + _DAY
        moment = min(memory.learned_until, memory.morning_until)
        return moment if moment <= to else None

    async def _observe(self, batch: Sequence[Seen]) -> None:
        work, memory, parameters = self._work, self._memory, self._parameters
        first: dict[str, datetime] = {}
        changes: list[GatheringChange] = []
        travelled: dict[str, datetime] = {}
        for number, seen in enumerate(batch, 1):
            self._ahead.discard(seen.id)
            if not seen.usable or seen.checkin is None:
                continue  # the measure ended between check-in and detection, or the county does not let detectors use it (law 7, ADR 0005)
            if memory.known.meet(seen.person_id, seen.at, parameters):
                first[seen.person_id] = seen.at
            memory.note(seen, parameters, self._flow, self._county)
            changes += memory.detector.observe(seen.checkin)
            if memory.newest is None or seen.at > memory.newest:
                memory.newest = seen.at
            if seen.county_code != self._county:
                travelled[seen.person_id] = max(seen.at, travelled.get(seen.person_id, seen.at))
            if number % _BREATH == 0:
                await asyncio.sleep(0)
        await repository.add_first_sightings(work.session, first)
        for gathering in newest_only(changes):
            await record_gathering(work, gathering, parameters)
        histories = await self._histories(travelled)
        for person, as_of in sorted(travelled.items()):
            await self._flag(histories[person], as_of)

    async def _flag(self, history: PersonHistory, as_of: datetime) -> None:
        for anomaly in detect_flow(history, as_of, self._flow, self._memory.exits):
            await record_anomaly(self._work, anomaly)

    async def _look_at_flow(self, as_of: datetime) -> None:
        """Each morning: nights away, and those last seen away who have fallen silent. Others cannot have changed overnight."""
        memory, lately = self._memory, as_of - timedelta(days=self._flow.episode_gap_days + 1)
        people = {p for p, (_, county, out) in memory.last.items() if county != self._county or (out is not None and out >= lately)}
        running = await watched.divisions_of(self._work.session, [UUID(person) for person in people], self._work.today)
        people &= {str(person) for person in running}
        histories = await self._histories(people)
        for gone in set(memory.sightings) - people:
            del memory.sightings[gone]
        since = local_day(as_of - timedelta(days=3))
        memory.exits = []
        for person in sorted(people):
            memory.exits += overnight_exits(histories[person], as_of, self._flow, since)
            await asyncio.sleep(0)
        # Everything else about a person changes with a check-in of theirs, and was looked at then.
        silent = {person for person in people if memory.last[person][1] != self._county}
        for person in sorted(silent | {exit_.person_id for exit_ in memory.exits}):
            await self._flag(histories[person], as_of)
            await asyncio.sleep(0)

    async def _histories(self, people: Iterable[str]) -> dict[str, PersonHistory]:
        people = list(people)
        if not people:
            return {}
        memory = self._memory
        since = (memory.newest or self._work.now) - timedelta(days=self._flow.history_days + 1)
        missing = [person for person in people if person not in memory.sightings]
        if missing:
            for person in missing:
                memory.sightings[person] = []
            sightings = await repository.sightings_of(
                self._work.session, missing, since, self._flow.maximum_accuracy_m, phones=memory.phones
            )
            for row in sightings:
                if row.id not in self._ahead:
                    memory.sightings[row.person_id].append(Sighting(row.at, row.id, row.county_code))
        absences: dict[str, list[AnnouncedAbsence]] = {}
        counties = memory.known.counties
        for row in await places.absences_of(self._work.session, [UUID(person) for person in people], local_day(since)):
            absences.setdefault(str(row.person_id), []).append(
                AnnouncedAbsence(
                    row.first_day,
                    min(row.last_day, row.first_day + timedelta(days=LONGEST_ABSENCE_DAYS)),
                    row.county_code if row.county_code in counties else None,
                )
            )  # to a county that nobody could recognise: the report explains wherever the person was
        households = memory.known.persons
        return {
            person: PersonHistory(
                person,
                self._county,
                memory.sightings[person],
                absences.get(person, ()),
                households[person].household if person in households else None,
            )
            for person in people
        }

    async def _learn(self, as_of: datetime) -> None:
        """Each night: places that became somebody's own by habit."""
        memory, parameters = self._memory, self._parameters
        horizon = as_of - timedelta(days=parameters.habit_within_days)
        rows = []
        for number, (person, visits) in enumerate(list(memory.elsewhere.items()), 1):
            while visits and visits[0].at < horizon:
                visits.popleft()
            if not visits:
                del memory.elsewhere[person]
                continue
            if len({flow_day(visit.at) for visit in visits}) < parameters.habit_days - 1:
                continue  # too few days for a habit, however counted
            known = memory.known.persons.get(person)
            for spot in learn_places(known.own if known else (), visits, as_of, parameters):
                place_id = new_id()
                rows.append(
                    {
                        "id": place_id,
                        "person_id": UUID(person),
                        "spot_sealed": sealed_spot(self._work, place_id, spot),
                        "since": spot.since,
                        "until": spot.until,
                    }
                )
                memory.known.add_learned(person, (spot,))
            if number % _BREATH == 0:
                await asyncio.sleep(0)
        await repository.add_learned(self._work.session, rows)
        memory.detector.use_context(memory.known.context())
