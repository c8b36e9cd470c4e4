"""Small scenes of fictitious people checking in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kit.roles import Role
from services.alerts.detection.worker import Detection
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


async def send(caller: Caller, *checkins: dict[str, Any]) -> dict[str, Any]:
    """Send a batch that is taken whole."""
    answer = await caller("POST", "/alerts/v1/checkins", {"checkins": list(checkins)})
    assert answer.status == 200, answer.body
    assert answer.json()["refused"] == []
    return answer.json()


async def known_for_a_week(house: TestHouse, people: Sequence[UUID] = THREE, town: str = TOWN) -> Caller:
    """People whose measures run and who have checked in at their homes for more than a week. Gives back their worker."""
    await watch(house, *people, town=town)
    worker = house.caller("alerts", Role.SOCIAL_WORKER)
    first = house.clock() - timedelta(days=9)
    homes = [checkin(person, first + timedelta(minutes=n), f"home-{n}", (111.0 + n / 50, 39.1)) for n, person in enumerate(people)]
    await send(worker, *homes)
    await observe(house)
    return worker


async def meet(house: TestHouse, worker: Caller, people: Sequence[UUID] = THREE, *, at: datetime | None = None) -> None:
    """Let people check in at one place within half an hour, each by a request of its own."""
    begin = at or house.clock() - timedelta(minutes=40)
    for n, person in enumerate(people):
        await send(worker, checkin(person, begin + timedelta(minutes=10 * n), f"meet-{n}"))
        await observe(house)


async def alerts_of(house: TestHouse, caller: Caller | None = None, query: str = "") -> list[dict[str, Any]]:
    """The list of alerts as the county office sees it."""
    caller = caller or house.caller("alerts", Role.COUNTY_OFFICER)
    answer = await caller("GET", "/alerts/v1/alerts" + query)
    assert answer.status == 200, answer.body
    return answer.json()["items"]
