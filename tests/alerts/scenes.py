"""Small scenes of fictitious people checking in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kit.roles import Role
from kit.work import House
from services.alerts.detection.worker import Detection
from services.alerts.staff import CareTeams
from tests.alerts.neighbours import TOWN, an_id, watch
from tests.houses import Caller, TestHouse

THREE = (an_id("甲"), an_id("乙"), an_id("丙"))
BARN = (110.9371, 39.2502)
"""A place that explains nothing."""


def checkin(person: UUID, at: datetime, key: str, place: tuple[float, float] = BARN, **more: Any) -> dict[str, Any]:
    """A check-in of a phone."""
    return {"checkin_id": key, "person_id": str(person), "at": at.isoformat(), "lon": place[0], "lat": place[1], "accuracy_m": 12.0, **more}


async def observe(house: TestHouse) -> int:
    """Let the detectors take what is committed."""
    return await house.house.apps["alerts"].state.house.part(Detection).drain()


@dataclass
class Crowd(Caller):
    """A social worker with the care of some people, who also hands round their phones: what names no source is sent by the person's own account."""

    house: TestHouse | None = None


def carer(house: TestHouse, people: Sequence[UUID], role: Role = Role.SOCIAL_WORKER, code: str = "SW-1", **more: Any) -> Caller:
    """A member of staff on the care teams of these people, as the registry told a moment ago."""
    app: House = house.house.apps["alerts"].state.house
    app.part(CareTeams).remember(code, people, house.clock())
    return house.caller("alerts", role, staff_id=code, **more)


def crowd(house: TestHouse, people: Sequence[UUID] = ()) -> Crowd:
    """Their worker, and their phones."""
    worker = carer(house, people)
    return Crowd(worker.neighbour, worker.token, worker.headers, house=house)


async def send(caller: Caller, *checkins: dict[str, Any]) -> dict[str, Any]:
    """Send a batch that is taken whole; by a crowd each by their own phone, together as one answer."""
    if not isinstance(caller, Crowd) or any("source" in item for item in checkins):
        return await _sent(caller, checkins)
    assert caller.house is not None
    total: dict[str, Any] = {"accepted": 0, "duplicates": 0, "skewed": 0}
    for person in dict.fromkeys(item["person_id"] for item in checkins):
        phone = caller.house.caller("alerts", Role.SUBJECT, person_id=person, scope=())
        answer = await _sent(phone, [item for item in checkins if item["person_id"] == person])
        total = {name: total[name] + answer[name] for name in total}
    return total


async def _sent(caller: Caller, checkins: Sequence[dict[str, Any]]) -> dict[str, Any]:
    answer = await caller("POST", "/alerts/v1/checkins", {"checkins": list(checkins)})
    assert answer.status == 200, answer.body
    assert answer.json()["refused"] == []
    return answer.json()


async def known_for_a_week(house: TestHouse, people: Sequence[UUID] = THREE, town: str = TOWN) -> Crowd:
    """People whose measures run and who have checked in at their homes for more than a week. Gives back their worker."""
    await watch(house, *people, town=town)
    worker = crowd(house, people)
    first = house.clock() - timedelta(days=9)
    homes = [checkin(person, first + timedelta(minutes=n), f"home-{n}", (111.0 + n / 50, 39.1)) for n, person in enumerate(people)]
    await send(worker, *homes)
    await observe(house)
    return worker


async def meet(house: TestHouse, worker: Caller, people: Sequence[UUID] = THREE, *, at: datetime | None = None, key: str = "meet") -> None:
    """Let people check in at one place within half an hour, each by a request of its own."""
    begin = at or house.clock() - timedelta(minutes=40)
    for n, person in enumerate(people):
        await send(worker, checkin(person, begin + timedelta(minutes=10 * n), f"{key}-{n}"))
        await observe(house)


async def alerts_of(house: TestHouse, caller: Caller | None = None, query: str = "") -> list[dict[str, Any]]:
    """The list of alerts as the county office sees it."""
    caller = caller or house.caller("alerts", Role.COUNTY_OFFICER)
    answer = await caller("GET", "/alerts/v1/alerts" + query)
    assert answer.status == 200, answer.body
    return answer.json()["items"]
