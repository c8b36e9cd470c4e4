"""Since when a person counts as clean, and when dynamic monitoring ends by law (DRR art. 7). Pure.

No national text fixes the start. DEFAULT is the rule in which two provincial regulations agree (Shanghai 2015 art. 29, Shandong 2017 art. 36; domain 2.5).
Neither a missed nor a negative test, nor an allegation or an alert, sets it back: only a police finding of re-use does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from services.registry.measures.rules import terms
from services.registry.measures.rules.states import COMMUNITY, EXCLUSIVE, OPEN, state_on

SOURCE = "DRR art. 7; SHN art. 29; SDN art. 36"
EXCEPTED = frozenset({"refused", "reported_serious_breach"})
"""Refused or seriously breached: the rule does not apply, the police decide in each case."""


MonitoringGround = Literal["execution_began", "released", "finding_of_reuse", "caught", "unknown", "in_isolation", "police_decide"]
MONITORING_GROUNDS: tuple[MonitoringGround, ...] = get_args(MonitoringGround)
"""What the three clean years are counted from, or why they are not counted."""


@dataclass(frozen=True, slots=True)
class Course:
    """A measure as far as it matters here."""

    kind: str
    state: str
    term_start: date | None
    term_end: date | None
    ended_on: date | None
    findings: Sequence[date] = ()
    """Days of police findings of re-use that were not taken back."""


@dataclass(frozen=True, slots=True)
class Monitoring:
    """`clean_since` and `ends_on` are null while nothing can be counted; `open_measure`: a measure still runs, whatever the days say."""

    ground: MonitoringGround
    clean_since: date | None
    ends_on: date | None
    open_measure: bool
    source: str = SOURCE

    def over_on(self, day: date) -> bool:
        """Whether monitoring has ended by that day: three clean years, and no measure open."""
        return self.ends_on is not None and self.ends_on <= day and not self.open_measure


def monitoring_of(courses: Iterable[Course], caught_on: date | None, today: date) -> Monitoring:
    """The rule for a person on a day. `caught_on`: when the register knows it, the day on which the person was found using."""
    known = [course for course in courses if course.kind in EXCLUSIVE and course.state != "revoked"]
    states = {id(course): state_on(course.kind, course.state, course.term_end, today) for course in known}
    is_open = any(states[id(course)] in OPEN for course in known)
    if any(states[id(course)] in EXCEPTED for course in known):
        return Monitoring("police_decide", None, None, is_open)
    if any(states[id(course)] in ("isolation_active", "escaped") for course in known):
        return Monitoring("in_isolation", None, None, is_open)
    starts: list[tuple[date, MonitoringGround]] = [] if caught_on is None else [(caught_on, "caught")]
    for course in known:
        starts.extend((day, "finding_of_reuse") for day in course.findings)
        if course.kind in COMMUNITY and course.term_start is not None:
            starts.append((course.term_start, "execution_began"))
        elif course.kind not in COMMUNITY and (released := course.ended_on or course.term_end) is not None:
            starts.append((released, "released"))
    if not starts:
        return Monitoring("unknown", None, None, is_open)
    since, ground = max(starts)
    return Monitoring(ground, since, terms.monitoring_end(since), is_open)
