"""Pure rules: who may be made to take a test, and what an event about a measure does to what is owed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

MANDATORY_KINDS = frozenset({"community_treatment", "community_rehabilitation"})
"""Of the classes of DTP art. 2 those that a county tests; isolation facilities and rehabilitation centres test their own residents."""

RUNNING = frozenset({"active", "transfer_pending", "reported_serious_breach", "reported_reuse", "breach_reported"})
"""States in which the duties run: a report to the police changes nothing until they decide (DRR art. 20, 21), a transfer does not stop the term (art. 22)."""

NOT_BEGUN = frozenset({"ordered", "awaiting_report_in", "refused"})
"""Before the report-in no term runs (DRR art. 14)."""

ENDED = frozenset({"converted_to_isolation", "terminated", "discharged", "closed_death", "revoked", "released", "ended"})

ENDS_SUPERVISION = frozenset({"three_years_clean", "dead", "transferred_out", "erroneous"})
"""Standings after which nothing is owed (DRR art. 7; domain 2.5)."""


class Effect(StrEnum):
    """What an event about a measure does to the due tests."""

    NONE = "none"
    PLAN = "plan"
    PAUSE = "pause"
    END = "end"


@dataclass(frozen=True, slots=True)
class MeasureNews:
    """What the registry said about a measure."""

    measure_id: UUID
    person_id: UUID
    kind: str
    state: str
    division_code: str
    on: date
    term_start: date | None
    term_end: date | None
    """First day on which nothing is owed any more (DRR art. 23, 40)."""
    step: str = ""
    """The last part of the event's type: reported_in, suspended, resumed, transferred, ended …"""


@dataclass(frozen=True, slots=True)
class Basis:
    """What is needed of a measure to judge whether it can be the basis of a test."""

    measure_id: UUID
    kind: str
    state: str
    division_code: str
    term_start: date | None
    term_end: date | None


def effect_of(news: MeasureNews) -> Effect:
    """What is to be done: plan (NCL art. 35), pause (DRR art. 24 §2), end (DRR art. 23, 24 §1, 40), or nothing."""
    if news.kind not in MANDATORY_KINDS:
        return Effect.NONE
    if news.step == "ended" or news.state in ENDED:
        return Effect.END
    if news.state == "suspended":
        return Effect.PAUSE
    return Effect.PLAN if news.state in RUNNING and news.term_start is not None and news.term_end is not None else Effect.NONE


def effect_of_change(news: MeasureNews, before: Basis | None) -> Effect:
    """The effect of an event that only says that something changed, mostly a correction: nothing, unless the state or the term changed."""
    if before is None:
        return effect_of(news)
    if news.state in NOT_BEGUN:
        return Effect.END if before.term_start is not None else Effect.NONE
    if news.state in RUNNING and before.state in RUNNING and (news.term_start, news.term_end) == (before.term_start, before.term_end):
        return Effect.NONE
    return effect_of(news)


def runs_on(basis: Basis, day: date) -> bool:
    """Whether a measure founds a mandatory test on a day: one of DTP art. 2's, running, within its term (first day included, end excluded)."""
    if basis.kind not in MANDATORY_KINDS or basis.state not in RUNNING or basis.term_start is None:
        return False
    return basis.term_start <= day and (basis.term_end is None or day < basis.term_end)


def legal_basis(measures: Iterable[Basis], standing: str | None, day: date) -> Basis | None:
    """The measure that founds a mandatory test on a day, or None: a person with three clean years, and everybody else, cannot be made to
    take a test (DTP art. 2; DRR art. 7).
    """
    if standing in ENDS_SUPERVISION:
        return None
    return next((basis for basis in measures if runs_on(basis, day)), None)
