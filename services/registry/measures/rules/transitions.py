"""The declared transitions of measures: domain tables T1-T18, I1-I7, R1-R5, and the voluntary measures beside them. Pure data.

What is not declared here cannot happen: there is no early discharge and no extension of community treatment (NCL art. 33; DRR art. 14, 23), no way from a
refusal or breach of rehabilitation to isolation (DRR art. 38 §2), no approval of an absence (DRR art. 19).
"""

from __future__ import annotations

from services.registry.measures.rules.declared import ANY, BOTH, COMMUNITY, CR, CT, ISOLATION, LAW, POLICE, PREVIOUS, TOWN, Transition
from services.registry.measures.rules.isolation import ISOLATION_STEPS
from services.registry.measures.rules.states import EXPIRING, OPEN, VOLUNTARY

OPEN_COMMUNITY = tuple(state for state in OPEN if state not in ("isolation_active", "escaped"))
"""Prison and compulsory education end the measure whatever stage it has reached: DRR art. 24 §1 makes no difference between them."""

TRANSITIONS: tuple[Transition, ...] = (
    Transition("T2", CT, "serve", ("ordered",), "awaiting_report_in", "changed", "service_receipt", "DRR art. 14", BOTH),
    Transition(
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
    Transition(
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
    Transition("T5", CT, "sign_agreement", ("active",), "active", "changed", "agreement", "DRR art. 16, 44", TOWN, ("not_signed_yet",)),
    Transition("T6", CT, "admonish", ("active",), "active", "changed", "admonition", "NCL art. 35", TOWN, ("reason_given",)),
    Transition(
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
    Transition(
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
    Transition(
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
    Transition(
        "T9",
        CR,
        "decide_isolation",
        ("reported_reuse",),
        "converted_to_isolation",
        "ended",
        "isolation_order",
        "NCL art. 38 §1 (4), 47; DRR art. 25",
        POLICE,
        ("used_again", "not_barred", "order_named"),
    ),
    Transition(
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
    Transition(
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
    Transition(
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
    Transition(
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
    Transition("T14", COMMUNITY, "resume", ("suspended",), PREVIOUS, "resumed", "resumption", "DRR art. 24 §2", BOTH),
    Transition(
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
    Transition(
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
    Transition(
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
    Transition("T17", ANY, "die", OPEN, "closed_death", "ended", "death_certificate", "record of death", BOTH, ("document_given",)),
    Transition(
        "T18",
        COMMUNITY + ISOLATION,
        "revoke",
        OPEN,
        "revoked",
        "ended",
        "revocation",
        "NCL art. 40; Administrative Review Law; Administrative Procedure Law",
        POLICE,
        ("document_given",),
    ),
    Transition("R1", CR, "serve", ("ordered",), "awaiting_report_in", "changed", "service_receipt", "DRR art. 37, 38", BOTH),
    Transition(
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
    Transition("R2", CR, "sign_agreement", ("active",), "active", "changed", "agreement", "DRR art. 38", TOWN, ("not_signed_yet",)),
    Transition("R2", CR, "admonish", ("active",), "active", "changed", "admonition", "DRR art. 38", TOWN, ("reason_given",)),
    Transition(
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
    Transition(
        "R3", CR, "close_breach", ("breach_reported",), PREVIOUS, "changed", "no_decision_note", "DRR art. 38 §2", POLICE, ("reason_given",)
    ),
    Transition(
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
    Transition(
        "V2", VOLUNTARY, "leave", ("active",), "ended", "ended", "discharge_notice", "NCL art. 36, 49, 51; DRR art. 10, 12, 41", BOTH
    ),
    *ISOLATION_STEPS,
)

EVENTS = tuple(sorted({transition.event for transition in TRANSITIONS}))

ORDERS: dict[str, tuple[str, str, frozenset[str], str, str, tuple[str, ...]]] = {
    "community_treatment": ("T1", "ordered", POLICE, "order", "NCL art. 33; DRR art. 13", ("addiction_found", "order_named")),
    "compulsory_isolation_treatment": (
        "I1",
        "isolation_active",
        POLICE,
        "isolation_order",
        "NCL art. 38, 40; DRR art. 25",
        ("addiction_found", "isolation_ground", "not_barred", "order_named"),
    ),
    "community_rehabilitation": (
        "R1",
        "ordered",
        POLICE,
        "order",
        "NCL art. 48; DRR art. 37",
        ("was_released", "term_within_three_years", "order_named", "same_organ"),
    ),
    "voluntary_treatment": ("V1", "active", BOTH, "agreement", "NCL art. 36, 62; DRR art. 9-10", ()),
    "maintenance_treatment": ("V1", "active", BOTH, "registration", "NCL art. 51; DRR art. 12", ()),
    "rehabilitation_centre_stay": ("V1", "active", BOTH, "agreement", "NCL art. 49; DRR art. 41", ()),
}
"""How a measure begins: kind → (row, first state, who records it, document, source, guards)."""


def find(kind: str, state: str, event: str) -> Transition | None:
    """The declared transition for an event in a state, or None: then it cannot happen."""
    return next((t for t in TRANSITIONS if t.event == event and kind in t.kinds and state in t.sources), None)


def possible(kind: str, state: str) -> tuple[Transition, ...]:
    """What can follow: for the screen's buttons, and for tests."""
    return tuple(t for t in TRANSITIONS if kind in t.kinds and state in t.sources)
