"""The detectors' state in one process: rebuilt from the tables whenever another process, or a failure, came between."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from kit.clock import SHANGHAI, local_day
from kit.work import Work
from services.alerts.detection import repository
from services.alerts.detection.knowledge import Known, read_known
from services.alerts.detection.repository import Seen
from services.alerts.detection.tables import DetectionState
from services.alerts.detectors.flow import OvernightExit
from services.alerts.detectors.gathering import GatheringDetector
from services.alerts.detectors.movements import Sighting
from services.alerts.detectors.parameters import FlowParameters, GatheringParameters
from services.alerts.detectors.rules import CheckIn

LEARN_AT = time(2)
"""Local hour at which places are learned."""
MORNING_AT = time(9, 30)
"""Local hour at which nights away and silences are looked at."""
ANY_TIME = datetime(1990, 1, 1, tzinfo=SHANGHAI)
"""Before anything was seen: a history may begin at any time, and all that was ever announced explains it."""
LONGEST_CATCH_UP = timedelta(days=100)
"""After a longer pause the nights before are not made up for: nothing in the tables reaches further back."""


@dataclass(slots=True)
class Memory:
    """What one process holds between runs."""

    counter: int
    knowledge: int
    day: date
    """For whom a measure runs is a question of the day: another day, another memory (law 7)."""
    phones: bool
    """Whether detectors may look at check-ins by phone."""
    known: Known
    detector: GatheringDetector
    newest: datetime | None
    learned_until: datetime | None
    morning_until: datetime | None
    elsewhere: dict[str, deque[CheckIn]] = field(default_factory=lambda: defaultdict(deque))
    """Check-ins of the last two weeks away from registered homes and workplaces: what places are learned from."""
    last: dict[str, tuple[datetime, str, datetime | None]] = field(default_factory=dict)
    """Person → last check-in, its county, last check-in out of the county; only those who ever were out."""
    sightings: dict[str, list[Sighting]] = field(default_factory=dict)
    """Histories of persons lately out of the county."""
    exits: list[OvernightExit] = field(default_factory=list)

    def note(self, seen: Seen, parameters: GatheringParameters, flow: FlowParameters, county: str) -> None:
        """Remember one check-in for learning and for flow."""
        if seen.checkin is not None and not self.known.is_registered_place(seen.checkin, parameters):
            self.elsewhere[seen.person_id].append(seen.checkin)
        out = seen.county_code != county
        before = self.last.get(seen.person_id)
        if out or before is not None:
            last_out = seen.at if out and (before is None or before[2] is None or seen.at > before[2]) else before[2] if before else None
            newest = (seen.at, seen.county_code) if before is None or seen.at >= before[0] else before[:2]
            self.last[seen.person_id] = (*newest, last_out)
        if seen.person_id in self.sightings and seen.accuracy_m <= flow.maximum_accuracy_m:
            self.sightings[seen.person_id].append(Sighting(seen.at, seen.id, seen.county_code))


def first_moment(hour: time, at: datetime) -> datetime:
    """The given local hour of the day of `at`."""
    return datetime.combine(local_day(at), hour, SHANGHAI)


async def rebuild(
    work: Work, state: DetectionState, knowledge: int, parameters: GatheringParameters, flow: FlowParameters, *, phones: bool
) -> Memory:
    """The state that the last committed run left, from the tables. People whose measure ended are no longer part of it."""
    learn_from = state.newest - timedelta(days=parameters.habit_within_days) if state.newest else ANY_TIME
    known = await read_known(work, learn_from, parameters)
    detector = GatheringDetector(parameters, known.context())
    memory = Memory(state.counter, knowledge, work.today, phones, known, detector, state.newest, state.learned_until, state.morning_until)
    if state.newest is None:
        return memory
    horizon = state.newest - parameters.lateness - parameters.window
    since = min(state.replay_from or horizon, horizon)
    county: str = work.house.county
    for seen in await repository.observed_since(work, min(since, learn_from), phones=phones):
        if seen.usable and seen.checkin is not None:
            memory.note(seen, parameters, flow, county)
            if seen.at >= since:
                detector.observe(seen.checkin)
    memory.last = await repository.last_sightings(work.session, county, state.newest - timedelta(days=flow.history_days), phones=phones)
    return memory
