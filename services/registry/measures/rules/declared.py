"""How a step of a measure is declared: its words, and who may record it. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from kit.steps.machine import Step
from services.registry.measures.rules.states import VOLUNTARY

StepEventCode = Literal[
    "serve",
    "report_in",
    "confirm_refusal",
    "sign_agreement",
    "admonish",
    "report_serious_breach",
    "report_reuse",
    "decide_isolation",
    "decide_against_isolation",
    "begin_transfer",
    "report_in_at_new_place",
    "suspend",
    "resume",
    "terminate",
    "expire",
    "serve_discharge_notice",
    "die",
    "revoke",
    "report_breach",
    "close_breach",
    "leave",
    "notify_family",
    "propose_early_release",
    "release_early",
    "propose_extension",
    "extend",
    "propose_change",
    "change_to_community",
    "escape",
    "recapture",
    "note_custody",
    "announce_release",
    "close_without_order",
    "order",
    "transfer_in",
    "take_over",
    "end_supervision",
    "transfer_out",
    "supersede",
    "correct",
]
STEP_EVENTS: tuple[StepEventCode, ...] = get_args(StepEventCode)
STEP_LABELS: dict[StepEventCode, tuple[str, str]] = {
    "serve": ("送达", "serve the order"),
    "report_in": ("报到", "report in"),
    "confirm_refusal": ("确认拒绝接受", "confirm the refusal"),
    "sign_agreement": ("签订协议", "sign the agreement"),
    "admonish": ("告诫", "admonish"),
    "report_serious_breach": ("报告严重违反协议", "report a serious breach"),
    "report_reuse": ("报告复吸", "report re-use"),
    "decide_isolation": ("决定强制隔离戒毒", "decide isolation"),
    "decide_against_isolation": ("不予强制隔离", "decide against isolation"),
    "begin_transfer": ("变更执行地", "begin the transfer"),
    "report_in_at_new_place": ("到新执行地报到", "report in at the new place"),
    "suspend": ("中止", "suspend"),
    "resume": ("恢复执行", "resume"),
    "terminate": ("终止", "terminate"),
    "expire": ("期满解除", "discharge on expiry"),
    "serve_discharge_notice": ("送达解除通知书", "serve the notice of discharge"),
    "die": ("登记死亡", "record the death"),
    "revoke": ("撤销决定", "revoke the order"),
    "report_breach": ("报告违反协议", "report a breach"),
    "close_breach": ("了结违反协议报告", "close the breach"),
    "leave": ("退出自愿戒毒", "leave voluntary treatment"),
    "notify_family": ("通知家属", "notify the family"),
    "propose_early_release": ("提出提前解除意见", "propose early release"),
    "release_early": ("提前解除", "release early"),
    "propose_extension": ("提出延长意见", "propose an extension"),
    "extend": ("延长期限", "extend the term"),
    "propose_change": ("提出变更社区戒毒意见", "propose the change"),
    "change_to_community": ("变更为社区戒毒", "change to community treatment"),
    "escape": ("登记脱逃", "record an escape"),
    "recapture": ("登记追回", "record the recapture"),
    "note_custody": ("登记羁押", "note custody"),
    "announce_release": ("通知出所", "announce the release"),
    "close_without_order": ("无社区康复决定,办结", "close without an order"),
    "order": ("作出决定", "order"),
    "transfer_in": ("外地移入接续执行", "go on after a transfer from another county"),
    "take_over": ("台账接收", "take over from a ledger"),
    "end_supervision": ("戒断三年,不再管控", "end supervision after three clean years"),
    "transfer_out": ("移交外地", "transfer out"),
    "supersede": ("被新措施取代", "supersede"),
    "correct": ("更正误登记", "correct"),
}
"""Step → zh, en: what people read on the button."""
StepDocument = Literal[
    "admonition",
    "agreement",
    "breach_report",
    "change_decision",
    "change_proposal",
    "custody_notice",
    "death_certificate",
    "diagnostic_assessment",
    "discharge_notice",
    "early_release_decision",
    "escape_report",
    "extension_decision",
    "family_notice",
    "isolation_order",
    "no_decision_note",
    "order",
    "registration",
    "release_announcement",
    "release_certificate",
    "release_handover",
    "report_in",
    "resumption",
    "revocation",
    "service_receipt",
    "suspension",
    "termination",
    "transfer_letter",
    "transfer_receipt",
]
STEP_DOCUMENTS: tuple[StepDocument, ...] = get_args(StepDocument)
"""The paper that a step rests on."""
Need = Literal[
    "addiction_found",
    "contact_attempted",
    "document_given",
    "due_passed",
    "extension_within_a_year",
    "in_time_or_good_reason",
    "isolation_ground",
    "never_escaped",
    "new_place",
    "not_barred",
    "not_done_yet",
    "not_served_yet",
    "not_signed_yet",
    "one_year_served",
    "order_named",
    "police_finding",
    "proposed",
    "reason_given",
    "same_organ",
    "served_elsewhere",
    "second_person",
    "statement_heard",
    "statutory_count",
    "term_over",
    "term_within_three_years",
    "used_again",
    "was_released",
]
NEEDS: tuple[Need, ...] = get_args(Need)
"""What a step needs before it can be taken: names of guards."""

POLICE = frozenset({"police_officer", "county_officer"})
"""Record what the public security organ decided: only that organ decides on measures (DRR art. 4)."""
TOWN = frozenset({"town_officer", "county_officer"})
"""Execute community measures (DRR art. 5, 17)."""
BOTH = POLICE | TOWN
LAW = frozenset({"service"})
"""The law itself: a job records it, and no person decides."""

PREVIOUS = "active awaiting_report_in transfer_pending"
"""Back to where the measure stood before: on its way to a new place, `active` after reporting in, else `awaiting_report_in`."""

CT = ("community_treatment",)
CR = ("community_rehabilitation",)
COMMUNITY = CT + CR
ISOLATION = ("compulsory_isolation_treatment",)
ANY = CT + CR + ISOLATION + VOLUNTARY


@dataclass(frozen=True, slots=True)
class MeasureStep(Step):
    """One declared step of a measure."""

    row: str = ""
    """The row of the tables of domain 2.2."""
    says: str = "changed"
    """The event that neighbours read."""
    guards: tuple[Need, ...] = ()
    """What the law asks before the step: names of guards."""


def declare(
    row: str,
    kinds: tuple[str, ...],
    event: StepEventCode,
    origins: tuple[str, ...],
    target: str,
    says: str,
    document: StepDocument | Literal[""],
    source: str,
    roles: frozenset[str] = frozenset(),
    guards: tuple[Need, ...] = (),
) -> MeasureStep:
    """A step of a measure; `target`: one word, or those among which `decisions` chooses."""
    return MeasureStep(
        event,
        frozenset(origins),
        tuple(target.split()),
        source,
        *STEP_LABELS[event],
        roles=roles,
        needs=("on",),
        kinds=frozenset(kinds),
        document=document,
        row=row,
        says=says,
        guards=guards,
    )
