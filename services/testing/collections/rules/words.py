"""The words of a test chain: states, kinds, deadlines and who owes them."""

from __future__ import annotations

from typing import Literal, get_args

from services.testing.plans.rules import Kind

View = Literal["none", "code", "chain"]


ClosingGround = Literal["no_objection", "admitted"]


RequestDecision = Literal["granted", "refused"]


Shortened = Literal["running", "closed"]


ChainState = Literal[
    "collected",
    "repeat_onsite",
    "final_negative",
    "presumptive_positive",
    "referred_to_police",
    "superseded",
    "onsite_final",
    "lab_requested",
    "at_lab",
    "lab_reported",
    "retest_requested",
    "at_retest_lab",
    "final_positive",
    "new_collection",
    "explained_medical",
    "withdrawn",
]
STATES: tuple[ChainState, ...] = get_args(ChainState)

Mode = Literal["onsite_test", "screening"]
"""`screening`: a worker's strip, which is not a test in the sense of DTP art. 4."""
MODES: tuple[Mode, ...] = get_args(Mode)

Source = Literal["entry", "ledger"]
SOURCES: tuple[Source, ...] = get_args(Source)

CollectionKind = Kind | Literal["basis_unknown"]
COLLECTION_KINDS: tuple[str, ...] = (*get_args(Kind), "basis_unknown")
"""`basis_unknown`: a ledger's test on a day without a running term. It becomes voluntary only when somebody shows the consent (DTP art. 2)."""

Container = Literal["A", "B"]
CONTAINERS: tuple[Container, ...] = get_args(Container)

DeadlineKind = Literal["onsite_test", "police_test", "objection", "decision_and_dispatch", "lab_report", "tell_result", "basis"]
Owner = Literal["collector", "police", "subject", "laboratory", "county_office"]

OPEN = frozenset(
    {
        "collected",
        "repeat_onsite",
        "presumptive_positive",
        "referred_to_police",
        "lab_requested",
        "at_lab",
        "lab_reported",
        "retest_requested",
        "at_retest_lab",
    }
)
"""The chain still runs: somebody owes the next step, also after the person's record has closed (DTP art. 10-15)."""

AT_A_LAB = frozenset({"at_lab", "at_retest_lab"})
