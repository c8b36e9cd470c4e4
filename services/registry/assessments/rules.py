"""Pure rules of risk assessments: three tiers, who gets one, how long it holds (domain 4.2)."""

from __future__ import annotations

import calendar
from datetime import date
from typing import Literal, get_args

from kit.steps.machine import START, Machine, step

Factor = Literal[
    "reuse_finding_within_6_months",
    "reuse_finding_within_12_months",
    "released_within_6_months",
    "released_within_12_months",
    "reviewed_test_evasions",
    "reviewed_absence_over_10_days",
    "acute_crisis",
    "no_stable_dwelling",
    "no_income_wants_work",
    "attends_nine_in_ten",
    "twelve_months_no_finding",
    "twenty_four_months_no_finding",
    "in_work_school_or_care",
]


Tier = Literal["high", "medium", "low"]
TIERS: tuple[Tier, ...] = get_args(Tier)


State = Literal["proposed", "signed", "withdrawn"]
STATES: tuple[State, ...] = get_args(State)
_STAFF = ("county_officer", "town_officer", "social_worker", "police_officer")
_SIGNERS = ("county_officer", "town_officer", "police_officer")

MACHINE = Machine(
    "registry.risk_assessment.state",
    STATES,
    (
        step("propose", START, "proposed", "domain 4.2", "提出评估", "propose", roles=_STAFF, needs="inputs assessed_on reason"),
        step("take_over", START, "proposed signed", "domain 4.2; ledger of the county", "台账接收", "take over from a ledger"),
        step("sign", "proposed", "signed", "PIPL art. 24; domain 4.2", "签字", "sign", roles=_SIGNERS, needs="tier reason"),
        step("withdraw", "proposed signed", "withdrawn", "PIPL art. 24, 46", "撤回", "withdraw", roles=_SIGNERS, needs="reason"),
    ),
)
"""A model proposes, a named person signs; nothing binds before."""


def taken_state(tier: str, *, office: bool) -> State:
    """The state of an assessment of a ledger: a high tier needs two people, and only the office's own paper is known to have been signed (PIPL art. 24)."""
    return "signed" if office or tier != "high" else "proposed"


MODEL_VERSION = "county-2021-1"
"""DEFAULT model of domain 4.2; stored with every assessment so that an old one can be read with its own weights."""

VALID_MONTHS = {"high": 3, "medium": 6, "low": 6}
"""DEFAULT of domain 4.2: an assessment expires and asks for review."""

INPUTS: dict[str, int] = {
    "reuse_finding_within_6_months": 40,
    "reuse_finding_within_12_months": 25,
    "released_within_6_months": 20,
    "released_within_12_months": 10,
    "reviewed_test_evasions": 8,
    "reviewed_absence_over_10_days": 10,
    "acute_crisis": 15,
    "no_stable_dwelling": 5,
    "no_income_wants_work": 5,
    "attends_nine_in_ten": -10,
    "twelve_months_no_finding": -15,
    "twenty_four_months_no_finding": -30,
    "in_work_school_or_care": -10,
}
"""Named factors and their points. Only lawful work records: no location, payment, contacts, face, ethnicity or infection status (domain 4.2, 11.4)."""

MOST = {"reviewed_test_evasions": 3}
"""How often a counted factor counts at most; every other factor counts once."""


def score(inputs: dict[str, int]) -> int:
    """Points of the given factors. Raises KeyError for a factor that the model does not know, ValueError for a count below 0."""
    total = 0
    for name, count in inputs.items():
        if count < 0:
            raise ValueError(name)
        total += INPUTS[name] * min(count, MOST.get(name, 1))
    return total


def proposed_tier(points: int) -> str:
    """The tier that the points propose; it binds nobody until a named human signs."""
    if points >= 50:
        return "high"
    return "medium" if points >= 20 else "low"


def valid_to(assessed_on: date, tier: str) -> date:
    """First day on which an assessment no longer holds."""
    year, month = divmod(assessed_on.year * 12 + assessed_on.month - 1 + VALID_MONTHS[tier], 12)
    return date(year, month + 1, min(assessed_on.day, calendar.monthrange(year, month + 1)[1]))


def may_have_tier(status: str, *, measure_runs: bool) -> bool:
    """Only a person with a running measure or under dynamic monitoring has a tier; after three clean years there is none, not even `low` (DRR art. 7)."""
    return measure_runs or status in (
        "in_society",
        "detained",
        "community_treatment",
        "community_rehabilitation",
        "maintenance_treatment",
        "voluntary_treatment",
    )
