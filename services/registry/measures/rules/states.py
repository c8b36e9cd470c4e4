"""Words of measures: kinds, states, and which states are open. Pure."""

from __future__ import annotations

from datetime import date
from typing import Literal, get_args

Kind = Literal[
    "voluntary_treatment",
    "maintenance_treatment",
    "community_treatment",
    "compulsory_isolation_treatment",
    "community_rehabilitation",
    "rehabilitation_centre_stay",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
COMMUNITY = ("community_treatment", "community_rehabilitation")
"""Community measures (社戒社康): the town executes them."""

EXCLUSIVE = ("community_treatment", "compulsory_isolation_treatment", "community_rehabilitation")
"""At most one of these runs at a time (domain 1, naming rules)."""

VOLUNTARY = ("voluntary_treatment", "maintenance_treatment", "rehabilitation_centre_stay")
"""The person's own choice (NCL art. 36, 49, 51): they begin and end by agreement, and nothing is owed to the office."""

State = Literal[
    "ordered",
    "awaiting_report_in",
    "active",
    "refused",
    "reported_serious_breach",
    "reported_reuse",
    "transfer_pending",
    "suspended",
    "converted_to_isolation",
    "terminated",
    "discharged",
    "closed_death",
    "revoked",
    "isolation_active",
    "escaped",
    "released",
    "breach_reported",
    "ended",
]
STATES: tuple[State, ...] = get_args(State)
OPEN = (
    "ordered",
    "awaiting_report_in",
    "active",
    "refused",
    "reported_serious_breach",
    "reported_reuse",
    "transfer_pending",
    "suspended",
    "isolation_active",
    "escaped",
    "breach_reported",
)
RUNNING = tuple(state for state in OPEN if state not in ("ordered", "awaiting_report_in"))
"""States in which a measure is executed: no two exclusive ones are executed on one day. An order that waits for its report-in is not."""
EXPIRING = ("active", "isolation_active", "reported_serious_breach", "reported_reuse", "transfer_pending", "breach_reported")
"""States whose term runs: on `term_end` they end by law, whoever acts (DRR art. 23, 40; NCL art. 47). A suspended or escaped term stands still."""


def expired_state(kind: str) -> str:
    """What a measure becomes on its last day."""
    return "released" if kind == "compulsory_isolation_treatment" else "discharged"


def state_on(kind: str, state: str, term_end: date | None, day: date) -> str:
    """The state as it holds on a day, even when no job has run since the term ended (law 7)."""
    if state in EXPIRING and term_end is not None and term_end <= day:
        return expired_state(kind)
    return state


def runs_on(kind: str, state: str, term_end: date | None, day: date) -> bool:
    """Whether a lawful measure is open on a day."""
    return state_on(kind, state, term_end, day) in OPEN
