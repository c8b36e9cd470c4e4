"""Rules of inspections: pure, standard library only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Literal, get_args

from kit.steps.machine import START, Machine, step

EndCategory = Literal["refused", "not_at_place", "ended_without_result"]


DirectOrigin = Literal["complaint", "transfer"]


State = Literal["planned", "started", "completed", "ended", "cancelled"]
STATES: tuple[State, ...] = get_args(State)

Origin = Literal["draw", "complaint", "transfer"]
SOURCES: tuple[Origin, ...] = get_args(Origin)
"""Drawn, or checked directly after a complaint or a transfer (RBE art. 54)."""

Signature = Literal["signed", "refused"]
SIGNATURES: tuple[Signature, ...] = get_args(Signature)

_INSPECTOR = ("inspector",)

MACHINE = Machine(
    "precursor.inspection.state",
    STATES,
    [
        step(
            "plan",
            START,
            "planned",
            "RBE art. 54",
            "计划检查",
            "plan",
            roles=_INSPECTOR,
            needs="firm_id source ground officers",
        ),
        step(
            "start",
            "planned",
            "started",
            "APL art. 42, 55",
            "开始检查(出示证件)",
            "start, certificates shown",
            roles=_INSPECTOR,
            needs="inspected_on certificates",
            deadline="inspection_window",
            duty=True,
        ),
        step("record", "started", "started", "APL art. 47", "记录检查项目", "record items", roles=_INSPECTOR, needs="outcomes"),
        step(
            "complete",
            "started",
            "completed",
            "APL art. 42, 47",
            "完成检查",
            "complete",
            roles=_INSPECTOR,
            needs="party_statement party_signature",
            deadline="publication",
            duty=True,
        ),
        step(
            "end",
            "planned started",
            "ended",
            "APL art. 42, 55",
            "终止检查",
            "end without completing",
            roles=_INSPECTOR,
            needs="result_category ended_on reason",
        ),
        step("replace_officer", "planned", "planned", "APL art. 43", "更换执法人员", "replace an officer"),
        step(
            "cancel",
            "planned",
            "cancelled",
            "General Office of the State Council (2015) no. 58",
            "取消(抽签对象更换)",
            "cancel, the drawn firm is replaced",
        ),
    ],
)
"""A record is never undone: a new inspection follows."""

OutcomeCode = Literal["ok", "na", "advice", "correct_on_site", "correct_by_date", "refer", "seal_evidence", "stop", "not_checked"]
OUTCOMES: tuple[OutcomeCode, ...] = get_args(OutcomeCode)
"""Outcome codes of an item (domain 7.3)."""

Stratum = Literal["key", "D", "C", "B", "A"]
STRATA: tuple[Stratum, ...] = get_args(Stratum)
"""`key`: class-1 holders under key supervision (RBE art. 54), then credit risk classes, worst first (国市监信发〔2022〕6号)."""

NEEDS_NOTE = frozenset({"advice", "correct_on_site", "correct_by_date", "refer", "seal_evidence", "stop", "not_checked"})
NEEDS_ORGAN = frozenset({"refer"})
NEEDS_DEADLINE = frozenset({"correct_by_date", "stop"})

ResultCategory = Literal[
    "no_problem",
    "corrected_on_site",
    "ordered_to_correct",
    "refused",
    "not_at_place",
    "passed_on",
    "ended_without_result",
]
RESULT_CATEGORIES: tuple[ResultCategory, ...] = get_args(ResultCategory)
"""What is published of a result (domain 9)."""

FOUND_ON_THE_SPOT = frozenset({"refused", "not_at_place"})
"""Ends that state something about the firm: they need two officers who were there and showed their certificates (APL art. 42, 55)."""

EVIDENCE_WORKING_DAYS = 7
"""Held evidence must be decided upon within seven working days (APL art. 56, 85)."""
PUBLISH_WORKING_DAYS = 20
"""DEFAULT (政府信息公开条例 art. 26; domain 13 no. 17)."""


def result_category(outcomes: Iterable[str]) -> str:
    """The gravest outcome of the items: passed on, ordered, corrected on the spot, nothing."""
    found = set(outcomes)
    if found & {"refer", "seal_evidence"}:
        return "passed_on"
    if found & NEEDS_DEADLINE:
        return "ordered_to_correct"
    return "corrected_on_site" if "correct_on_site" in found else "no_problem"


def outcome_faults(outcome: str, note: str | None, passed_to: str | None) -> list[str]:
    """Field names that an outcome needs but lacks, or that do not belong to it."""
    faults = []
    if outcome in NEEDS_NOTE and not note:
        faults.append("note")
    if (outcome in NEEDS_ORGAN) != (passed_to is not None):
        faults.append("passed_to")
    return faults


def unanswered(items: Iterable[str], outcomes: Mapping[str, str]) -> list[str]:
    """Items of the template without an outcome; `na` and `not_checked` with its reason are answers too."""
    return [item for item in items if item not in outcomes]


def last_working_day(day: date, works: Callable[[date], bool], working_days: int = PUBLISH_WORKING_DAYS) -> date:
    """The last day of `working_days` working days, counted from the day after; `works` tells which days are working days."""
    while working_days:
        day += timedelta(days=1)
        working_days -= works(day)
    return day
