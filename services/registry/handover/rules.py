"""Pure rules of handovers: the declared steps and the days by which each side must have acted.

Silence is not an answer: the passing of a date takes no step, and an unacknowledged release is neither an arrival nor a breach.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal, get_args

from kit.clock import WorkingDay
from kit.steps.machine import START, Machine, step
from services.registry.measures.rules.terms import due_in_working_days, report_in_due

HandoverEvent = Literal["announce", "receive", "arrive", "not_arrive", "withdraw"]
Outcome = Literal["arrived", "not_arrived"]


State = Literal["announced", "received", "arrived", "not_arrived", "withdrawn"]
STATES: tuple[State, ...] = get_args(State)
Document = Literal["release_certificate", "rehabilitation_order", "diagnostic_assessment", "person_file", "medical_summary"]
DOCUMENTS: tuple[Document, ...] = get_args(Document)
"""What a packet may hold; the medical summary only with the person's consent (domain 2.6)."""

NOTICE_DAYS = 3
"""An institution announces a release at least three days before (DRR art. 34)."""

ACKNOWLEDGE_WORKING_DAYS = 3
"""DEFAULT: the town answers within three working days after the person came, or after the last day on which they had to come (domain 2.6)."""


_TOWN = ("county_officer", "town_officer")
_TELLING = ("agency", "county_officer")

MACHINE = Machine(
    "registry.release_handover.state",
    STATES,
    (
        step("announce", START, "announced", "DRR art. 34", "通知出所", "announce", roles=_TELLING, deadline="receive_packet"),
        step("receive", "announced", "received", "DRR art. 34; domain 2.6", "接收材料", "receive", roles=_TOWN, needs="contact", duty=True),
        step(
            "arrive",
            "received not_arrived",
            "arrived",
            "DRR art. 38; domain 2.6",
            "回执到达",
            "arrived",
            roles=_TOWN,
            needs="outcome",
            duty=True,
        ),
        step("not_arrive", "received", "not_arrived", "domain 2.6", "回执未到达", "not arrived", roles=_TOWN, needs="outcome reason"),
        step("withdraw", "announced received", "withdrawn", "DRR art. 34", "撤回通知", "withdraw", roles=_TELLING, needs="reason"),
    ),
)
"""A release from its announcement to the town's answer. It is withdrawn when the release was put off or revoked."""


def expected_by(released_on: date, *, ordered: bool, working: WorkingDay) -> date:
    """Last day on which the person has to come: 15 days after release under an order of rehabilitation (DRR art. 38).

    Without an order nobody has to come: the town is asked about the day of release itself.
    """
    return report_in_due(released_on, working) if ordered else released_on


def acknowledge_due(day: date, working: WorkingDay) -> date:
    """Last day for the town's answer, counted from the arrival or from `expected_by`."""
    return due_in_working_days(day, ACKNOWLEDGE_WORKING_DAYS, working)


def notice_in_time(announced_on: date, released_on: date) -> bool:
    """Whether the institution kept its own term (DRR art. 34)."""
    return announced_on + timedelta(days=NOTICE_DAYS) <= released_on
