"""What the apps of a house say to each other: published events, and who reads which of them."""

from __future__ import annotations

import ast
import importlib
import inspect
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from deploy.compose import House
from deploy.keys import ALL, SERVICES
from kit.db import new_id
from kit.follow import Envelope, Follower, Reader, Readers, Refusals, family_of, reader_of
from kit.outbox import Event


def published() -> dict[str, dict[str, type[Event]]]:
    """Service → event type → class."""
    found: dict[str, dict[str, type[Event]]] = {}
    for name in ALL:
        module = importlib.import_module(f"services.{name}.events" if name in SERVICES else f"{name}.events")
        found[name] = {event.type: event for event in module.EVENTS}
    return found


@dataclass(frozen=True)
class Listening:
    """One event type that one service has a reader for."""

    consumer: str
    feed: str
    type: str
    reader: Reader

    def __str__(self) -> str:
        return f"{self.consumer} reads {self.type} of {self.feed}"


def listeners(house: House) -> list[Listening]:
    """Everything that is listened to in a composed house: each published type that somebody reads, by its family or by itself."""
    events = published()
    return [
        Listening(consumer, follower.feed, kind, reader)
        for consumer, follower in followers(house)
        for kind in events[follower.feed]
        if (reader := reader_of(follower.readers, follower.refused, kind)) is not None
    ]


def followers(house: House) -> list[tuple[str, Follower]]:
    """Who follows whom in a composed house."""
    return [
        (consumer, follower)
        for consumer, app in sorted(house.apps.items())
        for follower in app.state.followers
        if isinstance(follower, Follower)
    ]


def unread(readers: Readers, refused: Refusals, kinds: Iterable[str]) -> list[str]:
    """What is wrong with an inbox for a feed that publishes these types, as sentences.

    Whoever reads one event of a family reads them all, or says of each other one why not.
    """
    known = set(kinds)
    families = {family_of(kind) for kind in readers}
    members = {kind for kind in known if family_of(kind) in families}
    return [
        *(
            f"{kind} has neither a reader nor a refusal"
            for kind in sorted(members)
            if kind not in refused and not reader_of(readers, {}, kind)
        ),
        *(f"{kind} is read and refused" for kind in sorted(refused) if kind in readers),
        *(f"the refusal of {kind} gives no reason" for kind, why in sorted(refused.items()) if len(why.split()) < 3),
        *(f"{kind} is refused, and nobody says it" for kind in sorted(refused) if kind not in known),
        *(f"{kind} is read, and nobody says it" for kind in sorted(readers) if not _is_said(kind, known)),
    ]


def _is_said(kind: str, known: set[str]) -> bool:
    return any(family_of(one) == kind for one in known) if kind.endswith(".*") else kind in known


def envelope(event: type[Event], subject: UUID, at: datetime, extra: Mapping[str, Any] | None = None) -> Envelope:
    """An event's sample as its feed would show it; `extra` are fields that a later version might add."""
    data = {**event.model_validate(event.sample).model_dump(mode="json"), **(extra or {})}
    return Envelope.model_validate(
        {
            "position": "1.1",
            "id": new_id(),
            "type": event.type,
            "version": event.version,
            "occurred_at": at,
            "subject_id": subject,
            "division_code": str(data.get("division_code", "610822100000")),
            "actor": "test",
            "request_id": "test",
            "data": data,
            **(extra or {}),
        }
    )


def models_read(reader: Reader) -> Iterator[type[BaseModel]]:
    """The models by which a reader reads an event's data: `Model.model_validate(event.data)` in its source."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(reader)))
    for node in ast.walk(tree):
        is_reading = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "model_validate"
        if is_reading and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            found = inspect.unwrap(reader).__globals__[node.func.value.id]
            if isinstance(found, type) and issubclass(found, BaseModel):
                yield found


def asked_in_vain(model: type[BaseModel], event: type[Event]) -> list[str]:
    """Fields that a reader's model knows and the event does not carry: a typo, or a name that changed."""
    return sorted({field.alias or name for name, field in model.model_fields.items()} - event.model_fields.keys())
