"""Findings and orders to correct: pure, standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal, get_args

from kit.steps.machine import START, Machine, step

State = Literal["ordered", "answered", "closed", "passed_on"]
STATES: tuple[State, ...] = get_args(State)

FindingOutcome = Literal["correct_on_site", "correct_by_date", "stop", "refer", "seal_evidence"]
FINDING_OUTCOMES: tuple[FindingOutcome, ...] = get_args(FindingOutcome)

Disposition = Literal["corrected_on_site", "ordered", "referred", "evidence_held"]
DISPOSITION_WORDS: tuple[Disposition, ...] = get_args(Disposition)

RecheckOutcome = Literal["corrected", "not_corrected", "passed_on"]

DISPOSITIONS: Mapping[str, Disposition] = {
    "correct_on_site": "corrected_on_site",
    "correct_by_date": "ordered",
    "stop": "ordered",
    "refer": "referred",
    "seal_evidence": "evidence_held",
}
"""Outcome → what becomes of the finding. Only `ordered` opens a rectification (APL art. 28: order to correct)."""

MAX_DAYS = 180
"""DEFAULT longest term of an order; no law sets one for all breaches, but an order needs an end."""

_INSPECTOR = ("inspector",)
_ORDER, _CHECK = "APL art. 28", "APL art. 33, 42"

MACHINE = Machine(
    "precursor.rectification.state",
    STATES,
    [
        step("ordered", START, "ordered", _ORDER, "责令改正", "order to correct", deadline="rectification"),
        step(
            "answer",
            "ordered",
            "answered",
            _ORDER,
            "登记企业答复",
            "record the firm's answer",
            roles=("county_officer", "inspector"),
            needs="answered_on statement",
            duty=True,
        ),
        step("overdue", "ordered", "ordered", _ORDER, "逾期未答复", "deadline passed unanswered"),
        step(
            "close",
            "ordered answered",
            "closed",
            _CHECK,
            "复查合格",
            "re-checked: corrected",
            roles=_INSPECTOR,
            needs="checked_on officers outcome note",
            duty=True,
        ),
        step(
            "order_again",
            "ordered answered",
            "ordered",
            _ORDER,
            "复查未改正,再次责令",
            "re-checked: ordered again",
            roles=_INSPECTOR,
            needs="checked_on officers outcome note new_deadline",
            deadline="rectification",
        ),
        step(
            "pass_on",
            "ordered answered",
            "passed_on",
            "General Office of the State Council (2015) no. 58; APL art. 27",
            "移送有权机关",
            "pass on to the competent organ",
            roles=_INSPECTOR,
            needs="checked_on officers outcome note passed_to",
        ),
    ],
)
"""Corrected in time, ordered again, or passed on: the competent organ decides what is in its power."""


def disposition_of(outcome: str) -> Disposition | None:
    """What becomes of an item's outcome, or None when it is not a finding (`ok`, `na`, `advice`, `not_checked`)."""
    return DISPOSITIONS.get(outcome)


def deadline_fault(deadline: date, ordered_on: date) -> str | None:
    """Why a deadline is not valid: `before_order`, `too_far`, or None."""
    if deadline < ordered_on:
        return "before_order"
    return "too_far" if (deadline - ordered_on).days > MAX_DAYS else None


def is_overdue(state: str, deadline: date, today: date) -> bool:
    """Whether an order's last day has passed without an answer from the firm. The deadline itself is still in time."""
    return state == "ordered" and today > deadline


def in_time(closed_on: date, first_deadline: date) -> bool:
    """Whether the breach was corrected by the first deadline: a second order does not make it timely."""
    return closed_on <= first_deadline
