"""Which standings may be registered beside the measures of a person, and which one follows a decision about a measure. Pure.

A standing is a word in a register. It ends nothing before its time: it cannot shorten a term (NCL art. 33; DRR art. 14, 23), and three
clean years are counted from the days of the measures (DRR art. 7; domain 2.5), or, where there was none, from the day on which the register
shows the person in society.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.registry.measures.rules.monitoring import Course, Monitoring
from services.registry.measures.rules.states import EXCLUSIVE, OPEN, state_on
from services.registry.measures.rules.terms import monitoring_end

IN_CUSTODY = frozenset({"detained"})
"""DEFAULT: days in custody prove nothing and are not counted; the register shows since when the person is back in society."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The standing that the register shows on a day."""

    status: str
    since: date


@dataclass(frozen=True, slots=True)
class TooEarly:
    """Why three clean years cannot be registered for a day."""

    code: str
    zh: str
    en: str


def clean_years_missing(found: Monitoring, courses: Sequence[Course], shown: Shown | None, since: date, today: date) -> TooEarly | None:
    """Why three clean years cannot be registered from `since` on, or None."""
    if found.ground == "in_isolation" or (shown is not None and shown.status == "compulsory_isolation_treatment" and not courses):
        return TooEarly("in_isolation", "强制隔离戒毒期间不计算戒断期限", "in isolation nothing is counted (DRR art. 7)")
    if found.ground == "police_decide":
        return TooEarly(
            "police_decide",
            "拒绝接受或严重违反协议的,由公安机关个案决定,不适用三年期满",
            "after a refusal or a serious breach the police decide; three years do not end it (DRR art. 7; domain 2.5)",
        )
    if shown is not None and shown.status in IN_CUSTODY:
        return TooEarly("in_custody", "羁押期间不计算戒断期限", "in custody nothing is counted (DRR art. 7, 24)")
    clean_since = found.clean_since or (shown.since if shown is not None else None)
    if clean_since is None:
        return TooEarly("clean_since_unknown", "登记中没有戒断起算日", "the register knows no day from which the years run (DRR art. 7)")
    ends_on = monitoring_end(clean_since)
    if since < ends_on:
        return TooEarly(
            "three_years_not_over",
            f"戒断未满三年:自{clean_since}起,至{ends_on}满",
            f"three years are over on {ends_on}: clean since {clean_since} (DRR art. 7)",
        )
    open_on = [
        course for course in courses if course.kind in EXCLUSIVE and state_on(course.kind, course.state, course.term_end, since) in OPEN
    ]
    if open_on or found.open_measure:
        return TooEarly(
            "measure_open",
            "有未依法结束的戒毒措施,不能以登记状态提前结束",
            "a measure has not ended by law; no standing ends it (NCL art. 33; DRR art. 14, 23, 24)",
        )
    return None


def contradicts(status: str, running: str | None) -> bool:
    """Whether a standing would contradict the running measure: `running` is the kind of the exclusive measure that is open, or None."""
    return running is not None and status != running and (status in EXCLUSIVE or status == "in_society")


AFTER = {"terminated": "detained"}
"""What a person's standing is after an end that a decision brought: prison or compulsory education (DRR art. 24 §1). After every other end: in society."""


def status_after(kind: str, state: str) -> str | None:
    """What the person's standing is once this measure has come into this state; None when the state says nothing about it.

    A measure that is decided is what the register shows, from its order on. An end by law alone is not written here: it holds on its day
    without a row.
    """
    if kind not in EXCLUSIVE or state in ("closed_death", "converted_to_isolation", "discharged"):
        return None
    return kind if state in OPEN else AFTER.get(state, "in_society")
