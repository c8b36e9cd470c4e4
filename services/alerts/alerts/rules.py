"""The life of an alert: kinds, states, declared transitions. Pure.

No transition touches anybody's legal status, and no alert counts as evidence of a breach (PIPL art. 24 §3; DRR art. 21).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

Kind = Literal["gathering", "flow_frequency", "test_missed", "rectification_overdue", "measure_ending"]
KINDS: tuple[Kind, ...] = get_args(Kind)
DETECTED: tuple[Kind, ...] = ("gathering", "flow_frequency")
"""Kinds that a detector finds; the others are deadlines that passed or will pass soon."""
Severity = Literal["low", "medium", "high"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
State = Literal["raised", "acknowledged", "assigned", "closed"]
STATES: tuple[State, ...] = get_args(State)
HumanFinding = Literal["confirmed", "innocent", "data_error"]
HUMAN_FINDINGS: tuple[HumanFinding, ...] = get_args(HumanFinding)
Finding = Literal["confirmed", "innocent", "data_error", "measure_ended", "withdrawn", "expired", "merged"]
FINDINGS: tuple[Finding, ...] = get_args(Finding)
Action = Literal[
    "raise",
    "grow",
    "shrink",
    "acknowledge",
    "assign",
    "close",
    "escalate",
    "expire",
    "end",
    "hand_over",
    "withdraw",
    "merge",
]
ACTIONS: tuple[Action, ...] = get_args(Action)
REVIEW_WORKING_DAYS = 5
"""A person must have looked within five working days (domain 11.4). DEFAULT."""
ESCALATE_WORKING_DAYS = 2
"""Unacknowledged for this many working days: the county office is told. DEFAULT."""
MINIMUM_PERSONS = 3
"""With fewer people whose measures run, it is not a gathering (domain 11.4)."""
HIGH_FROM_PERSONS = 6

_REVIEW = "个人信息保护法第24条"
_END = "戒毒条例第7条、第23条、第40条"


@dataclass(frozen=True, slots=True)
class Transition:
    """Where an action may start, where it leads, and what it rests on."""

    sources: tuple[State, ...]
    target: State
    legal_source: str


TRANSITIONS: dict[Action, Transition] = {
    "acknowledge": Transition(("raised",), "acknowledged", _REVIEW),
    "assign": Transition(("raised", "acknowledged", "assigned"), "assigned", _REVIEW),
    "close": Transition(("acknowledged", "assigned"), "closed", _REVIEW),
    "expire": Transition(("raised", "acknowledged", "assigned"), "closed", _REVIEW),
    "end": Transition(("raised", "acknowledged", "assigned"), "closed", _END),
    "hand_over": Transition(("raised", "acknowledged", "assigned"), "raised", "戒毒条例第22条"),
    "withdraw": Transition(("raised", "acknowledged", "assigned"), "closed", _REVIEW),
    "merge": Transition(("raised", "acknowledged", "assigned"), "closed", _REVIEW),
}


def severity_of_gathering(persons: int) -> Severity:
    """How soon somebody should look: by the number of people together."""
    return "high" if persons >= HIGH_FROM_PERSONS else "medium"


def without_the_gone(reasons: Sequence[Mapping[str, Any]], persons: int) -> list[dict[str, Any]]:
    """The reasons of a gathering from which somebody was taken out: a number must not count more people (or households) than are left."""
    return [
        {
            "code": reason["code"],
            "numbers": {name: min(value, persons) if name in ("persons", "units") else value for name, value in reason["numbers"].items()},
        }
        for reason in reasons
    ]


def precision(confirmed: int, innocent: int, data_error: int) -> float | None:
    """Share of reviewed alerts that a person found meaningful (domain 5, row 14); None when none was reviewed."""
    reviewed = confirmed + innocent + data_error
    return round(confirmed / reviewed, 4) if reviewed else None
