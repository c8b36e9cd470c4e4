"""Machines as pure data: which steps an object can take. Rules import it; it imports nothing but the standard library."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

START = "none"
"""The origin of the step that makes an object."""


class NotDeclared(Exception):
    """No step of this event leads from this state; `args`: the state and the event."""


@dataclass(frozen=True, slots=True)
class Step:
    """One declared step."""

    event: str
    origins: frozenset[str]
    targets: tuple[str, ...]
    """Where it leads. With more than one the noun's rules say which, by what they know of the object."""
    source: str
    """The law that it rests on, as kit.citations reads it: `DRR art. 20, 21`, or `domain 3.5`."""
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
    kinds: frozenset[str] = frozenset()
    """The kinds of object that know it; empty: all."""
    document: str = ""
    """The code of the paper that it rests on."""

    @property
    def target(self) -> str:
        """Where it leads; the first, where rules choose."""
        return self.targets[0]

    def known_to(self, kind: str) -> bool:
        """Whether objects of this kind can take it."""
        return not self.kinds or kind in self.kinds


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
    """A step whose origins, targets and needed fields are words in one string."""
    words = frozenset(origins.split()), tuple(target.split())
    return Step(event, *words, source, zh, en, frozenset(roles), tuple(needs.split()), deadline, duty)


S = TypeVar("S", bound=Step)


class Machine(Generic[S]):
    """The states of one column and the steps between them. An event may be declared more than once, from other origins or for other kinds."""

    def __init__(self, column: str, states: Sequence[str], steps: Iterable[S]) -> None:
        """`column`: `schema.table.column`. Raises ValueError for a step between states that do not exist, or two answers to one event."""
        self.column = column
        self.states = tuple(states)
        self.steps: tuple[S, ...] = tuple(steps)
        self._from: dict[tuple[str, str], list[S]] = {}
        known = {START, *self.states}
        for declared in self.steps:
            strange = {*declared.origins, *declared.targets} - known
            if strange or not declared.origins or not declared.source or not declared.targets:
                raise ValueError(f"{column}: {declared.event} names {sorted(strange)} or lacks origin, target or source")
            for origin in declared.origins:
                others = self._from.setdefault((origin, declared.event), [])
                if any(not other.kinds or not declared.kinds or other.kinds & declared.kinds for other in others):
                    raise ValueError(f"{column}: {declared.event} is declared twice from {origin}")
                others.append(declared)

    @property
    def table(self) -> str:
        """The table of its objects, without the schema: what its code lists are named after."""
        return self.column.split(".")[1]

    def find(self, state: str, event: str, kind: str = "") -> S | None:
        """The step of this event from this state, for an object of this kind, or None."""
        return next((found for found in self._from.get((state, event), ()) if found.known_to(kind)), None)

    def step(self, state: str, event: str, kind: str = "") -> S:
        """The step of this event from this state. Raises NotDeclared."""
        found = self.find(state, event, kind)
        if found is None:
            raise NotDeclared(state, event)
        return found

    def open_from(self, state: str, kind: str = "") -> list[S]:
        """The steps that lead out of a state, in the order of their declaration."""
        return [declared for declared in self.steps if state in declared.origins and declared.known_to(kind)]

    def unreachable(self) -> set[str]:
        """States that no step reaches from the start."""
        reached = {START}
        while True:
            more = {target for declared in self.steps if declared.origins & reached for target in declared.targets} - reached
            if not more:
                return set(self.states) - reached
            reached |= more

    @property
    def events(self) -> Mapping[str, tuple[str, str]]:
        """Event → its labels in Chinese and English, for code lists."""
        return {declared.event: (declared.zh, declared.en) for declared in self.steps}
