"""Every published event is understood by whoever listens to it, and nobody listens to what nobody says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel

from kit.db import new_id
from kit.follow import Envelope, Reader
from kit.outbox import Event
from kit.work import Work, system_work
from tests.contracts.language import Listening, asked_in_vain, envelope, followers, listeners, models_read, published, unread
from tests.houses import TestHouse

pytestmark = pytest.mark.anyio

LATER = {"a_field_of_a_later_version": {"of": ["any", "shape"]}}


async def hear(house: TestHouse, heard: Sequence[tuple[Listening, Envelope]]) -> list[str]:
    """Let one service read events in one unit of work, which is then rolled back. What a reader raised, as sentences."""
    app = house.house.apps[heard[0][0].consumer].state.house
    raised: list[str] = []
    async with app.database.session() as session:
        for listening, event in heard:
            try:
                async with session.begin_nested():
                    work = system_work(app, session, event.request_id, f"{listening.consumer}/follow")
                    await listening.reader(work, event)
                    await session.flush()
            except Exception as error:  # whatever a reader raises would park the event
                raised.append(f"{listening}: {type(error).__name__}: {error}")
        await session.rollback()
    return raised


async def test_no_event_of_a_family_is_left_unread_without_a_reason(house: TestHouse) -> None:
    """What nobody reads and nobody refuses is forgotten; a typo in a key would be passed over in silence for ever."""
    events = published()
    found = [
        f"{consumer} of {follower.feed}: {fault}"
        for consumer, follower in followers(house.house)
        for fault in unread(follower.readers, follower.refused, events[follower.feed])
    ]
    assert found == []


@pytest.mark.parametrize(
    ("readers", "refused", "fault"),
    [
        (["test.said"], {}, "test.heard has neither a reader nor a refusal"),
        (["test.*"], {"test.heard": "why"}, "the refusal of test.heard gives no reason"),
        (["test.said", "test.heard"], {"test.heard": "it was only a rumour"}, "test.heard is read and refused"),
        (["test.*"], {"test.herd": "it was only a rumour"}, "test.herd is refused, and nobody says it"),
        (["test.*", "tset.said"], {}, "tset.said is read, and nobody says it"),
        (["test.*", "text.*"], {}, "text.* is read, and nobody says it"),
    ],
)
async def test_a_planted_gap_in_an_inbox_is_found(readers: list[str], refused: dict[str, str], fault: str) -> None:
    """The contract bites."""
    assert unread(dict.fromkeys(readers, read_with_typo), refused, ["test.said", "test.heard", "other.thing"]) == [fault]


async def test_a_whole_inbox_has_no_fault() -> None:
    """By its family, by each type, or with a refusal and its reason; other families concern nobody."""
    kinds = ["test.said", "test.heard", "other.thing"]
    assert unread({"test.*": read_with_typo}, {}, kinds) == []
    assert unread({"test.said": read_with_typo}, {"test.heard": "it was only a rumour"}, kinds) == []


async def test_somebody_listens(house: TestHouse) -> None:
    """The composed house has readers at all: testing and alerts follow the registry."""
    assert {(item.consumer, item.feed) for item in listeners(house.house)} >= {
        ("testing", "registry"),
        ("alerts", "registry"),
        ("alerts", "testing"),
        ("alerts", "precursor"),
    }


async def test_no_reader_asks_for_a_field_that_the_event_does_not_carry(house: TestHouse) -> None:
    """A field with a default would hide the typo: nothing raises, and nothing is read."""
    events = published()
    found = [
        f"{item}: {model.__name__} asks for {name}"
        for item in listeners(house.house)
        for model in models_read(item.reader)
        for name in asked_in_vain(model, events[item.feed][item.type])
    ]
    assert found == []


@pytest.mark.parametrize("extra", [{}, LATER], ids=["as today", "with fields of a later version"])
async def test_no_reader_raises_for_a_sample(house: TestHouse, extra: dict[str, Any]) -> None:
    """Each sample alone, about somebody of whom the consumer has never heard."""
    events = published()
    raised: list[str] = []
    for item in listeners(house.house):
        raised += await hear(house, [(item, envelope(events[item.feed][item.type], new_id(), house.clock(), extra))])
    assert raised == []


async def test_a_whole_feed_about_one_subject_is_read_and_read_again(house: TestHouse) -> None:
    """All samples of a feed in their published order, twice with the same ids: a second delivery is harmless."""
    events = published()
    by_feed: dict[tuple[str, str], list[Listening]] = {}
    for item in listeners(house.house):
        by_feed.setdefault((item.consumer, item.feed), []).append(item)
    raised: list[str] = []
    for (_, feed), items in by_feed.items():
        subject, order = new_id(), list(events[feed])
        story = [
            (item, envelope(events[feed][item.type], subject, house.clock())) for item in sorted(items, key=lambda i: order.index(i.type))
        ]
        raised += await hear(house, [*story, *story])
    assert raised == []


async def test_events_about_a_known_person_are_read_in_any_order(house: TestHouse) -> None:
    """The feed keeps its order, but two feeds do not keep theirs: the backward order of each feed is read as well."""
    events = published()
    raised: list[str] = []
    for consumer in sorted({item.consumer for item in listeners(house.house)}):
        items = [item for item in listeners(house.house) if item.consumer == consumer]
        subject = new_id()
        raised += await hear(house, [(item, envelope(events[item.feed][item.type], subject, house.clock())) for item in reversed(items)])
    assert raised == []


class Said(Event):
    """An event for the self-test."""

    type: ClassVar[str] = "test.said"
    sample: ClassVar[dict[str, Any]] = {"division_code": "610822100000"}

    division_code: str


class Asked(BaseModel):
    """What a reader with a typo asks for."""

    division: str = ""


async def read_with_typo(work: Work, event: Envelope) -> None:
    """A reader with a typo."""
    Asked.model_validate(event.data)


async def test_a_planted_typo_is_found() -> None:
    """The contract bites."""
    reader: Reader = read_with_typo
    assert [asked_in_vain(model, Said) for model in models_read(reader)] == [["division"]]
