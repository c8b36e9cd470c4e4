"""Machines as pure data: which steps an object can take. Rules import it; it imports nothing but the standard library."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

START = "none"
"""The origin of the step that makes an object."""


class NotDeclared(Exception):
    """No step of this event leads from this state; `args`: the state and the event."""


@dataclass(frozen=True, slots=True)
class Step:
    """One declared step."""

    event: str
    origins: frozenset[str]
    target: str
    source: str
    """The law that it rests on, e.g. `DRR art. 20, 21`, or the section of docs/law.md."""
    zh: str
    en: str
    """What people read on the button."""
    roles: frozenset[str] = frozenset()
    """Who may take it; empty: nobody by hand (a job or an event of a neighbour takes it)."""
    needs: tuple[str, ...] = ()
    """Fields of the request that the step needs."""
    deadline: str = ""
    """The code of the duty that begins with it."""
    duty: bool = False
    """Whether somebody owes this step, so that a worklist shows it."""


def step(
    event: str,
    origins: str,
    target: str,
    source: str,
    zh: str,
    en: str,
    *,
    roles: Collection[str] = (),
    needs: str = "",
    deadline: str = "",
    duty: bool = False,
) -> Step:
    """A step whose origins and needed fields are words in one string."""
    return Step(event, frozenset(origins.split()), target, source, zh, en, frozenset(roles), tuple(needs.split()), deadline, duty)


class Machine:
    """The states of one column and the steps between them. An event may be declared more than once, from other origins to another target."""

    def __init__(self, column: str, states: Sequence[str], steps: Iterable[Step]) -> None:
        """`column`: `schema.table.column`. Raises ValueError for a step between states that do not exist, or two answers to one event."""
        self.column = column
        self.states = tuple(states)
        self.steps = tuple(steps)
        self._from: dict[tuple[str, str], Step] = {}
        known = {START, *self.states}
        for declared in self.steps:
            strange = {*declared.origins, declared.target} - known
            if strange or not declared.origins or not declared.source:
                raise ValueError(f"{column}: {declared.event} names {sorted(strange)} or lacks origin or source")
            for origin in declared.origins:
                if self._from.setdefault((origin, declared.event), declared) is not declared:
                    raise ValueError(f"{column}: {declared.event} is declared twice from {origin}")

    def find(self, state: str, event: str) -> Step | None:
        """The step of this event from this state, or None."""
        return self._from.get((state, event))

    def step(self, state: str, event: str) -> Step:
        """The step of this event from this state. Raises NotDeclared."""
        found = self.find(state, event)
        if found is None:
            raise NotDeclared(state, event)
        return found

    def open_from(self, state: str) -> list[Step]:
        """The steps that lead out of a state, in the order of their declaration."""
        return [declared for declared in self.steps if state in declared.origins]

    def unreachable(self) -> set[str]:
        """States that no step reaches from the start."""
        reached = {START}
        while True:
            more = {declared.target for declared in self.steps if declared.origins & reached} - reached
            if not more:
                return set(self.states) - reached
            reached |= more

    @property
    def events(self) -> Mapping[str, tuple[str, str]]:
        """Event → its labels in Chinese and English, for code lists."""
        return {declared.event: (declared.zh, declared.en) for declared in self.steps}
