"""Guards of the declared transitions: what must be given, and what the statute's numbers are. Pure functions that raise `Refused`.

Machines flag, people decide (law 6): a count that reaches the statute's number only allows a named person to report; nothing here reports by itself.
'以上' includes the number, '超过' does not (domain 2.4): three evasions, three departures, more than thirty days.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, get_args

from services.registry.measures.rules import terms

Bar = Literal["pregnant", "nursing_under_one_year"]


Ground = Literal[
    "refused_community_treatment",
    "used_during_community_treatment",
    "serious_breach",
    "used_again_afterwards",
    "seriously_addicted",
    "voluntary_with_consent",
]
GROUNDS: tuple[Ground, ...] = get_args(Ground)
"""Grounds of compulsory isolation (NCL art. 38 §1 (1)-(4), §2, §3)."""

GROUND_OF_REPORT = {
    "refused": frozenset({"refused_community_treatment"}),
    "reported_serious_breach": frozenset({"serious_breach"}),
    "reported_reuse": frozenset({"used_during_community_treatment", "seriously_addicted"}),
}
"""What was reported of a community treatment → the grounds that it can found: a breach is not a re-use, and a refusal is not a breach (NCL
art. 38 §1, §2).
"""

PROPOSALS = {
    "release_early": "propose_early_release",
    "extend": "propose_extension",
    "change_to_community": "propose_change",
}
"""Decision of the organ → what the facility proposes before it, after its diagnostic assessment (DRR art. 31-33)."""

Addiction = Literal["addicted", "seriously_addicted"]
ADDICTED: tuple[Addiction, ...] = get_args(Addiction)
EVADED_TESTS = 3
DEPARTURES = 3
ABSENCE_DAYS = 30
YOUNG = 16
"""Under this age isolation may be omitted (NCL art. 39): it needs a reason of its own."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a measure. Names are those of the table's columns."""

    kind: str
    state: str
    division_code: str
    ordered_on: date | None = None
    served_on: date | None = None
    report_in_due: date | None = None
    reported_in_on: date | None = None
    agreement_on: date | None = None
    term_start: date | None = None
    term_end: date | None = None
    term_months: int | None = None
    suspended_on: date | None = None
    suspended_days: int = 0
    credited_days: int = 0
    transfer_to: str | None = None
    transfer_due: date | None = None
    escaped_once: bool = False
    entered_on: date | None = None
    """The day on which its present state began."""
    done: Mapping[str, date] = field(default_factory=dict[str, date])
    """Step → the last day on which it was taken; what was taken back as a mistake is out."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the caller states about the step."""

    on: date
    document_no: str | None = None
    reason: str = ""
    good_reason: str | None = None
    contact_attempts: int = 0
    evaded_tests: int = 0
    departures: int = 0
    absence_days: int = 0
    statement: str | None = None
    finding_no: str | None = None
    ground: str | None = None
    bar: str | None = None
    division_code: str | None = None
    until: date | None = None
    order_no: str | None = None
    order_organ: str | None = None
    addiction: str | None = None
    released_on: date | None = None
    ordered_on: date | None = None
    served_since: date | None = None
    uncounted_days: int = 0
    """Transfer from another county: the order, the day from which the term has run there, and days that do not count (DRR art. 22, 24)."""
    isolation_organ: str | None = None
    """Who decided the isolation before a rehabilitation, when this register knows it."""
    term_months: int | None = None
    age: int | None = None
    confirmed_by: str | None = None
    recorder: frozenset[str] = frozenset()
    """By what names the recorder is known: who confirms must be somebody else."""
    event: str = ""
    standing: str = ""
    """The registered standing of the person that ended the measure, when it was one."""


class Refused(Exception):
    """The step is declared, but its guard refuses it; `code` is stable, `source` the law behind it."""

    def __init__(self, code: str, zh: str, en: str, source: str, pointer: str = "") -> None:
        super().__init__(code)
        self.code, self.zh, self.en, self.source, self.pointer = code, zh, en, source, pointer


def _in_time_or_good_reason(facts: Facts, given: Given) -> None:
    due = facts.transfer_due if facts.state == "transfer_pending" else facts.report_in_due
    if due is not None and given.on > due and not given.good_reason:
        raise Refused(
            "late_without_reason", "逾期报到须记明正当理由", "a late report-in needs its good reason", "DRR art. 14", "/good_reason"
        )


def _due_passed(facts: Facts, given: Given) -> None:
    if facts.report_in_due is None or given.on <= facts.report_in_due:
        raise Refused("not_due_yet", "报到期限未届满", "the time for reporting in is not over", "DRR art. 14", "/on")
    if given.good_reason:
        raise Refused("good_reason", "有正当理由,不属于拒绝", "with a good reason it is not a refusal", "DRR art. 14", "/good_reason")


def _contact_attempted(facts: Facts, given: Given) -> None:
    if given.contact_attempts < 1:
        raise Refused("no_contact_attempt", "须先联系本人", "the person must have been tried first", "DRR art. 14", "/contact_attempts")


def _second_person(facts: Facts, given: Given) -> None:
    if not given.confirmed_by or given.confirmed_by in given.recorder:
        raise Refused(
            "second_person_required",
            "认定拒绝报到须另有一名工作人员确认",
            "a second person confirms a refusal",
            "DRR art. 14; domain 13",
            "/confirmed_by",
        )


def _not_served_yet(facts: Facts, given: Given) -> None:
    if facts.served_on is not None:
        raise Refused("already_served", "决定书已送达", "the decision is served already", "NCL art. 40")


def _not_done_yet(facts: Facts, given: Given) -> None:
    if given.event in facts.done:
        raise Refused("already_recorded", "已登记,如有误请更正", "is recorded already; a mistake is corrected", "PIPL art. 46")


def _proposed(facts: Facts, given: Given) -> None:
    proposed_on = facts.done.get(PROPOSALS[given.event])
    if proposed_on is None or proposed_on > given.on:
        raise Refused(
            "proposal_required",
            "须先有强制隔离戒毒场所的诊断评估和提请意见",
            "needs the facility's assessment and proposal first",
            "DRR art. 31-33",
        )


def _not_signed_yet(facts: Facts, given: Given) -> None:
    if facts.agreement_on is not None:
        raise Refused("already_signed", "协议已签订", "the agreement is signed already", "DRR art. 16")


def _reason_given(facts: Facts, given: Given) -> None:
    if not given.reason.strip():
        raise Refused("reason_required", "须写明理由", "needs a reason", "APL art. 44", "/reason")


def _statutory_count(facts: Facts, given: Given) -> None:
    if given.evaded_tests < EVADED_TESTS and given.departures < DEPARTURES and given.absence_days <= ABSENCE_DAYS:
        raise Refused(
            "below_statutory_count",
            "未达到严重违反协议的法定次数(检测3次、擅离3次或累计超过30日)",
            "three evaded tests, three departures or more than 30 days are needed",
            "DRR art. 20",
            "/evaded_tests",
        )


def _statement_heard(facts: Facts, given: Given) -> None:
    if not (given.statement or "").strip():
        raise Refused("statement_required", "须先听取本人陈述", "the person must be heard first", "APL art. 44-45", "/statement")


def _police_finding(facts: Facts, given: Given) -> None:
    if not given.finding_no:
        raise Refused(
            "finding_required",
            "复吸须有公安机关认定文号",
            "re-use needs a police finding, never a bare strip",
            "NCL art. 35; DRR art. 21",
            "/finding_no",
        )


def _isolation_ground(facts: Facts, given: Given) -> None:
    if given.ground not in GROUND_OF_REPORT.get(facts.state, GROUNDS):
        raise Refused(
            "ground_required",
            "须写明强制隔离戒毒的法定情形,且与所报告的情形一致",
            "needs a ground of NCL art. 38 that what was reported can found",
            "NCL art. 38",
            "/ground",
        )
    if given.ground == "seriously_addicted" and given.addiction != "seriously_addicted":
        raise Refused(
            "serious_finding_required",
            "须有吸毒成瘾严重的认定",
            "needs a finding of serious addiction",
            "NCL art. 38 §2; ADM art. 8",
            "/addiction",
        )


def _used_again(facts: Facts, given: Given) -> None:
    if given.ground != "used_again_afterwards":
        raise Refused(
            "ground_required",
            "社区康复期间仅限再次吸毒情形",
            "after rehabilitation only renewed use is a ground",
            "NCL art. 38 §1(4); DRR art. 38 §2",
            "/ground",
        )


def _not_barred(facts: Facts, given: Given) -> None:
    if given.bar is not None:
        raise Refused(
            "barred",
            "怀孕或哺乳未满一周岁婴儿的妇女不适用强制隔离戒毒",
            "pregnant or nursing a child under one: must not be isolated",
            "NCL art. 39",
            "/bar",
        )
    if given.age is not None and given.age < YOUNG and not given.reason.strip():
        raise Refused(
            "minor_needs_reason",
            "不满十六周岁可以不适用,决定须写明理由",
            "under sixteen it may be left off: needs its reason",
            "NCL art. 39",
            "/reason",
        )
    if not given.order_no:
        raise Refused("order_required", "须有决定书文号", "needs the number of the decision", "NCL art. 40", "/order_no")


def _new_place(facts: Facts, given: Given) -> None:
    if not given.division_code:
        raise Refused("place_required", "须写明执行地", "needs the place of execution", "DRR art. 22", "/division_code")
    if given.division_code == facts.division_code and facts.state == "active":
        raise Refused("same_place", "执行地没有变化", "the place is the same", "DRR art. 22", "/division_code")


def _document_given(facts: Facts, given: Given) -> None:
    if not given.document_no:
        raise Refused("document_required", "须有文书号", "needs the number of the document", "DRR art. 24", "/document_no")


def _term_over(facts: Facts, given: Given) -> None:
    if facts.term_end is None or given.on < facts.term_end:
        raise Refused("term_not_over", "期限未届满", "the term is not over", "NCL art. 33, 47; DRR art. 23, 40", "/on")


def _one_year_served(facts: Facts, given: Given) -> None:
    if facts.term_start is None or given.on < terms.term_end(facts.term_start, 12, added_days=facts.suspended_days):
        raise Refused("one_year_first", "执行满一年后方可提前解除", "only after one year served", "NCL art. 47", "/on")


def _never_escaped(facts: Facts, given: Given) -> None:
    if facts.escaped_once:
        raise Refused("escaped", "曾脱逃,不得提前解除", "after an escape there is no early release", "DRR art. 32")


def longest_isolation(facts: Facts) -> date | None:
    """The first day after the longest term of an isolation (NCL art. 47)."""
    if facts.term_start is None:
        return None
    months = terms.ISOLATION_MONTHS + terms.ISOLATION_EXTENSION_MONTHS
    return terms.term_end(facts.term_start, months, added_days=facts.suspended_days)


def _extension_within_a_year(facts: Facts, given: Given) -> None:
    longest = longest_isolation(facts)
    if longest is None or facts.term_end is None or facts.term_end >= longest:
        raise Refused("extended_already", "已延长至最长期限,不得再延长", "is extended to the longest term already", "NCL art. 47")
    if given.until is None or given.until <= facts.term_end:
        raise Refused("until_required", "须写明延长至何日", "needs the new last day", "NCL art. 47", "/until")
    if given.until > longest:
        raise Refused("longer_than_a_year", "延长最多一年", "at most one year longer", "NCL art. 47", "/until")


def _addiction_found(facts: Facts, given: Given) -> None:
    if given.addiction not in ADDICTED:
        raise Refused("finding_required", "须有吸毒成瘾认定", "needs an addiction finding", "NCL art. 33; ADM art. 7", "/addiction")


def _order_named(facts: Facts, given: Given) -> None:
    if not given.order_no or not given.order_organ:
        pointer = "/order_organ" if given.order_no else "/order_no"
        raise Refused("order_required", "须有决定书文号和决定机关", "needs number and organ of the order", "DRR art. 13, 25, 37", pointer)


def _was_released(facts: Facts, given: Given) -> None:
    if given.released_on is None or given.released_on > given.on:
        raise Refused(
            "release_first",
            "社区康复仅适用于解除强制隔离戒毒的人员",
            "only after release from isolation",
            "NCL art. 48; DRR art. 37",
            "/released_on",
        )
    if given.on >= terms.monitoring_end(given.released_on):
        raise Refused(
            "three_years_over",
            "解除强制隔离戒毒已满三年,不得再责令社区康复",
            "three years after the release nothing can be ordered any more",
            "DRR art. 7",
            "/ordered_on",
        )


def _served_elsewhere(facts: Facts, given: Given) -> None:
    since, ordered = given.served_since, given.ordered_on or date.min
    if since is None:
        raise Refused("served_since_required", "须写明原执行地起算日", "needs its first day elsewhere", "DRR art. 22", "/served_since")
    if not ordered <= since <= given.on:
        raise Refused(
            "served_since_disorder", "起算日须在决定后、报到前", "runs from the order, before the arrival", "DRR art. 22", "/served_since"
        )
    if terms.term_end(since, given.term_months or terms.COMMUNITY_MONTHS, added_days=given.uncounted_days) <= given.on:
        raise Refused("term_over", "到本地报到前期限已满", "the term was over before the arrival", "DRR art. 22, 23", "/served_since")


def _same_organ(facts: Facts, given: Given) -> None:
    if given.isolation_organ and given.order_organ != given.isolation_organ:
        raise Refused(
            "other_organ",
            f"社区康复由强制隔离戒毒的决定机关责令({given.isolation_organ})",
            "rehabilitation is ordered by the organ that decided the isolation",
            "NCL art. 48; DRR art. 37",
            "/order_organ",
        )


def _term_within_three_years(facts: Facts, given: Given) -> None:
    if given.term_months is None or not 1 <= given.term_months <= terms.REHABILITATION_MAX_MONTHS:
        raise Refused("term_too_long", "社区康复期限不超过三年", "at most three years", "NCL art. 48", "/term_months")


GUARDS: dict[str, Callable[[Facts, Given], None]] = {
    "in_time_or_good_reason": _in_time_or_good_reason,
    "due_passed": _due_passed,
    "contact_attempted": _contact_attempted,
    "second_person": _second_person,
    "not_served_yet": _not_served_yet,
    "not_done_yet": _not_done_yet,
    "proposed": _proposed,
    "not_signed_yet": _not_signed_yet,
    "reason_given": _reason_given,
    "statutory_count": _statutory_count,
    "statement_heard": _statement_heard,
    "police_finding": _police_finding,
    "isolation_ground": _isolation_ground,
    "used_again": _used_again,
    "not_barred": _not_barred,
    "new_place": _new_place,
    "document_given": _document_given,
    "term_over": _term_over,
    "one_year_served": _one_year_served,
    "never_escaped": _never_escaped,
    "extension_within_a_year": _extension_within_a_year,
    "addiction_found": _addiction_found,
    "order_named": _order_named,
    "was_released": _was_released,
    "same_organ": _same_organ,
    "served_elsewhere": _served_elsewhere,
    "term_within_three_years": _term_within_three_years,
}
