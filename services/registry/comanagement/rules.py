"""Pure rules of co-management: states of an agreement, what may be shared, when a person is on the list (domain 6; DRR art. 22)."""

from __future__ import annotations

from datetime import date

AGREEMENT_STATES = ("proposed", "accepted", "ended")
LEAD_SIDES = ("residence", "household")
REMOVALS = ("returned", "ended", "disputed", "erased")
"""Why a line is a tombstone (API.md 3); each obliges the partner to delete."""

FIELDS = (
    "name",
    "id_number",
    "sex",
    "birth_year",
    "division_code",
    "status",
    "status_since",
    "measure_kind",
    "measure_state",
    "term_start",
    "term_end",
    "order_no",
    "lead_side",
    "contact",
)
"""Fields an agreement may name. Test values, health, findings, address and location are none: an agreement cannot ask for them (domain 6, step 1; PIPL art. 23)."""

TRANSITIONS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "accept": (("proposed",), "accepted", "domain 6 step 3: agreement on lead by both sides"),
    "end": (("proposed", "accepted"), "ended", "domain 6 steps 6-7"),
}
"""Event → (from, to, source)."""


def holds_on(state: str, valid_from: date, valid_to: date, day: date) -> bool:
    """Whether anything may be shared under an agreement on a day: accepted by both sides and within its dates."""
    return state == "accepted" and valid_from <= day < valid_to


def next_state(state: str, event: str) -> str | None:
    """The state after an event, or None when the event is not declared for it."""
    sources, target, _ = TRANSITIONS[event]
    return target if state in sources else None
