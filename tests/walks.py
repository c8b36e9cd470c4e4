"""Walks the objects of a machine: what `next_steps` shows as open is accepted and leads where it says, and what it shows as blocked is refused for that reason."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg

from kit.call import Reply
from kit.steps.machine import START, Machine

Shown = dict[str, Any]
ROLE_REFUSED = ("role", "not-allowed")


def torn(
    owner: str,
    machine: Machine[Any],
    history: str,
    key: str = "object_id",
    state: str = "to_state",
    event: str = "event",
    *,
    begun: bool = True,
) -> list[tuple[Any, ...]]:
    """Rows of a history that do not follow from the row before, and objects whose state is not what their history ends with.

    `history`, `key`, `state`, `event`: its table, and its columns. An object begins with the step that makes it;
    with `begun` false, with its first change.
    """
    table, _, column = machine.column.rpartition(".")
    with psycopg.connect(owner) as connection:
        query = f"""
            with told as (select id, {key} as object, {event} as event, from_state, {state} as reached, lag({state}) over one as before, row_number() over one as place
                            from {table.partition(".")[0]}.{history} window one as (partition by {key} order by id)),
                 last as (select distinct on (object) object, event, reached from told order by object, id desc)
            select event, from_state, reached, before from told
             where from_state is distinct from coalesce(before, '{START}') and ({begun} or before is not null)
            union all select event, 'ends with', reached, o.{column} from {table} o left join last on last.object = o.id
                       where o.{column} is distinct from last.reached and ({begun} or last.reached is not null)"""
        return connection.execute(query.encode()).fetchall()


def given(step: Shown) -> list[str]:
    """The fields that a step needs; of `a|b` one is enough."""
    return [field.partition("|")[0] for field in step["fields"]]


@dataclass
class Walk:
    """How a test meets the objects of one machine."""

    machine: Machine[Any]
    begin: Callable[[], Awaitable[Shown]]
    """A new object as its detail shows it."""
    read: Callable[[Shown], Awaitable[Shown]]
    send: Callable[[Shown, str, list[str]], Awaitable[Reply]]
    """Takes a step with an object, with these fields given."""
    kind: str = ""
    longest: int = 8
    taken: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """(State, step) pairs that were accepted."""
    refused: set[tuple[str, str, str]] = field(default_factory=set[tuple[str, str, str]])
    """(State, step, reason) that were refused."""
    leave: frozenset[str] = frozenset()
    """Steps that have a route with other needs than fields (a file, a neighbour); the test takes them by hand."""
    states: set[str] = field(default_factory=set[str])
    """The states that the walk saw."""

    async def run(self) -> Walk:
        """From the beginning through every open step of every state that can be reached by hand.

        An object goes on with the first step that is new; another is made only for the other steps from there.
        """
        paths: deque[tuple[str, ...]] = deque([()])
        seen: set[tuple[str, str]] = set()
        while paths:
            path = paths.popleft()
            shown = await self._replayed(path)
            while True:
                await self.check(shown)
                new = [
                    step["event"]
                    for step in shown["next_steps"]
                    if not step["blocked_by"] and step["event"] not in self.leave and (shown["state"], step["event"]) not in seen
                ]
                if not new or len(path) >= self.longest:
                    break
                seen |= {(shown["state"], event) for event in new}
                paths.extend((*path, event) for event in new[1:])
                path = (*path, new[0])
                shown = await self._stepped(shown, path)
        return self

    async def _replayed(self, path: tuple[str, ...]) -> Shown:
        shown = await self.begin()
        for length in range(1, len(path) + 1):
            shown = await self._stepped(shown, path[:length])
        return shown

    async def _stepped(self, shown: Shown, path: tuple[str, ...]) -> Shown:
        """The object after the last step of the path."""
        event = path[-1]
        step = next(step for step in shown["next_steps"] if step["event"] == event)
        assert step["blocked_by"] == [], (path, step)
        before = shown["state"]
        reply = await self.send(shown, event, given(step))
        assert reply.status in (200, 201, 202, 204), (path, step, reply.body)
        shown = await self.read(shown)
        assert shown["state"] == step["to"], (path, step, shown["state"])
        self.taken.add((before, event))
        return shown

    async def check(self, shown: Shown) -> None:
        state = shown["state"]
        self.states.add(state)
        listed = {step["event"]: step for step in shown["next_steps"]}
        hand = {step.event for step in self.machine.steps if step.roles and START not in step.origins and step.known_to(self.kind)}
        assert set(listed) <= hand
        for event, step in listed.items():
            reasons = {reason["code"] for reason in step["blocked_by"]}
            if not reasons or any((state, event, reason) in self.refused for reason in reasons) or event in self.leave:
                continue
            reply = await self.send(shown, event, given(step))
            assert reply.status in (403, 404, 409, 422), (state, step, reply.status)
            problem = json.loads(reply.body)
            codes = {error["code"] for error in problem.get("errors", [])} | {problem["type"].rpartition("/")[2]}
            assert codes & reasons, (state, step, problem)
            assert all(reason["zh"] and reason["en"] for reason in step["blocked_by"])
            self.refused |= {(state, event, reason) for reason in reasons & codes}
        assert (await self.read(shown))["state"] == state, "a refusal changes nothing"

    def untaken(self) -> set[tuple[str, str]]:
        """(State, step) pairs that people may take by declaration from a state that the walk saw, and that it did not take."""
        declared = {
            (state, step.event)
            for step in self.machine.steps
            if step.roles and step.known_to(self.kind)
            for state in step.origins & self.states
        }
        return {pair for pair in declared if pair not in self.taken}
