"""What the neighbours tell alerts, given to its readers as their feeds would."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from kit.db import new_id
from kit.follow import Envelope, reader_of
from kit.work import House, system_work
from services.alerts.inbox import READERS, REFUSED
from tests.houses import TestHouse

TOWN = "610822100000"
OTHER_TOWN = "610822105000"
NAMES = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")


def an_id(name: str) -> UUID:
    """An id that a name always has."""
    return uuid5(NAMES, name)


def envelope(feed_type: str, subject: UUID, data: dict[str, Any], at: datetime, division: str = TOWN) -> Envelope:
    """An event as a feed shows it."""
    return Envelope(
        position="1.1",
        id=new_id(),
        type=feed_type,
        version=1,
        occurred_at=at,
        subject_id=subject,
        division_code=division,
        actor="test",
        request_id="test",
        data=data,
    )


async def tell(house: TestHouse, feed: str, events: Iterable[Envelope]) -> None:
    """Let the readers of a feed apply events in one transaction, as a follower does."""
    app: House = house.house.apps["alerts"].state.house
    async with app.database.session() as session:
        for event in events:
            work = system_work(app, session, event.request_id, "alerts/follow")
            reader = reader_of(READERS[feed], REFUSED.get(feed, {}), event.type)
            assert reader is not None, f"nobody reads {event.type}"
            await reader(work, event)
            await session.flush()
        await session.commit()


def measure(
    person: UUID,
    at: datetime,
    *,
    kind: str = "measure.reported_in",
    state: str = "active",
    town: str = TOWN,
    since: date = date(2020, 5, 1),
    until: date | None = date(2023, 5, 1),
    on: date | None = None,
) -> Envelope:
    """A measure event of the registry about a person's one measure."""
    data = {
        "measure_id": str(an_id(f"measure of {person}")),
        "kind": "community_treatment",
        "state": state,
        "division_code": town,
        "on": (on or since).isoformat(),
        "term_start": since.isoformat(),
        "term_end": until.isoformat() if until else None,
        "reason": None,
    }
    return envelope(kind, person, data, at, town)


async def watch(house: TestHouse, *persons: UUID, town: str = TOWN, **more: Any) -> None:
    """Let measures of these persons run."""
    await tell(house, "registry", [measure(person, house.clock() - timedelta(days=1), town=town, **more) for person in persons])
