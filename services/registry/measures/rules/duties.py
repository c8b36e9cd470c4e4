"""What is owed next about a measure, by whom, until when. Pure: facts, the state of the day, which days are working days.

A duty of the office that was not done in time is a fault of the office and never a reason to go on supervising (DRR art. 44; law 7).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

from kit.clock import WorkingDay, last_day
from services.registry.measures.rules import terms
from services.registry.measures.rules.guards import PROPOSALS, Facts
from services.registry.measures.rules.states import COMMUNITY

NOTICE_DAYS = 7
"""Notice of discharge to the person and the family, and word to the town (DRR art. 23, 40)."""
DECISION_DAYS = 7
"""Early release, extension, change into community treatment: from the facility's proposal (DRR art. 31, 33)."""
ANNOUNCE_DAYS = 3
"""The facility tells the deciding organ before the release (DRR art. 34)."""
SERVE_DAYS = 7
"""DEFAULT for the service of an order on the person (DRR art. 13, 37): the law says no number."""
REPORT_DAYS = 30
"""DEFAULT for the decision on a reported refusal, breach or re-use (NCL art. 38; DRR art. 21, 38): nobody waits for it without end."""
PREPARE_DAYS = 10
"""DEFAULT reminder before a community term ends (domain T16)."""


DutyKind = Literal[
    "report_in",
    "report_in_at_new_place",
    "sign_agreement",
    "prepare_discharge",
    "serve_discharge_notice",
    "notify_family",
    "decide_early_release",
    "decide_extension",
    "decide_change",
    "announce_release",
    "serve_order",
    "decide_on_report",
]
DUTIES: tuple[DutyKind, ...] = get_args(DutyKind)
DutyOwner = Literal["subject", "town", "police", "facility"]
DUTY_OWNERS: tuple[DutyOwner, ...] = get_args(DutyOwner)

REPORTED = ("refused", "reported_serious_breach", "reported_reuse", "breach_reported")
"""States in which a report waits for the decision of the police."""
DECISIONS: dict[str, DutyKind] = {
    "release_early": "decide_early_release",
    "extend": "decide_extension",
    "change_to_community": "decide_change",
}
"""Decision that a proposal of the facility waits for → the duty to take it."""


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing that is owed. `due_on` is its last day; `default`: the law says 'promptly' or nothing, and the number is ours."""

    kind: DutyKind
    owed_by: DutyOwner
    due_on: date
    source: str
    default: bool = False


def duties_of(facts: Facts, state: str, working: WorkingDay) -> list[Duty]:
    """What is owed in the state as it holds on the day, the earliest first."""
    found = [*_of_the_person(facts, state), *_of_the_town(facts, state, working), *_of_the_police(facts, state, working)]
    if facts.kind == "compulsory_isolation_treatment" and state == "isolation_active":
        found += _of_isolation(facts, working)
    if facts.kind in COMMUNITY and state == "discharged" and facts.term_end is not None and "serve_discharge_notice" not in facts.done:
        source = "DRR art. 23" if facts.kind == "community_treatment" else "DRR art. 40"
        found.append(Duty("serve_discharge_notice", "police", last_day(facts.term_end, NOTICE_DAYS, working), source))
    return sorted(found, key=lambda duty: (duty.due_on, duty.kind))


def _of_the_person(facts: Facts, state: str) -> list[Duty]:
    if state == "awaiting_report_in" and facts.report_in_due is not None:
        source = "DRR art. 14" if facts.kind == "community_treatment" else "DRR art. 38"
        return [Duty("report_in", "subject", facts.report_in_due, source)]
    if state == "transfer_pending" and facts.transfer_due is not None:
        return [Duty("report_in_at_new_place", "subject", facts.transfer_due, "DRR art. 22")]
    return []


def _of_the_town(facts: Facts, state: str, working: WorkingDay) -> list[Duty]:
    if facts.kind not in COMMUNITY or state != "active":
        return []
    found = []
    signed_after = agreement_from(facts)
    if facts.agreement_on is None and signed_after is not None:
        due = terms.due_in_working_days(signed_after, terms.AGREEMENT_WORKING_DAYS, working)
        found.append(Duty("sign_agreement", "town", due, "DRR art. 16, 22, 38, 44", default=True))
    if facts.term_end is not None:
        found.append(Duty("prepare_discharge", "town", facts.term_end - timedelta(days=PREPARE_DAYS), "DRR art. 23, 40", default=True))
    return found


def _of_the_police(facts: Facts, state: str, working: WorkingDay) -> list[Duty]:
    """A measure that waits for the police waits until a day: the order to be served, what was reported to be decided."""
    rehabilitation = facts.kind == "community_rehabilitation"
    if state == "ordered" and facts.ordered_on is not None:
        source = "DRR art. 37" if rehabilitation else "DRR art. 13"
        return [Duty("serve_order", "police", last_day(facts.ordered_on, SERVE_DAYS, working), source, default=True)]
    if state in REPORTED and facts.entered_on is not None:
        source = "NCL art. 38; DRR art. 38" if rehabilitation else "NCL art. 38; DRR art. 21"
        return [Duty("decide_on_report", "police", last_day(facts.entered_on, REPORT_DAYS, working), source, default=True)]
    return []


def agreement_from(facts: Facts) -> date | None:
    """The day from which the agreement is owed: the report-in, or the arrival at a new place, where a new one is due (DRR art. 16, 22)."""
    days = [day for day in (facts.reported_in_on, facts.done.get("report_in_at_new_place")) if day is not None]
    return max(days, default=None)


def _of_isolation(facts: Facts, working: WorkingDay) -> list[Duty]:
    found = []
    decided = facts.served_on or facts.ordered_on
    if decided is not None and "notify_family" not in facts.done:
        # Twenty-four hours do not wait for a working day.
        found.append(Duty("notify_family", "police", decided + timedelta(days=1), "NCL art. 40; DRR art. 27"))
    for decision, proposal in PROPOSALS.items():
        proposed_on = facts.done.get(proposal)
        if proposed_on is not None and facts.done.get(decision, date.min) < proposed_on:
            source = "DRR art. 31" if decision == "change_to_community" else "DRR art. 33"
            found.append(Duty(DECISIONS[decision], "police", last_day(proposed_on, DECISION_DAYS, working), source))
    if facts.term_end is not None and "announce_release" not in facts.done:
        found.append(Duty("announce_release", "facility", facts.term_end - timedelta(days=ANNOUNCE_DAYS), "DRR art. 34"))
    return found
