"""Findings and orders to correct: pure, standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

OUTCOMES = (
    "ok",
    "na",
    "advice",
    "correct_on_site",
    "correct_by_date",
    "refer",
    "seal_evidence",
    "stop",
    "not_checked",
)
"""Outcome codes of a checklist item (domain 7.3)."""

DISPOSITIONS: Mapping[str, str] = {
    "correct_on_site": "corrected_on_site",
    "correct_by_date": "ordered",
    "stop": "ordered",
    "refer": "referred",
    "seal_evidence": "evidence_held",
}
"""Outcome → what becomes of the finding. Only `ordered` opens a rectification (行政处罚法 art. 28: order to correct)."""

MAX_DAYS = 180
"""DEFAULT longest term of an order; no law sets one for all breaches, and an order without an end is none."""

TRANSITIONS: dict[str, dict[str, str]] = {
    "ordered": {"answer": "answered", "close": "closed", "order_again": "ordered", "pass_on": "passed_on"},
    "answered": {"close": "closed", "order_again": "ordered", "pass_on": "passed_on"},
    "closed": {},
    "passed_on": {},
}
"""Legal source: 行政处罚法 art. 28 (order to correct), art. 33 (corrected in time), 国办发〔2015〕58号 (what the competent organ must decide is passed on)."""


def disposition_of(outcome: str) -> str | None:
    """What becomes of an item's outcome, or None when it is no finding (`ok`, `na`, `advice`, `not_checked`)."""
    return DISPOSITIONS.get(outcome)


def next_state(state: str, action: str) -> str | None:
    """The state after an action, or None when the transition is not declared."""
    return TRANSITIONS[state].get(action)


def deadline_fault(deadline: date, ordered_on: date) -> str | None:
    """Why a deadline cannot stand: `before_order`, `too_far`, or None."""
    if deadline < ordered_on:
        return "before_order"
    return "too_far" if (deadline - ordered_on).days > MAX_DAYS else None


def is_overdue(state: str, deadline: date, today: date) -> bool:
    """Whether an order's last day has passed without an answer from the firm. The deadline itself is still in time."""
    return state == "ordered" and today > deadline


def in_time(closed_on: date, first_deadline: date) -> bool:
    """Whether the breach was corrected by the first deadline: a second order does not make it timely."""
    return closed_on <= first_deadline
