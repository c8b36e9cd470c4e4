"""The life of an alert: kinds, states, declared transitions. Pure.

No transition touches anybody's legal status, and no alert counts as evidence of a breach (PIPL art. 24 §3; DRR art. 21).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from kit.steps.machine import START, Machine, step

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

REVIEW = "PIPL art. 24; domain 11.4"
END = "DRR art. 7, 23, 40"
_OPEN = "raised acknowledged assigned"
_READERS = ("county_officer", "town_officer", "social_worker", "police_officer")

MACHINE = Machine(
    "alerts.alert.state",
    STATES,
    (
        step("raise", START, "raised", REVIEW, "发出预警", "raise", deadline="review"),
        *(step("grow", state, state, REVIEW, "情况延续", "grow") for state in _OPEN.split()),
        *(step("shrink", state, state, END, "移出已结束措施人员", "take out whose measure ended") for state in _OPEN.split()),
        *(step("escalate", state, state, REVIEW, "上报县禁毒办", "escalate to the county office") for state in _OPEN.split()),
        step("acknowledge", "raised", "acknowledged", REVIEW, "签收", "acknowledge", roles=_READERS, duty=True),
        step("assign", _OPEN, "assigned", REVIEW, "指派", "assign", roles=("county_officer", "town_officer"), needs="assignee"),
        step("close", "acknowledged assigned", "closed", REVIEW, "办结", "close", roles=_READERS, needs="finding action_taken", duty=True),
        step("expire", _OPEN, "closed", REVIEW, "逾期未核查自动办结", "expire without review"),
        step("end", _OPEN, "closed", END, "措施已结束", "end with the measure"),
        step("hand_over", _OPEN, "raised", "DRR art. 22", "移交新的管控镇", "hand over to the new town"),
        step("withdraw", _OPEN, "closed", REVIEW, "起因撤回", "withdraw with its cause"),
        step("merge", _OPEN, "closed", REVIEW, "并入另一预警", "merge into another"),
    ),
)
"""The life of an alert. Machines raise, grow and end it; only people say what it was (law 6)."""


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
