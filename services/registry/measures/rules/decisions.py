"""Decides whether a step of a measure may happen, and what it changes. Pure: facts, what was given, today, which days are working days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from kit.clock import WorkingDay, last_day
from kit.steps.machine import START, NotDeclared
from services.registry.measures.rules import terms
from services.registry.measures.rules.declared import MeasureStep
from services.registry.measures.rules.guards import GUARDS, Facts, Given, Refused
from services.registry.measures.rules.states import COMMUNITY, OPEN, state_on
from services.registry.measures.rules.transitions import beginning, find


@dataclass(frozen=True, slots=True)
class Decision:
    """A step that may happen: as it is declared, the day it takes effect, and the columns it changes."""

    step: MeasureStep
    effective_on: date
    changes: dict[str, Any]


def decide(facts: Facts, event: str, given: Given, today: date, working: WorkingDay) -> Decision:
    """The step. Raises NotDeclared when no step is declared for the state as it holds today, Refused when a guard refuses."""
    state = state_on(facts.kind, facts.state, facts.term_end, today)
    if state != facts.state and event != "expire":
        raise NotDeclared(state, event)
    step = find(facts.kind, facts.state, event)
    if step is None:
        raise NotDeclared(facts.state, event)
    if given.on > today:
        raise Refused("date_future", "日期不能晚于今天", "must not lie in the future", "", "/on")
    in_order(facts, given)
    given = replace(given, event=event)
    check(step, facts, given)
    return Decision(step, effective_day(facts, event, given), changes_of(facts, step, given, working))


def check(step: MeasureStep, facts: Facts, given: Given) -> None:
    """Ask the guards of a step. Raises Refused."""
    for guard in step.guards:
        GUARDS[guard](facts, given)


def effective_day(facts: Facts, event: str, given: Given) -> date:
    """The day on which a step takes effect: a term ends on its last day, whenever somebody writes it down (law 7)."""
    return facts.term_end if event == "expire" and facts.term_end else given.on


def changes_of(facts: Facts, step: MeasureStep, given: Given, working: WorkingDay) -> dict[str, Any]:
    """The columns that a step changes, its state among them."""
    event = step.event
    changes = _EFFECTS.get(event, _nothing)(facts, given, working)
    changes["state"] = target_of(step, facts)
    if changes["state"] == "awaiting_report_in" and event != "serve":
        # The police decided not to isolate, so the person must be able to report in: DEFAULT the fifteen days run anew from that decision (DRR art. 14, 38).
        changes["report_in_due"] = terms.report_in_due(given.on, working)
    if step.says == "ended" and facts.state not in OPEN:  # what is over is annulled, and stays over since its day
        changes |= {"end_reason": event}
    elif step.says == "ended":
        reason = "term_end" if event == "expire" else given.standing or event
        changes |= {"ended_on": effective_day(facts, event, given), "end_reason": reason, "suspended_on": None}
    return changes


def check_order(kind: str, given: Given, today: date, event: str = "order") -> None:
    """Whether a measure may begin as given. Raises Refused, NotDeclared."""
    if given.on > today:
        pointer = "/ordered_on" if event == "order" else "/reported_in_on"
        raise Refused("date_future", "日期不能晚于今天", "must not lie in the future", "", pointer)
    check(beginning(kind, event), Facts(kind, START, ""), given)


def first_changes(kind: str, given: Given, credited_days: int = 0) -> dict[str, Any]:
    """The columns of a new measure. Isolation runs from the decision (NCL art. 47), voluntary ones from their agreement, community ones from reporting in."""
    state = beginning(kind).target
    months = {
        "community_treatment": terms.COMMUNITY_MONTHS,
        "compulsory_isolation_treatment": terms.ISOLATION_MONTHS,
        "community_rehabilitation": given.term_months,
    }.get(kind)
    runs = state != "ordered"
    return {
        "state": state,
        "ordered_on": given.on,
        "term_months": months,
        "term_start": given.on if runs else None,
        "term_end": terms.term_end(given.on, months) if runs and months else None,
        "credited_days": credited_days,
    }


def in_order(facts: Facts, given: Given) -> None:
    """Nothing happens in a state before the state began. A talk or a signature inside it may be written down later than a younger one."""
    days = (facts.ordered_on, facts.served_on, facts.reported_in_on, facts.suspended_on, facts.entered_on)
    known = [day for day in days if day is not None]
    if known and given.on < max(known):
        raise Refused("date_before_last_step", "日期早于上一步", "lies before the last step", "", "/on")


def target_of(step: MeasureStep, facts: Facts) -> str:
    """Where the step leads; where it leads back, to where the measure stood before."""
    if len(step.targets) == 1:
        return step.target
    if facts.transfer_to is not None:
        return "transfer_pending"
    return "active" if facts.reported_in_on or facts.term_start else "awaiting_report_in"


def _nothing(facts: Facts, given: Given, working: WorkingDay) -> dict[str, Any]:
    return {}


def _serve(facts: Facts, given: Given, working: WorkingDay) -> dict[str, Any]:
    if facts.kind not in COMMUNITY:
        return {"served_on": given.on}
    return {"served_on": given.on, "report_in_due": terms.report_in_due(given.on, working)}


def _report_in(facts: Facts, given: Given, working: WorkingDay) -> dict[str, Any]:
    late = facts.report_in_due is not None and given.on > facts.report_in_due
    months = facts.term_months or terms.COMMUNITY_MONTHS
    end = terms.term_end(given.on, months, credited_days=facts.credited_days)
    if facts.kind == "community_rehabilitation" and facts.ordered_on is not None:
        end = max(given.on, min(end, terms.rehabilitation_latest_end(facts.ordered_on, months)))
    return {"reported_in_on": given.on, "late_report_accepted": late, "term_start": given.on, "term_end": end}


def _sign(facts: Facts, given: Given, working: WorkingDay) -> dict[str, Any]:
    return {"agreement_on": given.on}


def _begin_transfer(facts: Facts, given: Given, working: WorkingDay) -> dict[str, Any]:
    return {"transfer_to": given.division_code, "transfer_due": terms.report_in_due(given.on, working)}


def _arrive(facts: Facts, given: Given, working: WorkingDay) -> dict[str, Any]:
    # Time runs on: neither term_start nor term_end moves, only the place and, with it, the agreement (DRR art. 22).
    return {"division_code": facts.transfer_to, "transfer_to": None, "transfer_due": None, "agreement_on": None}


def _stand_still(facts: Facts, given: Given, working: WorkingDay) -> dict[str, Any]:
    return {"suspended_on": given.on}


def _escape(facts: Facts, given: Given, working: WorkingDay) -> dict[str, Any]:
    return {"suspended_on": given.on, "escaped_once": True}


def _go_on(facts: Facts, given: Given, working: WorkingDay) -> dict[str, Any]:
    assert facts.suspended_on is not None and facts.term_end is not None
    days = given.on - facts.suspended_on
    changes = {"suspended_on": None, "suspended_days": facts.suspended_days + days.days, "term_end": facts.term_end + days}
    if facts.transfer_due is not None:  # nobody could report in at the new place from custody
        changes["transfer_due"] = last_day(facts.transfer_due, days.days, working)
    return changes


def _extend(facts: Facts, given: Given, working: WorkingDay) -> dict[str, Any]:
    return {"term_end": given.until}


_EFFECTS: dict[str, Callable[[Facts, Given, WorkingDay], dict[str, Any]]] = {
    "serve": _serve,
    "report_in": _report_in,
    "sign_agreement": _sign,
    "begin_transfer": _begin_transfer,
    "report_in_at_new_place": _arrive,
    "suspend": _stand_still,
    "resume": _go_on,
    "escape": _escape,
    "recapture": _go_on,
    "extend": _extend,
}
