"""Who may inspect what: pure, standard library only."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Literal, Protocol, get_args

from kit.steps.machine import START, Machine, step
from services.precursor.catalogue.rules.organs import Authority

AUTHORITIES: tuple[str, ...] = get_args(Authority)
"""Organs with a legal power to inspect (国办发〔2024〕54号; PCR art. 3, 32; 邮政法 art. 4; CTL art. 20)."""

NOT_AUTHORITIES = ("narcotics_office", "narcotics_commission", "town_government", "third_party", "contractor")
"""Requests that are frequent and refused: coordination bodies, townships without the power, outsourced firms (国办发〔2024〕54号)."""

InspectorState = Literal["active", "inactive"]
STATES: tuple[InspectorState, ...] = get_args(InspectorState)

_OFFICE = ("county_officer",)
_ENTRY = "name|certificate_no|certificate_valid_to reason"
_NEW = "staff_code name authority certificate_no certificate_valid_to"

MACHINE = Machine(
    "precursor.inspector.state",
    STATES,
    (
        step("enter", START, "active", "APL art. 42, 55", "列入名录", "enter", roles=_OFFICE, needs=_NEW),
        step("amend", "active", "active", "APL art. 42, 55", "更正", "amend", roles=_OFFICE, needs=_ENTRY),
        step("amend", "inactive", "inactive", "APL art. 42, 55", "更正", "amend", roles=_OFFICE, needs=_ENTRY),
        step("take_out", "active", "inactive", "APL art. 42, 55", "移出名录", "take out", roles=_OFFICE, needs="state reason"),
        step("put_back", "inactive", "active", "APL art. 42, 55", "恢复", "put back", roles=_OFFICE, needs="state reason"),
    ),
)
"""The directory of officers who may be sent: only with a certificate of the law's own organ."""

POSTS = ("officer",)
NOT_POSTS = ("grid_worker", "auxiliary", "contractor", "temporary", "volunteer", "social_worker")
"""Who never inspects, whichever organ sends them (国办发〔2024〕54号)."""

NEVER_INSPECT = ("county_officer", "town_officer", "social_worker", "grid_worker")
"""Roles whose holders coordinate or assist; together with the role of an inspector they still do not inspect (国办发〔2024〕54号)."""

COMPETENT: dict[str, frozenset[str]] = {
    "chemical": frozenset(
        {
            "police",
            "emergency_management",
            "drug_administration",
            "market_regulation",
            "commerce",
            "customs",
            "ecology_environment",
            "health",
            "transport",
        }
    ),
    "courier": frozenset({"postal_administration", "police", "transport", "market_regulation"}),
}
"""Kind of object → authorities: PCR art. 32; 快递暂行条例 art. 5, CTL art. 20 (freight: transport)."""

PHARMACEUTICAL_ONLY = frozenset({"drug_administration", "health"})
"""Their power over precursors ends with the pharmaceutical ones (药品类, PCR art. 8, 10, 15)."""

NEEDED_ACTIVITY: dict[str, str] = {"transport": "transport", "commerce": "import_export", "customs": "import_export"}
"""Authorities whose power begins with what a firm does (PCR art. 20, 26, 30)."""

Ground = Literal["kinship", "direct_interest", "other_relation", "party_request", "own_request"]
GROUNDS: tuple[Ground, ...] = get_args(Ground)
"""Grounds of recusal (APL art. 43)."""

Unfit = Literal["recused", "left", "certificate", "unavailable"]
UNFIT: tuple[Unfit, ...] = get_args(Unfit)
"""Why an officer of the directory cannot be sent to a firm: each ground must be on record before a replacement is sent."""

_CERTIFICATE = re.compile(r"[0-9A-Z\u4e00-\u9fff()()〔〕字第号-]{6,40}")


def is_certificate_no(text: str) -> bool:
    """Whether a text can be a certificate number. Provinces number differently, so only letters, digits, brackets and 6 to 40 characters are asked for."""
    return _CERTIFICATE.fullmatch(text) is not None and any(character.isdigit() for character in text)


class Officer(Protocol):
    """What the rule asks of an entry of the directory."""

    staff_code: str
    authority: str
    state: str


def fault_of_head(head: Officer | None, recused: Officer, recorder: str | None) -> tuple[str, str, str] | None:
    """Why somebody cannot have decided that an officer is recused (APL art. 43: the head of that authority), as (code, zh, en); None when nothing is wrong."""
    if head is None or head.state != "active":
        return "staff_unknown", "执法人员名录中没有此人员编号", "the directory of officers has no such staff number"
    if head.authority != recused.authority:
        return "head_of_another_authority", "须由该执法人员所属机关的负责人决定", "the head of the officer's own authority decides"
    if head.staff_code in (recused.staff_code, recorder):
        return "another_person", "须由另一人决定或批准", "somebody else must decide or approve it"
    return None


def is_competent(authority: str, kind: str) -> bool:
    """Whether an authority may inspect a kind of object."""
    return authority in COMPETENT[kind]


def has_power(authority: str, kind: str, *, pharmaceutical: bool, other: bool, activities: Collection[str]) -> bool:
    """Whether an authority may inspect this firm: each within its own duties (PCR art. 3, 32), by what the firm holds and does.

    `pharmaceutical`, `other`: whether it holds pharmaceutical precursors, and anything else. Emergency management has no power over medicines alone.
    """
    if not is_competent(authority, kind):
        return False
    if kind != "chemical":
        return True
    if authority in PHARMACEUTICAL_ONLY:
        return pharmaceutical
    if authority == "emergency_management":
        return other
    return NEEDED_ACTIVITY.get(authority, "") in ("", *activities)


def may_take_over(named: Iterable[str], kind: str, *, pharmaceutical: bool, other: bool) -> list[str]:
    """Of the authorities that an item of a checklist names, those that may take a finding over from this firm; always the police, who get what may be a
    crime (APL art. 27).

    Where an item names both, drug administration stands for pharmaceutical precursors and emergency management for all others (PCR art. 8, 10).
    """
    organs = {*named, "police"}
    if kind == "chemical" and not pharmaceutical:
        organs.discard("drug_administration")
    elif kind == "chemical" and not other and "drug_administration" in organs:
        organs.discard("emergency_management")
    return sorted(organs)


def is_away(leaves: Iterable[tuple[date, date]], first: date, last: date) -> bool:
    """Whether somebody is away on more than half of the days of a span, and so cannot be drawn for it. DEFAULT: a short leave moves the visit, not the officer."""
    days = {
        start + timedelta(days=offset)
        for away_from, away_to in leaves
        for start in (max(away_from, first),)
        for offset in range((min(away_to, last) - start).days + 1)
    }
    return 2 * len(days) > (last - first).days + 1
