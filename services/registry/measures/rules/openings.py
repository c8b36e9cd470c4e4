"""What a step needs and what stands in its way now, found by the guards that refuse it: what is shown as open is accepted, what is blocked is refused. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.registry.measures.rules.decisions import in_order
from services.registry.measures.rules.declared import MeasureStep
from services.registry.measures.rules.guards import DEPARTURES, EVADED_TESTS, GROUNDS, GUARDS, Facts, Given, Refused, longest_isolation

_WORDS = "…"
_FITTING: Mapping[str, Callable[[Facts], Sequence[Any]]] = {
    "good_reason": lambda facts: (_WORDS,),
    "reason": lambda facts: (_WORDS,),
    "statement": lambda facts: (_WORDS,),
    "document_no": lambda facts: (_WORDS,),
    "finding_no": lambda facts: (_WORDS,),
    "order_no": lambda facts: (_WORDS,),
    "order_organ": lambda facts: (_WORDS,),
    "confirmed_by": lambda facts: (_WORDS,),
    "division_code": lambda facts: (_WORDS,),
    "contact_attempts": lambda facts: (1,),
    "evaded_tests": lambda facts: (EVADED_TESTS,),
    "departures": lambda facts: (DEPARTURES,),
    "ground": lambda facts: GROUNDS,
    "addiction": lambda facts: ("seriously_addicted",),
    "until": lambda facts: (longest_isolation(facts),),
}
"""Field of a step → values of which one satisfies the guards, unless something else stands in the way."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A step as it stands now: the fields that it needs beside the day, and what blocks it whatever is given."""

    fields: tuple[str, ...]
    blocked: tuple[Refused, ...]


def opening(step: MeasureStep, facts: Facts, given: Given) -> Opening:
    """`given`: what is known without asking: the day, the age, the recorder. A refusal that some value of its field answers is a need, every other one blocks."""
    given = replace(given, event=step.event)
    fields: list[str] = []
    blocked: list[Refused] = []
    for check in (in_order, *(GUARDS[name] for name in step.guards)):
        while (refused := _refusal(check, facts, given)) is not None:
            field = refused.pointer.removeprefix("/")
            fitting = None if field in fields else _fitting(check, facts, given, field)
            if fitting is None:
                blocked.append(refused)
                break
            given = fitting
            fields.append(field)
    return Opening(("on", *fields), tuple(blocked))


def _fitting(check: Callable[[Facts, Given], None], facts: Facts, given: Given, field: str) -> Given | None:
    """`given` with the first value of the field after which the guard asks nothing more of that field."""
    for value in _FITTING[field](facts) if field in _FITTING else ():
        tried = replace(given, **{field: value})
        refused = _refusal(check, facts, tried)
        if refused is None or refused.pointer != f"/{field}":
            return tried
    return None


def _refusal(check: Callable[[Facts, Given], None], facts: Facts, given: Given) -> Refused | None:
    try:
        check(facts, given)
    except Refused as refused:
        return refused
    return None
