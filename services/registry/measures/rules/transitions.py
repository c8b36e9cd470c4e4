"""The machine of measures: domain tables T1-T18, I1-I7, R1-R5, and the voluntary measures beside them. Pure data.

What is not declared here cannot happen: there is no early discharge and no extension of community treatment (NCL art. 33; DRR art. 14, 23), no way from a
refusal or breach of rehabilitation to isolation (DRR art. 38 §2), no approval of an absence (DRR art. 19).
"""

from __future__ import annotations

from kit.steps.machine import START, Machine
from services.registry.measures.rules.declared import (
    ANY,
    BOTH,
    COMMUNITY,
    CR,
    CT,
    ISOLATION,
    LAW,
    POLICE,
    PREVIOUS,
    TOWN,
    MeasureStep,
    declare,
)
from services.registry.measures.rules.isolation import ISOLATION_STEPS
from services.registry.measures.rules.states import EXCLUSIVE, EXPIRING, OPEN, STATES, VOLUNTARY

OPEN_COMMUNITY = tuple(state for state in OPEN if state not in ("isolation_active", "escaped"))
"""Prison and compulsory education end the measure whatever stage it has reached: DRR art. 24 §1 makes no difference between them."""

OVER = ("discharged", "released")
"""A term that is over can still rest on an order that is annulled afterwards, on review or by a court: then it counts for nothing (T18)."""

_STEPS: tuple[MeasureStep, ...] = (
    declare("T2", CT, "serve", ("ordered",), "awaiting_report_in", "changed", "service_receipt", "DRR art. 14", BOTH),
    declare(
        "T3",
        CT,
        "report_in",
        ("awaiting_report_in",),
        "active",
        "reported_in",
        "report_in",
        "DRR art. 14",
        TOWN,
        ("in_time_or_good_reason",),
    ),
    declare(
        "T4",
        CT,
        "confirm_refusal",
        ("awaiting_report_in",),
        "refused",
        "breached",
        "breach_report",
        "DRR art. 14, 21",
        TOWN,
        ("due_passed", "contact_attempted", "second_person"),
    ),
    declare("T5", CT, "sign_agreement", ("active",), "active", "changed", "agreement", "DRR art. 16, 44", TOWN, ("not_signed_yet",)),
    declare("T6", CT, "admonish", ("active",), "active", "changed", "admonition", "NCL art. 35", TOWN, ("reason_given",)),
    declare(
        "T7",
        CT,
        "report_serious_breach",
        ("active",),
        "reported_serious_breach",
        "breached",
        "breach_report",
        "DRR art. 20, 21; NCL art. 35",
        TOWN,
        ("statutory_count", "statement_heard"),
    ),
    declare(
        "T8",
        COMMUNITY,
        "report_reuse",
        ("active",),
        "reported_reuse",
        "breached",
        "breach_report",
        "NCL art. 35, 38; DRR art. 21",
        POLICE,
        ("police_finding",),
    ),
    declare(
        "T9",
        CT,
        "decide_isolation",
        ("refused", "reported_serious_breach", "reported_reuse"),
        "converted_to_isolation",
        "ended",
        "isolation_order",
        "NCL art. 38, 40, 47; DRR art. 25, 27",
        POLICE,
        ("isolation_ground", "not_barred", "order_named"),
    ),
    declare(
        "T9",
        CR,
        "decide_isolation",
        ("reported_reuse",),
        "converted_to_isolation",
        "ended",
        "isolation_order",
        "NCL art. 38 §1(4), 47; DRR art. 25",
        POLICE,
        ("used_again", "not_barred", "order_named"),
    ),
    declare(
        "T10",
        COMMUNITY,
        "decide_against_isolation",
        ("refused", "reported_serious_breach", "reported_reuse"),
        PREVIOUS,
        "changed",
        "no_decision_note",
        "NCL art. 38",
        POLICE,
        ("reason_given",),
    ),
    declare(
        "T11",
        COMMUNITY,
        "begin_transfer",
        ("active",),
        "transfer_pending",
        "changed",
        "transfer_letter",
        "DRR art. 22",
        TOWN,
        ("new_place",),
    ),
    declare(
        "T12",
        COMMUNITY,
        "report_in_at_new_place",
        ("transfer_pending",),
        "active",
        "transferred",
        "transfer_receipt",
        "DRR art. 22",
        TOWN,
        ("in_time_or_good_reason",),
    ),
    declare(
        "T13",
        COMMUNITY,
        "suspend",
        ("active", "transfer_pending"),
        "suspended",
        "suspended",
        "suspension",
        "DRR art. 24 §2",
        BOTH,
        ("document_given",),
    ),
    declare("T14", COMMUNITY, "resume", ("suspended",), PREVIOUS, "resumed", "resumption", "DRR art. 24 §2", BOTH),
    declare(
        "T15",
        COMMUNITY,
        "terminate",
        OPEN_COMMUNITY,
        "terminated",
        "ended",
        "termination",
        "DRR art. 24 §1",
        POLICE,
        ("document_given",),
    ),
    declare(
        "T16",
        CT,
        "expire",
        tuple(s for s in EXPIRING if s != "isolation_active"),
        "discharged",
        "ended",
        "discharge_notice",
        "NCL art. 33; DRR art. 23",
        LAW | BOTH,
        ("term_over",),
    ),
    declare(
        "T16",
        COMMUNITY,
        "serve_discharge_notice",
        ("discharged",),
        "discharged",
        "changed",
        "discharge_notice",
        "DRR art. 23, 40",
        BOTH,
        ("not_done_yet", "document_given"),
    ),
    declare("T17", ANY, "die", OPEN, "closed_death", "ended", "death_certificate", "record of death", BOTH, ("document_given",)),
    declare(
        "T18",
        COMMUNITY + ISOLATION,
        "revoke",
        (*OPEN, *OVER),
        "revoked",
        "ended",
        "revocation",
        "NCL art. 40; Administrative Review Law; Administrative Litigation Law",
        POLICE,
        ("document_given",),
    ),
    declare("R1", CR, "serve", ("ordered",), "awaiting_report_in", "changed", "service_receipt", "DRR art. 37, 38", BOTH),
    declare(
        "R2",
        CR,
        "report_in",
        ("awaiting_report_in",),
        "active",
        "reported_in",
        "report_in",
        "DRR art. 38",
        TOWN,
        ("in_time_or_good_reason",),
    ),
    declare("R2", CR, "sign_agreement", ("active",), "active", "changed", "agreement", "DRR art. 38", TOWN, ("not_signed_yet",)),
    declare("R2", CR, "admonish", ("active",), "active", "changed", "admonition", "DRR art. 38", TOWN, ("reason_given",)),
    declare(
        "R3",
        CR,
        "report_breach",
        ("awaiting_report_in", "active"),
        "breach_reported",
        "breached",
        "breach_report",
        "DRR art. 38 §2",
        TOWN,
        ("reason_given", "statement_heard"),
    ),
    declare(
        "R3", CR, "close_breach", ("breach_reported",), PREVIOUS, "changed", "no_decision_note", "DRR art. 38 §2", POLICE, ("reason_given",)
    ),
    declare(
        "R4",
        CR,
        "expire",
        tuple(s for s in EXPIRING if s != "isolation_active"),
        "discharged",
        "ended",
        "discharge_notice",
        "NCL art. 48; DRR art. 40",
        LAW | BOTH,
        ("term_over",),
    ),
    declare("V2", VOLUNTARY, "leave", ("active",), "ended", "ended", "discharge_notice", "NCL art. 36, 49, 51; DRR art. 10, 12, 41", BOTH),
    *ISOLATION_STEPS,
)

_BEGIN: tuple[MeasureStep, ...] = (
    declare(
        "T12",
        COMMUNITY,
        "transfer_in",
        (START,),
        "active",
        "reported_in",
        "transfer_letter",
        "DRR art. 22",
        BOTH,
        ("order_named", "document_given", "served_elsewhere"),
    ),
    declare(
        "T1", CT, "order", (START,), "ordered", "ordered", "order", "NCL art. 33; DRR art. 13", POLICE, ("addiction_found", "order_named")
    ),
    declare(
        "I1",
        ISOLATION,
        "order",
        (START,),
        "isolation_active",
        "ordered",
        "isolation_order",
        "NCL art. 38, 40; DRR art. 25",
        POLICE,
        ("addiction_found", "isolation_ground", "not_barred", "order_named"),
    ),
    declare(
        "R1",
        CR,
        "order",
        (START,),
        "ordered",
        "ordered",
        "order",
        "NCL art. 48; DRR art. 37",
        POLICE,
        ("was_released", "term_within_three_years", "order_named", "same_organ"),
    ),
    declare(
        "V1",
        ("voluntary_treatment",),
        "order",
        (START,),
        "active",
        "ordered",
        "agreement",
        "NCL art. 36, 62; DRR art. 9-10",
        BOTH,
    ),
    declare("V1", ("maintenance_treatment",), "order", (START,), "active", "ordered", "registration", "NCL art. 51; DRR art. 12", BOTH),
    declare("V1", ("rehabilitation_centre_stay",), "order", (START,), "active", "ordered", "agreement", "NCL art. 49; DRR art. 41", BOTH),
)
"""How a measure begins by hand."""

_OF_THE_REGISTER: tuple[MeasureStep, ...] = (
    declare("", ISOLATION, "take_over", (START,), "isolation_active", "reported_in", "", "DRR art. 14; ledger of the county"),
    declare("", COMMUNITY + VOLUNTARY, "take_over", (START,), "active", "reported_in", "", "DRR art. 14; ledger of the county"),
    declare("", EXCLUSIVE, "supersede", OPEN, "ended", "ended", "", "NCL art. 33, 38, 48"),
    declare("", ANY, "end_supervision", OPEN, "ended", "ended", "", "DRR art. 7"),
    declare("", ANY, "transfer_out", OPEN, "ended", "ended", "", "DRR art. 22"),
    declare("", VOLUNTARY, "revoke", OPEN, "revoked", "ended", "", "PIPL art. 46"),
    declare("", ANY, "correct", STATES, " ".join(STATES), "changed", "", "PIPL art. 46"),
)
"""What is written of a measure without a step of its own: a ledger, a standing of the person, a correction (`corrections` says who may, and to where)."""

MACHINE = Machine("registry.measure.state", STATES, (*_BEGIN, *_STEPS, *_OF_THE_REGISTER))
"""The life of a measure."""

EVENTS = tuple(sorted({declared.event for declared in _STEPS}))
"""The steps that lead from a measure onwards."""
END_EVENTS = frozenset(declared.event for declared in _STEPS if declared.says == "ended" and declared.event != "expire")
"""Steps by which a measure ends before its term: each is a reason of the end of its own name."""


def find(kind: str, state: str, event: str) -> MeasureStep | None:
    """The declared step that somebody records by hand for an event in a state, or None: then it cannot happen."""
    found = MACHINE.find(state, event, kind)
    return found if found is not None and found.roles else None


def possible(kind: str, state: str) -> tuple[MeasureStep, ...]:
    """What somebody can record next."""
    return tuple(declared for declared in MACHINE.open_from(state, kind) if declared.roles)


def beginning(kind: str, event: str = "order") -> MeasureStep:
    """How a measure of this kind begins. Raises NotDeclared."""
    return MACHINE.step(START, event, kind)
